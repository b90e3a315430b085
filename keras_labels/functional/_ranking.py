"""Scores -> the ids of the best classes, by one search or by blocks of classes."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_labels.functional._arithmetic import (
    counted,
    first_best,
    first_best_among,
    has_nan,
    maximum,
    one_hot,
)
from keras_labels.functional._formulations import (
    either,
    finds_best_in_one_pass,
    fuses,
    in_blocks,
    is_last,
    is_portable,
    native_ranking,
    taken_blocks,
)
from keras_labels.functional._native import first_of_highest, ranks_by_id


def best_id(x: Any, axis: int) -> tuple[Any, Any]:
    """Return the best class of each row, and which rows hold a NaN, as `best_ids`."""
    if is_portable():  # without the score, which would stay in a file
        return first_of_highest(x, counted(axis, x)), has_nan(x, axis)
    ids, _, nan = best_ids(x, 1, axis)
    return ids, nan


def best_ids(x: Any, k: int, axis: int) -> tuple[Any, Any, Any]:
    """Return the k best classes of each row, best first, ties to the lowest id.

    Args:
        x: widened scores.
        k: how many, at most the number of classes.
        axis: the class axis.

    Returns:
        Ids and scores with k on the class axis; and for every row whether it holds a
        NaN, and so has ids that mean nothing, with 1 on the class axis.
    """
    blocks = in_blocks(x.shape[axis]) if is_last(axis, x) else None
    if blocks is None or k > blocks[0]:
        ids, values = _ranked(x, k, axis)
        return ids, values, _nan_of(x, values, axis)
    return _best_of_blocks(x, k, *blocks)


def _nan_of(x: Any, values: Any, axis: int) -> Any:
    one = values.shape[axis] == 1
    if one and (finds_best_in_one_pass() or not (is_portable() or fuses())):
        return ops.isnan(values)  # the highest score keeps NaN
    return has_nan(x, axis)


def _best_of_blocks(x: Any, k: int, count: int, size: int) -> tuple[Any, Any, Any]:
    """Search the k blocks with the highest maxima; no other holds one of the k best.

    In the order of value and then of id, k classes stand before any class of another
    block: the highest ones of these k.
    """
    rows = ops.shape(x)[:-1]
    whole = x[..., : count * size] if count * size < x.shape[-1] else x
    parts = ops.reshape(whole, (*rows, count, size))
    highest = ops.squeeze(maximum(parts, -1), -1)
    nan = has_nan(x, -1) if fuses() else ops.isnan(maximum(highest, -1))
    blocks, _ = _ranked(highest, k, -1)
    # The rank of scores that are equal is that of their ids.
    blocks = ops.sort(blocks, axis=-1)
    chosen = ops.reshape(taken_blocks(parts, blocks), (*rows, k * size))
    if count * size < x.shape[-1]:
        rest = x[..., count * size :]
        if not fuses():
            nan = ops.logical_or(nan, has_nan(rest, -1))
        chosen = ops.concatenate([chosen, rest], axis=-1)
        # The classes behind the last block stand as one more, of another size.
        blocks = ops.concatenate(
            [blocks, ops.full_like(blocks[..., :1], count)], axis=-1
        )
    places, values = _ranked(chosen, k, -1)
    turn = ops.floor_divide(places, size)
    block = ops.take_along_axis(blocks, turn, axis=-1)
    ids = block * size + (places - turn * size)
    return ids, values, nan


def _ranked(x: Any, k: int, axis: int) -> tuple[Any, Any]:
    """Return the places of the k highest scores, and these scores."""
    if k == 1:
        return first_best(x, axis)
    if is_portable() and ranks_by_id(x, axis):
        values, ids = ops.top_k(x, k, sorted=True)
        return ops.cast(ids, "int32"), values
    more = min(k + 1, x.shape[axis])  # the next one tells whether the last is a tie
    native = native_ranking(x, more) if is_last(axis, x) else None
    if native is None:
        return _searched(x, k, axis)
    values, ids = native
    tied = ops.any(values[..., 1:] >= values[..., :-1])
    ids = either(
        tied,
        lambda: _searched(x, k, axis)[0],
        lambda: ops.cast(ids[..., :k], "int32"),
    )
    return ids, values[..., :k]


def _searched(x: Any, k: int, axis: int) -> tuple[Any, Any]:
    """Search the highest score, then the highest of the others, and so on."""
    ids, values, left = [], [], None
    for turn in range(k):
        if left is None:
            best, value = first_best(x, axis)
        else:
            best = first_best_among(x, axis, left)
            value = maximum(ops.where(left, x, -float("inf")), axis)
        ids.append(best)
        values.append(value)
        if turn + 1 < k:
            others = ops.logical_not(one_hot(best, x.shape[axis], axis))
            left = others if left is None else ops.logical_and(left, others)
    return ops.concatenate(ids, axis=axis), ops.concatenate(values, axis=axis)
