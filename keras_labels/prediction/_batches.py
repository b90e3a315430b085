"""Data as a user holds it -> data as Keras reads it the way the user meant."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from keras_labels.decoder import is_plain_graph
from keras_labels.errors import InputError


def inputs_of(batch: Any) -> Any:
    """Return the inputs of a batch: all of it if bare, the first of a tuple."""
    x, _, _ = keras.utils.unpack_x_y_sample_weight(_in_tuple(batch))
    return keras.tree.map_structure(as_numpy, x)


def targets_of(batch: Any) -> Any:
    """Return the targets of a batch `(x, y)` or `(x, y, sample_weight)`.

    Raises:
        InputError: if it holds none.
    """
    _, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    if y is None:
        raise InputError(
            "predict_with_targets reads a dataset of (x, y) or (x, y, sample_weight). "
            f"Received batches of type {type(batch).__name__} without targets. "
            "Without targets, call predict_proba."
        )
    return keras.tree.map_structure(as_numpy, y)


def _in_tuple(batch: Any) -> tuple[Any, ...]:
    # Keras refuses a generator of bare arrays; a DataLoader gives lists for tuples.
    return tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)


def as_numpy(value: Any) -> Any:
    """Return a tensor of any framework as a NumPy array; leave what is no array."""
    if keras.ops.is_tensor(value):
        return keras.ops.convert_to_numpy(value)
    return np.asarray(value) if hasattr(value, "__array__") else value


def batches_of(dataset: Any) -> Iterable[Any]:
    """Return the batches of a dataset of any kind, for one pass.

    Raises:
        InputError: if it is no dataset.
    """
    if isinstance(dataset, keras.utils.PyDataset):
        count = dataset.num_batches
        indices = itertools.count() if count is None else range(count)
        return (dataset[index] for index in indices)
    if isinstance(dataset, (list, tuple, Mapping, np.ndarray)) or not isinstance(
        dataset, Iterable
    ):
        raise InputError(
            "predict_with_targets reads a dataset of (x, y) batches: tf.data, a "
            "PyDataset, a torch DataLoader or a generator. Received: "
            f"{type(dataset).__name__}. For arrays call predict_proba(x): y is yours."
        )
    return dataset


def as_arrays(x: Any) -> Any:
    """Return a list of numbers as an array, anything else as it is."""
    if not isinstance(x, (list, tuple)):
        return x
    leaves = keras.tree.flatten(x)
    if leaves and all(isinstance(n, (int, float)) for n in leaves):
        return np.asarray(x, dtype="float32")
    return x


def arrays_in(x: Any) -> list[Any] | None:
    """Return the arrays that in-memory data is made of, or None for a dataset."""
    leaves = keras.tree.flatten(x)
    if all(isinstance(a, np.ndarray) or keras.ops.is_tensor(a) for a in leaves):
        return list(leaves)
    return None


def has_unknown_length(x: Any) -> bool:
    """Tell whether data is read to an end that nothing announces."""
    if hasattr(x, "cardinality"):
        return int(x.cardinality()) < 0
    unsized = operator.length_hint(x, -1) < 0
    return isinstance(x, Iterator) or (isinstance(x, Iterable) and unsized)


def is_empty(x: Any) -> bool:
    """Tell whether data holds no row or no batch, where that can be known."""
    arrays = arrays_in(x)
    if arrays is not None:
        return bool(arrays) and all(len(a.shape) and a.shape[0] == 0 for a in arrays)
    if hasattr(x, "cardinality"):
        return int(x.cardinality()) == 0
    if isinstance(x, keras.utils.PyDataset):
        return bool(x.num_batches == 0)
    return operator.length_hint(x, 1) == 0


def check_shapes(model: keras.Model, x: Any) -> None:
    """Raise if in-memory data does not have the shapes that a graph takes.

    Raises:
        InputError: for one sample without its batch axis the message names
            `predict_one`.
    """
    arrays = arrays_in(x)
    if arrays is None or not is_plain_graph(model) or len(arrays) != len(model.inputs):
        return
    for array, symbolic in zip(arrays, model.inputs, strict=True):
        shape, sample = tuple(array.shape), tuple(symbolic.shape)[1:]
        if _is_batch(shape, sample):
            continue
        mistake = "data of another shape"
        way_out = f"Reshape it to {(None, *sample)}"
        if _fits(shape, sample):
            mistake = "one sample without its batch axis"
            way_out = "Pass it to predict_one(sample), or add the axis: x[None]"
        raise InputError(
            f"`x` holds {mistake}: '{model.name}' takes arrays of shape "
            f"{(None, *sample)}, and this one has shape {shape}. {way_out}."
        )


def _is_batch(shape: tuple[Any, ...], sample: tuple[Any, ...]) -> bool:
    """Tell whether Keras takes it; it adds or drops a last axis of 1 itself."""
    rows = shape[1:] if shape else None
    if rows is None:
        return False
    added = sample[-1:] == (1,) and _fits(rows, sample[:-1])
    dropped = rows[-1:] == (1,) and _fits(rows[:-1], sample)
    return _fits(rows, sample) or added or dropped


def _fits(shape: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
    return len(shape) == len(expected) and all(
        want is None or size == want for size, want in zip(shape, expected, strict=True)
    )
