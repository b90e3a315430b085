"""The wrapper, its copies and the inner model share one set of weights."""

import keras
import numpy as np
import pytest
from twins import NAMES, X, Y, data_of, made, sequential, trained

from keras_labels import LabeledModel

quiet = pytest.mark.filterwarnings("ignore:Layer .* does not have a .quantize")


def assert_current(labeled, x=X):
    """Hold every decision against scores that are computed anew, eagerly."""
    scores = keras.ops.convert_to_numpy(labeled.model(x, training=False))
    np.testing.assert_array_equal(labeled.predict_classes(x), scores.argmax(axis=-1))
    proba = labeled.predict_proba(x)
    if not labeled.head.from_logits:
        np.testing.assert_allclose(proba, scores, atol=1e-6)
    best = [row[0][0] for row in labeled.predict_top_k(x, 2)]
    assert best == labeled.predict_labels(x).tolist()


@pytest.mark.parametrize("kind", ["functional", "subclassed"])
def test_fit_through_any_of_them_is_seen_by_all(kind):
    x = data_of(kind)
    labeled = LabeledModel(made(kind), class_names=NAMES)
    other = labeled.with_decoding(reject_below=1e-6)
    decoded = labeled.decoded("classes")
    before = labeled.predict_proba(x)
    other.predict_classes(x)
    labeled.fit(x, Y, epochs=3, verbose=0)
    assert np.abs(labeled.predict_proba(x) - before).max() > 0.01
    for one in (labeled, other):
        assert one.model is labeled.model
        assert_current(one, x)
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(decoded(x)), labeled.predict_classes(x)
    )


def by_set_weights(labeled, weights):
    labeled.set_weights(weights)


def by_set_weights_inside(labeled, weights):
    labeled.model.set_weights(weights)


def by_assign(labeled, weights):
    for variable, value in zip(labeled.model.weights, weights, strict=True):
        variable.assign(value)


@pytest.mark.parametrize("change", [by_set_weights, by_set_weights_inside, by_assign])
def test_changed_weights_are_predicted_with_at_once(change):
    labeled = LabeledModel(sequential(), class_names=NAMES)
    assert_current(labeled)
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=w.shape) for w in labeled.get_weights()]
    before = labeled.predict_proba(X)
    change(labeled, weights)
    assert np.abs(labeled.predict_proba(X) - before).max() > 0.1
    assert_current(labeled)


def test_loaded_weights_are_predicted_with_at_once(tmp_path):
    path = str(tmp_path / "w.weights.h5")
    trained("sequential").save_weights(path)
    labeled = LabeledModel(sequential(), class_names=NAMES)
    before = labeled.predict_proba(X)
    labeled.load_weights(path)
    assert np.abs(labeled.predict_proba(X) - before).max() > 0.01
    assert_current(labeled)


@quiet
def test_quantized_weights_are_predicted_with_at_once():
    labeled = trained("sequential")
    other = labeled.with_decoding(reject_below=1e-6)
    assert_current(labeled)
    other.predict_proba(X)
    labeled.quantize("int8")
    assert "int8" in {str(w.dtype) for w in labeled.weights}
    for one in (labeled, other):
        assert_current(one)


def test_lora_weights_are_predicted_with_at_once():
    labeled = trained("sequential")
    before = labeled.predict_proba(X)
    last = labeled.get_layer(index=-1)
    last.enable_lora(2)
    np.testing.assert_allclose(labeled.predict_proba(X), before, atol=1e-6)
    rng = np.random.default_rng(1)
    last.lora_kernel_b.assign(rng.normal(size=last.lora_kernel_b.shape))
    assert np.abs(labeled.predict_proba(X) - before).max() > 0.01
    assert_current(labeled)


def test_frozen_weights_are_frozen_through_the_wrapper():
    labeled = trained("sequential")
    assert len(labeled.trainable_variables) == 4
    labeled.trainable = False
    assert labeled.model.trainable is False
    assert labeled.trainable_variables == labeled.model.trainable_variables == []
    labeled.trainable = True
    labeled.layers[0].trainable = False
    assert len(labeled.trainable_variables) == 2


@quiet
def test_decoders_are_kept_while_the_variables_are_the_same_ones():
    labeled = trained("sequential")
    labeled.predict_classes(X)
    first = labeled._predictor("classes")
    labeled.predict_classes(X)
    assert labeled._predictor("classes") is first
    labeled.quantize("int8")
    assert labeled._predictor("classes") is not first
    assert len(labeled._predictors._made) == 1  # those of the old variables are gone


def test_decoders_are_compiled_where_backend_and_model_agree():
    def compiled(said):
        model = sequential()
        model.compile("sgd", "mse", jit_compile=said)
        labeled = LabeledModel(model, task="multiclass")
        return labeled._predictor("classes").decoder.jit_compile

    # A file written on jax says True; torch would compile for half a minute.
    never_compiled = LabeledModel(sequential())._predictor("classes")
    assert compiled(True) is never_compiled.decoder.jit_compile
    assert compiled(False) is False


def test_decoders_run_eagerly_when_the_model_does():
    labeled = LabeledModel(sequential())
    labeled.predict_classes(X)
    labeled.run_eagerly = True  # a user looks for a fault
    assert labeled._predictor("classes").decoder.run_eagerly is True
