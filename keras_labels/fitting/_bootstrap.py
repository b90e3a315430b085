"""How sure a cut is: the search repeated on resampled rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from keras_labels.errors import DecodingError
from keras_labels.fitting._counts import Counts, ratio
from keras_labels.fitting._cut_scale import CutScale
from keras_labels.fitting._gaps import Gaps
from keras_labels.fitting._search import Found, nearest_first
from keras_labels.spec import check_integer, check_probability

_EXACT = 2000  # rows, up to which every gap is a candidate
_GROUPS = 1000  # groups of rows beyond that

Values = Callable[[Counts], np.ndarray]


class Interval(NamedTuple):
    """Where the best cut lies, and the score of the chosen one, when rows change."""

    low: float | None = None
    high: float | None = None
    score_low: float | None = None
    score_high: float | None = None


@dataclass(frozen=True)
class Bootstrap:
    """Poisson bootstrap: every row counts as often as Poisson(1) says.

    A row that weighs 3 is one row, drawn with all its weight: an interval does not
    depend on the unit of weights, and is wider than that of three rows. The weight of
    rows that stay together is drawn as a multiple of a Poisson number, of the same mean
    and variance.

    Rows between two candidate cuts stay together, so that a draw costs as much for a
    million rows as for a thousand: of more than 2,000 rows about 1,000 cuts remain,
    which divide the positives and the negatives evenly. That is the resolution of the
    interval. Draws in which no cut meets the constraints, or a class has no rows, are
    left out.

    Args:
        times: how often to draw; 0 for no intervals.
        confidence: share of the draws inside of the interval.
        seed: of the draws; the column is added.
    """

    times: int = 200
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        check_probability("confidence", self.confidence)
        for name, value in (("bootstrap", self.times), ("seed", self.seed)):
            if check_integer(name, value) < 0:
                raise DecodingError(f"`{name}` is 0 or more. Received: {value!r}.")

    def interval(
        self, values: Values, score: Values, gaps: Gaps, scale: CutScale, found: Found
    ) -> Interval:
        """Return percentiles of the best cut, and of the score of the found one.

        Args:
            values: what the best cut has most of, of counts `(draws, cuts)`.
            score: the metric to report, of counts `(draws,)`.
            gaps: of the column.
            scale: of the column.
            found: the best cut on all rows.
        """
        if self.times == 0:
            return Interval()
        chosen = _candidates(gaps, found.gap)
        cuts, real = scale.resolve(gaps.below[chosen])
        chosen, cuts = chosen[real], cuts[real]
        order = nearest_first(cuts)
        drawn = self._draws(gaps, chosen, scale.column)
        at = int(np.flatnonzero(chosen == found.gap)[0])
        best = values(drawn.at((slice(None), order)))
        scores = score(drawn.at((slice(None), slice(at, at + 1))))
        return self.of_draws(cuts[order], best, scores[:, 0])

    def of_draws(
        self, cuts: np.ndarray, values: np.ndarray, scores: np.ndarray
    ) -> Interval:
        """Return percentiles, of cuts that stand in the order of preference."""
        possible = values.max(axis=1) > -np.inf if len(values) else np.zeros(0, bool)
        if not possible.any():
            return Interval()
        best = cuts[values[possible].argmax(axis=1)]
        beside = (1 - self.confidence) / 2
        ends = (beside, 1 - beside)
        low, high = np.quantile(best, ends, method="inverted_cdf").tolist()
        return Interval(low, high, *np.quantile(scores[possible], ends).tolist())

    def _draws(self, gaps: Gaps, chosen: np.ndarray, column: int) -> Counts:
        """Return counts of every candidate in every draw that has both classes."""
        rng = np.random.default_rng((self.seed, column))
        counts = gaps.counts.at(chosen)
        squares = None if gaps.squares is None else gaps.squares.at(chosen)
        tp = self._drawn(rng, counts.tp, None if squares is None else squares.tp)
        fp = self._drawn(rng, counts.fp, None if squares is None else squares.fp)
        both = (tp[:, 0] > 0) & (fp[:, 0] > 0)
        tp, fp = tp[both], fp[both]
        return Counts(tp, fp, tp[:, :1], fp[:, :1])

    def _drawn(
        self, rng: np.random.Generator, above: np.ndarray, squares: np.ndarray | None
    ) -> np.ndarray:
        groups = -np.diff(above)
        shape = (self.times, len(groups))
        if squares is None:  # the sum of k times Poisson(1) is Poisson(k)
            drawn = rng.poisson(groups, shape)
        else:
            steps = ratio(-np.diff(squares), groups)
            drawn = steps * rng.poisson(ratio(groups, steps), shape)
        sums = np.zeros((self.times, len(above)), drawn.dtype)
        np.cumsum(drawn[:, ::-1], axis=1, out=sums[:, -2::-1])
        return sums


def _candidates(gaps: Gaps, found: int) -> np.ndarray:
    """Return the gaps to choose from: both ends, the found one, and even quantiles."""
    counts = gaps.counts
    if len(gaps.ordered) <= _EXACT:
        return np.arange(len(gaps.below))
    passed = counts.fn / counts.positives + counts.tn / counts.negatives
    even = np.searchsorted(passed, np.linspace(0, 2, _GROUPS + 1))
    even = np.minimum(even, len(passed) - 1)
    return np.unique(np.concatenate([even, [0, found, len(passed) - 1]]))
