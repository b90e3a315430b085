"""A layer behind a model reads its scores as what they are known to be."""

import keras
import numpy as np
import pytest

from keras_labels import (
    ArgmaxLayer,
    Decoding,
    DecodingError,
    Head,
    LabeledModel,
    MultiLabelLayer,
    ProbabilityLayer,
    ThresholdLayer,
    TopKLayer,
    append_decoding,
)

X = np.array([[-2.0], [0.25], [2.0]], "float32")


def model_of(units=1, activation=None, loss="binary", compiled=True):
    """Return a model whose scores are its input, once for each unit."""
    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(
                units, activation, kernel_initializer="ones", name="head"
            ),
        ],
        name="spam",
    )
    if compiled:
        logits = activation is None
        model.compile(
            loss=keras.losses.BinaryCrossentropy(logits)
            if loss == "binary"
            else keras.losses.SparseCategoricalCrossentropy(logits)
        )
    return model


def test_logits_are_not_cut_as_probabilities():
    with pytest.raises(DecodingError, match=r"'spam' gives logits.*from_logits=True"):
        append_decoding(model_of(), ThresholdLayer())
    cut = append_decoding(model_of(), ThresholdLayer(from_logits=True))
    # The sigmoid of 0.25 is 0.56.
    np.testing.assert_array_equal(cut.predict(X, verbose=0), [[0], [1], [1]])
    labeled = LabeledModel(model_of())
    np.testing.assert_array_equal(labeled.predict_classes(X), [0, 1, 1])


@pytest.mark.parametrize(
    ("units", "loss", "layer"),
    [
        (3, "binary", MultiLabelLayer),
        (3, "sparse", lambda **k: TopKLayer(k=2, **k)),
        (3, "sparse", lambda **k: ArgmaxLayer(reject_below=0.6, **k)),
        (3, "sparse", lambda **k: ProbabilityLayer("multiclass", **k)),
        (1, "binary", lambda **k: ProbabilityLayer("binary", **k)),
    ],
)
@pytest.mark.parametrize("logits", [True, False])
def test_every_layer_reads_what_the_model_gives(units, loss, layer, logits):
    activation = {"binary": "sigmoid", "sparse": "softmax"}[loss]
    model = model_of(units, None if logits else activation, loss)
    with pytest.raises(
        DecodingError, match=f"Make the layer with from_logits={logits}"
    ):
        append_decoding(model, layer(from_logits=not logits))
    append_decoding(model, layer(from_logits=logits))


def test_an_argmax_is_the_same_of_both():
    model = append_decoding(model_of(3, loss="sparse"), ArgmaxLayer())
    np.testing.assert_array_equal(model.predict(X, verbose=0), [0, 0, 0])


def test_what_is_not_known_is_believed():
    cut = append_decoding(model_of(compiled=False), ThresholdLayer())
    np.testing.assert_array_equal(cut.predict(X, verbose=0), [[0], [0], [1]])


def test_a_decoding_says_what_it_reads():
    said = Decoding(Head("binary", 1, from_logits=False))
    made = append_decoding(model_of(), said).predict(X, verbose=0)
    np.testing.assert_array_equal(made["classes"], [0, 0, 1])


def test_each_of_several_outputs_is_known_by_itself():
    inputs = keras.Input((1,))
    a = keras.layers.Dense(1, kernel_initializer="ones", name="a")(inputs)
    b = keras.layers.Dense(1, "sigmoid", kernel_initializer="ones", name="b")(inputs)
    model = keras.Model(inputs, {"a": a, "b": b})
    loss = keras.losses.BinaryCrossentropy
    model.compile(loss={"a": loss(from_logits=True), "b": loss()})
    with pytest.raises(DecodingError, match="'a' gives logits"):
        append_decoding(model, {"a": ThresholdLayer(), "b": ThresholdLayer()})
    layers = {"a": ThresholdLayer(from_logits=True), "b": ThresholdLayer()}
    made = append_decoding(model, layers).predict(X, verbose=0)
    np.testing.assert_array_equal(made["a"], [[0], [1], [1]])
    np.testing.assert_array_equal(made["b"], made["a"])
