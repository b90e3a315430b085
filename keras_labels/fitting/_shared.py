"""One threshold for all labels."""

from __future__ import annotations

import numpy as np

from keras_labels.errors import DecodingError
from keras_labels.fitting._cut_scale import CutScale
from keras_labels.fitting._gaps import gaps_of
from keras_labels.fitting._labels import Label, label_of, nearest_miss
from keras_labels.fitting._problem import Problem, counts_of
from keras_labels.fitting._search import best_cut
from keras_labels.fitting._shared_bootstrap import shared_intervals
from keras_labels.fitting._together import Together
from keras_labels.spec import Decoding, Head, probability_at


def tune_shared(problem: Problem) -> list[Label]:
    """Return the labels with the one cut that is best for all of them together.

    Of calibrated labels cuts are compared as float64 probabilities; a mean over labels
    is compared to 12 digits.

    Raises:
        DecodingError: if no cut meets the constraints; says what one could.
    """
    scale = _scale(problem)
    together = Together(problem.objective, len(problem.names))
    sums = _summed(problem, scale.ordered, together)
    below = np.arange(len(scale.ordered) + 1)
    found = best_cut(together.values(sums), below, scale)
    if found is None:
        asked = problem.objective.constraints
        raise DecodingError(
            f"No cut has {' and '.join(map(str, asked))}. Best for all labels "
            f"together: {nearest_miss(asked, together.rates(sums))}."
        )
    return _labels(problem, together, found.cut)


def _scale(problem: Problem) -> CutScale:
    """Return the scale of all scores, each distinct one once."""
    decoding = problem.decoding
    if decoding.corrects:  # what stands beside what only probabilities tell
        head = Head("multilabel", decoding.head.units, from_logits=False)
        decoding = Decoding(head, inclusive=decoding.inclusive)
    columns = range(len(problem.names))
    keys = np.concatenate([_keys(problem, column) for column in columns])
    keys.sort()
    new = np.append(True, keys[1:] != keys[:-1])
    return CutScale(keys[new], decoding)


def _keys(problem: Problem, column: int) -> np.ndarray:
    """Return what scores of several labels are compared by."""
    scores = problem.column(column).scores
    if not problem.decoding.corrects:
        return scores
    return probability_at(problem.decoding, scores, column)


def _summed(
    problem: Problem, distinct: np.ndarray, together: Together
) -> list[np.ndarray]:
    """Return the sums over labels at every gap between distinct scores."""
    totals: list[np.ndarray] = []
    for column in range(len(problem.names)):
        data = problem.column(column)
        gaps = gaps_of(_keys(problem, column), data.marks, data.weights)
        parts = together.parts(gaps.counts)
        if not totals:
            shapes = [len(distinct) + 1 if part.ndim else () for part in parts]
            totals = [np.zeros(s, p.dtype) for s, p in zip(shapes, parts, strict=True)]
        # The sums change where a cut passes a score of this label.
        passed = gaps.ordered[gaps.below[1:] - 1]
        places = np.searchsorted(distinct, passed)
        for i, part in enumerate(parts):
            if part.ndim:
                totals[i][-1] += part[-1]
                totals[i][places] -= np.diff(part)
            else:
                totals[i] = totals[i] + part
    # From the highest cut down, where exactly nothing is left to count.
    return [_reversed_sum(total) if total.ndim else total for total in totals]


def _reversed_sum(total: np.ndarray) -> np.ndarray:
    return np.asarray(total[::-1].cumsum()[::-1])


def _labels(problem: Problem, together: Together, cut: float) -> list[Label]:
    least = problem.least_of([cut] * len(problem.names))
    intervals = shared_intervals(problem, together, cut)
    labels = []
    for column, interval in enumerate(intervals):
        data = problem.column(column)
        after = counts_of(data, least[column])
        before = counts_of(data, problem.least[column])
        labels.append(label_of(problem, column, cut, after, before, interval))
    return labels
