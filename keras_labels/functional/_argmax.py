"""Scores -> the id of the highest."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from keras import ops

from keras_labels.functional._arithmetic import (
    constant,
    dtype_of,
    marked_nan,
    maximum,
    one_hot,
    rejected,
    require_units,
    total,
    widen,
)
from keras_labels.functional._corrections import corrected, corrected_probabilities
from keras_labels.functional._formulations import at_least, ids_dtype
from keras_labels.functional._ranking import best_id
from keras_labels.spec import Decoding, Head


def argmax(
    scores: Any,
    axis: int = -1,
    output_mode: Literal["int", "one_hot"] = "int",
    from_logits: bool = False,
    reject_below: float | None = None,
    keepdims: bool = False,
) -> Any:
    """Turn scores of exclusive classes into the id of the highest one.

    Ties go to the lowest id, on every backend. No softmax is taken, since it does not
    change the order; `reject_below` alone looks at the probability.

    Args:
        scores: float or integer tensor with two positions or more on the class axis.
        axis: the class axis.
        output_mode: `"int"` for ids, `"one_hot"` for rows of 0 and a single 1.
        from_logits: whether the scores are logits; matters to `reject_below` only.
        reject_below: least probability of the highest class; below it the id is -1.
        keepdims: whether the class axis stays, with length 1 (`"int"` only).

    Returns:
        int32 tensor without the class axis, or of the shape of `scores` if one-hot.
        A row with NaN, like a rejected one, is -1 (one-hot: all 0).

    Raises:
        HeadError: if the class axis has one position only.
        DecodingError: if `reject_below` is outside (0, 1).

    >>> import numpy as np
    >>> np.asarray(argmax(np.array([[0.4, 0.1, 0.5], [0.7, 0.2, 0.1]]))).tolist()
    [2, 0]
    """
    tensor = ops.convert_to_tensor(scores)
    head = Head("multiclass", require_units(tensor, axis), from_logits, axis)
    ids = best_class(tensor, Decoding(head, reject_below=reject_below))
    if output_mode == "one_hot":
        return ops.cast(one_hot(ids, head.units, axis), ids_dtype())
    return ids if keepdims else ops.squeeze(ids, axis=axis)


def best_class(scores: Any, decoding: Decoding) -> Any:
    """Return the class of each row, -1 if rejected; keeps the class axis, length 1."""
    x, head = _compared(scores, decoding)
    ids, nan = best_id(widen(x), head.axis)
    ids = ops.cast(ids, ids_dtype())
    if decoding.reject_below is not None:
        p = _of_ids(ids, corrected_probabilities(scores, decoding), decoding)
        sure = at_least(p, constant(decoding.reject_below, p))
        ids = ops.where(sure, ids, rejected(ids))
    return marked_nan(ids, nan)


def _compared(scores: Any, decoding: Decoding) -> tuple[Any, Head]:
    """Return the scores of which the highest wins, and their head."""
    if decoding.costs is not None:
        p = corrected_probabilities(scores, decoding)
        return _gains(p, decoding), decoding.head
    calibration = decoding.calibration
    softened = calibration is not None and calibration.method == "temperature"
    if softened and decoding.prior is None:
        return scores, decoding.head  # a temperature keeps the order
    return corrected(scores, decoding)


def _gains(p: Any, decoding: Decoding) -> Any:
    """Return minus the expected cost of each decision."""
    axis = decoding.head.axis
    last = ops.moveaxis(p, axis, -1)
    gains = ops.matmul(last, -np.array(decoding.costs, dtype_of(p)))
    return ops.moveaxis(gains, -1, axis)


def _of_ids(ids: Any, p: Any, decoding: Decoding) -> Any:
    """Return the probability of the class that was decided."""
    head = decoding.head
    if decoding.costs is None:
        return maximum(p, head.axis)  # it is the highest
    chosen = one_hot(ids, head.units, head.axis)
    return total(ops.where(chosen, p, 0.0), head.axis)
