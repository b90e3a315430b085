"""Thresholds of labels, each searched by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from keras_labels.errors import DecodingError
from keras_labels.fitting._bootstrap import Interval, Values
from keras_labels.fitting._counts import Counts
from keras_labels.fitting._cut_scale import CutScale
from keras_labels.fitting._gaps import gaps_of
from keras_labels.fitting._objective import Constraint
from keras_labels.fitting._problem import Problem, counts_of
from keras_labels.fitting._search import best_cut
from keras_labels.fitting._tuning import Cut


class Label(NamedTuple):
    """One label: its cut, and the `(1,)` counts at it and at the one it had."""

    cut: Cut
    after: Counts
    before: Counts


def tune_labels(problem: Problem, values: Values) -> list[Label]:
    """Return the best cut of every label.

    Raises:
        DecodingError: if no cut of a label meets the constraints; says what one could.
    """
    found: list[Label] = []
    missed: list[str] = []
    for column, name in enumerate(problem.names):
        label = _tuned(problem, column, values)
        if isinstance(label, Label):
            found.append(label)
        else:
            missed.append(f"{name!r}: {label}")
    if missed:
        raise DecodingError(
            f"No cut has {' and '.join(map(str, problem.objective.constraints))}. "
            f"Best for {'; '.join(missed[:6])}{'; ...' if len(missed) > 6 else ''}."
        )
    return found


def _tuned(problem: Problem, column: int, values: Values) -> Label | str:
    """Return a label, or how near its cuts come to the constraints."""
    asked = problem.objective
    data = problem.column(column)
    before = counts_of(data, problem.least[column])
    if problem.one_sided[column]:
        return _kept(problem, column, before)
    gaps = gaps_of(data.scores, data.marks, data.weights)
    scale = CutScale(gaps.ordered, problem.decoding, column)
    found = best_cut(values(gaps.counts), gaps.below, scale)
    if found is None:
        told = gaps.counts.at(scale.separable(gaps.below))
        return nearest_miss(asked.constraints, asked.rates(told))
    interval = problem.bootstrap.interval(values, asked.score, gaps, scale, found)
    after = gaps.counts.at([found.gap])  # a copy: a view would keep the column
    return label_of(problem, column, found.cut, after, before, interval)


def _kept(problem: Problem, column: int, before: Counts) -> Label:
    cut = problem.decoding.threshold[column]
    return label_of(problem, column, cut, before, before, Interval(), kept=True)


def label_of(
    problem: Problem,
    column: int,
    cut: float,
    after: Counts,
    before: Counts,
    interval: Interval,
    kept: bool = False,
) -> Label:
    """Return a label with the scores of its counts."""
    score = problem.objective.score
    row = Cut(
        label=problem.names[column],
        threshold=cut,
        low=interval.low,
        high=interval.high,
        score=float(score(after)[0]),
        score_low=interval.score_low,
        score_high=interval.score_high,
        score_before=float(score(before)[0]),
        support=problem.support[column].item(),
        kept=kept,
    )
    return Label(row, after, before)


def nearest_miss(constraints: Sequence[Constraint], rates: Sequence[np.ndarray]) -> str:
    """Say how near the rates of cuts come to constraints that none of them meets."""
    inside, others = np.ones(rates[0].shape, bool), ""
    for one, reached in zip(constraints, rates, strict=True):
        met = inside & one.met(reached)
        if not met.any():
            break
        inside, others = met, f"{others} and {one}" if others else f" with {one}"
    return f"{one.rate.replace('_', ' ')} {one.best(reached[inside]):.4g}{others}"
