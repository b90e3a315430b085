"""Arrays in memory -> slices of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_labels.errors import InputError
from keras_labels.prediction._backend_calls import Call
from keras_labels.prediction._batches import dense


def row_count(x: Any) -> int:
    """Return the number of rows of arrays.

    Raises:
        InputError: if they do not have the same number of rows.
    """
    if isinstance(x, np.ndarray) and x.shape:
        return len(x)
    arrays = [a for a in keras.tree.flatten(x) if a is not None]
    counts = {a.shape[0] if a.shape else "no" for a in arrays}
    if len(counts) > 1 or "no" in counts:
        raise InputError(
            "The inputs of a model have the same number of rows. Received arrays of "
            f"{', '.join(sorted(map(str, counts)))} rows."
        )
    return int(counts.pop())


def slices(x: Any, rows: int, size: int) -> tuple[Iterator[Any], int]:
    """Return the slices of the first rows of arrays, and how many there are."""
    starts = range(0, rows, size)
    parts = (part_of(x, start, min(start + size, rows)) for start in starts)
    return parts, len(starts)


def part_of(x: Any, start: int, stop: int) -> Any:
    """Return some rows of arrays, floats as `Model.predict` takes them."""
    if isinstance(x, np.ndarray):
        return _rows(x, start, stop)
    return keras.tree.map_structure(lambda a: _rows(a, start, stop), x)


def _rows(array: Any, start: int, stop: int) -> Any:
    if array is None:
        return None
    if hasattr(array, "toarray"):  # scipy's sparse matrices
        return dense(array.tocsr()[start:stop])
    rows = array[start:stop]
    # As `Model.predict` does: else a float64 array would be decided otherwise here.
    return rows.astype(keras.config.floatx(), copy=False) if _is_float(rows) else rows


def _is_float(array: np.ndarray) -> bool:
    return array.dtype.kind == "f" or array.dtype.name == "bfloat16"


def padded(call: Call, x: Any, *, size: int) -> Any:
    """Call with rows added up to a power of two, or to `size` if that is less.

    A function that is compiled for every number of rows then meets few of them. The
    last row is repeated, and what is made of the copies is dropped.
    """
    rows = row_count(x)
    whole = min(1 << (rows - 1).bit_length(), max(size, rows))
    if rows in (0, whole):
        return call(x)
    wide = keras.tree.map_structure(lambda a: _repeated(a, whole), x)
    made = call(wide)
    if any(len(a) != whole for a in keras.tree.flatten(made)):
        return call(x)  # a model that does not give a row for a row
    return keras.tree.map_structure(lambda a: a[:rows], made)


def _repeated(array: np.ndarray, rows: int) -> np.ndarray:
    wide = np.empty((rows, *array.shape[1:]), array.dtype)
    wide[: len(array)] = array
    wide[len(array) :] = array[-1]
    return wide
