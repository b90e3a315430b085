"""Arithmetic that gives the same bits on every backend and in every export.

Float `ops.argmax`, `ops.top_k`, `ops.one_hot` and `ops.take` do not; what stands here
uses comparisons, `max` and an integer argmax only.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_labels.errors import DecodingError

REJECTED = np.int32(-1)


def widen(scores: Any) -> Any:
    """Return the scores as a float32 tensor, or float64 where they are that."""
    scores = ops.convert_to_tensor(scores)
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
    shape = [1] * len(like.shape)
    shape[axis] = array.size
    return array.reshape(shape)


def smallest_normal(like: Any) -> float:
    """Return the magnitude up to which a score counts as 0.

    tensorflow and XLA flush subnormal numbers to 0 and torch does not, so that
    decisions on them would differ.
    """
    return float(np.finfo(dtype_of(like)).tiny)


def has_nan(scores: Any, axis: int) -> Any:
    """Tell for every row whether it holds a NaN; keeps the class axis with length 1."""
    # A reduction of NaN or a comparison with it differs between runtimes.
    return ops.any(ops.isnan(scores), axis=axis, keepdims=True)


def maximum(x: Any, axis: int) -> Any:
    """Return the maximum on the class axis, which stays with length 1."""
    if 0 in tuple(x.shape):
        # Keras refuses the maximum of no rows; a sum has the shape and dtype wanted.
        return ops.sum(x, axis=axis, keepdims=True)
    return ops.max(x, axis=axis, keepdims=True)


def first_best(scores: Any, axis: int, among: Any = None) -> Any:
    """Return the least id of the highest score, keeping the class axis with length 1.

    Args:
        scores: float tensor; rows with NaN give an id that means nothing.
        axis: the class axis.
        among: boolean tensor of the shape of `scores`: the ids to choose from. A row
            without any gives 0.
    """
    if among is not None:
        scores = ops.where(among, scores, -float("inf"))
    highest = maximum(scores, axis)
    tiny = constant(smallest_normal(scores), scores)
    near_zero = ops.less_equal(ops.abs(highest), tiny)
    highest = ops.where(near_zero, -tiny, highest)
    winners = ops.greater_equal(scores, highest)
    if among is not None:
        winners = ops.logical_and(winners, among)
    # int8: an argmax of floats exports a Bitcast that no runtime loads.
    winner = ops.argmax(ops.cast(winners, "int8"), axis=axis, keepdims=True)
    return ops.cast(winner, "int32")


def one_hot(ids: Any, units: int, axis: int) -> Any:
    """Return booleans that mark the ids; `ids` holds its class axis with length 1."""
    columns = np.arange(units, dtype="int32")
    return ops.equal(ids, constant(columns, ids, axis))


def require_units(scores: Any, axis: int) -> int:
    """Return the static length of the class axis."""
    units = scores.shape[axis]
    if units is None:
        raise DecodingError(
            f"The class axis must have a known length: axis {axis} of scores of shape "
            f"{tuple(scores.shape)} has none. Give the layer before it fixed units."
        )
    return int(units)
