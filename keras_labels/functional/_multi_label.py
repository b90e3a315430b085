"""Scores of independent labels -> a 0 or 1 for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from keras_labels.functional._arithmetic import (
    counted,
    dtype_of,
    first_best_among,
    has_nan,
    marked_nan,
    one_hot,
    require_units,
    widen,
)
from keras_labels.functional._corrections import corrected
from keras_labels.functional._formulations import either, fuses, ids_dtype
from keras_labels.functional._threshold import is_over
from keras_labels.spec import Decoding, Head, least_decided

_MANY = 100  # labels, from which it is cheaper to look first whether any is NaN


def multi_label(
    scores: Any,
    threshold: Any = 0.5,
    from_logits: bool = False,
    inclusive: bool = False,
    min_labels: int = 0,
    max_labels: int | None = None,
    axis: int = -1,
) -> Any:
    """Turn scores of independent labels into 0 or 1 for each label.

    A label is set if its probability is over its threshold. Then the best labels that
    are not are added until there are `min_labels`, and the best `max_labels` are kept.
    Best is the highest score; ties go to the lowest label.

    Args:
        scores: float or integer tensor, probabilities or logits.
        threshold: a float in (0, 1), or one per label.
        from_logits: whether the scores are logits.
        inclusive: whether a probability on the cut sets the label.
        min_labels: least number of labels of a row.
        max_labels: largest number of labels of a row, or `None`.
        axis: the label axis.

    Returns:
        int32 tensor of the shape of `scores`; a row with NaN is -1 throughout.

    Raises:
        DecodingError: if a threshold is outside (0, 1), or numbers do not fit.

    >>> import numpy as np
    >>> np.asarray(multi_label(np.array([[0.6, 0.1, 0.7]]))).tolist()
    [[1, 0, 1]]
    """
    tensor = ops.convert_to_tensor(scores)
    head = Head("multilabel", require_units(tensor, axis), from_logits, axis)
    rule = Decoding(
        head,
        threshold=threshold,
        inclusive=inclusive,
        min_labels=min_labels,
        max_labels=max_labels,
    )
    return label_marks(tensor, rule)


def label_marks(scores: Any, decoding: Decoding) -> Any:
    """Return 0 or 1 for every label by the decoding's rule; rows with NaN are -1."""
    head, x = decoding.head, widen(scores)
    marks = is_over(x, least_decided(decoding, dtype_of(x)), head.axis)
    most = head.units if decoding.max_labels is None else decoding.max_labels
    if decoding.min_labels or most < head.units:
        ranked, _ = corrected(x, decoding)  # labels differ in their calibration
        marks = _filled(ranked, marks, decoding.min_labels, head)
        marks = _trimmed(ranked, marks, most, head)
    ids, nan = ops.cast(marks, ids_dtype()), has_nan(x, head.axis)
    if fuses() or head.units < _MANY:
        return marked_nan(ids, nan)
    return either(ops.any(nan), lambda: marked_nan(ids, nan), lambda: ids)


def _filled(x: Any, marks: Any, least: int, head: Head) -> Any:
    axis = counted(head.axis, marks)
    for _ in range(least):
        number = ops.sum(ops.cast(marks, "int32"), axis=axis, keepdims=True)
        unset = ops.logical_not(marks)
        best = _best_label(x, unset, head)
        # Not `number < least`: tf2onnx compares floats, as for `any`.
        fewer = ops.not_equal(ops.minimum(number, np.int32(least)), np.int32(least))
        marks = ops.logical_or(marks, ops.logical_and(best, fewer))
    return marks


def _trimmed(x: Any, marks: Any, most: int, head: Head) -> Any:
    if most >= head.units:
        return marks
    kept = ops.logical_and(_best_label(x, marks, head), marks)
    for _ in range(1, most):
        others = ops.logical_and(marks, ops.logical_not(kept))
        best = ops.logical_and(_best_label(x, others, head), others)
        kept = ops.logical_or(kept, best)
    return kept


def _best_label(x: Any, among: Any, head: Head) -> Any:
    best = first_best_among(x, head.axis, among)
    return one_hot(best, head.units, head.axis)
