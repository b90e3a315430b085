"""A column of scores -> every distinct cut of it, and what each does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_labels.fitting._counts import Counts


@dataclass(frozen=True)
class Gaps:
    """Every gap between neighbouring distinct scores of a column, and both ends.

    Args:
        ordered: `(n,)` the scores, sorted.
        below: `(gaps,)` int64, how many scores lie below each gap, from 0 to n.
        counts: of a cut in each gap: the scores above it are taken for positive.
        squares: sums of squared weights, as `counts` has those of the weights; `None`
            where each row counts once.

    >>> gaps = gaps_of(np.array([0.1, 0.4, 0.4]), np.array([False, False, True]))
    >>> gaps.below.tolist(), gaps.counts.fp.tolist()
    ([0, 1, 3], [2, 1, 0])
    """

    ordered: np.ndarray
    below: np.ndarray
    counts: Counts
    squares: Counts | None = None


def gaps_of(
    scores: np.ndarray, marks: np.ndarray, weights: np.ndarray | None = None
) -> Gaps:
    """Return the gaps of a column of scores without NaN, `marks` where it is true."""
    scores = np.ascontiguousarray(scores)
    if weights is not None:
        return _weighted(scores, marks, weights)
    ordered = np.sort(scores)
    below = _below(ordered)
    positives = int(np.count_nonzero(marks))
    # The fewer of both classes are looked up among all; no sort of pairs is needed.
    rare = bool(2 * positives <= len(ordered))
    few = np.sort(scores[marks if rare else ~marks])
    places = np.searchsorted(ordered, few)
    few_below = np.zeros(len(ordered) + 1, np.int64)
    np.cumsum(np.bincount(places, minlength=len(ordered)), out=few_below[1:])
    few_above = len(few) - few_below[below]
    others_above = (len(ordered) - below) - few_above
    tp, fp = (few_above, others_above) if rare else (others_above, few_above)
    return Gaps(ordered, below, Counts(tp, fp, positives, len(ordered) - positives))


def _weighted(scores: np.ndarray, marks: np.ndarray, weights: np.ndarray) -> Gaps:
    order = np.argsort(scores, kind="stable")
    ordered, marks, weights = scores[order], marks[order], weights[order]
    below = _below(ordered)
    counts = _sums_above(marks, weights, below)
    squares = _sums_above(marks, np.square(weights, dtype=np.float64), below)
    return Gaps(ordered, below, counts, squares)


def _below(ordered: np.ndarray) -> np.ndarray:
    starts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    end = [len(ordered)] if len(ordered) else []
    return np.concatenate([[0], starts, end]).astype(np.int64)


def _sums_above(marks: np.ndarray, weights: np.ndarray, below: np.ndarray) -> Counts:
    zero = weights.dtype.type(0)
    tp, fp = (_above(np.where(side, weights, zero))[below] for side in (marks, ~marks))
    return Counts(tp, fp, tp[0], fp[0])


def _above(weights: np.ndarray) -> np.ndarray:
    """Return sums from each place on: exactly 0 where nothing is left to add."""
    found = np.zeros(len(weights) + 1, weights.dtype)
    np.cumsum(weights[::-1], out=found[:-1][::-1])
    return found
