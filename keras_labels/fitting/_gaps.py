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

    >>> gaps = gaps_of(np.array([0.1, 0.4, 0.4]), np.array([False, False, True]))
    >>> gaps.below.tolist(), gaps.counts.fp.tolist()
    ([0, 1, 3], [2, 1, 0])
    """

    ordered: np.ndarray
    below: np.ndarray
    counts: Counts


def gaps_of(scores: np.ndarray, marks: np.ndarray) -> Gaps:
    """Return the gaps of a column of scores without NaN, `marks` where it is true."""
    scores = np.ascontiguousarray(scores)
    ordered = np.sort(scores)
    starts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    below = np.concatenate([[0], starts, [len(ordered)]])
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
