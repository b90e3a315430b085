"""How sure one threshold for all labels is."""

from __future__ import annotations

import numpy as np

from keras_labels.fitting._bootstrap import Interval
from keras_labels.fitting._counts import Counts
from keras_labels.fitting._problem import Problem
from keras_labels.fitting._search import nearest_first
from keras_labels.fitting._together import Together
from keras_labels.spec import least_scores, probability_at

_BLOCKS = 500  # of rows, that count as often as each other
_CUTS = 1000  # to choose from


def shared_intervals(
    problem: Problem, together: Together, cut: float
) -> list[Interval]:
    """Return, for every label, the interval of the cut and that of its own score.

    Rows are resampled with all their labels. Of more than 500 rows 500 random blocks
    are, and cuts are about 1,000: quantiles of the probabilities, half of them those
    of positive rows.
    """
    columns = range(len(problem.names))
    if problem.bootstrap.times == 0:
        return [Interval() for _ in columns]
    rng = np.random.default_rng((problem.bootstrap.seed, 0))
    rows = len(problem.sample)
    many = rows > _BLOCKS
    blocks = rng.integers(_BLOCKS, size=rows) if many else np.arange(rows)
    weights = rng.poisson(1, (problem.bootstrap.times, min(rows, _BLOCKS)))
    cuts = np.unique(np.append(_cuts(problem), cut))
    at, order = int(np.searchsorted(cuts, cut)), nearest_first(cuts)
    sums: list[np.ndarray] = []
    scores = []
    for column in columns:
        counts = _drawn(problem, column, cuts, blocks, weights.astype(np.float64))
        parts = together.parts(counts)
        sums = [a + b for a, b in zip(sums, parts, strict=True)] if sums else parts
        here = counts.at((slice(None), slice(at, at + 1)))
        scores.append(problem.objective.score(here)[:, 0])
    values = together.values(sums)[:, order]
    draws = problem.bootstrap.of_draws
    return [draws(cuts[order], values, of_label) for of_label in scores]


def _cuts(problem: Problem) -> np.ndarray:
    """Return quantiles of probabilities, of all rows and of the positive ones."""
    labels = len(problem.names)
    each = max(_CUTS // 2 // labels, 10)
    found = []
    for column in range(labels):
        scores, marks, *_ = problem.column(column)
        # In between those of the other labels, which may have the same scores.
        shares = (np.arange(each) + (column + 0.5) / labels) / each
        for part in (scores, scores[marks]):
            if part.size:
                taken = np.quantile(part, shares, method="inverted_cdf")
                found.append(probability_at(problem.decoding, taken, column))
    cuts = np.concatenate(found)
    return cuts[(cuts > 0) & (cuts < 1)]


def _drawn(
    problem: Problem,
    column: int,
    cuts: np.ndarray,
    blocks: np.ndarray,
    weights: np.ndarray,
) -> Counts:
    """Return counts `(draws, cuts)` of one label."""
    scores, marks, own, rows = problem.column(column)
    least = least_scores(
        problem.decoding,
        cuts,
        str(scores.dtype),
        inclusive=problem.decoding.inclusive,
        column=column,
    )
    width = len(cuts) + 1
    passed = np.searchsorted(least, scores, side="right")
    cells = (blocks[rows] * width + passed) * 2 + marks
    counted = np.bincount(cells, own, minlength=weights.shape[1] * width * 2)
    drawn = weights @ counted.reshape(weights.shape[1], -1)
    if own is None or own.dtype.kind == "i":
        drawn = np.rint(drawn).astype(np.int64)
    # A row is over a cut if it passed more cuts than lie below that one.
    above = drawn.reshape(len(weights), width, 2)[:, ::-1].cumsum(axis=1)[:, ::-1]
    fp, tp = above[:, 1:, 0], above[:, 1:, 1]
    return Counts(tp, fp, above[:, :1, 1], above[:, :1, 0])
