"""Scores -> scores that calibration and prior have corrected."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from keras_labels.functional._arithmetic import (
    constant,
    counted,
    dtype_of,
    has_nan,
    total,
    widen,
)
from keras_labels.functional._formulations import at_least
from keras_labels.functional._probabilities import finite, probabilities
from keras_labels.spec import LARGEST, LEAST, Calibration, Decoding, Head, log_ratios


def corrected(scores: Any, decoding: Decoding) -> tuple[Any, Head]:
    """Return scores after calibration and prior, and the head that gives such scores.

    Without either the scores are returned as they are. Else they have one column for a
    binary head, and one per label or class.
    """
    head = decoding.head
    if not decoding.corrects:
        return scores, head
    x, head = positive_column(scores, head)
    if head.units != decoding.head.units:  # the column does not tell of a NaN beside it
        nan = has_nan(widen(scores), head.axis)
        x = ops.where(nan, constant(np.nan, x), x)
    if not decoding.tables:
        return _affine(x, head, decoding)
    if head.task == "multiclass":
        x = probabilities(scores, head.task, head.from_logits, head.axis)
    return _tabled(x, head, decoding)


def corrected_probabilities(scores: Any, decoding: Decoding) -> Any:
    """Return one probability per class, after calibration and prior."""
    x, head = corrected(scores, decoding)
    return probabilities(x, head.task, head.from_logits, head.axis)


def positive_column(scores: Any, head: Head) -> tuple[Any, Head]:
    """Return one column of scores per decision, and its head: for two units of one."""
    if head.classes == head.units and head.task == "binary":
        one = Head("binary", 1, head.from_logits, head.axis)
        return _of_two_units(scores, head), one
    return widen(scores), head


def _of_two_units(scores: Any, head: Head) -> Any:
    if not head.from_logits:
        p = probabilities(scores, head.task, from_logits=False, axis=head.axis)
        return ops.split(p, 2, axis=head.axis)[1]
    # softmax([a, b])[1] is sigmoid(b - a).
    negative, positive = ops.split(widen(scores), 2, axis=head.axis)
    margin = positive - negative
    # Two infinities are a tie. (Of NaN alone tf2onnx makes a choice: else 0 * NaN.)
    return ops.where(ops.isnan(margin), 0.0, margin)


def _affine(x: Any, head: Head, decoding: Decoding) -> tuple[Any, Head]:
    """Return the corrected logits."""
    logits = finite(x) if head.from_logits else _recovered(x, head)
    calibration = decoding.calibration or Calibration("temperature", temperature=1.0)
    if calibration.method == "temperature":
        if any(t != 1.0 for t in calibration.temperature):
            by = constant(calibration.temperature, logits, head.axis)
            logits = ops.divide(logits, by)
    else:
        slope = constant(calibration.slope, logits, head.axis)
        intercept = constant(calibration.intercept, logits, head.axis)
        logits = ops.add(ops.multiply(logits, slope), intercept)
    if decoding.prior is not None:
        logits = ops.add(logits, constant(_shift(decoding), logits, head.axis))
    return logits, Head(head.task, head.units, True, head.axis)


def _recovered(p: Any, head: Head) -> Any:
    """Return logits that the head's activation turns into these probabilities."""
    tiny = constant(LEAST, p)
    if head.activation == "softmax":
        return ops.log(_kept(p, tiny, constant(1.0, p)))
    p = _kept(p, tiny, constant(LARGEST, p))
    return ops.log(p) - ops.log(1.0 - p)


def _kept(p: Any, low: Any, high: Any) -> Any:
    """Return p between two bounds; NaN stays, where OpenVINO makes a number of it."""
    return ops.where(ops.isnan(p), p, ops.clip(p, low, high))


def _shift(decoding: Decoding) -> tuple[float, ...]:
    return log_ratios(decoding.prior, decoding.trained_prior, decoding.head)


def _tabled(x: Any, head: Head, decoding: Decoding) -> tuple[Any, Head]:
    """Return the corrected probabilities."""
    p = _interpolated(x, decoding.tables, head.axis)
    ratios = constant(np.exp(_shift(decoding)), p, head.axis)
    if head.task == "multiclass":
        p = _normalized(p if decoding.prior is None else ops.multiply(p, ratios), head)
    elif decoding.prior is not None:
        odds = ops.multiply(p, ratios)
        p = odds / (odds + (1.0 - p))
    return p, Head(head.task, head.units, False, head.axis)


def _normalized(p: Any, head: Head) -> Any:
    whole = total(p, head.axis)
    # Where every table says 0 nothing is known: as in scikit-learn, all are equal.
    known = ops.greater(whole, 0.0)
    even = ops.where(known, p, constant(1.0, p))
    made = even / ops.where(known, whole, constant(float(head.units), p))
    # A comparison with NaN differs between runtimes.
    return ops.where(ops.isnan(whole), whole, made)


def _interpolated(x: Any, tables: Any, axis: int) -> Any:
    """Return piecewise linear functions of scores, one for each column.

    Every interval gives its line or 0, and all are added: no runtime needs a search.
    """
    axis = axis % len(x.shape)
    most = max(len(points) for points, _ in tables) + 1
    parts = np.array([_intervals(points, values, most) for points, values in tables])
    place = [1] * (len(x.shape) + 1)
    place[axis], place[-1] = len(tables), most
    start, end, origin, level, slope = (
        parts[:, i].astype(dtype_of(x)).reshape(place) for i in range(5)
    )
    wide = ops.expand_dims(finite(x), -1)
    inside = ops.logical_and(
        at_least(wide, start), ops.logical_not(at_least(wide, end))
    )
    # From the start of its interval: the difference of near numbers is exact.
    offset = ops.add(ops.where(inside, wide, origin), -origin)
    line = ops.add(ops.multiply(offset, slope), level)
    lines = ops.where(inside, line, constant(0.0, wide))
    return ops.where(ops.isnan(x), x, ops.sum(lines, axis=counted(-1, lines)))


def _intervals(points: Any, values: Any, most: int) -> np.ndarray:
    """Return start, end, origin, level and slope of the intervals of a table.

    The first and the last are flat and open; those that fill up to `most` are empty.
    """
    x, y = np.array(points), np.array(values)
    start, end = np.concatenate([[-np.inf], x]), np.concatenate([x, [np.inf]])
    origin, level = np.concatenate([x[:1], x]), np.concatenate([y[:1], y])
    slope = np.concatenate([[0.0], np.diff(y) / np.diff(x), [0.0]])
    empty = np.repeat([[np.inf], [np.inf], [0], [0], [0]], most - len(slope), axis=1)
    return np.concatenate([[start, end, origin, level, slope], empty], axis=1)
