"""Scores -> one probability per class."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from keras_labels.functional._arithmetic import (
    constant,
    dtype_of,
    has_nan,
    maximum,
    require_units,
    total,
    widen,
)
from keras_labels.functional._cumulative import first_column, of_classes
from keras_labels.functional._formulations import (
    either,
    fuses,
    is_portable,
)
from keras_labels.functional._native import ranks_by_id, total_magnitude
from keras_labels.spec import Head, Task

_NARROW = ("float16", "bfloat16")


def probabilities(
    scores: Any,
    task: Task = "multiclass",
    from_logits: bool = False,
    axis: int = -1,
    temperature: float = 1.0,
) -> Any:
    """Turn scores into probabilities, one column per class.

    Softmax or sigmoid in float32 at least, after `scores / temperature`. Probabilities
    pass through as they are; a 16-bit softmax is divided by its sum, which misses 1 by
    up to 4e-3. Infinite logits count as the largest finite number.

    Args:
        scores: float or integer tensor `(..., units, ...)`, logits or probabilities.
        task: `"binary"` (1 or 2 units), `"multiclass"`, `"multilabel"` or `"ordinal"`
            (units that give P(y > k) of ordered classes: a class has the difference of
            two, each of which counts for no more than one of a lower k).
        from_logits: whether sigmoid or softmax has still to be applied.
        axis: the class axis.
        temperature: divides logits; above 1 softens (Guo et al. 2017, eq. 9).

    Returns:
        float32 (float64 for float64 scores), `scores` with `classes` on the class
        axis: two for binary, `[1 - p, p]`; ordinal: one more than units. NaN stays NaN.

    Raises:
        HeadError: if the task does not fit the number of units.

    >>> import numpy as np
    >>> np.asarray(probabilities(np.array([[0.0]]), "binary", True)).tolist()
    [[0.5, 0.5]]
    """
    tensor = ops.convert_to_tensor(scores)
    head = Head(task, require_units(tensor, axis), from_logits, axis)
    x = widen(tensor)
    if from_logits:
        return activate(x, head, temperature)
    if head.activation == "softmax":
        return _renormalized(x, axis) if dtype_of(tensor) in _NARROW else x
    if task == "binary":
        return ops.concatenate([1.0 - x, x], axis=axis)
    if task == "ordinal":
        return of_classes(x, 1.0 - first_column(x, axis), axis)
    return x


def activate(logits: Any, head: Head, temperature: float = 1.0) -> Any:
    """Apply the head's activation to widened logits, one column per class."""
    given, logits = logits, finite(logits)
    if temperature != 1.0:
        logits = ops.divide(logits, constant(temperature, logits))
    if head.activation == "softmax":
        p = ops.softmax(logits, axis=head.axis)
        # tensorflow gives 0 beside the NaN, which reads as a sure decision.
        return _with_nan_of(given, p, head.axis)
    if head.task == "binary":
        # sigmoid(-z) keeps the digits that 1 - sigmoid(z) loses.
        both = ops.concatenate([-logits, logits], axis=head.axis)
        return ops.sigmoid(both)
    p = ops.sigmoid(logits)
    if head.task == "ordinal":
        lowest = ops.sigmoid(-first_column(logits, head.axis))
        return of_classes(p, lowest, head.axis)
    return p


def _with_nan_of(x: Any, p: Any, axis: int) -> Any:
    if not is_portable():
        return ops.where(has_nan(x, axis), float("nan"), p)
    # No constant that is NaN: onnxruntime cannot quantise a file with one.
    size = total_magnitude(x, axis)
    return ops.where(ops.isnan(size), size, p)


def of_chosen(values: Any, scores: Any, head: Head) -> Any:
    """Return the probabilities of some classes of each row.

    Args:
        values: widened scores of these classes, on the class axis.
        scores: the scores of all classes, as given.
        head: what they are.
    """
    x = widen(scores)
    softmax = head.activation == "softmax"
    if head.from_logits and softmax:
        if is_portable():
            # NaN rows are marked behind; nothing unused may stand in a file.
            x = _clipped(x)
            if ranks_by_id(x, head.axis):  # the k highest probabilities are theirs
                p = ops.softmax(x, axis=head.axis)
                return ops.top_k(p, values.shape[head.axis], sorted=True)[0]
            best = _clipped(values)
            return _top(x, head) * ops.exp(best - maximum(best, head.axis))
        highest = maximum(x, head.axis)
        infinite = ops.any(ops.isinf(highest))
        top = either(infinite, lambda: _top(finite(x), head), lambda: _top(x, head))
        return top * ops.exp(finite(values) - finite(highest))
    if head.from_logits:
        return ops.sigmoid(finite(values))
    if softmax and dtype_of(scores) in _NARROW:
        return _divided(values, total(x, head.axis))
    return values


def _top(logits: Any, head: Head) -> Any:
    """Return the highest probability of each row: 1 / sum(exp(x - max))."""
    return maximum(ops.softmax(logits, axis=head.axis), head.axis)


def finite(logits: Any) -> Any:
    """Return logits in which infinite ones are the largest number; NaN stays."""
    finite = _clipped(logits)
    if not (is_portable() or fuses()):
        return finite
    # OpenVINO, and XLA of tensorflow 2.18, make the largest number of a NaN.
    return ops.where(ops.isnan(logits), logits, finite)


def _clipped(logits: Any) -> Any:
    largest = constant(np.finfo(dtype_of(logits)).max, logits)
    # As arrays of its dtype: torch's `ops.minimum` narrows float64 to float32.
    return ops.clip(logits, -largest, largest)


def _renormalized(x: Any, axis: int) -> Any:
    return _divided(x, total(x, axis))


def _divided(x: Any, by: Any) -> Any:
    return x / ops.where(by > 0.0, by, 1.0)
