"""Batches fit the memory budget, and never mix rows that Keras keeps apart."""

import keras
import numpy as np
import pytest
import reference
from keras import layers

import keras_labels as kl
from keras_labels.prediction._batch_size import (
    MEMORY_BUDGET,
    batch_size_of,
    has_independent_rows,
)
from keras_labels.prediction._compiled import Compiled

BACKEND = keras.backend.backend()
MOST, ENOUGH = 16_384, 16  # rows at once; rows that may take eight times the budget
ROWS = 70  # the last batch of 32 has 6 rows, which would be padded to 8
X = np.random.default_rng(0).normal(size=(ROWS, 4)).astype("float32")
STEPS = np.random.default_rng(1).normal(size=(ROWS, 3, 4)).astype("float32")


def labeled_of(model):
    return kl.LabeledModel(model, task="multiclass", from_logits=True, axis=-1)


def graph(shape, function, dtype=None):
    inputs = keras.Input(shape, dtype=dtype)
    return keras.Model(inputs, function(inputs))


def size_of(model, *shape, budget=MEMORY_BUDGET):
    """Return the batch size for rows of a shape."""
    data = np.zeros((3, *shape), model.inputs[0].dtype)
    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    return batch_size_of(model, inputs, data, budget)


def within(budget, numbers):
    """Return the power of two that the rule names, for a row of so many numbers."""

    def powers(most, memory):
        return [
            2**n for n in range(20) if 2**n <= most and 2**n * 4 * numbers <= memory
        ]

    fitting = powers(MOST, budget)
    enough = powers(ENOUGH, 8 * budget)
    return max([1, *fitting, *enough])


@pytest.fixture
def lengths(monkeypatch):
    """Return the list of the lengths of all batches that a compiled call receives."""
    seen = []
    call = Compiled.__call__

    def recorded(self, x):
        seen.append(len(keras.tree.flatten(x)[0]))
        return call(self, x)

    monkeypatch.setattr(Compiled, "__call__", recorded)
    return seen


class TestRule:
    def test_small_model_gets_the_most(self, make_dense):
        assert size_of(make_dense(4, 3), 4) == MOST == 16_384

    @pytest.mark.parametrize("units", [255, 256, 257, 9000, 2**16])
    def test_largest_layer_fills_the_budget(self, units):
        model = graph(
            (4,), lambda t: layers.GlobalMaxPooling1D()(layers.RepeatVector(units)(t))
        )
        assert size_of(model, 4) == within(MEMORY_BUDGET, 4 * units)

    def test_inputs_count(self):
        model = graph((64, 64, 3), layers.GlobalAveragePooling2D())
        assert size_of(model, 64, 64, 3) == within(MEMORY_BUDGET, 64 * 64 * 3) < MOST

    def test_budget_is_obeyed(self):
        pool = layers.GlobalMaxPooling2D()
        model = graph(
            (16, 16, 3), lambda t: pool(layers.Conv2D(8, 3, padding="same")(t))
        )
        for budget in (1, 2**14, 2**20, 5 * 2**20, 2**40):
            assert size_of(model, 16, 16, 3, budget=budget) == within(budget, 2048)

    def test_scores_count_twice(self):
        """For what a decision on them holds."""
        model = graph((4,), layers.RepeatVector(1024))
        assert size_of(model, 4) == within(MEMORY_BUDGET, 2 * 4096)

    @pytest.mark.parametrize("numbers", [2**18, 2**19, 2**21, 2**23, 2**26])
    def test_few_rows_may_go_over_the_budget(self, numbers):
        pool = layers.GlobalMaxPooling1D()
        model = graph((4,), lambda t: pool(layers.RepeatVector(numbers // 4)(t)))
        expected = {2**18: 16, 2**19: 16, 2**21: 16, 2**23: 4, 2**26: 1}[numbers]
        assert size_of(model, 4) == within(MEMORY_BUDGET, numbers) == expected

    @pytest.mark.parametrize("numbers", [2**18, 2**20, 2**22, 2**24])
    def test_maps_of_scores_do_not_go_over_the_budget(self, numbers):
        """Many decisions use the weights of one row: more rows gain nothing."""
        model = graph((4,), layers.RepeatVector(numbers // 4))
        expected = {2**18: 8, 2**20: 2, 2**22: 1, 2**24: 1}[numbers]
        assert size_of(model, 4) == expected

    def test_open_lengths_are_rounded_up(self):
        model = graph((None,), layers.Embedding(9, 16), dtype="int32")
        whole = {0: 1, 1: 1, 3: 4, 100: 128, 128: 128, 129: 256, 5000: 8192}
        for length, rounded in whole.items():
            assert size_of(model, length) == within(MEMORY_BUDGET, 16 * rounded)

    def test_open_lengths_that_a_layer_refuses_have_a_size(self):
        model = graph((None, None, 3), layers.Conv2D(2, 3))
        assert size_of(model, 1, 2, 3) == 32

    def test_fixed_batch_axis_is_the_size_where_state_is_kept(self):
        inputs = keras.Input(batch_shape=(6, 5, 4))
        stateful = keras.Model(inputs, layers.GRU(3, stateful=True)(inputs))
        assert size_of(stateful, 5, 4) == 6
        assert size_of(keras.Model(inputs, layers.ReLU()(inputs)), 5, 4) > 6


class TestNestedModels:
    def inner(self):
        return keras.Sequential(
            [keras.Input((4,)), layers.RepeatVector(5000), layers.GlobalMaxPooling1D()]
        )

    def test_sequential_in_sequential(self):
        outer = keras.Sequential([keras.Input((4,)), self.inner(), layers.Dense(2)])
        assert size_of(outer, 4) == within(MEMORY_BUDGET, 20_000) < MOST

    def test_graph_in_graph(self):
        outer = graph((4,), lambda t: layers.Dense(2)(graph((4,), self.inner())(t)))
        assert size_of(outer, 4) == within(MEMORY_BUDGET, 20_000) < MOST

    def test_sequential_alone(self):
        assert size_of(self.inner(), 4) == within(MEMORY_BUDGET, 20_000) < MOST

    def test_open_lengths_inside(self):
        inner = graph((None, 4), layers.Conv1D(64, 3, padding="same"))
        outer = graph((None, 4), lambda t: layers.GlobalMaxPooling1D()(inner(t)))
        assert size_of(outer, 1000, 4) == within(MEMORY_BUDGET, 1024 * 64) < MOST


def attend(**named):
    return layers.MultiHeadAttention(8, 4)(**named)


SELF_ATTENTION = {
    "in order": lambda t: layers.MultiHeadAttention(8, 4)(t, t),
    "by name": lambda t: attend(query=t, value=t),
    "mixed": lambda t: layers.MultiHeadAttention(8, 4)(t, value=t),
    "grouped": lambda t: layers.GroupQueryAttention(4, 8, 2)(t, t),
}


@pytest.mark.parametrize("case", SELF_ATTENTION)
def test_attention_counts_heads_queries_and_keys(case):
    model = graph((256, 4), SELF_ATTENTION[case])
    assert size_of(model, 256, 4) == within(MEMORY_BUDGET, 8 * 256 * 256)


def test_attention_to_fewer_keys():
    model = graph((256, 4), lambda t: layers.MultiHeadAttention(8, 4)(t, t[:, :16]))
    assert size_of(model, 256, 4) == within(MEMORY_BUDGET, 8 * 256 * 16)


def test_attention_over_open_lengths():
    model = graph((None, 4), lambda t: layers.MultiHeadAttention(8, 4)(t, t))
    assert size_of(model, 200, 4) == within(MEMORY_BUDGET, 8 * 256 * 256)


class TestArguments:
    @pytest.fixture
    def wide(self):
        """Return a labeled model of 1024 numbers a row: 4 KiB."""
        return labeled_of(
            graph(
                (4,), lambda t: layers.GlobalMaxPooling1D()(layers.RepeatVector(256)(t))
            )
        )

    def test_rule_decides_by_default(self, wide, lengths):
        wide.predict_classes(np.zeros((4100, 4), "float32"))
        assert (len(lengths), lengths[0]) == (2, 4096)

    def test_memory_budget(self, wide, lengths):
        for rows in (32, 64, 16):
            lengths.clear()
            wide.predict_classes(X, memory_budget=rows * 4096)
            assert lengths[:-1] == [rows] * (ROWS // rows)

    def test_batch_size_overrides_the_budget(self, wide, lengths):
        wide.predict_classes(X, batch_size=35, memory_budget=1)
        assert lengths == [35, 35]

    def test_steps_count_batches_of_keras(self, wide, lengths):
        assert len(wide.predict_classes(X, steps=2)) == 64
        assert lengths == [32, 32]
        assert len(wide.predict_classes(X, steps=2, batch_size=10)) == 20

    def test_callbacks_count_batches_of_keras(self, wide):
        ends = []
        count = keras.callbacks.LambdaCallback()
        count.on_predict_batch_end = lambda batch, logs=None: ends.append(
            len(logs["outputs"])
        )
        wide.predict_classes(X, callbacks=[count])
        assert ends == [32, 32, 6]

    def test_size_changes_no_decision(self, wide):
        expected = reference.argmax(wide.model.predict(X, verbose=0))
        for options in ({}, {"batch_size": 7}, {"memory_budget": 1}):
            np.testing.assert_array_equal(wide.predict_classes(X, **options), expected)

    @pytest.mark.parametrize("name", ["memory_budget", "batch_size"])
    @pytest.mark.parametrize("value", [0, -1, 1.5, "many"])
    def test_what_is_no_count_is_refused(self, wide, name, value):
        with pytest.raises(kl.InputError, match=name):
            wide.predict_classes(X, **{name: value})


def centred(x):
    return x - keras.ops.mean(x, axis=0, keepdims=True)


class Centring(layers.Layer):
    def call(self, x):
        return centred(x)


class CentredModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(3)

    def call(self, x):
        return centred(self.head(x))


def subclassed():
    model = CentredModel()
    model(X)
    return model


def wrapped_module():
    if BACKEND == "jax":
        return layers.JaxLayer(lambda params, inputs: centred(inputs), params=())

    import torch

    class Module(torch.nn.Module):
        def forward(self, x):
            return x - x.mean(0, keepdim=True)

    return layers.TorchModuleWrapper(Module(), output_shape=(None, 4))


DEPENDENT = {
    "own layer": lambda: graph((4,), Centring()),
    "own layer inside": lambda: graph(
        (4,), keras.Sequential([keras.Input((4,)), Centring()])
    ),
    "own model": subclassed,
    "own model inside": lambda: graph((4,), subclassed()),
    "Lambda": lambda: graph((4,), layers.Lambda(centred)),
    "own activation": lambda: graph((4,), layers.Dense(3, centred)),
    "Activation": lambda: graph((4,), layers.Activation(centred)),
    "own activation of a cell": lambda: graph((3, 4), layers.SimpleRNN(3, centred)),
    "own gate": lambda: graph((3, 4), layers.GRU(3, recurrent_activation=centred)),
    "training": lambda: graph(
        (4,), lambda t: layers.BatchNormalization()(t, training=True)
    ),
    "training inside": lambda: graph(
        (4,),
        lambda t: keras.Sequential([keras.Input((4,)), layers.BatchNormalization()])(
            t, training=True
        ),
    ),
    "operation": lambda: graph((4,), centred),
    "softmax of a column": lambda: graph((4,), layers.Softmax(axis=0)),
    "norm of a column": lambda: graph((4,), layers.UnitNormalization(axis=0)),
    "layer of another library": lambda: graph((4,), wrapped_module()),
}


@pytest.mark.parametrize("case", DEPENDENT)
class TestRowsThatDepend:
    @pytest.fixture
    def model(self, case):
        if case == "layer of another library" and BACKEND == "tensorflow":
            pytest.skip("Keras on tensorflow wraps no layer of jax or torch")
        return DEPENDENT[case]()

    def test_batches_are_those_of_keras(self, model, case, lengths):
        x = STEPS if "cell" in case or "gate" in case else X
        labeled = labeled_of(model)
        for size in (None, 9):
            expected = keras.ops.convert_to_numpy(
                model.predict(x, batch_size=size or 32, verbose=0)
            )
            p = reference.probabilities(expected, "multiclass", from_logits=True)
            lengths.clear()
            made = labeled.predict_proba(x, batch_size=size)
            np.testing.assert_allclose(made, p, atol=1e-5)
            whole, rest = divmod(ROWS, size or 32)
            assert lengths == [size or 32] * whole + [rest] * bool(rest)

    def test_is_known(self, model):
        assert not has_independent_rows(model)


INDEPENDENT = {
    "dense": lambda: graph((4,), layers.Dense(3, "relu")),
    "norm": lambda: graph((4,), layers.BatchNormalization()),
    "dropout": lambda: graph((4,), layers.Dropout(0.5)),
    "cells": lambda: graph((3, 4), layers.Bidirectional(layers.LSTM(3))),
    "softmax": lambda: graph((4,), layers.Softmax()),
}


@pytest.mark.parametrize("case", INDEPENDENT)
def test_layers_of_keras_infer_row_by_row(case):
    assert has_independent_rows(INDEPENDENT[case]())


@pytest.mark.parametrize("rows", [1, 4, 6, 7, 13])
def test_fixed_batch_axis_takes_any_number_of_rows(rows):
    """As `Model.predict` does."""
    inputs = keras.Input(batch_shape=(6, 4))
    model = keras.Model(inputs, layers.Dense(3)(inputs))
    expected = reference.argmax(model.predict(X[:rows], batch_size=6, verbose=0))
    np.testing.assert_array_equal(labeled_of(model).predict_classes(X[:rows]), expected)


def test_sequential_that_was_built_by_a_call(lengths):
    model = keras.Sequential([layers.Dense(3)])
    model(X[:2])
    made = labeled_of(model).predict_classes(X)
    np.testing.assert_array_equal(made, reference.argmax(model.predict(X, verbose=0)))
    assert len(lengths) == 1


def test_tables_of_a_calibration_take_fewer_rows():
    """Each score is looked up in every interval of its table at once."""
    points = np.linspace(0, 1, 31)
    table = (points.tolist(), points.tolist())
    model = keras.Sequential([keras.Input((4,)), layers.Dense(50, "softmax")])
    x, sizes = np.zeros((9000, 4), "float32"), []
    calibration = kl.Calibration("isotonic", tables=[table] * 50)
    for fitted in (None, calibration):
        labeled = kl.LabeledModel(model, calibration=fitted)
        predictor = labeled._predictor("classes")
        arrays = predictor._arrays(x)
        sizes.append(predictor._batch_size(arrays, len(x), 16 * 2**20))
    assert sizes == [16384, 1024]  # 16 MiB over 2 * 4 bytes * 50 scores * 32 intervals
