"""Data as a user holds it -> batches."""

from __future__ import annotations

import collections
import itertools
import math
import numbers
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from keras_labels.errors import InputError

_SCALARS = (numbers.Number, np.generic, str, bytes)


def in_memory(x: Any) -> Any:
    """Return data that consists of arrays as NumPy arrays, or None for a dataset."""
    x = as_arrays(x)
    leaves = [leaf for leaf in keras.tree.flatten(x) if leaf is not None]
    if not leaves or not all(is_array(leaf) for leaf in leaves):
        return None
    return keras.tree.map_structure(as_numpy, x)


def as_arrays(x: Any) -> Any:
    """Return nested lists of numbers or strings in `x` as arrays.

    Raises:
        InputError: if the lists have different lengths.
    """
    if isinstance(x, Mapping):
        return {name: as_arrays(value) for name, value in x.items()}
    if not isinstance(x, (list, tuple)) or not x:
        return x
    if not all(isinstance(leaf, _SCALARS) for leaf in keras.tree.flatten(x)):
        return [as_arrays(value) for value in x]
    try:
        return np.asarray(x)
    except ValueError:
        raise InputError(
            "A list of numbers has rows of one length. Received rows of different "
            "lengths: pad them (keras.utils.pad_sequences). For several inputs pass a "
            "list or dict of arrays."
        ) from None


def is_array(value: Any) -> bool:
    """Tell whether a value is an array, of any framework."""
    ways = ("__array__", "toarray")  # scipy's sparse matrices have the second
    return hasattr(value, "shape") and (
        keras.ops.is_tensor(value) or any(hasattr(value, way) for way in ways)
    )


def as_numpy(value: Any) -> Any:
    """Return an array of any framework as a NumPy array; leave what is no array."""
    if keras.ops.is_tensor(value):
        return keras.ops.convert_to_numpy(value)
    if hasattr(value, "detach"):  # torch under another backend
        value = value.detach().cpu()
    return np.asarray(value) if hasattr(value, "__array__") else value


def batches_of(dataset: Any, steps: int | None) -> tuple[Iterator[Any], int | None]:
    """Return tuples `(x, ...)` for one pass, and how many if that is known.

    Raises:
        InputError: if it is no dataset, or endless while `steps` is not said.
    """
    if isinstance(dataset, (list, tuple)) and not dataset:
        return iter(()), 0
    kinds = (list, tuple, set, Mapping, np.ndarray, str, bytes)
    if not isinstance(dataset, (Iterable, keras.utils.PyDataset)) or isinstance(
        dataset, kinds
    ):
        raise InputError(
            "A prediction takes arrays, lists and dicts of arrays, tf.data, a "
            "PyDataset, a torch DataLoader, or a generator of batches. Received: "
            f"{_shortened(dataset)} (type {type(dataset).__name__})."
        )
    count = _length(dataset)
    if count == math.inf and steps is None:
        raise InputError(
            "This dataset never ends, so a prediction of all of it would not either. "
            "Say how many batches to read: steps=..."
        )
    known = [int(n) for n in (count, steps) if n is not None and n != math.inf]
    pydata = isinstance(dataset, keras.utils.PyDataset)
    batches = _of_py_dataset(dataset, count) if pydata else iter(dataset)
    total = min(known) if count is not None else None
    return map(_in_tuple, itertools.islice(batches, steps)), total


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _length(dataset: Any) -> float | None:
    """Return how many batches a dataset has: infinity if endless, None if unknown."""
    if isinstance(dataset, keras.utils.PyDataset):
        return math.inf if dataset.num_batches is None else int(dataset.num_batches)
    if hasattr(dataset, "cardinality"):  # tf.data: -1 is endless, -2 is unknown
        return {-1: math.inf, -2: None}.get(n := int(dataset.cardinality()), n)
    try:
        return len(dataset)
    except TypeError:
        return None


def _of_py_dataset(dataset: Any, count: float | None) -> Iterator[Any]:
    indices = itertools.count() if count == math.inf else range(int(count or 0))
    dataset.on_epoch_begin()
    if dataset.workers > 1:
        yield from _ahead(dataset.__getitem__, indices, dataset.workers)
    else:
        yield from map(dataset.__getitem__, indices)
    dataset.on_epoch_end()


def _ahead(read: Any, indices: Iterable[int], workers: int) -> Iterator[Any]:
    """Read in threads, some batches ahead of the model, and give them in order."""
    waiting: collections.deque[Any] = collections.deque()
    with ThreadPoolExecutor(workers) as pool:
        for index in indices:
            waiting.append(pool.submit(read, index))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _in_tuple(batch: Any) -> tuple[Any, ...]:
    """Return a batch of a dataset as `(x,)`, `(x, y)` or `(x, y, sample_weight)`."""
    if isinstance(batch, list):  # a DataLoader gives lists for tuples
        rows = all(isinstance(leaf, _SCALARS) for leaf in keras.tree.flatten(batch))
        batch = (as_arrays(batch),) if rows else tuple(batch)
    if not isinstance(batch, tuple):
        batch = (batch,)
    if not 1 <= len(batch) <= 3:
        raise InputError(
            "A batch is x, (x,), (x, y) or (x, y, sample_weight). Received a tuple of "
            f"{len(batch)}. For a model of several inputs make x a tuple of its own: "
            "((x1, x2),)."
        )
    return (keras.tree.map_structure(dense, batch[0]), *batch[1:])


def dense(array: Any) -> Any:
    """Return a sparse matrix of scipy as an array, anything else as it is."""
    if not hasattr(array, "toarray"):
        return array
    return array.toarray().astype(keras.config.floatx())


def targets_of(batch: tuple[Any, ...]) -> Any:
    """Return the targets of a batch as arrays, text as str.

    Raises:
        InputError: if it holds none.
    """
    if len(batch) < 2 or batch[1] is None:
        raise InputError(
            "predict_with_targets reads a dataset of (x, y) or (x, y, sample_weight). "
            "Received batches without targets. Without targets, call predict_proba."
        )
    return keras.tree.map_structure(_target, as_arrays(batch[1]))


def weights_of(batch: tuple[Any, ...]) -> Any:
    """Return the sample weights of a batch as arrays, `None` if it holds none."""
    if len(batch) < 3 or batch[2] is None:
        return None
    return keras.tree.map_structure(
        lambda w: _beside("sample weights", w), as_arrays(batch[2])
    )


def _beside(name: str, values: Any) -> np.ndarray:
    array = as_numpy(values)
    if not isinstance(array, np.ndarray) or not array.shape:
        raise InputError(
            f"The {name} of a batch are arrays with one row for each row of x. "
            f"Received: {_shortened(array)}."
        )
    return array


def _target(y: Any) -> Any:
    y = _beside("targets", y)
    is_bytes = y.dtype.kind == "S" or (y.size and isinstance(y.flat[0], bytes))
    return np.char.decode(y.astype(bytes), "utf-8") if is_bytes else y
