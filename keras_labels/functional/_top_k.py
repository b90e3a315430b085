"""Scores -> the k best classes, in order."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_labels.arguments import check_k
from keras_labels.functional._arithmetic import (
    REJECTED,
    first_best,
    has_nan,
    one_hot,
    require_units,
    widen,
)
from keras_labels.functional._probabilities import probabilities
from keras_labels.head import Head, Task


def top_k(
    scores: Any,
    k: int = 5,
    task: Task = "multiclass",
    from_logits: bool = False,
    axis: int = -1,
) -> tuple[Any, Any]:
    """Turn scores into the ids and probabilities of the k best classes.

    Ranked on the scores themselves, since a softmax underflows and ties what differs.
    Ties go to the lowest id.

    Args:
        scores: float or integer tensor, logits or probabilities.
        k: how many, at most the number of classes.
        task: `"binary"`, `"multiclass"` or `"multilabel"`.
        from_logits: whether the scores are logits.
        axis: the class axis.

    Returns:
        int32 ids and float32 probabilities, `scores` with k on the class axis, the
        best first. A row with NaN has ids -1 and probabilities NaN.

    Raises:
        DecodingError: if k is not between 1 and the number of classes.

    >>> import numpy as np
    >>> ids, p = top_k(np.array([[0.4, 0.1, 0.5]]), k=2)
    >>> np.asarray(ids).tolist()
    [[2, 0]]
    """
    tensor = ops.convert_to_tensor(scores)
    head = Head(task, require_units(tensor, axis), from_logits, axis)
    check_k(k, head.classes)
    p = probabilities(tensor, task, from_logits, axis)
    x = _one_score_per_class(widen(tensor), p, head)
    ids, values, left = [], [], None
    for _ in range(k):
        best = first_best(x, axis, among=left)
        mark = one_hot(best, head.classes, axis)
        ids.append(best)
        values.append(ops.sum(ops.where(mark, p, 0.0), axis=axis, keepdims=True))
        unmarked = ops.logical_not(mark)
        left = unmarked if left is None else ops.logical_and(left, unmarked)
    nan = has_nan(x, axis)
    values = ops.where(nan, float("nan"), ops.concatenate(values, axis=axis))
    ids = ops.where(nan, REJECTED, ops.concatenate(ids, axis=axis))
    return ids, ops.cast(values, "float32")


def _one_score_per_class(x: Any, p: Any, head: Head) -> Any:
    """Return scores whose order is that of the classes' probabilities."""
    if head.classes == head.units:
        return x
    return ops.concatenate([-x, x], axis=head.axis) if head.from_logits else p
