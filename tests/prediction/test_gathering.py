"""Small batches of a dataset run together, and give the decisions of their rows."""

import keras
import numpy as np
import pytest

import keras_labels as kl
from keras_labels.prediction._compiled import Compiled
from keras_labels.prediction._gathering import gathered


@pytest.fixture
def sizes(monkeypatch):
    """Record how many rows each compiled call is given."""
    seen, call = [], Compiled.__call__

    def counted(self, x):
        seen.append(len(keras.tree.flatten(x)[0]))
        return call(self, x)

    monkeypatch.setattr(Compiled, "__call__", counted)
    return seen


def in_batches(x, size):
    return (x[i : i + size] for i in range(0, len(x), size))


def test_batches_wait_until_they_are_enough():
    x = np.arange(22.0).reshape(11, 2)
    made = list(gathered(in_batches(x, 2), 4))
    assert [len(one) for one in made] == [4, 4, 3]
    np.testing.assert_array_equal(np.concatenate(made), x)


def test_other_lengths_and_dtypes_start_anew():
    x = [np.zeros((2, n), kind) for n, kind in ((3, "f4"), (3, "f4"), (5, "f4"))]
    made = list(gathered([*x, np.zeros((2, 5), "i4")], 100))
    assert [(one.shape, one.dtype.char) for one in made] == [
        ((4, 3), "f"),
        ((2, 5), "f"),
        ((2, 5), "i"),
    ]


def test_structures_are_joined_by_their_parts():
    parts = [{"a": np.full((2, 1), n), "b": np.full((2, 3), n)} for n in range(2)]
    (made,) = gathered(parts, 100)
    np.testing.assert_array_equal(made["a"][:, 0], [0, 0, 1, 1])
    assert made["b"].shape == (4, 3)


def test_small_batches_make_one_call(make_dense, sizes):
    labeled = kl.LabeledModel(make_dense(4, 3, "softmax"))
    x = np.random.default_rng(0).normal(size=(300, 4)).astype("float32")
    whole = labeled.predict_classes(x)
    y = np.arange(300)
    sizes.clear()
    np.testing.assert_array_equal(labeled.predict_classes(in_batches(x, 8)), whole)
    pairs = zip(in_batches(x, 8), in_batches(y, 8), strict=True)
    targets, p = labeled.predict_with_targets(pairs)
    np.testing.assert_array_equal(targets, y)
    np.testing.assert_array_equal(p.argmax(-1), whole)
    assert len(sizes) == 2
    assert min(sizes) >= 300


def test_who_counts_batches_sees_each(make_dense, sizes):
    labeled = kl.LabeledModel(make_dense(4, 3, "softmax"))
    x = np.zeros((24, 4), "float32")

    class Count(keras.callbacks.Callback):
        seen = 0

        def on_predict_batch_end(self, batch, logs=None):
            self.seen += 1

    count = Count()
    labeled.predict_classes(in_batches(x, 8), callbacks=[count])
    assert count.seen == 3
    assert sizes == [8, 8, 8]


def test_rows_that_may_depend_on_each_other_stay_in_their_batch(sizes):
    class Centered(keras.layers.Layer):
        def call(self, x):
            return x - keras.ops.mean(x, axis=0, keepdims=True)

    model = keras.Sequential(
        [keras.Input((3,)), Centered(), keras.layers.Activation("softmax")]
    )
    labeled = kl.LabeledModel(model)
    x = np.eye(6, 3, dtype="float32")
    made = labeled.predict_classes(in_batches(x, 2))
    each = [labeled.predict_classes(part) for part in in_batches(x, 2)]
    np.testing.assert_array_equal(made, np.concatenate(each))
    assert sizes[:3] == [2, 2, 2]
