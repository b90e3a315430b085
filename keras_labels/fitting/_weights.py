"""How much each decision weighs, as scikit-learn's `sample_weight` says it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_labels.errors import InputError
from keras_labels.spec import Head

_EXACT = 2.0**31  # of sums: products of two of them are whole numbers of int64


def as_weights(
    sample_weight: Any, head: Head, shape: Sequence[int]
) -> np.ndarray | None:
    """Return the weight of each decision, a row for each row and middle position.

    Args:
        sample_weight: finite numbers or booleans, 0 or more: `(rows,)`, or one for each
            position of a dense head, `(rows, ...)`; an axis of 1 stands for all, and so
            does a missing last one. Of labels also one for each of them, in the shape
            of the scores. `None`: all count once.
        head: says the task and the class axis.
        shape: of the scores, `(rows, ..., units)`.

    Returns:
        `(n,)`, or `(n, labels)` where each label has its own; as they were given.

    Raises:
        InputError: if these are no weights, or their shape does not fit.

    >>> as_weights([2, 0], Head("multiclass", 3, True), (2, 2, 3)).tolist()
    [2, 2, 0, 0]
    """
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight)
    _refuse_odd(weights)
    axis = head.axis % len(shape)
    lead = (*shape[:axis], *shape[axis + 1 :])
    if weights.ndim == len(shape) and weights.shape[axis] == 1:
        weights = weights.squeeze(axis)
    by_label = head.task == "multilabel" and weights.ndim == len(shape)
    spread = spread_over(weights, tuple(shape) if by_label else lead)
    if spread is None:
        labels = f" or {tuple(shape)}" if head.task == "multilabel" else ""
        raise InputError(
            f"`sample_weight` is a number for each row, ({lead[0]},), or for each "
            f"decision, {lead}{labels}. Received: shape {np.shape(sample_weight)}."
        )
    if by_label:
        return np.moveaxis(spread, axis, -1).reshape(-1, head.units)
    return spread.reshape(-1)


def spread_over(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return values repeated to a shape, rows first, or None where they do not fit."""
    missing = len(shape) - values.ndim
    if missing < 0 or values.shape[:1] != shape[:1]:
        return None
    wide: np.ndarray = values.reshape(values.shape + (1,) * missing)
    if any(
        size not in (1, whole) for size, whole in zip(wide.shape, shape, strict=True)
    ):
        return None
    return np.broadcast_to(wide, shape)


def standard(weights: np.ndarray) -> np.ndarray | None:
    """Return whole weights as int64, others as float64, and None if all are 1.

    Sums of whole numbers are exact, so that a weight of 2 is a row that stands twice.
    """
    if (weights == 1).all():
        return None
    exact = weights.astype(np.float64)
    with np.errstate(over="ignore"):
        total = float(exact.sum())
    if not math.isfinite(total):
        raise InputError(
            "`sample_weight` has a finite sum. Received weights up to "
            f"{exact.max():g}. Divide them by their mean."
        )
    whole = total < _EXACT and bool((exact == np.trunc(exact)).all())
    return exact.astype(np.int64) if whole else exact


def total_of(weights: np.ndarray | None, rows: int) -> Any:
    """Return what all rows weigh together."""
    return rows if weights is None else weights.sum().item()


def sums_of(marks: np.ndarray, weights: np.ndarray | None) -> tuple[Any, Any]:
    """Return what the marked rows weigh together, and the others."""
    if weights is None:
        positives = np.count_nonzero(marks)
        return positives, len(marks) - positives
    return weights[marks].sum().item(), weights[~marks].sum().item()


def _refuse_odd(weights: np.ndarray) -> None:
    if weights.dtype.kind not in "buif" or not weights.ndim:
        raise InputError(
            "`sample_weight` is an array of numbers, one for each row. Received: dtype "
            f"{weights.dtype}, shape {weights.shape}."
        )
    odd = ~((weights >= 0) & (weights < np.inf))
    if odd.any():
        raise InputError(
            "`sample_weight` holds finite numbers of 0 or more, and "
            f"{np.count_nonzero(odd)} of {odd.size} are not so: the first is "
            f"{weights[odd][0]}. A weight of 0 leaves a position out."
        )
