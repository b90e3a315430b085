"""What the compiled loss decides, and where it contradicts (FACTS C 28, 29)."""

import functools
import warnings

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import losses

from keras_labels.errors import HeadError, HeadWarning
from keras_labels.heads import describe_outputs, detect_head, ignored_class
from keras_labels.spec import Head

BINARY = Head("binary", 1, from_logits=True)
MULTILABEL = Head("multilabel", 3, from_logits=True)
MULTICLASS = Head("multiclass", 3, from_logits=True)


class OwnLoss(losses.Loss):
    from_logits = True

    def call(self, y_true, y_pred):
        return y_pred - y_true


class OwnCrossentropy(losses.BinaryCrossentropy):
    def call(self, y_true, y_pred):
        return y_pred - y_true


class NamedCrossentropy(losses.BinaryCrossentropy):
    """A subclass that leaves `call` as Keras wrote it."""


class OpaqueModel(keras.Model):
    def __init__(self, units):
        super().__init__(name="mine")
        self.dense = L.Dense(units)

    def call(self, inputs):
        return self.dense(inputs)


def linear(units, loss, activation=None):
    head = L.Dense(units, activation, name="head")
    model = keras.Sequential([keras.Input((4,)), head])
    model.compile("sgd", loss=loss)
    return model


def opaque(units, loss):
    model = OpaqueModel(units)
    model(np.zeros((1, 4), "float32"))
    model.compile(loss=loss)
    return model


def custom(y_true, y_pred, from_logits=True):
    return y_pred - y_true


DECIDING = {
    "binary": (lambda: losses.BinaryCrossentropy(from_logits=True), BINARY, MULTILABEL),
    "binary focal": (
        lambda: losses.BinaryFocalCrossentropy(from_logits=True),
        BINARY,
        MULTILABEL,
    ),
    "subclass": (lambda: NamedCrossentropy(from_logits=True), BINARY, MULTILABEL),
    "sparse": (
        lambda: losses.SparseCategoricalCrossentropy(from_logits=True),
        None,
        MULTICLASS,
    ),
    "categorical": (
        lambda: losses.CategoricalCrossentropy(from_logits=True),
        None,
        MULTICLASS,
    ),
    "categorical focal": (
        lambda: losses.CategoricalFocalCrossentropy(from_logits=True),
        None,
        MULTICLASS,
    ),
    "partial": (
        lambda: functools.partial(losses.binary_crossentropy, from_logits=True),
        BINARY,
        MULTILABEL,
    ),
    "sparse partial": (
        lambda: functools.partial(
            losses.sparse_categorical_crossentropy, from_logits=True
        ),
        None,
        MULTICLASS,
    ),
    "config": (
        lambda: {
            "class_name": "CategoricalCrossentropy",
            "config": {"from_logits": True},
        },
        None,
        MULTICLASS,
    ),
    "list of one": (
        lambda: [losses.BinaryCrossentropy(from_logits=True)],
        BINARY,
        MULTILABEL,
    ),
}


@pytest.mark.parametrize("make", [linear, opaque])
@pytest.mark.parametrize("name", DECIDING)
def test_loss_from_logits_decides(name, make):
    loss, one, several = DECIDING[name]
    assert detect_head(make(3, loss())) == several
    if one is not None:
        assert detect_head(make(1, loss())) == one


def test_loss_stands_in_the_evidence():
    head = detect_head(linear(3, losses.CategoricalCrossentropy(from_logits=True)))
    assert head.evidence == (
        "layer 'head' (Dense) is linear",
        "loss 'categorical_crossentropy' says from_logits=True",
    )


SAYS_PROBABILITIES = {
    "string": ("binary_crossentropy", "binary"),
    "alias": ("bce", "binary"),
    "class name": ("BinaryCrossentropy", "binary"),
    "class": (losses.BinaryCrossentropy, "binary"),
    "function": (losses.binary_crossentropy, "binary"),
    "object": (losses.BinaryCrossentropy(), "binary"),
    "partial": (functools.partial(losses.binary_crossentropy, axis=-1), "binary"),
    "by units": ("crossentropy", "binary"),
}


@pytest.mark.parametrize("name", SAYS_PROBABILITIES)
def test_linear_head_with_a_loss_on_probabilities_is_an_error(name):
    with pytest.raises(HeadError, match=r"'head'.*is linear, but.*from_logits=False"):
        detect_head(linear(1, SAYS_PROBABILITIES[name][0]))


@pytest.mark.parametrize("name", SAYS_PROBABILITIES)
def test_opaque_head_with_a_loss_on_probabilities_is_probabilities(name):
    loss, task = SAYS_PROBABILITIES[name]
    head = detect_head(opaque(1, loss))
    assert head == Head(task, 1, from_logits=False)
    assert "has a `call` of its own (class OpaqueModel)" in head.evidence[0]
    assert "from_logits=False" in head.evidence[1]


@pytest.mark.parametrize(
    ("loss", "task"),
    [
        ("sparse_categorical_crossentropy", "multiclass"),
        ("ce", "multiclass"),
        ("bce", "multilabel"),
    ],
)
def test_task_of_several_opaque_units(loss, task):
    assert detect_head(opaque(3, loss)) == Head(task, 3, from_logits=False)


class OwnLayer(L.Layer):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize(
    "end",
    [
        lambda: L.Lambda(lambda x: x, (3,)),
        OwnLayer,
        lambda: L.Dense(3, activation=lambda x: x),
    ],
    ids=["Lambda", "own layer", "own activation"],
)
def test_loss_decides_behind_foreign_code(end, from_logits):
    model = keras.Sequential([keras.Input((4,)), L.Dense(3), end()])
    model.compile(loss=losses.BinaryCrossentropy(from_logits=from_logits))
    head = detect_head(model)
    assert head == Head("multilabel", 3, from_logits=from_logits)
    assert head.evidence[1].endswith(f"says from_logits={from_logits}")


SAYS_NOTHING = [
    "hinge",
    "categorical_hinge",
    "mse",
    "kl_divergence",
    "poisson",
    "dice",
    "not_a_loss",
    losses.SquaredHinge(),
    losses.MeanSquaredError,
    OwnLoss(),
    OwnLoss,
    OwnCrossentropy(from_logits=True),
    custom,
    lambda y_true, y_pred: y_pred - y_true,
    functools.partial(custom, from_logits=True),
]


@pytest.mark.parametrize("loss", SAYS_NOTHING, ids=range(len(SAYS_NOTHING)))
@pytest.mark.parametrize(("make", "name"), [(linear, "head"), (opaque, "mine")])
def test_other_losses_say_nothing(make, name, loss):
    with pytest.raises(
        HeadError, match=f"'{name}'.* the loss .* does not say. Pass fr"
    ):
        detect_head(make(1, loss))


def test_model_compiled_without_a_loss():
    with pytest.raises(HeadError, match=r"no loss is compiled for it"):
        detect_head(linear(1, None))


def test_said_from_logits_keeps_the_task_of_the_loss():
    model = linear(3, "sparse_categorical_crossentropy")
    assert detect_head(model, from_logits=True) == MULTICLASS
    assert detect_head(linear(3, "bce"), from_logits=True) == MULTILABEL


def test_said_task_keeps_the_logits_of_the_loss():
    model = linear(3, losses.BinaryCrossentropy(from_logits=True))
    assert detect_head(model, task="multiclass") == MULTICLASS


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("name", ["binary", "sparse", "categorical focal"])
def test_loss_object_survives_a_file(tmp_path, name, suffix):
    path = tmp_path / f"model{suffix}"
    expected = DECIDING[name][2]
    linear(3, DECIDING[name][0]()).save(path)
    assert detect_head(keras.saving.load_model(path)) == expected


def test_string_survives_a_file(tmp_path):
    linear(1, "bce").save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    with pytest.raises(HeadError, match=r"crossentropy|bce' says from_logits=False"):
        detect_head(model)


def test_compile_false_loses_the_loss(tmp_path):
    path = tmp_path / "model.keras"
    linear(1, losses.BinaryCrossentropy(from_logits=True)).save(path)
    with pytest.raises(HeadError, match=r"not compiled"):
        detect_head(keras.saving.load_model(path, compile=False))


ARITHMETIC = {
    "pooling": L.GlobalAveragePooling1D,
    "batch norm": L.BatchNormalization,
    "rescaling": lambda **name: L.Rescaling(0.5, **name),
}


@pytest.mark.parametrize("name", ARITHMETIC)
def test_computation_on_logits_is_logits_if_the_loss_says_so(name):
    def model(loss):
        tail = [L.Conv1D(3, 1), ARITHMETIC[name](name="end")]
        model = keras.Sequential([keras.Input((5, 4)), *tail])
        model.compile(loss=loss)
        return model

    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    assert detect_head(model(loss)) == MULTICLASS
    with pytest.raises(HeadError, match=r"'end'.* has no activation, but the loss"):
        detect_head(model("sparse_categorical_crossentropy"))


# Contradictions.


@pytest.mark.parametrize(
    ("activation", "loss", "task"),
    [
        ("softmax", losses.SparseCategoricalCrossentropy, "multiclass"),
        ("sigmoid", losses.BinaryCrossentropy, "multilabel"),
    ],
)
def test_activation_beats_from_logits_with_one_warning(activation, loss, task):
    model = linear(3, loss(from_logits=True), activation)
    with pytest.warns(HeadWarning, match=f"'head' ends in {activation}") as caught:
        head = detect_head(model)
    assert head == Head(task, 3, from_logits=False)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "jax and torch" in str(caught[0].message)
    assert "from_logits=True" in head.evidence[1]


def test_sigmoids_under_a_categorical_loss_warn_once():
    model = linear(3, "sparse_categorical_crossentropy", "sigmoid")
    with pytest.warns(HeadWarning, match=r"Pass task=") as caught:
        assert detect_head(model) == Head("multilabel", 3, from_logits=False)
    assert len(caught) == 1


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_said_task_silences_the_warning(task):
    model = linear(3, "sparse_categorical_crossentropy", "sigmoid")
    assert detect_head(model, task=task) == Head(task, 3, from_logits=False)


def test_said_from_logits_silences_the_warning():
    model = linear(1, losses.BinaryCrossentropy(from_logits=True), "sigmoid")
    head = detect_head(model, from_logits=False)
    assert head == Head("binary", 1, from_logits=False)


def test_logits_said_of_an_activation_are_obeyed_with_a_warning():
    model = linear(1, "binary_crossentropy", "sigmoid")
    with pytest.warns(HeadWarning, match="sigmoid is applied twice") as caught:
        head = detect_head(model, from_logits=True)
    assert head == Head("binary", 1, from_logits=True)
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("units", "activation", "loss"),
    [
        (1, "sigmoid", "binary_crossentropy"),
        (3, "sigmoid", "binary_crossentropy"),
        (3, "softmax", "sparse_categorical_crossentropy"),
        (2, "softmax", "binary_crossentropy"),
        (1, "sigmoid", "mse"),
    ],
)
def test_agreement_is_silent(units, activation, loss):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert detect_head(linear(units, loss, activation)).from_logits is False


def test_describing_does_not_warn():
    model = linear(1, losses.BinaryCrossentropy(from_logits=True), "sigmoid")
    described = describe_outputs(model)
    assert described == {"head": Head("binary", 1, from_logits=False)}


@pytest.mark.parametrize(
    ("loss", "ignored"),
    [
        (losses.SparseCategoricalCrossentropy(ignore_class=-1), -1),
        ([losses.SparseCategoricalCrossentropy(ignore_class=255)], 255),
        ({"head": losses.SparseCategoricalCrossentropy(ignore_class=0)}, 0),
        (losses.SparseCategoricalCrossentropy(), None),
        ("sparse_categorical_crossentropy", None),
        (losses.BinaryCrossentropy(), None),
        (lambda y, p: p, None),
        (None, None),
    ],
)
def test_ignored_class_is_read_from_the_loss(loss, ignored):
    assert ignored_class(linear(3, loss)) == ignored


def test_ignored_class_of_a_config_and_a_partial():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    model = linear(3, losses.serialize(loss))
    assert ignored_class(model) == 255
    sparse = functools.partial(losses.sparse_categorical_crossentropy, ignore_class=7)
    assert ignored_class(linear(3, sparse)) == 7


def test_ignored_class_of_one_output_of_several():
    inputs = keras.Input((4,))
    outputs = {name: keras.layers.Dense(3, name=name)(inputs) for name in ("b", "a")}
    model = keras.Model(inputs, outputs)
    assert ignored_class(model, "a") is None
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    model.compile(loss={"a": loss, "b": "sparse_categorical_crossentropy"})
    assert ignored_class(model, "a") == 255
    assert ignored_class(model, "b") is None
    model.compile(loss=loss)  # of every output
    assert ignored_class(model, "b") == 255
    assert ignored_class(model, "c") is None
