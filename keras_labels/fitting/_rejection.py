"""Probabilities and what came true -> the least probability that a decision needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from keras_labels.errors import DecodingError
from keras_labels.fitting._confidence import (
    check_decisions,
    compares_probability,
    confidence_of,
    flat_decisions,
)
from keras_labels.fitting._objective import SLACK
from keras_labels.fitting._positions import counted
from keras_labels.fitting._sample import Counted
from keras_labels.spec import Decoding


@dataclasses.dataclass(frozen=True)
class RejectionTuning:
    """A bound on the probability of a decision and what it costs, on these rows.

    Args:
        decoding: the one given, with `reject_below`.
        reject_below: the bound; `None` where nothing need be rejected.
        coverage: the share of decisions that are accepted.
        error: the share of these that are wrong.
        error_before: the share of all that are wrong.
        rows: how many rows (and positions); labels are one decision each.
    """

    decoding: Decoding
    reject_below: float | None
    coverage: float
    error: float
    error_before: float
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return this as plain data, ready for JSON."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return plain | {"decoding": self.decoding.to_dict()}

    def __str__(self) -> str:
        """Say it in a few lines of plain text."""
        bound = self.reject_below
        lines = (
            (
                "reject below",
                "nothing is rejected" if bound is None else f"{bound:.6g}",
            ),
            ("accepted", f"{self.coverage:.2%}"),
            ("wrong of these", f"{self.error:.2%}"),
            ("wrong of all", f"{self.error_before:.2%}"),
            ("rows", f"{self.rows:,}"),
        )
        return "\n".join(f"{name:<14}  {value}" for name, value in lines)


def tune_rejection(
    y_true: Any,
    probabilities: Any,
    decided: Any,
    decoding: Decoding,
    *,
    max_error: float | None = None,
    coverage: float | None = None,
    sample_weight: Any = None,
    ignore_class: Any = None,
) -> RejectionTuning:
    """Find which decisions to leave open, by the probability of what was decided.

    Every distinct probability is considered; the bound lies midway between two of them,
    so that `decode` accepts the rows that are counted here. No bound parts rows whose
    probabilities hardly differ. Of one column of logits, which are compared with the
    logit of the bound, pass the float64 probabilities of `applied`: they differ.

    Args:
        y_true: a class for each row, as `as_targets` takes it.
        probabilities: float `(rows, ..., classes)`, the class axis as the head says: of
            `decode`, with calibration and prior. Two columns for a binary head.
        decided: the classes that the decoding decides without `reject_below`: ids
            `(rows, ...)`, for labels 0 and 1 in the shape of the probabilities. The
            decision on a label counts by itself; a 0 has the probability `1 - p`.
        decoding: how they were decided.
        max_error: the largest share of accepted decisions that may be wrong, in [0, 1);
            as many as can be are accepted.
        coverage: the least share of decisions to accept, in (0, 1]; as few as can be
            above that are accepted.
        sample_weight: how much each row counts, as in scikit-learn; 0 leaves it out. A
            number for each row, or position of a dense head, or label of a row.
        ignore_class: the id or name in `y_true` of positions that do not count, or
            several; of labels a number that says neither yes nor no, such as -1.

    Returns:
        A `RejectionTuning`; its `decoding` has the bound found.

    Raises:
        InputError: if the arrays do not fit the head or each other.
        DecodingError: unless one of the two is said, or if no bound keeps the error.

    >>> from keras_labels.spec import Head
    >>> head = Head("multiclass", units=2, from_logits=False)
    >>> p = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    >>> tuned = tune_rejection([0, 1, 0], p, [0, 1, 1], Decoding(head), max_error=0)
    >>> round(tuned.reject_below, 6), round(tuned.coverage, 3), tuned.error
    (0.7, 0.667, 0.0)
    """
    check_rejection(max_error=max_error, coverage=coverage)
    p, classes = flat_decisions(probabilities, decided, decoding)
    shape = list(np.shape(probabilities))
    shape[decoding.head.axis] = decoding.head.units
    rows = counted(
        y_true,
        p,
        decoding,
        shape,
        sample_weight=sample_weight,
        ignore_class=ignore_class,
    )
    decisions = _decisions(rows, classes[rows.places], decoding)
    candidates = _candidates(decisions, _parting(p.dtype, decoding))
    at = _best(candidates, max_error, coverage)
    bounds, accepted, mistakes = (part[at] for part in candidates)
    bound = None if np.isnan(bounds) else float(bounds)
    return RejectionTuning(
        decoding.replace(reject_below=bound),
        bound,
        float(accepted / candidates.accepted[-1]),
        float(mistakes / accepted),
        float(candidates.mistakes[-1] / candidates.accepted[-1]),
        len(rows),
    )


def check_rejection(*, max_error: float | None, coverage: float | None) -> None:
    """Raise what `tune_rejection` would of these arguments, before there is data."""
    if (max_error is None) == (coverage is None):
        raise DecodingError(
            "A rejection is tuned to one of `max_error` and `coverage`. Received: "
            f"max_error={max_error!r}, coverage={coverage!r}."
        )
    if max_error is not None and not 0 <= max_error < 1:
        raise DecodingError(
            "`max_error` is a share of the accepted decisions, 0 or more and below 1. "
            f"Received: {max_error!r}."
        )
    if coverage is not None and not 0 < coverage <= 1:
        raise DecodingError(
            "`coverage` is a share of the decisions, above 0 and at most 1. "
            f"Received: {coverage!r}."
        )


class Decisions(NamedTuple):
    """How sure each decision was, whether it was wrong, and what it weighs."""

    confidence: np.ndarray
    wrong: np.ndarray
    weights: np.ndarray | None


class Candidates(NamedTuple):
    """Bounds from the highest, how many each accepts, and how many of these are wrong.

    The last one accepts all and is NaN: no bound.
    """

    bounds: np.ndarray
    accepted: np.ndarray
    mistakes: np.ndarray

    @property
    def slack(self) -> float:
        """What shares of them may miss by."""
        return 0.0 if self.accepted.dtype.kind == "i" else SLACK


def _decisions(rows: Counted, classes: np.ndarray, decoding: Decoding) -> Decisions:
    """Return each decision that counts by itself, those on labels too."""
    check_decisions(rows.columns, classes, decoding)
    wrong = rows.targets != classes
    confidence = confidence_of(rows.columns, classes, decoding)
    weights = rows.weights
    if weights is None:
        return Decisions(confidence.reshape(-1), wrong.reshape(-1), None)
    if weights.ndim < wrong.ndim:
        weights = np.broadcast_to(weights[:, None], wrong.shape)
    counts = weights > 0
    return Decisions(confidence[counts], wrong[counts], weights[counts])


def _candidates(
    decisions: Decisions, part: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Candidates:
    confidence, wrong, weights = decisions
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    last = np.flatnonzero(np.append(ranked[:-1] != ranked[1:], True))
    if weights is None:
        accepted, mistakes = last + 1, np.cumsum(wrong[order])[last]
    else:
        weights = weights[order]
        accepted = np.cumsum(weights)[last]
        # As their own sum in the same order: no mistake is exactly 0.
        mistakes = np.cumsum(np.where(wrong[order], weights, 0))[last]
    bounds = part(ranked[last[1:]], ranked[last[:-1]])
    kept = np.append(~np.isnan(bounds), True)
    bounds = np.append(bounds, np.nan)
    return Candidates(bounds[kept], accepted[kept], mistakes[kept])


def _best(
    candidates: Candidates, max_error: float | None, coverage: float | None
) -> int:
    if coverage is None:
        return _most_within(candidates, max_error or 0.0)
    shares = candidates.accepted / candidates.accepted[-1]
    return int(np.argmax(shares >= coverage - candidates.slack))


def _parting(
    dtype: Any, decoding: Decoding
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return what finds bounds between neighbours; NaN where there is none."""
    exact = compares_probability(decoding)
    labels = decoding.head.task == "multilabel"

    def part(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
        middle = lower + (upper - lower) / 2
        if exact and dtype == np.float32:  # as the graph rounds it
            middle = middle.astype("float32").astype("float64")
        # Of two neighbouring numbers the upper one: a decision on it is accepted.
        middle = np.where(middle > lower, middle, upper)
        # 1 is no bound; float32 rounds the number below it to 1.
        middle = np.where(middle >= 1.0, np.nextafter(1.0, 0.0), middle)
        if exact:
            return np.where(middle > lower, middle, np.nan)
        # Scores are compared, and a sigmoid of them misses by some last places.
        missed = 4 * np.finfo(dtype).eps * np.ones_like(lower)
        if dtype == np.float32 and not labels:  # the smaller of two columns is known
            missed *= 1 - lower
        return np.where(upper - lower > missed, middle, np.nan)

    return part


def _most_within(candidates: Candidates, max_error: float) -> int:
    """Return the last candidate whose error is within the bound."""
    _, accepted, mistakes = candidates
    errors = mistakes / accepted
    within = np.flatnonzero(errors <= max_error + candidates.slack)
    if within.size:
        return int(within[-1])
    best = int(errors.argmin())
    raise DecodingError(
        f"No `reject_below` keeps the error to {max_error:.4g} on these rows: the "
        f"least is {errors[best]:.4g}, of the {accepted[best] / accepted[-1]:.2%} most "
        "certain decisions. Allow more with `max_error`, or calibrate first."
    )
