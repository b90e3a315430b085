"""Scores -> the k best classes, in order."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_labels.functional._arithmetic import marked_nan, require_units, widen
from keras_labels.functional._formulations import holds_none
from keras_labels.functional._probabilities import of_chosen, probabilities
from keras_labels.functional._ranking import best_ids
from keras_labels.spec import Head, Task, check_k


def top_k(
    scores: Any,
    k: int = 5,
    task: Task = "multiclass",
    from_logits: bool = False,
    axis: int = -1,
) -> tuple[Any, Any]:
    """Turn scores into the ids and probabilities of the k best classes.

    Ranked on the scores themselves, since a softmax underflows and ties what differs;
    of a softmax only the sum is taken. Ties go to the lowest id.

    Args:
        scores: float or integer tensor, logits or probabilities.
        k: how many, at most the number of classes.
        task: `"binary"`, `"multiclass"`, `"multilabel"` or `"ordinal"`, whose classes
            are ranked by their probabilities: the best is not always the one decided.
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
    if head.task == "ordinal":
        tensor = probabilities(tensor, task, from_logits, axis)
        head = Head("multiclass", head.classes, from_logits=False, axis=axis)
    x = _one_score_per_class(widen(tensor), head)
    ids, values, nan = best_ids(x, k, axis)
    p = of_chosen(values, tensor, head)
    if not holds_none(nan):
        p = ops.where(nan, float("nan"), p)
    return marked_nan(ids, nan), ops.cast(p, "float32")


def _one_score_per_class(x: Any, head: Head) -> Any:
    """Return scores whose order is that of the classes' probabilities."""
    if head.classes == head.units:
        return x
    return ops.concatenate([-x if head.from_logits else 1.0 - x, x], axis=head.axis)
