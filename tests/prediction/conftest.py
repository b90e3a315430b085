"""Tiny models and data for the tests of predictions."""

import keras
import numpy as np
import pytest
import reference

import keras_labels as kl

NAMES = ("cat", "dog", "emu")


@pytest.fixture(scope="session")
def x():
    return np.random.default_rng(0).normal(size=(10, 4)).astype("float32")


@pytest.fixture(scope="session")
def labeled():
    return kl.LabeledModel(
        dense(4, 3), class_names=NAMES, task="multiclass", from_logits=True
    )


@pytest.fixture(scope="session")
def two_inputs():
    """A model of inputs by name, in an order that sorting would change."""
    left, right = keras.Input((2,), name="left"), keras.Input((3,), name="zone")
    scores = keras.layers.Dense(3)(keras.layers.Concatenate()([left, right]))
    model = keras.Model({"zone": right, "left": left}, scores)
    return kl.LabeledModel(
        model, class_names=NAMES, task="multiclass", from_logits=True
    )


def dense(features, units, activation=None):
    layer = keras.layers.Dense(units, activation, bias_initializer="random_normal")
    return keras.Sequential([keras.Input((features,)), layer])


@pytest.fixture(scope="session")
def make_dense():
    return dense


@pytest.fixture(scope="session")
def identity():
    """Return a `LabeledModel` whose scores are its inputs, bit for bit."""

    def make(shape, dtype="float32", **keywords):
        inputs = keras.Input(shape, dtype=dtype)
        outputs = keras.layers.Activation("linear", dtype=dtype)(inputs)
        # Nothing tells the class axis of maps that no layer makes.
        return kl.LabeledModel(keras.Model(inputs, outputs), **{"axis": -1, **keywords})

    return make


@pytest.fixture(scope="session")
def assert_right():
    """Return a check of every method on data against the oracle."""

    def check(labeled, make_data, scores, **options):
        """Compare; `make_data` gives fresh data, since a generator is read once."""
        p = reference.probabilities(scores, "multiclass", from_logits=True)
        ids = reference.argmax(scores)
        proba = labeled.predict_proba(make_data(), **options)
        assert proba.dtype == np.float32
        np.testing.assert_allclose(proba, p, atol=2e-6)
        classes = labeled.predict_classes(make_data(), **options)
        assert classes.dtype == np.int32
        np.testing.assert_array_equal(classes, ids)
        labels = labeled.predict_labels(make_data(), **options)
        assert labels.tolist() == [NAMES[i] for i in ids]
        best = labeled.predict_top_k(make_data(), k=2, **options)
        expected = [[NAMES[i] for i in row] for row in reference.top_k(scores, 2)]
        assert [[name for name, _ in row] for row in best] == expected

    return check
