"""Every place where a final activation can sit (FACTS C 26) decides the head."""

import functools

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import ops

from keras_labels.errors import HeadError
from keras_labels.heads import detect_head
from keras_labels.spec import Head

BINARY = Head("binary", 1, from_logits=False)
MULTILABEL = Head("multilabel", 3, from_logits=False)
SOFTMAX = Head("multiclass", 3, from_logits=False)
CHANNELS_FIRST = Head("multiclass", 3, from_logits=False, axis=1)


def tail(*tail_layers, shape=(4,)):
    """A Sequential model that ends in these layers."""
    return keras.Sequential([keras.Input(shape), *tail_layers])


def graph(function, shape=(4,)):
    """A Functional model whose output is `function` of its input."""
    inputs = keras.Input(shape)
    return keras.Model(inputs, function(inputs))


def on_dense(function, units=3, **kwargs):
    return lambda: graph(lambda x: function(L.Dense(units, **kwargs)(x)))


def on_map(function, **kwargs):
    return lambda: graph(lambda x: function(L.Conv2D(3, 1, **kwargs)(x)), (8, 6, 2))


def framework_softmax():
    """The softmax function of the framework that runs, as many tutorials pass it."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.nn.softmax
    if keras.backend.backend() == "jax":
        import jax

        return jax.nn.softmax
    return "softmax"  # torch's needs a dim, so nobody passes it


class Renamed(L.Dense):
    """A subclass that leaves `call` as Keras wrote it."""


class FunctionalSubclass(keras.Model):
    def __init__(self):
        inputs = keras.Input((4,))
        super().__init__(inputs, L.Dense(3, "softmax")(inputs))


def shared(second):
    """One layer called twice; the output is its second call, behind `second`."""
    one, two = keras.Input((4,)), keras.Input((4,))
    layer = L.Dense(3)
    first_call = L.Activation("sigmoid")(layer(one))
    return keras.Model([one, two], second(layer(two))), first_call


def nested(inner_tail, outer_tail=lambda x: x):
    inner = tail(L.Dense(3), *inner_tail)
    return graph(lambda x: outer_tail(inner(x)))


def average_of(*activations):
    return graph(lambda x: L.Average()([L.Dense(3, a)(x) for a in activations]))


DECIDING = {
    "string": (lambda: tail(L.Dense(3, "softmax")), SOFTMAX),
    "one sigmoid unit": (lambda: tail(L.Dense(1, "sigmoid")), BINARY),
    "several sigmoid units": (lambda: tail(L.Dense(3, "sigmoid")), MULTILABEL),
    "two softmax units": (
        lambda: tail(L.Dense(2, "softmax")),
        Head("multiclass", 2, from_logits=False),
    ),
    "hard_sigmoid": (lambda: tail(L.Dense(1, "hard_sigmoid")), BINARY),
    "sparse_sigmoid": (lambda: tail(L.Dense(1, "sparse_sigmoid")), BINARY),
    "sparsemax": (lambda: tail(L.Activation("sparsemax"), shape=(3,)), SOFTMAX),
    "function": (lambda: tail(L.Dense(3, keras.activations.softmax)), SOFTMAX),
    "ops function": (lambda: tail(L.Dense(1, ops.sigmoid)), BINARY),
    "ops.nn function": (lambda: tail(L.Dense(3, ops.nn.softmax)), SOFTMAX),
    "framework's function": (lambda: tail(L.Dense(3, framework_softmax())), SOFTMAX),
    "partial": (
        lambda: tail(L.Dense(3, functools.partial(ops.softmax, axis=-1))),
        SOFTMAX,
    ),
    "Softmax object": (lambda: tail(L.Dense(3, L.Softmax())), SOFTMAX),
    "Activation object": (
        lambda: tail(L.Dense(3, L.Activation("sigmoid"))),
        MULTILABEL,
    ),
    "Activation": (lambda: tail(L.Dense(3), L.Activation("softmax")), SOFTMAX),
    "Activation of an object": (
        lambda: tail(L.Dense(3), L.Activation(L.Softmax())),
        SOFTMAX,
    ),
    "Softmax": (lambda: tail(L.Dense(3), L.Softmax()), SOFTMAX),
    "Softmax over a list of one axis": (
        lambda: tail(L.Dense(3), L.Softmax(axis=[-1])),
        SOFTMAX,
    ),
    "ops.softmax": (on_dense(ops.softmax), SOFTMAX),
    "ops.sigmoid": (on_dense(ops.sigmoid, 1), BINARY),
    "ops.hard_sigmoid": (on_dense(ops.hard_sigmoid, 1), BINARY),
    "activations.sigmoid": (on_dense(keras.activations.sigmoid), MULTILABEL),
    "activations.softmax": (on_dense(keras.activations.softmax), SOFTMAX),
    "subclass without call": (lambda: tail(Renamed(3, activation="softmax")), SOFTMAX),
    "subclass of a Functional": (FunctionalSubclass, SOFTMAX),
    "EinsumDense": (
        lambda: tail(L.EinsumDense("ab,bc->ac", 3, activation="softmax")),
        SOFTMAX,
    ),
    "SpectralNormalization": (
        lambda: tail(L.SpectralNormalization(L.Dense(3, "softmax"))),
        SOFTMAX,
    ),
    # What changes no value.
    "Reshape": (
        lambda: tail(L.Dense(3, "softmax"), L.Reshape((1, 3))),
        SOFTMAX,
    ),
    "Dropout": (lambda: tail(L.Dense(3, "softmax"), L.Dropout(0.5)), SOFTMAX),
    "GaussianNoise": (
        lambda: tail(L.Dense(3, "softmax"), L.GaussianNoise(0.5)),
        SOFTMAX,
    ),
    "ActivityRegularization": (
        lambda: tail(L.Dense(3, "softmax"), L.ActivityRegularization(0.5)),
        SOFTMAX,
    ),
    "Identity": (lambda: tail(L.Dense(3, "softmax"), L.Identity()), SOFTMAX),
    "linear tail": (
        lambda: tail(L.Dense(3, "softmax"), L.Activation("linear", dtype="float32")),
        SOFTMAX,
    ),
    "cast": (on_dense(lambda x: ops.cast(x, "float16"), activation="softmax"), SOFTMAX),
    "stop_gradient": (on_dense(ops.stop_gradient, activation="softmax"), SOFTMAX),
    "expand_dims": (
        on_dense(lambda x: ops.expand_dims(x, 1), activation="softmax"),
        SOFTMAX,
    ),
    "squeeze": (
        lambda: graph(
            lambda x: ops.squeeze(L.Dense(3, "softmax")(x), axis=1), shape=(1, 4)
        ),
        SOFTMAX,
    ),
    "everything at once": (
        lambda: tail(
            L.Dense(3, "softmax"), L.Dropout(0.1), L.Reshape((1, 3)), L.Flatten()
        ),
        SOFTMAX,
    ),
    # Where the classes are.
    "Conv": (on_map(lambda x: x, activation="softmax"), SOFTMAX),
    "Conv of unknown size": (
        lambda: tail(L.Conv2D(1, 1, activation="sigmoid"), shape=(None, None, 2)),
        BINARY,
    ),
    "Conv transpose": (
        lambda: tail(L.Conv2DTranspose(3, 2, activation="softmax"), shape=(8, 8, 2)),
        SOFTMAX,
    ),
    "SeparableConv": (
        lambda: tail(L.SeparableConv1D(3, 2, activation="softmax"), shape=(8, 2)),
        SOFTMAX,
    ),
    "Reshape of a class map": (
        on_map(L.Reshape((-1, 3)), activation="softmax"),
        SOFTMAX,
    ),
    "Flatten of a 1 x 1 map": (
        lambda: tail(
            L.Conv2D(3, 1, activation="softmax"), L.Flatten(), shape=(1, 1, 2)
        ),
        SOFTMAX,
    ),
    "Conv channels_first, sigmoid": (
        lambda: tail(
            L.Conv2D(3, 1, activation="sigmoid", data_format="channels_first"),
            shape=(2, 8, 6),
        ),
        Head("multilabel", 3, from_logits=False, axis=1),
    ),
    "Conv channels_first, Softmax on its axis": (
        lambda: tail(
            L.Conv2D(3, 1, data_format="channels_first"),
            L.Softmax(axis=1),
            shape=(2, 8, 6),
        ),
        CHANNELS_FIRST,
    ),
    "Softmax axis, nothing known behind": (
        lambda: tail(L.Softmax(axis=1), shape=(3, 8, 6)),
        CHANNELS_FIRST,
    ),
    "Permute moves the axis": (
        on_map(L.Permute((3, 1, 2)), activation="softmax"),
        CHANNELS_FIRST,
    ),
    "transpose moves the axis": (
        on_map(lambda x: ops.transpose(x, (0, 3, 1, 2)), activation="softmax"),
        CHANNELS_FIRST,
    ),
    "Permute, then Softmax": (
        on_map(lambda x: L.Softmax(axis=1)(L.Permute((3, 1, 2))(x))),
        CHANNELS_FIRST,
    ),
    "Softmax of regrouped units": (
        lambda: tail(L.Dense(6), L.Reshape((2, 3)), L.Softmax()),
        SOFTMAX,
    ),
    # Models in models, layers in layers.
    "TimeDistributed": (
        lambda: tail(L.TimeDistributed(L.Dense(3, "softmax")), shape=(5, 4)),
        SOFTMAX,
    ),
    "TimeDistributed twice": (
        lambda: tail(
            L.TimeDistributed(L.TimeDistributed(L.Dense(3, "softmax"))), shape=(5, 6, 4)
        ),
        SOFTMAX,
    ),
    "TimeDistributed activation": (
        lambda: tail(
            L.Dense(3), L.TimeDistributed(L.Activation("sigmoid")), shape=(5, 4)
        ),
        MULTILABEL,
    ),
    "TimeDistributed Dropout": (
        lambda: tail(
            L.Dense(3, "softmax"), L.TimeDistributed(L.Dropout(0.1)), shape=(5, 4)
        ),
        SOFTMAX,
    ),
    "TimeDistributed model": (
        lambda: tail(
            L.TimeDistributed(tail(L.Dense(3, "softmax"), L.Dropout(0.1))), shape=(5, 4)
        ),
        SOFTMAX,
    ),
    "TimeDistributed channels_first": (
        lambda: tail(
            L.TimeDistributed(
                L.Conv2D(3, 1, activation="sigmoid", data_format="channels_first")
            ),
            shape=(5, 2, 8, 6),
        ),
        Head("multilabel", 3, from_logits=False, axis=2),
    ),
    "nested": (lambda: nested([L.Softmax()]), SOFTMAX),
    "nested, then Dropout": (lambda: nested([L.Softmax()], L.Dropout(0.1)), SOFTMAX),
    "nested twice": (lambda: graph(nested([L.Softmax()])), SOFTMAX),
    "nested model that passes": (
        lambda: graph(
            lambda x: tail(L.Dropout(0.1), L.Identity(), shape=(3,))(
                L.Dense(3, "softmax")(x)
            )
        ),
        SOFTMAX,
    ),
    "Sequential of models": (
        lambda: keras.Sequential(
            [tail(L.Dense(5)), tail(L.Dense(1, "sigmoid"), shape=(5,))]
        ),
        BINARY,
    ),
    "shared layer, second call": (lambda: shared(L.Softmax())[0], SOFTMAX),
    "average": (lambda: average_of("softmax", "softmax"), SOFTMAX),
    "average of models": (
        lambda: graph(
            lambda x: L.Average()([tail(L.Dense(1, "sigmoid"))(x) for _ in range(3)])
        ),
        BINARY,
    ),
}


@pytest.mark.parametrize("name", DECIDING)
def test_final_activation_decides(name):
    factory, expected = DECIDING[name]
    assert detect_head(factory()) == expected


@pytest.mark.parametrize("name", ["string", "Permute moves the axis", "average"])
def test_final_activation_beats_the_loss(name):
    factory, expected = DECIDING[name]
    model = factory()
    model.compile(loss="mse")
    assert detect_head(model) == expected


def test_two_outputs_of_one_shared_layer_are_told_apart():
    inputs = keras.Input((4,))
    scores = L.Dense(3)(inputs)
    activation = L.Activation("softmax")
    model = keras.Model(inputs, [activation(scores), L.Activation("sigmoid")(scores)])
    assert list(detect_head(model).values()) == [SOFTMAX, MULTILABEL]


def test_final_layer_is_not_the_last_in_the_list():
    inputs = keras.Input((4,))
    probabilities = L.Dense(3, "softmax")(inputs)
    model = keras.Model(inputs, {"p": probabilities, "x": L.Dense(2, "relu")(inputs)})
    only = keras.Model(model.inputs, model.output["p"])
    assert detect_head(only) == SOFTMAX


def test_activation_is_read_as_it_is_now():
    # Stripping the activation of a trained layer is a common way to its logits.
    model = tail(L.Dense(1, "sigmoid", name="head"))
    model.layers[-1].activation = None
    with pytest.raises(HeadError, match=r"'head'.*it is linear"):
        detect_head(model)


def test_evidence_names_the_layer_and_what_stands_before_it():
    model = tail(L.Dense(3, "softmax", name="scores"), L.Reshape((1, 3), name="row"))
    assert detect_head(model).evidence == (
        "layer 'scores' (Dense) ends in softmax, behind 'row' (Reshape)",
    )


def test_evidence_names_an_operation():
    head = detect_head(graph(lambda x: ops.hard_sigmoid(L.Dense(1)(x))))
    assert "(HardSigmoid) ends in hard_sigmoid" in head.evidence[0]


def test_values_never_decide():
    # FACTS 32: these scores lie in [0, 1] on every batch, and are still logits.
    model = tail(L.Dense(1, kernel_initializer="zeros", bias_initializer="ones"))
    model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    scores = keras.ops.convert_to_numpy(model(np.ones((2, 4), "float32")))
    assert scores.tolist() == [[1.0], [1.0]]
    assert detect_head(model) == Head("binary", 1, from_logits=True)
