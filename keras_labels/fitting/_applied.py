"""Scores and a whole `Decoding` -> probabilities, in NumPy and float64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_labels.fitting._targets import flat_columns, refuse_nan
from keras_labels.spec import (
    LARGEST,
    LEAST,
    Decoding,
    Head,
    log_ratios,
    logit,
    of_classes,
    probability_at,
)

_FARTHEST = float(np.finfo("float32").max)  # an infinite logit
_NUMBERS = 2**17  # of one slice: what a processor's cache holds


def applied(scores: Any, decoding: Decoding) -> np.ndarray:
    """Turn scores into probabilities, calibrated and corrected for the prior.

    The map that the decoded model computes in float32, once more and without Keras.
    Where logits are recovered from probabilities, these are clipped to the range that
    float32 has logits for. An infinite logit is the largest float32.

    Args:
        scores: float array `(rows, ..., units)`, as the decoding's head says.
        decoding: its `calibration`, `prior` and `trained_prior` are applied.

    Returns:
        float64 `(n, classes)`: a row for each row (and position) of the scores, two
        columns for a binary head.

    Raises:
        InputError: if the scores do not have the head's units, or hold NaN.

    >>> from keras_labels.spec import Calibration
    >>> calibration = Calibration("temperature", temperature=2.0)
    >>> spam = Decoding(Head("binary", 1, from_logits=True), calibration=calibration)
    >>> applied([[0.0], [2.0]], spam).round(3).tolist()
    [[0.5, 0.5], [0.269, 0.731]]
    """
    columns = columns_of(scores, decoding.head)
    refuse_nan(columns)
    found = np.empty((len(columns), decoding.head.classes))
    for part in slices(columns):
        found[part] = probabilities_of(columns[part], decoding)
    return found


def columns_of(scores: Any, head: Head) -> np.ndarray:
    """Return `(n, units)`, where NaN is too; a 16-bit softmax is divided by its sum.

    As in the graph.
    """
    given = np.asarray(scores)
    x = flat_columns(given, head)
    if given.itemsize > 2 or head.from_logits or head.activation != "softmax":
        return x
    total = x.sum(axis=1, keepdims=True)
    return np.asarray(x / np.where(total > 0, total, np.float32(1)))


def slices(columns: np.ndarray) -> Iterator[slice]:
    """Return slices of rows, of a size that keeps what is computed of them small."""
    step = max(1, _NUMBERS // columns.shape[1])
    return (slice(start, start + step) for start in range(0, len(columns), step))


def probabilities_of(columns: np.ndarray, decoding: Decoding) -> np.ndarray:
    """Return float64 `(n, classes)` of the columns of a head."""
    head = decoding.head
    if head.task == "multiclass":
        return _exclusive(columns, decoding)
    count = 1 if head.task == "binary" else head.units
    found = [one_probability(columns, decoding, at) for at in range(count)]
    if head.task == "binary":
        found.insert(0, 1.0 - found[0])
    made = np.stack(found, axis=1)
    return of_classes(made) if head.task == "ordinal" else made


def one_probability(columns: np.ndarray, decoding: Decoding, at: int) -> np.ndarray:
    """Return the probability of class 1, of a label, or of a higher class."""
    head = decoding.head
    score = one_score(columns, head, at)
    if decoding.corrects and not decoding.tables and not head.from_logits:
        score = np.clip(score, LEAST, LARGEST)
    return probability_at(decoding, score, at)


def one_score(columns: np.ndarray, head: Head, at: int = 0) -> np.ndarray:
    """Return the float64 scores that one unit would have given (`at`: the label)."""
    if head.task != "binary" or head.units == 1:
        return np.asarray(columns[:, at], "float64")
    if not head.from_logits:
        return np.asarray(columns[:, 1], "float64")
    # In the scores' own dtype, as in the graph. Two infinities are a tie.
    with np.errstate(invalid="ignore", over="ignore"):
        margin = columns[:, 1] - columns[:, 0]
    return np.where(np.isnan(margin), 0.0, margin.astype("float64"))


def one_logit(columns: np.ndarray, head: Head, at: int = 0) -> np.ndarray:
    """Return the logits that one unit would have given."""
    score = one_score(columns, head, at)
    if head.from_logits:
        return np.asarray(np.clip(score, -_FARTHEST, _FARTHEST))
    return logit(np.clip(score, LEAST, LARGEST))


def class_logits(columns: np.ndarray, head: Head) -> np.ndarray:
    """Return float64 logits of exclusive classes."""
    x = np.asarray(columns, "float64")
    if head.from_logits:
        return np.asarray(np.clip(x, -_FARTHEST, _FARTHEST))
    return np.asarray(np.log(np.clip(x, LEAST, 1.0)))


def class_probabilities(columns: np.ndarray, head: Head) -> np.ndarray:
    """Return the softmax probabilities that tables look up, in the scores' dtype."""
    if not head.from_logits:
        return columns
    return softmax(class_logits(columns, head)).astype(columns.dtype)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return exp(z) / sum(exp(z)) of rows, without overflow."""
    found = np.exp(logits - logits.max(axis=1, keepdims=True))
    found /= found.sum(axis=1, keepdims=True)
    return np.asarray(found)


def _exclusive(columns: np.ndarray, decoding: Decoding) -> np.ndarray:
    head, calibration = decoding.head, decoding.calibration
    if not decoding.corrects and not head.from_logits:
        return np.asarray(columns, "float64")
    shift = np.array(log_ratios(decoding.prior, decoding.trained_prior, head))
    if decoding.tables:
        p = _by_tables(class_probabilities(columns, head), decoding.tables)
        return _shares(p * np.exp(shift)) if decoding.prior else p
    z = class_logits(columns, head)
    if calibration is not None and calibration.method == "temperature":
        z /= calibration.temperature[0]
    elif calibration is not None:
        z = z * np.array(calibration.slope) + np.array(calibration.intercept)
    return softmax(z + shift)


def _by_tables(p: np.ndarray, tables: Any) -> np.ndarray:
    found = [np.interp(p[:, at], *table) for at, table in enumerate(tables)]
    return _shares(np.stack(found, axis=1))


def _shares(parts: np.ndarray) -> np.ndarray:
    """Divide rows by their sum; a row of zeros gives every class the same."""
    total = parts.sum(axis=1, keepdims=True)
    even = np.full_like(parts, 1.0 / parts.shape[1])
    return np.asarray(np.divide(parts, total, out=even, where=total > 0))
