"""Labeled models of every task, small and seeded, and what each backend writes."""

import keras
import numpy as np
from keras import layers

from keras_labels import LabeledModel

BACKEND = keras.backend.backend()
SUFFIXES = {
    "tf_saved_model": "",
    "onnx": ".onnx",
    "litert": ".tflite",
    "openvino": ".xml",
    "torch": ".pt2",
}
WRITTEN = {
    "tensorflow": ("tf_saved_model", "onnx", "litert", "openvino"),
    "jax": ("tf_saved_model", "onnx"),
    "torch": ("onnx", "openvino", "torch"),
}[BACKEND]
WITH_LABELS = tuple(f for f in WRITTEN if f in ("tf_saved_model", "onnx", "litert"))
NAMES = ("red fox", "Bär", "emu")
X = np.random.default_rng(3).normal(size=(40, 4)).astype("float32")


def dense(units, activation=None):
    """Return a network of fixed weights, which no seed of Keras changes."""
    hidden = layers.Dense(6, "tanh")
    last = layers.Dense(units, activation)
    model = keras.Sequential([keras.Input((4,)), hidden, last])
    rng = np.random.default_rng(units)
    model.set_weights([rng.normal(size=one.shape) for one in model.weights])
    return model


def multiclass(**options):
    options = {"class_names": NAMES, **options}
    return LabeledModel(dense(3), task="multiclass", from_logits=True, **options)


def binary(**options):
    return LabeledModel(dense(1, "sigmoid"), class_names=["no", "yes"], **options)


def multilabel(**options):
    return LabeledModel(dense(3, "sigmoid"), class_names=NAMES, **options)


def several_heads():
    inputs = keras.Input((4,))
    hidden = layers.Dense(6, "tanh")(inputs)
    outputs = {
        "species": layers.Dense(3, "softmax", name="species")(hidden),
        "sick": layers.Dense(1, "sigmoid", name="sick")(hidden),
        "raw": layers.Dense(2, name="raw")(hidden),
    }
    model = keras.Model(inputs, outputs)
    heads = {"species": {"class_names": NAMES}, "sick": {"threshold": 0.3}}
    return LabeledModel(model, heads=heads)


def path_of(folder, format):
    return folder / f"model{SUFFIXES[format]}"
