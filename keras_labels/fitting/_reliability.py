"""Probabilities beside what came true: how far they can be believed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting._positions import Positions
from keras_labels.fitting._quantiles import quantiles
from keras_labels.fitting._sample import Sample
from keras_labels.fitting._signs import without_signs
from keras_labels.fitting._weights import as_weights, total_of
from keras_labels.spec import Head, check_integer

Strategy = Literal["uniform", "quantile"]
Kind = Literal["confidence", "classwise"]
_ONE = Head("binary", 1, from_logits=False)


class Outcomes(NamedTuple):
    """Confidences, whether they came true, and what each of them weighs."""

    confidence: np.ndarray
    hits: np.ndarray
    weights: np.ndarray | None


@dataclass(frozen=True)
class ReliabilityCurve:
    """Confidence and accuracy of rows whose confidence is alike.

    Args:
        edges: float64 `(bins + 1,)`, from 0 to 1; a bin holds `(low, high]`, the first
            one 0 as well. Equal ones: a bin without rows.
        confidence: float64 `(bins,)`: mean probability. NaN without rows.
        accuracy: float64 `(bins,)`: the share that came true. NaN without rows.
        counts: `(bins,)`: rows, int64; or what they weigh.
    """

    edges: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    counts: np.ndarray


def expected_calibration_error(
    y_true: Any,
    probabilities: Any,
    *,
    bins: int = 15,
    strategy: Strategy = "uniform",
    kind: Kind = "confidence",
    sample_weight: Any = None,
) -> float:
    """Return how far confidence is from accuracy, on average over bins.

    `sum(rows of the bin / rows * |accuracy - confidence|)` (Guo et al. 2017, eq. 3).
    The confidence of a binary problem is the probability of class 1, as in netcal; of
    exclusive classes it is the highest one, of a row whose class that is.

    Args:
        y_true: ids `(n,)`; for labels 0 and 1, `(n, labels)`.
        probabilities: `(n,)` or `(n, 1)` of class 1, or `(n, classes)`, in [0, 1].
        bins: how many.
        strategy: `"uniform"`: bins of equal width. `"quantile"`: of equal mass, cut at
            the quantiles of the confidence; equal ones stay in one bin.
        kind: `"classwise"`: the mean over classes, each against the rest (Kull et al.
            2019, eq. 3). Of labels always so.
        sample_weight: `(n,)`, how much each row counts; of labels also `(n, labels)`.

    Returns:
        A float in [0, 1]; 0 is calibrated.

    Raises:
        InputError: if these are no probabilities, or no classes of them.
        DecodingError: if an argument is none of those named.

    >>> expected_calibration_error([1, 0, 1, 1], [0.75, 0.75, 0.75, 0.75])
    0.0
    """
    _check(bins, strategy, kind)
    sample = paired(y_true, probabilities, sample_weight)
    return mean_error(outcomes_of(sample, kind), bins, strategy)


def reliability_curve(
    y_true: Any,
    probabilities: Any,
    *,
    bins: int = 15,
    strategy: Strategy = "uniform",
    kind: Kind = "confidence",
    sample_weight: Any = None,
) -> ReliabilityCurve:
    """Return confidence and accuracy per bin, as a reliability diagram shows them.

    Args:
        y_true: as in `expected_calibration_error`, with all that follows.
        probabilities: float array.
        bins: how many.
        strategy: `"uniform"` or `"quantile"`.
        kind: `"confidence"` or `"classwise"`; classes and labels are pooled. For one
            label pass its columns.
        sample_weight: as in `expected_calibration_error`.

    Returns:
        Edges, mean confidence, accuracy and rows of each bin.

    Raises:
        InputError: if these are no probabilities, or no classes of them.
        DecodingError: if an argument is none of those named.

    >>> curve = reliability_curve([0, 1, 1, 1], [0.25, 0.25, 0.75, 1.0], bins=2)
    >>> curve.confidence.tolist(), curve.accuracy.tolist(), curve.counts.tolist()
    ([0.25, 0.875], [0.5, 1.0], [2, 2])
    """
    _check(bins, strategy, kind)
    found = pooled(outcomes_of(paired(y_true, probabilities, sample_weight), kind))
    edges = _edges(found, bins, strategy)
    counts, confident, right = _sums(found, edges)
    with np.errstate(invalid="ignore"):
        return ReliabilityCurve(edges, confident / counts, right / counts, counts)


def mean_error(problems: Iterable[Outcomes], bins: int, strategy: Strategy) -> float:
    """Return the mean over problems of the calibration error of each."""
    errors = []
    for one in problems:
        _, confident, right = _sums(one, _edges(one, bins, strategy))
        total = total_of(one.weights, len(one.hits))
        errors.append(np.abs(confident - right).sum() / total)
    return float(np.mean(errors))


def outcomes_of(sample: Sample, kind: Kind) -> Iterator[Outcomes]:
    """Return confidence and whether it came true, of each problem that this holds."""
    p, y, weights = sample.columns, sample.targets, sample.weights
    columns = p.shape[1]
    if y.ndim == 2:
        labels = map(sample.label, range(columns))
        return (
            Outcomes(_float(one.columns[:, 0]), one.targets, one.weights)
            for one in labels
            if len(one)
        )
    if columns <= 2:
        return iter([Outcomes(_float(p[:, -1]), y == 1, weights)])
    if kind == "classwise":
        return (Outcomes(_float(p[:, k]), y == k, weights) for k in range(columns))
    best = p.argmax(axis=1)
    top = np.take_along_axis(p, best[:, None], axis=1)[:, 0]
    return iter([Outcomes(_float(top), y == best, weights)])


def pooled(problems: Iterable[Outcomes]) -> Outcomes:
    """Return all problems as one."""
    confidences, hits, weights = zip(*problems, strict=True)
    together = None
    if any(one is not None for one in weights):
        together = np.concatenate(
            [
                np.ones(len(hit), np.int64) if one is None else one
                for one, hit in zip(weights, hits, strict=True)
            ]
        )
    return Outcomes(np.concatenate(confidences), np.concatenate(hits), together)


def paired(y_true: Any, probabilities: Any, sample_weight: Any = None) -> Sample:
    """Return probabilities `(n, columns)` beside ids `(n,)` or marks `(n, labels)`.

    Rows without weight are left out before anything is checked.
    """
    p = np.asarray(probabilities)
    p = p[:, None] if p.ndim == 1 else p
    y = np.asarray(y_true)
    if p.ndim != 2 or y.shape not in ((len(p),), p.shape) or p.size == 0:
        raise InputError(
            "`probabilities` is (n, classes), and `y_true` has (n,) ids or, for "
            "labels, 0 and 1 in the same shape; of more axes join those before the "
            "classes. Received: probabilities of shape "
            f"{np.shape(probabilities)} and y_true of shape {y.shape}."
        )
    head = Head("multilabel", p.shape[1], False) if y.ndim == 2 else _ONE
    given = Positions(y, as_weights(sample_weight, head, p.shape))
    places, (y, weights) = given.chosen()
    p = p[places]
    y = without_signs(y) if y.ndim == 1 and p.shape[1] < 3 else y
    _check_pairs(p, y)
    return Sample(p, y.astype(bool if y.ndim == 2 else np.int64), weights)


def _check_pairs(p: np.ndarray, y: np.ndarray) -> None:
    low, high = p.min(), p.max()
    if not (low >= 0.0 and high <= 1.0 + 1e-6):  # the last bits of a softmax
        raise InputError(
            f"`probabilities` lie between 0 and 1. Received numbers from {low} to "
            f"{high}. Of logits take predict_proba."
        )
    most = 1 if y.ndim == 2 else max(p.shape[1], 2) - 1
    if y.dtype.kind not in "buif" or not ((y >= 0) & (y <= most) & (y % 1 == 0)).all():
        raise InputError(
            f"`y_true` holds whole numbers from 0 to {most}. Received: dtype "
            f"{y.dtype}, {np.unique(y)!s:.100}."
        )


def _check(bins: int, strategy: str, kind: str) -> None:
    if check_integer("bins", bins) < 1:
        raise DecodingError(f"`bins` is at least 1. Received: {bins}.")
    if strategy not in get_args(Strategy):
        raise DecodingError(
            f"`strategy` is one of {get_args(Strategy)}. Received: {strategy!r}."
        )
    if kind not in get_args(Kind):
        raise DecodingError(f"`kind` is one of {get_args(Kind)}. Received: {kind!r}.")


def _edges(found: Outcomes, bins: int, strategy: Strategy) -> np.ndarray:
    edges = np.linspace(0.0, 1.0, bins + 1)
    if strategy == "quantile":
        edges[1:-1] = quantiles(found.confidence, edges[1:-1], found.weights)
    return edges


def _sums(
    found: Outcomes, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, their confidences and their hits, summed in bins."""
    confidence, hits, weights = found
    bins = len(edges) - 1
    at = np.searchsorted(edges[1:-1], confidence)
    if weights is None:
        return (
            np.bincount(at, minlength=bins),
            np.bincount(at, confidence, bins),
            np.bincount(at, hits, bins),
        )
    return (
        np.bincount(at, weights, bins).astype(weights.dtype),
        np.bincount(at, confidence * weights, bins),
        np.bincount(at, hits * weights, bins),
    )


def _float(column: np.ndarray) -> np.ndarray:
    return column.astype("float64")
