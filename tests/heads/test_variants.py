"""Heads of quantised, adapted, mixed-precision, loaded and stock models."""

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import losses

from keras_labels.errors import HeadError
from keras_labels.heads import detect_head
from keras_labels.spec import Head

SOFTMAX = Head("multiclass", 3, from_logits=False)
LOGITS = Head("multiclass", 3, from_logits=True)


def classifier(activation, units=3):
    body = [L.Dense(8, "relu"), L.Dense(units, activation, name="head")]
    model = keras.Sequential([keras.Input((16,)), *body])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss=loss)
    return model


# Keras warns of every layer that has no weights to quantise.
QUANTISING = pytest.mark.filterwarnings("ignore:Layer InputLayer does not have")


@QUANTISING
@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_quantised_head(mode):
    # A quantised layer keeps its class and its activation; only its weights change.
    for activation, expected in (("softmax", SOFTMAX), (None, LOGITS)):
        model = classifier(activation)
        if activation:
            model.compile(loss="sparse_categorical_crossentropy")
        model.quantize(mode)
        assert model.get_layer("head").quantization_mode == mode
        assert detect_head(model) == expected


@QUANTISING
def test_quantised_head_survives_a_file(tmp_path):
    model = classifier(None)
    model.quantize("int8")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("head").quantization_mode == "int8"
    with pytest.raises(HeadError, match=r"'head'"):
        detect_head(keras.saving.load_model(tmp_path / "model.keras", compile=False))
    assert detect_head(loaded) == LOGITS


def test_adapted_head():
    model = classifier("softmax")
    model.compile(loss="sparse_categorical_crossentropy")
    model.get_layer("head").enable_lora(2)
    assert detect_head(model) == SOFTMAX
    model = classifier(None)
    model.get_layer("head").enable_lora(2)
    assert detect_head(model) == LOGITS


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("tail", ["linear", "softmax"])
def test_mixed_precision_tail(policy, tail):
    head = L.Dense(3, None if tail == "softmax" else "softmax", dtype=policy)
    end = L.Activation(tail, dtype="float32")
    model = keras.Sequential([keras.Input((4,)), head, end])
    assert head.compute_dtype == policy.removeprefix("mixed_")
    assert detect_head(model) == SOFTMAX


def test_mixed_precision_logits_behind_a_linear_tail():
    tail = [L.Dense(1, dtype="mixed_float16"), L.Activation("linear", dtype="float32")]
    model = keras.Sequential([keras.Input((4,)), *tail])
    with pytest.raises(HeadError, match=r"it is linear"):
        detect_head(model)
    model.compile(loss=losses.BinaryCrossentropy(from_logits=True))
    assert detect_head(model) == Head("binary", 1, from_logits=True)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_loaded_graph(tmp_path, suffix):
    inputs = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), L.Dense(3), L.Softmax()])
    model = keras.Model(inputs, L.Dropout(0.1)(inner(inputs)))
    model.save(tmp_path / f"model{suffix}")
    loaded = keras.saving.load_model(tmp_path / f"model{suffix}", compile=False)
    assert detect_head(loaded) == SOFTMAX


def test_loaded_operation(tmp_path):
    inputs = keras.Input((4,))
    scores = keras.ops.softmax(L.Dense(3)(inputs))
    keras.Model(inputs, scores).save(tmp_path / "model.keras")
    assert detect_head(keras.saving.load_model(tmp_path / "model.keras")) == SOFTMAX


@pytest.mark.parametrize("activation", ["softmax", None])
def test_stock_model(activation):
    model = keras.applications.MobileNetV2(
        (32, 32, 3),
        alpha=0.35,
        weights=None,
        classes=5,
        classifier_activation=activation,
    )
    if activation:
        assert detect_head(model) == Head("multiclass", 5, from_logits=False)
        return
    with pytest.raises(HeadError, match=r"'predictions'.*it is linear"):
        detect_head(model)
    assert detect_head(model, task="multiclass", from_logits=True).units == 5


def test_features_are_no_head():
    model = keras.applications.MobileNetV2(
        (32, 32, 3), alpha=0.35, weights=None, include_top=False, pooling="avg"
    )
    with pytest.raises(
        HeadError, match=r"'global_average_pooling2d.*has no activation"
    ):
        detect_head(model)


def test_transfer_learning():
    body = keras.applications.MobileNetV2(
        (32, 32, 3), alpha=0.35, weights=None, include_top=False, pooling="avg"
    )
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, L.Dense(1, "sigmoid")(body(inputs, training=False)))
    assert detect_head(model) == Head("binary", 1, from_logits=False)


def test_deep_graphs_are_walked_once():
    # Without a memory of what was seen, 2**200 paths lead to the input.
    inputs = x = keras.Input((3,))
    for _ in range(200):
        x = L.Add()([x, x])
    model = keras.Model(inputs, x)
    model.compile(loss=losses.CategoricalCrossentropy(from_logits=True))
    assert detect_head(model) == LOGITS


def test_detection_leaves_the_model_as_it_was():
    model = classifier("softmax")
    before = [np.asarray(w) for w in model.get_weights()]
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    detect_head(model, from_logits=False)
    for one, two in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert nodes == [len(layer._inbound_nodes) for layer in model.layers]
