"""16-bit and 64-bit models: no cast on the way in, float32 on the way out."""

import keras
import numpy as np
import pytest
import reference
from scores import cast
from twins import NAMES, X, sequential

from keras_labels import LabeledModel

FLOATS = ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16"]


@pytest.fixture
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def assert_best(classes, scores):
    """Two runs of a 16-bit model differ in the last place: allow for that."""
    chosen = np.take_along_axis(scores, classes[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(chosen, scores.max(1), rtol=2**-7)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


WIDE = () if keras.backend.backend() == "jax" else ("float64",)


@pytest.mark.parametrize("policy", [*FLOATS, *WIDE], indirect=True)
def test_call_under_a_global_policy_is_that_of_the_model(policy):
    labeled = LabeledModel(sequential())
    for x in (X, X.astype("float64"), X.astype("float16")):
        want, have = labeled.model(x), labeled(x)
        assert have.dtype == want.dtype
        np.testing.assert_array_equal(numpy(have), numpy(want))


@pytest.mark.parametrize(
    ("policy", "activation"),
    [
        ("mixed_float16", "softmax"),
        ("mixed_bfloat16", "softmax"),
        ("mixed_bfloat16", None),
        ("float16", None),
    ],
    indirect=["policy"],
)
def test_16_bit_rows_sum_to_one(policy, activation):
    said = {} if activation else {"task": "multiclass", "from_logits": True}
    model = sequential(40, activation)
    labeled = LabeledModel(model, **said)
    proba = labeled.predict_proba(X)
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.astype("float64").sum(1), 1, atol=1e-6)
    scores = numpy(model(X, training=False))
    assert scores.dtype.itemsize == 2
    assert_best(labeled.predict_classes(X), scores.astype("float32"))
    decoded = labeled.decoded().predict(X, verbose=0)
    assert decoded["probabilities"].dtype == np.float32
    np.testing.assert_array_equal(decoded["classes"], labeled.predict_classes(X))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_16_bit_scores_are_compared_as_they_were_given(dtype):
    """Beside a cut, where rounding the cut to 16 bits would change the side."""
    cuts = (0.3, 0.5, 0.29999, 0.123456789)
    near = cast(cuts, dtype).repeat(3).reshape(-1, 3)
    scores = (
        np.nextafter(near, cast([0, 0.5, 1], dtype)) if dtype == "float16" else near
    )
    scores[:, 1] = near[:, 1]
    scores = scores.reshape(-1, 1)
    model = keras.Sequential(
        [keras.Input((1,), dtype=dtype), keras.layers.Identity(dtype=dtype)]
    )
    for cut in cuts:
        said = {"task": "binary", "from_logits": False, "threshold": cut}
        classes = LabeledModel(model, **said).predict_classes(scores)
        np.testing.assert_array_equal(classes, reference.threshold(scores, [cut])[:, 0])


@pytest.mark.parametrize("policy", ["mixed_float16"], indirect=True)
def test_16_bit_model_trains_and_comes_back(policy, tmp_path):
    histories = []
    for wrap in (lambda model: model, LabeledModel):
        keras.utils.set_random_seed(2)
        model = sequential()
        model.compile("adam", "sparse_categorical_crossentropy")
        wrapped = wrap(model)
        history = wrapped.fit(X, np.zeros(len(X)), epochs=2, verbose=0)
        histories.append((history.history["loss"], int(wrapped.optimizer.iterations)))
    assert histories[0] == histories[1]
    wrapped = wrapped.with_decoding(class_names=NAMES)
    wrapped.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert loaded.model.layers[0].dtype_policy.name == "mixed_float16"
    assert int(loaded.optimizer.iterations) == histories[0][1]
    np.testing.assert_array_equal(loaded.predict_labels(X), wrapped.predict_labels(X))


@pytest.mark.skipif(not WIDE, reason="jax has no float64 unless it is told to")
def test_64_bit_model_keeps_its_scores_and_gives_float32():
    labeled = LabeledModel(sequential(1, None, "float64"), from_logits=True)
    scores = numpy(labeled.model(X))
    assert scores.dtype == "float64"
    assert labeled.predict_proba(X).dtype == np.float32
    np.testing.assert_allclose(
        labeled.predict_proba(X),
        reference.probabilities(scores, "binary", from_logits=True),
        atol=2e-6,
    )
    between = np.sort(scores[:, 0])[20:22].astype("float64").mean()
    cut = float(1 / (1 + np.exp(-between)))
    changed = labeled.with_decoding(threshold=cut)
    want = reference.threshold(scores, [cut], from_logits=True)[:, 0]
    np.testing.assert_array_equal(changed.predict_classes(X), want)
