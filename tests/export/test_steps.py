"""Layers that go step by step: files of any number of steps, or of one that is said."""

import keras
import numpy as np
import pytest
from keras import layers
from labelers import BACKEND

import keras_labels as kl

RNG = np.random.default_rng(0)


def model_of(*body, shape=(None, 4)):
    return keras.Sequential([keras.Input(shape), *body, layers.Dense(3, "softmax")])


def pooled():
    return layers.GlobalAveragePooling1D()


def bodies():
    small = keras.Sequential([layers.Dense(5, "tanh"), layers.BatchNormalization()])
    frames = layers.TimeDistributed(layers.Conv2D(4, 2))
    means = layers.TimeDistributed(layers.GlobalAveragePooling2D())
    words = layers.TimeDistributed(layers.LSTM(4))
    return {
        "steps": model_of(layers.TimeDistributed(layers.Dense(5))),
        "pooled": model_of(layers.TimeDistributed(small), pooled()),
        "frames": model_of(frames, means, pooled(), shape=(None, 5, 5, 2)),
        "masked": model_of(layers.Masking(), layers.TimeDistributed(layers.Dense(5))),
        "rnn_of_steps": model_of(words, pooled(), shape=(None, 6, 4)),
    }


def rows_of(model, steps):
    return RNG.normal(size=(2, steps, *model.input_shape[2:])).astype("float32")


@pytest.mark.parametrize("name", list(bodies()))
def test_time_distributed_takes_any_number_of_steps(name, format, new_path):
    if (BACKEND, format) == ("jax", "onnx"):
        pytest.skip("jax2onnx does not reshape open axes")
    if name == "rnn_of_steps" and format in ("litert", "openvino", "torch"):
        pytest.skip("does not hold the LSTM in it")
    labeled, path = kl.LabeledModel(bodies()[name]), new_path()
    call = labeled.model.layers[0].call
    assert labeled.export(path).agreement.rows >= 8
    exported = kl.load_exported(path)
    for steps in (1, 3, 13):
        x = rows_of(labeled.model, steps)
        np.testing.assert_allclose(
            exported.predict_proba(x), labeled.predict_proba(x), atol=1e-5
        )
        np.testing.assert_array_equal(
            exported.predict_classes(x), labeled.predict_classes(x)
        )
    assert labeled.model.layers[0].call == call  # Keras' own again


# Where a file holds the steps of one length alone.
ONE_LENGTH = {
    ("jax", "onnx"): lambda: layers.TimeDistributed(layers.Dense(4), name="slow"),
    ("torch", "onnx"): lambda: layers.LSTM(4, return_sequences=True, name="slow"),
    ("torch", "openvino"): lambda: layers.LSTM(4, return_sequences=True, name="slow"),
    ("torch", "torch"): lambda: layers.LSTM(4, return_sequences=True, name="slow"),
}


def test_elsewhere_the_layer_and_the_way_out_are_named(format, new_path):
    if (BACKEND, format) not in ONE_LENGTH:
        pytest.skip("holds steps of any length")
    labeled = kl.LabeledModel(model_of(ONE_LENGTH[BACKEND, format]()))
    path = new_path()
    with pytest.raises(
        kl.ExportError, match=r"'slow' \((LSTM|TimeDistributed)\).*\(None, 32, 4\)"
    ):
        labeled.export(path, format)
    assert not path.exists()
    # As the error says it, with 7 steps.
    signature = [keras.InputSpec("float32", (None, 7, 4))]
    labeled.export(path, format, input_signature=signature)
    x = rows_of(labeled.model, 7)
    np.testing.assert_array_equal(
        kl.load_exported(path).predict_classes(x), labeled.predict_classes(x)
    )
