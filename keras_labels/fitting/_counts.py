"""What cuts did right and wrong, and rates of it: functions of four counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Counts:
    """True and false positives of many cuts, beside what there was to find.

    Whole numbers, also where rows weigh whole numbers, and else sums of weights.

    Args:
        tp: int64 or float64 array, the positive rows that each cut finds.
        fp: the negative rows that it takes for positive.
        positives: how many rows are positive; a number, or an array beside `tp`.
        negatives: how many rows are not.

    >>> Counts(np.array([2, 1]), np.array([3, 0]), positives=2, negatives=4).fn.tolist()
    [0, 1]
    """

    tp: np.ndarray
    fp: np.ndarray
    positives: Any
    negatives: Any

    @property
    def fn(self) -> np.ndarray:
        """The positive rows that each cut misses."""
        return self._rest(self.positives, self.tp)

    @property
    def tn(self) -> np.ndarray:
        """The negative rows that it leaves alone."""
        return self._rest(self.negatives, self.fp)

    def _rest(self, whole: Any, part: np.ndarray) -> np.ndarray:
        rest = np.asarray(whole - part)
        # Sums of weights in another order miss by the last bits.
        return rest if self.exact else np.maximum(rest, 0.0)

    @property
    def exact(self) -> bool:
        """Whether these are whole numbers."""
        return self.tp.dtype.kind == "i"

    @property
    def rows(self) -> Any:
        """How many rows there are."""
        return self.positives + self.negatives

    def at(self, cuts: Any) -> Counts:
        """Return the counts of some of the cuts."""
        return Counts(self.tp[cuts], self.fp[cuts], self.positives, self.negatives)


def summed(parts: list[Counts]) -> Counts:
    """Return the counts of several labels together."""
    return Counts(
        tp=np.sum([one.tp for one in parts], axis=0),
        fp=np.sum([one.fp for one in parts], axis=0),
        positives=sum(one.positives for one in parts),
        negatives=sum(one.negatives for one in parts),
    )


def ratio(part: Any, whole: Any) -> np.ndarray:
    """Return part / whole, 0 where the whole is (scikit-learn's zero_division=0)."""
    part, whole = np.broadcast_arrays(part, whole)
    out = np.zeros(part.shape)
    np.divide(part, whole, out=out, where=whole != 0)
    return out


def precision(counts: Counts) -> np.ndarray:
    """Share of those taken for positive that are."""
    return ratio(counts.tp, counts.tp + counts.fp)


def recall(counts: Counts) -> np.ndarray:
    """Share of the positive rows that are found."""
    return ratio(counts.tp, counts.positives)


def false_positive_rate(counts: Counts) -> np.ndarray:
    """Share of the negative rows that are taken for positive."""
    return ratio(counts.fp, counts.negatives)


def accuracy(counts: Counts) -> np.ndarray:
    """Share of the rows that are decided rightly."""
    return ratio(counts.tp + counts.tn, counts.rows)


def fbeta(counts: Counts, beta: float) -> np.ndarray:
    """Weighted harmonic mean of precision and recall (van Rijsbergen 1979)."""
    square = beta * beta
    taken = counts.tp + counts.fp
    return ratio((1 + square) * counts.tp, taken + square * counts.positives)


def balanced_accuracy(counts: Counts) -> np.ndarray:
    """Mean of the recall of both classes."""
    right, wrong, both = _over_common_denominator(counts)
    return ratio(right + (both - wrong), 2 * both)


def youden_j(counts: Counts) -> np.ndarray:
    """Recall less false positive rate (Youden 1950)."""
    right, wrong, both = _over_common_denominator(counts)
    return ratio(right - wrong, both)


def _over_common_denominator(counts: Counts) -> tuple[Any, Any, Any]:
    # In whole numbers: cuts that are equally good stay so, to the last bit.
    positives = np.where(np.greater(counts.positives, 0), counts.positives, 1)
    negatives = np.where(np.greater(counts.negatives, 0), counts.negatives, 1)
    return counts.tp * negatives, counts.fp * positives, positives * negatives


def cost(counts: Counts, false_positive: float, false_negative: float) -> np.ndarray:
    """Mean cost of a row."""
    total = false_positive * counts.fp + false_negative * counts.fn
    return ratio(total, counts.rows)


Rate = Callable[[Counts], np.ndarray]
RATES: dict[str, Rate] = {
    "recall": recall,
    "precision": precision,
    "false_positive_rate": false_positive_rate,
}
METRICS: dict[str, Rate] = {
    "balanced_accuracy": balanced_accuracy,
    "youden_j": youden_j,
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
}
