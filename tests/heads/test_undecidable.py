"""What no graph decides (FACTS C 27) is an error that names layer and argument."""

import functools
import pathlib

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import ops

from keras_labels.errors import HeadError
from keras_labels.heads import detect_head, resolve_head
from keras_labels.spec import Head


class OwnCall(L.Dense):
    def call(self, inputs, training=None):
        return super().call(inputs)


class OwnLayer(L.Layer):
    def call(self, inputs):
        return inputs


class OwnSoftmax(L.Softmax):
    def call(self, inputs):
        return inputs


class OwnOperation(keras.Operation):
    def call(self, x):
        return x

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, dtype=x.dtype)


class OwnModel(keras.Model):
    def __init__(self, units=3):
        super().__init__(name="mine")
        self.dense = L.Dense(units, "softmax")

    def call(self, inputs):
        return self.dense(inputs)


class OwnCallOfFunctional(keras.Model):
    def __init__(self):
        inputs = keras.Input((4,))
        super().__init__(inputs, L.Dense(3, "softmax")(inputs), name="mine")

    def call(self, inputs, training=None):
        return super().call(inputs) * 2


def tail(*tail_layers, shape=(4,)):
    return keras.Sequential([keras.Input(shape), *tail_layers])


def after(function, activation="softmax", units=3, shape=(4,)):
    inputs = keras.Input(shape)
    scores = L.Dense(units, activation, name="scores")(inputs)
    return keras.Model(inputs, function(scores))


def called(model):
    model(np.zeros((2, 4), "float32"))
    return model


def two_heads(first, second, merge, name):
    inputs = keras.Input((4,))
    scores = [L.Dense(3, activation)(inputs) for activation in (first, second)]
    return keras.Model(inputs, merge(name=name)(scores))


def channels_first(activation):
    layer = L.Conv2D(
        3, 1, activation=activation, data_format="channels_first", name="map"
    )
    return tail(layer, shape=(2, 8, 6))


WAY_OUT = "Pass from_logits=True or from_logits=False"
UNDECIDABLE = {
    "linear": (lambda: tail(L.Dense(1, name="head")), "'head'"),
    "lambda activation": (lambda: tail(L.Dense(3, lambda x: x, name="head")), "'head'"),
    "Lambda": (lambda: tail(L.Lambda(lambda x: x, (3,), name="head")), "'head'"),
    "own layer": (lambda: tail(L.Dense(3), OwnLayer(name="head")), "'head'"),
    "own call of a Dense": (
        lambda: tail(OwnCall(3, activation="softmax", name="head")),
        "'head' emits logits or probabilities: it has a `call` of its own",
    ),
    "own call of a Softmax": (
        lambda: tail(L.Dense(3), OwnSoftmax(name="head")),
        "'head'",
    ),
    "own softmax as activation": (
        lambda: tail(L.Dense(3, OwnSoftmax(), name="head")),
        "'head'",
    ),
    "own operation": (lambda: after(OwnOperation(name="own")), "'own'"),
    "own model": (lambda: called(OwnModel()), "'mine'"),
    "own model at the end": (
        lambda: after(OwnModel()),
        "'mine' emits logits or probabilities: it has a `call` of its own",
    ),
    "own call of a Functional": (OwnCallOfFunctional, "'mine'"),
    "RNN": (lambda: tail(L.LSTM(3, name="head"), shape=(5, 4)), "recurrent"),
    "RNN with softmax": (
        lambda: tail(L.SimpleRNN(3, activation="softmax", name="head"), shape=(5, 4)),
        "'head'",
    ),
    "Bidirectional": (
        lambda: tail(L.Bidirectional(L.GRU(3), name="head"), shape=(5, 4)),
        "'head'",
    ),
    "clip": (lambda: after(lambda p: ops.clip(p, 1e-7, 1)), "'scores' (Dense)"),
    "multiply": (lambda: after(lambda p: p * 0.5), "'scores' (Dense)"),
    "multiply by an input": (
        lambda: after(lambda p: L.Multiply(name="product")([p, p])),
        "'product'",
    ),
    "slice": (lambda: after(lambda p: p[:, :2]), "'scores' (Dense)"),
    "rescaling": (lambda: after(L.Rescaling(2.0, name="scaled")), "'scaled'"),
    "batch norm": (lambda: after(L.BatchNormalization(name="norm")), "'norm'"),
    "pooling": (
        lambda: after(L.GlobalAveragePooling1D(name="pool"), shape=(5, 4)),
        "'pool' emits logits or probabilities: it computes on the values of 'scores'",
    ),
    "far behind": (
        lambda: after(lambda p: L.Rescaling(2.0)(L.LayerNormalization()(p) + 1)),
        "'scores' (Dense)",
    ),
    "Dropout that drops": (
        lambda: after(lambda p: L.Dropout(0.5, name="mc")(p, training=True)),
        "'mc'",
    ),
    "concatenated softmaxes": (
        lambda: two_heads("softmax", "softmax", L.Concatenate, "joined"),
        "'joined'",
    ),
    "average of unlike heads": (
        lambda: two_heads("softmax", "sigmoid", L.Average, "mean"),
        "'mean'",
    ),
    "average of logits and softmax": (
        lambda: two_heads("softmax", None, L.Average, "mean"),
        "'mean'",
    ),
    "Flatten of a class map": (
        lambda: tail(
            L.Conv2D(3, 1, activation="softmax", name="map"),
            L.Flatten(name="flat"),
            shape=(8, 6, 2),
        ),
        "'flat' emits logits or probabilities: it does not keep the class axis of "
        "'map'",
    ),
    "split units": (
        lambda: tail(L.Dense(10, "softmax"), L.Reshape((2, 5), name="split")),
        "'split'",
    ),
    "axes moved once per step": (
        lambda: tail(
            L.Dense(3, "softmax"),
            L.TimeDistributed(L.Permute((2, 1)), name="moved"),
            shape=(5, 6, 4),
        ),
        "'moved'",
    ),
    "unit axis reshaped away": (
        lambda: tail(
            L.Conv2D(1, 1, activation="sigmoid"),
            L.Reshape((8, 6), name="map"),
            shape=(8, 6, 2),
        ),
        "'map'",
    ),
    "softmax beside the channels": (
        lambda: channels_first("softmax"),
        "'map' emits logits or probabilities: it ends in softmax over axis 3, but its "
        "units are on axis 1",
    ),
    "Softmax layer beside the channels": (
        lambda: tail(L.Dense(3), L.Softmax(axis=1, name="time"), shape=(5, 4)),
        "'time'",
    ),
    "partial beside the channels": (
        lambda: tail(
            L.Dense(3, functools.partial(ops.softmax, axis=1), name="time"),
            shape=(5, 4),
        ),
        "'time'",
    ),
    "softmax over two axes": (
        lambda: tail(L.Softmax(axis=(1, 2), name="map"), shape=(8, 6)),
        "'map'",
    ),
    "softmax over the rows": (
        lambda: tail(L.Softmax(axis=0, name="rows"), shape=(8,)),
        "'rows'",
    ),
    "relu": (lambda: tail(L.Dense(3, "relu", name="head")), "'head'"),
    "ReLU": (lambda: tail(L.Dense(3), L.ReLU(name="head")), "'head'"),
    "tanh": (lambda: tail(L.Dense(1, "tanh", name="head")), "it ends in tanh"),
    "log_softmax": (
        lambda: tail(L.Dense(3, "log_softmax", name="head")),
        "it ends in log_softmax",
    ),
    "ops.log_softmax": (lambda: after(ops.log_softmax, None), "log_softmax"),
    "ops.log_sigmoid": (lambda: after(ops.log_sigmoid, None), "log_sigmoid"),
    "input": (lambda: tail(L.Dropout(0.1), shape=(3,)), "returns its input"),
}


@pytest.mark.parametrize("name", UNDECIDABLE)
def test_error_names_layer_and_argument(name):
    factory, expected = UNDECIDABLE[name]
    with pytest.raises(HeadError) as caught:
        detect_head(factory())
    assert expected in str(caught.value)
    assert WAY_OUT in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [lambda p: ops.argmax(p, -1, keepdims=True), lambda p: ops.cast(p, "int32")],
)
def test_model_that_ends_in_decisions_is_refused(change):
    with pytest.raises(HeadError, match=r"gives int32, .* Take the model before that"):
        detect_head(after(change))


SEEN_TO_BE_NEITHER = [
    name
    for name in UNDECIDABLE
    if name not in ("linear", "lambda activation", "Lambda")
    and (not name.startswith("own"))
]


@pytest.mark.parametrize("name", SEEN_TO_BE_NEITHER)
@pytest.mark.parametrize("from_logits", [True, False])
def test_loss_does_not_decide_what_was_seen_to_be_neither(name, from_logits):
    model = UNDECIDABLE[name][0]()
    model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=from_logits))
    with pytest.raises(HeadError, match=WAY_OUT):
        detect_head(model)


# Scores of three axes and more, whose class axis no layer tells.
OF_UNKNOWN_AXIS = (
    "split units",
    "unit axis reshaped away",
    "softmax beside the channels",
    "Softmax layer beside the channels",
    "partial beside the channels",
    "softmax over two axes",
)


@pytest.mark.parametrize("name", OF_UNKNOWN_AXIS)
def test_class_axis_that_no_layer_tells_is_asked_for(name):
    model = UNDECIDABLE[name][0]()
    with pytest.raises(HeadError, match=r"Pass from_logits.* and axis=1 or .*axis=-1"):
        detect_head(model)
    with pytest.raises(HeadError, match=r"which axis.*Pass axis=1 or .*axis=-1"):
        detect_head(model, task="multilabel", from_logits=True)
    head = detect_head(model, task="multilabel", from_logits=True, axis=1)
    assert head == Head("multilabel", model.output_shape[1], True, axis=1)


@pytest.mark.parametrize("name", sorted(set(UNDECIDABLE) - set(OF_UNKNOWN_AXIS)))
def test_what_is_said_decides(name):
    head = detect_head(UNDECIDABLE[name][0](), task="multilabel", from_logits=True)
    assert (head.task, head.from_logits) == ("multilabel", True)
    assert head.evidence == ("said: task='multilabel'", "said: from_logits=True")


def test_message_of_an_uncompiled_linear_head():
    with pytest.raises(HeadError) as caught:
        detect_head(tail(L.Dense(1, name="dense_3")))
    assert str(caught.value) == (
        "Cannot tell whether 'dense_3' emits logits or probabilities: it is linear and "
        "the model is not compiled (compile=False?). "
        "Pass from_logits=True or from_logits=False."
    )


def test_message_asks_for_the_task_too():
    with pytest.raises(HeadError, match=r"from_logits=False, and task=.multiclass"):
        detect_head(tail(L.Dense(3)))


def test_several_logits_without_loss_need_the_task():
    model = tail(L.Dense(3, name="head"))
    with pytest.raises(HeadError, match=r"(?s)task of 'head'.*multiclass"):
        detect_head(model, from_logits=True)
    expected = Head("multiclass", 3, from_logits=True)
    assert detect_head(model, from_logits=True, task="multiclass") == expected


def test_one_logit_is_binary():
    head = detect_head(tail(L.Dense(1)), from_logits=True)
    assert head == Head("binary", 1, from_logits=True)


def test_softmax_over_one_unit_is_always_one():
    model = tail(L.Dense(1, "softmax", name="head"))
    with pytest.raises(
        HeadError, match=r"'head' is a softmax over one unit.*always 1.0"
    ):
        detect_head(model)
    with pytest.raises(HeadError, match=r"always 1.0"):
        detect_head(model, task="binary")


def test_one_unit_that_is_said_to_be_multiclass_is_refused():
    with pytest.raises(HeadError, match=r"always 1.0"):
        detect_head(tail(L.Dense(1, "sigmoid")), task="multiclass")


def test_task_that_contradicts_the_units_is_refused():
    with pytest.raises(HeadError, match=r"binary.*units=3"):
        detect_head(tail(L.Dense(3, "softmax")), task="binary")


def test_said_task_beats_the_activation():
    model = tail(L.Dense(3, "sigmoid"))
    head = detect_head(model, task="multiclass")
    assert head == Head("multiclass", 3, from_logits=False)
    assert head.evidence[-1] == "said: task='multiclass'"


def test_said_axis_beats_the_activation():
    model = tail(L.Dense(3, "sigmoid"), shape=(5, 4))
    assert detect_head(model, axis=1).units == 5
    assert detect_head(model, axis=2) == detect_head(model, axis=-1)
    assert detect_head(model, axis=np.int64(1)).axis == 1


@pytest.mark.parametrize("axis", [0, 3, -3, -4, 1.5, "last"])
def test_impossible_axis_is_refused(axis):
    with pytest.raises(HeadError, match=r"Received"):
        detect_head(tail(L.Dense(3, "sigmoid"), shape=(5, 4)), axis=axis)


@pytest.mark.parametrize("said", [{"task": "regression"}, {"from_logits": "yes"}])
def test_impossible_argument_is_refused(said):
    with pytest.raises(HeadError, match=r"Received"):
        detect_head(tail(L.Dense(3, "sigmoid")), **said)


def test_lost_unit_axis_is_refused():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, L.Dense(1, "sigmoid", name="head")(inputs)[:, 0])
    with pytest.raises(HeadError, match=r"Keep the unit axis"):
        detect_head(model)
    with pytest.raises(HeadError, match=r"Keep the unit axis"):
        detect_head(model, task="binary", from_logits=False)


def test_unknown_number_of_units_is_refused():
    model = tail(L.Activation("softmax", name="head"), shape=(None,))
    with pytest.raises(HeadError, match=r"class axis of 'head'"):
        detect_head(model)


@pytest.mark.parametrize(
    ("thing", "way_out"),
    [
        (lambda x: x, "Pass a keras.Model"),
        ("model.keras", "keras.saving.load_model"),
        (pathlib.Path("saved_model"), "keras.saving.load_model"),
        (L.Dense(3, "softmax"), "keras.Sequential"),
        (None, "Pass a keras.Model"),
    ],
)
def test_what_is_no_keras_model_is_refused(thing, way_out):
    with pytest.raises(HeadError, match=r"(?s)Received: .*" + way_out):
        detect_head(thing)


def test_model_of_tf_keras_is_refused_with_the_way_over():
    kind = type("Sequential", (), {"__module__": "tf_keras.src.engine.sequential"})
    with pytest.raises(HeadError, match=r"tf_keras.*Save it as .keras or .h5"):
        resolve_head(kind())
