"""Models of every build: several heads and inputs, 16 bits, subclassed, outputs twice.

No decision differs from Keras' that lies further from another one than twice the
largest move of a probability.
"""

import keras
import numpy as np
import pytest
import reference
from twins import NAMES, Subclassed, X

from keras_labels import Decoding, ExportError, Head, LabeledModel

BACKEND = keras.backend.backend()


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(8)


def assert_as_keras(made, labeled, x, tolerance=1e-5):
    """Compare the classes of a multiclass model where the best two are apart."""
    p = labeled.predict_proba(x)
    drift = np.abs(made["probabilities"] - p).max()
    assert drift < tolerance
    best = np.sort(p.astype("float64"), axis=-1)
    clear = best[..., -1] - best[..., -2] > 2 * drift
    assert clear.mean() > 0.95
    want = labeled.predict_classes(x)
    np.testing.assert_array_equal(made["classes"][clear], want[clear])


# --- several heads, several inputs ------------------------------------------------


def garden():
    """Return a model of two inputs, one of ids, two heads, and features."""
    tokens = keras.Input((5,), dtype="int32", name="tokens")
    image = keras.Input((4, 4, 3), name="image")
    words = keras.layers.Flatten()(keras.layers.Embedding(11, 6)(tokens))
    both = keras.layers.Concatenate()([words, keras.layers.Flatten()(image)])
    features = keras.layers.Dense(8, "relu", name="features")(both)
    outputs = {
        "species": keras.layers.Dense(3, name="species")(features),
        "features": features,
        "sick": keras.layers.Dense(1, name="sick")(features),
    }
    return keras.Model({"tokens": tokens, "image": image}, outputs)


def test_several_heads_and_inputs_go_by_their_names(round_trip):
    heads = {
        "species": {"task": "multiclass", "from_logits": True, "class_names": NAMES},
        "sick": {"task": "binary", "from_logits": True, "threshold": 0.3},
    }
    labeled = LabeledModel(garden(), heads=heads)
    rng = np.random.default_rng(1)
    x = {
        "image": rng.normal(size=(2000, 4, 4, 3)).astype("float32"),
        "tokens": rng.integers(0, 11, (2000, 5)).astype("int32"),
    }
    exported = round_trip(labeled)
    dtypes = {one.name: one.dtype for one in exported.inputs}
    assert dtypes == {"tokens": "int32", "image": "float32"}
    made = exported.predict(x)
    scores = {name: np.asarray(a) for name, a in labeled.model.predict(x).items()}
    np.testing.assert_allclose(made["features"], scores["features"], atol=1e-4)
    apart = np.diff(np.sort(scores["species"], axis=1), axis=1)[:, -1]
    clear = apart > 1e-4
    want = reference.argmax(scores["species"])
    np.testing.assert_array_equal(made["species_classes"][clear], want[clear])
    clear = np.abs(scores["sick"][:, 0] - reference.logit(0.3)) > 1e-4
    want = reference.threshold(scores["sick"], 0.3, True)[:, 0]
    np.testing.assert_array_equal(made["sick_classes"][clear], want[clear])


# --- precision --------------------------------------------------------------------

# The layers of such models cannot be run there, decoded or not.
NOT_16_BITS = {
    ("tensorflow", "onnx", "mixed_bfloat16"),
    ("tensorflow", "litert", "mixed_float16"),
    ("tensorflow", "litert", "mixed_bfloat16"),
    ("tensorflow", "openvino", "mixed_bfloat16"),
    ("jax", "onnx", "mixed_bfloat16"),
    ("torch", "onnx", "mixed_bfloat16"),
}
DRIFTS = {"mixed_float16": 2**-8, "mixed_bfloat16": 2**-5}


def of_precision(policy):
    layers = [
        keras.layers.Dense(16, "relu", dtype=policy),
        keras.layers.Dense(3, dtype=policy),
    ]
    model = keras.Sequential([keras.Input((6,)), *layers])
    return LabeledModel(model, task="multiclass", from_logits=True, class_names=NAMES)


@pytest.mark.parametrize("policy", DRIFTS)
def test_16_bit_models_decide_as_keras_or_say_why_not(
    policy, format, new_path, round_trip
):
    labeled = of_precision(policy)
    if (BACKEND, format, policy) not in NOT_16_BITS:
        x = np.random.default_rng(2).normal(size=(2000, 6)).astype("float32")
        assert_as_keras(round_trip(labeled).predict(x), labeled, x, DRIFTS[policy])
        return
    path = new_path()
    with pytest.raises(ExportError, match=format):
        labeled.export(path, format)
    assert not list(path.parent.iterdir())


# --- subclassed models, and outputs twice -------------------------------------------


def test_a_model_never_called_is_exported_with_samples(round_trip):
    rule = Decoding(Head("multiclass", 3, True), class_names=NAMES)
    labeled = LabeledModel(Subclassed(), decoding=rule)
    exported = round_trip(labeled, samples=X)
    x = np.random.default_rng(3).normal(size=(2000, 6)).astype("float32")
    assert_as_keras(exported.predict(x), labeled, x)


def test_probabilities_may_be_the_scores_as_well(round_trip):
    layer = keras.layers.Dense(3, "softmax")
    labeled = LabeledModel(keras.Sequential([keras.Input((6,)), layer]))
    made = round_trip(labeled, outputs=("scores", "classes", "probabilities"))
    found = made.predict(X)
    assert list(found) == ["scores", "classes", "probabilities"]
    np.testing.assert_array_equal(found["scores"], found["probabilities"])
    assert_as_keras(found, labeled, X)


def test_scores_may_be_the_inputs_themselves(round_trip):
    inputs = keras.Input((3,), name="scores")
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    labeled = LabeledModel(model, task="multilabel", from_logits=False)
    x = np.random.default_rng(4).random((100, 3)).astype("float32")
    found = round_trip(labeled).predict(x)
    np.testing.assert_array_equal(found["probabilities"], x)
    np.testing.assert_array_equal(found["classes"], reference.multi_label(x, 0.5))


def test_scores_all_alike_are_no_mismatch(round_trip):
    """The scores differ by 1e-10, which no float32 probability shows."""
    tiny = keras.initializers.RandomNormal(stddev=1e-10)
    layers = [
        keras.layers.Dense(64, "relu"),
        keras.layers.Dense(10, kernel_initializer=tiny),
    ]
    model = keras.Sequential([keras.Input((32,)), *layers])
    labeled = LabeledModel(model, task="multiclass", from_logits=True)
    x = np.random.default_rng(7).normal(size=(2000, 32)).astype("float32")
    found = round_trip(labeled, samples=x).predict(x)
    np.testing.assert_array_equal(found["probabilities"], labeled.predict_proba(x))


# --- an application -----------------------------------------------------------------


def test_an_application_decides_as_keras(round_trip):
    if BACKEND == "jax":
        pytest.skip("compiling it takes minutes")
    size, classes = (96, 96, 3), 10
    model = keras.applications.MobileNetV2(
        size, weights=None, classes=classes, classifier_activation=None, alpha=0.35
    )
    x = np.random.default_rng(6).normal(size=(64, *size)).astype("float32")
    normalized(model, x[:16])
    labeled = LabeledModel(model, task="multiclass", from_logits=True)
    assert_as_keras(round_trip(labeled, samples=x[:8]).predict(x), labeled, x)


def normalized(model, x):
    """Let every batch norm take its statistics from x; else all scores are alike."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(x, training=True)
