"""Thresholds of labels whose counts are summed: average="micro"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_labels.errors import DecodingError
from keras_labels.fitting._counts import Counts, summed
from keras_labels.fitting._gaps import gaps_of
from keras_labels.fitting._labels import Label, tune_labels
from keras_labels.fitting._objective import rounded
from keras_labels.fitting._problem import Problem, counts_of

_ROUNDS = 50  # the ratio is met after a few
_PASSES = 100  # by then a million points are the hundreds of their hull


@dataclass(frozen=True)
class Gain:
    """What a true positive is worth to the whole, and what a false one costs it.

    With these given, labels no longer depend on each other: each takes the cut of the
    most `worth * tp - cost * fp`.
    """

    worth: float
    cost: float

    def __call__(self, counts: Counts) -> np.ndarray:
        """Return the gain of every cut."""
        gain = np.asarray(self.worth * counts.tp - self.cost * counts.fp, np.float64)
        return gain if counts.exact else rounded(gain)


def tune_micro(problem: Problem) -> list[Label]:
    """Return the cuts of all labels whose summed counts have the best metric.

    Raises:
        DecodingError: if the labels cannot be separated.
    """
    asked = problem.objective
    if asked.constraints or callable(asked.metric):
        raise DecodingError(
            "average='micro' with a cut for each label takes a metric by name and no "
            f"constraints. Received: {asked}. Pass shared=True for one cut for all."
        )
    if asked.metric in ("f1", "fbeta"):
        return _best_ratio(problem)
    positives, negatives = problem.sides.sum(axis=1).tolist()
    gain = {
        "accuracy": Gain(1.0, 1.0),
        "cost": Gain(asked.costs[1], asked.costs[0]),
    }.get(str(asked.metric), Gain(float(negatives), float(positives)))
    return tune_labels(problem, gain)


def _best_ratio(problem: Problem) -> list[Label]:
    """Maximise F-beta, a ratio of sums, by Dinkelbach's iteration (1967).

    With `F = a / b` of the best cuts, these have the most `a - F * b`, in which labels
    are separate. Every round finds the best cuts for the ratio of the last one.
    """
    ratio = _ratio_of_hulls(problem)
    best: list[Label] = []
    for _ in range(_ROUNDS):
        labels = tune_labels(problem, _gain(problem, *ratio))
        reached = _ratio(problem, summed([label.after for label in labels]))
        if reached == ratio or (
            best and reached[0] * ratio[1] <= ratio[0] * reached[1]
        ):
            return labels if reached == ratio else best
        best, ratio = labels, reached
    return best


def _ratio(problem: Problem, counts: Counts) -> tuple[float, float]:
    """Return numerator and denominator of F-beta."""
    square = problem.objective.beta**2
    tp, fp = counts.tp.sum().item(), counts.fp.sum().item()
    return (1 + square) * tp, tp + fp + square * float(counts.positives)


def _gain(problem: Problem, part: float, whole: float) -> Gain:
    square = problem.objective.beta**2
    # Times the denominator: whole numbers, of which equal ones stay equal.
    return Gain((1 + square) * whole - part, part)


def _ratio_of_hulls(problem: Problem) -> tuple[float, float]:
    """Return the best ratio, from the few cuts of each label that any ratio can want.

    These are the corners of the convex hull of its ROC curve. One pass over the scores
    finds them, and all rounds but the last are spared.
    """
    corners = [_corners(problem, column) for column in range(len(problem.names))]
    ratio = (0.0, 1.0)
    for _ in range(_ROUNDS):
        gain = _gain(problem, *ratio)
        best = [counts.at([int(gain(counts).argmax())]) for counts in corners]
        reached = _ratio(problem, summed(best))
        if reached[0] * ratio[1] <= ratio[0] * reached[1]:
            break
        ratio = reached
    return ratio


def _corners(problem: Problem, column: int) -> Counts:
    data = problem.column(column)
    if problem.one_sided[column]:
        return counts_of(data, problem.least[column])
    return hull(gaps_of(data.scores, data.marks, data.weights).counts)


def hull(counts: Counts) -> Counts:
    """Return the counts at the corners of the convex hull of a ROC curve.

    >>> roc = Counts(np.array([3, 3, 2, 2, 0]), np.array([2, 1, 1, 0, 0]), 3, 2)
    >>> hull(roc).tp.tolist()
    [3, 3, 2, 0]
    """
    kept = np.arange(len(counts.tp))
    for _ in range(_PASSES):
        tp, fp = np.diff(counts.tp[kept]), np.diff(counts.fp[kept])
        # Neighbors are on or under the hull, and so is the line between them: what is
        # not over that line is no corner. All such points can go at once.
        outside = tp[:-1] * fp[1:] < tp[1:] * fp[:-1]
        if outside.all():
            break
        kept = kept[np.concatenate([[True], outside, [True]])]
    return counts.at(kept)
