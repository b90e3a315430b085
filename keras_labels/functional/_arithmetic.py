"""Arithmetic that gives the same bits on every backend and in every export.

Float `ops.argmax`, `ops.top_k`, `ops.one_hot` and `ops.take` do not.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_labels.errors import DecodingError
from keras_labels.functional._formulations import (
    at_least,
    either,
    fuses,
    holds_none,
    is_portable,
    native_best,
)
from keras_labels.functional._native import (
    chooses_integers_slowly,
    first_of_highest,
    first_true,
    total_magnitude,
)

_FEW = 100  # classes, up to which XLA tests each for NaN as fast


def as_tensor(scores: Any) -> Any:
    """Return scores as a tensor; Keras takes its time to find that they are one."""
    is_one = keras.ops.is_tensor(scores)
    return scores if is_one else ops.convert_to_tensor(scores)


def widen(scores: Any) -> Any:
    """Return the scores as a float32 tensor, or float64 where they are that."""
    scores = as_tensor(scores)
    if dtype_of(scores) in ("float32", "float64"):
        return scores
    # Integers too: a threshold converted to their dtype would be truncated to 0.
    return ops.cast(scores, "float32")


def dtype_of(tensor: Any) -> str:
    """Return the dtype of a tensor as Keras names it."""
    return str(keras.backend.standardize_dtype(tensor.dtype))


def constant(values: Any, like: Any, axis: int = -1) -> np.ndarray:
    """Return values in the dtype and rank of `like`, lying along its class axis."""
    array = np.asarray(values, dtype=dtype_of(like))
    if (array == array.flat[0]).all():
        array = array.flat[:1]  # a file holds it once
    shape = [1] * len(like.shape)
    shape[axis] = array.size
    return array.reshape(shape)


def counted(axis: int, like: Any) -> int:
    """Return an axis as counted from the first.

    onnxruntime 1.31 gives a wrong shape where it reduces no rows along axis -1.
    """
    return axis % len(like.shape)


def rejected(ids: Any) -> Any:
    """Return the id of a row without a class, -1, in the dtype of ids."""
    return np.array(-1, dtype_of(ids))[()]


def has_nan(scores: Any, axis: int) -> Any:
    """Tell for every row whether it holds a NaN; keeps the class axis with length 1."""
    axis = counted(axis, scores)

    def exactly() -> Any:
        return ops.any(ops.isnan(scores), axis=axis, keepdims=True)

    if is_portable():
        return ops.isnan(total_magnitude(scores, axis))
    if fuses() and scores.shape[axis] < _FEW:
        return exactly()
    if not fuses():  # the maximum of tensorflow and torch keeps NaN
        return ops.isnan(maximum(scores, axis))
    # That of XLA may drop it. No sum does, and a sum takes a quarter of the time.
    unusual = ops.logical_not(ops.isfinite(ops.sum(scores)))
    one = (slice(None),) * axis + (slice(0, 1),)
    none = ops.zeros_like(scores[one], dtype="bool")
    return either(unusual, exactly, lambda: none)


def marked_nan(ids: Any, nan: Any) -> Any:
    """Return the ids with -1 where a NaN was."""
    if holds_none(nan):
        return ids
    if is_portable() and chooses_integers_slowly():
        one = np.array(1, dtype_of(ids))[()]
        valid = ops.cast(ops.logical_not(nan), dtype_of(ids))
        return ops.subtract(ops.multiply(ops.add(ids, one), valid), one)
    return ops.where(nan, rejected(ids), ids)


def without_nan(ids: Any, scores: Any) -> Any:
    """Return an id for every score, with -1 where that is NaN."""

    def exactly() -> Any:
        return marked_nan(ids, ops.isnan(scores))

    if is_portable() or fuses() or 0 in tuple(scores.shape):
        return exactly()
    return either(ops.isnan(ops.max(scores)), exactly, lambda: ids)


def maximum(x: Any, axis: int) -> Any:
    """Return the maximum on the class axis, which stays with length 1."""
    axis = counted(axis, x)
    if 0 in tuple(x.shape):
        # Keras refuses the maximum of no rows; a sum has the shape and dtype wanted.
        return total(x, axis)
    return ops.max(x, axis=axis, keepdims=True)


def total(x: Any, axis: int) -> Any:
    """Return the sum on the class axis, which stays with length 1."""
    return ops.sum(x, axis=counted(axis, x), keepdims=True)


def first_best(scores: Any, axis: int) -> tuple[Any, Any]:
    """Return the least id of the highest score, and that score.

    Args:
        scores: float tensor; rows with NaN give an id that means nothing.
        axis: the class axis, which stays with length 1.
    """
    axis = counted(axis, scores)
    if is_portable():
        return first_of_highest(scores, axis), maximum(scores, axis)
    native = native_best(scores, axis)
    if native is not None:
        highest, ids = native
        return ids, highest
    highest = maximum(scores, axis)
    return first_true(at_least(scores, highest), axis), highest


def first_best_among(scores: Any, axis: int, among: Any) -> Any:
    """Return the least id of the highest score of some.

    Args:
        scores: float tensor; rows with NaN give an id that means nothing.
        axis: the class axis, which stays with length 1.
        among: boolean tensor of the shape of `scores`: the ids to choose from. A row
            without any gives 0.
    """
    axis = counted(axis, scores)
    scores = ops.where(among, scores, -float("inf"))
    if not is_portable():
        highest = at_least(scores, maximum(scores, axis))
        return first_true(ops.logical_and(highest, among), axis)
    # Not where a score equals the highest: a file that rounds may find none.
    best = first_of_highest(scores, axis)
    right = ops.logical_and(one_hot(best, scores.shape[axis], axis), among)
    # OpenVINO and LiteRT take -inf for the lowest number: there may be none among them.
    finite = at_least(scores, _lowest(scores, axis))
    chosen = _else(_else(right, ops.logical_and(finite, among), axis), among, axis)
    return first_true(chosen, axis)


def _lowest(scores: Any, axis: int) -> np.ndarray:
    """Return the lowest finite number for each class.

    Not one for all: a converter to float16 leaves that in float32, if `finite` has it.
    """
    shape = [1] * len(scores.shape)
    shape[axis] = scores.shape[axis]
    dtype = dtype_of(scores)
    return np.full(shape, np.finfo(dtype).min, dtype)


def _else(marks: Any, others: Any, axis: int) -> Any:
    """Return the marks of each row, the others where it has none."""
    # Not `any`: tf2onnx counts in floats, which a later cast of the file would break.
    number = total(ops.cast(marks, "int32"), axis)
    none = ops.equal(number, np.int32(0))
    return ops.logical_or(marks, ops.logical_and(others, none))


def one_hot(ids: Any, units: int, axis: int) -> Any:
    """Return booleans that mark the ids; `ids` holds its class axis with length 1."""
    return ops.equal(ids, constant(np.arange(units), ids, axis))


def require_units(scores: Any, axis: int) -> int:
    """Return the static length of the class axis."""
    units = scores.shape[axis]
    if units is None:
        raise DecodingError(
            f"The class axis must have a known length: axis {axis} of scores of shape "
            f"{tuple(scores.shape)} has none. Give the layer before it fixed units."
        )
    return int(units)
