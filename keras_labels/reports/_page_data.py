"""An evaluation -> what the page computes with: counts, never rows."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from keras_labels.reports._evaluation import Evaluation, Question
from keras_labels.reports._rule import as_plain, rule_parts, ties_labels
from keras_labels.reports._sweeps import (
    Sweep,
    offered_bounds,
    offered_cuts,
    sweep,
)

_BARS = 40
_CURVES = 100  # classes of a multiclass head with curves of their own
_POINTS = 65  # of such a curve
_COUNTS = 16_000  # thresholds of all labels together
_BITS = 40  # of a sum of weights, of the 53 that a number of JavaScript has
Data = dict[str, Any]


def page_data(e: Evaluation) -> Data:
    """Return counts at every threshold and bound that the page offers."""
    if e.weights is not None and e.weights.dtype.kind == "f":
        e = dataclasses.replace(e, weights=_on_a_grid(e.weights))
    bounds = _bounds(e)
    rule = e.decoding
    made = _classes(e, bounds) if e.task == "multiclass" else _questions(e, bounds)
    return {
        "task": e.task,
        "names": list(e.names),
        "named": rule.class_names is not None,
        "rows": len(e.probabilities),
        "weighted": e.weights is not None,
        "rule": [as_plain(one) for one in rule_parts(rule, e.names)],
        "threshold": [] if e.task == "multiclass" else list(rule.threshold),
        "reject_below": rule.reject_below,
        "bounds": bounds,
        "costs": [list(row) for row in _costs(e)],
        "shared": e.task == "multilabel" and ties_labels(rule),
        **made,
    }


def _bounds(e: Evaluation) -> list[float]:
    confidence = e.confidence.reshape(-1)
    # Another threshold may decide for the less probable side.
    lowest = float(confidence.min()) if e.task == "multiclass" else 0.0
    most = 120 if e.task == "multiclass" else _most(e, 120)
    return offered_bounds(confidence, e.decoding.reject_below, lowest, most)


def _most(e: Evaluation, most: int) -> int:
    """Return how many places a slider has: fewer for many labels."""
    return max(25, min(most, _COUNTS // len(e.names)))


def _costs(e: Evaluation) -> tuple[tuple[float, ...], ...]:
    if e.costs is not None or e.task == "multiclass":
        return e.costs or ()
    return ((0.0, 1.0), (1.0, 0.0))


def _questions(e: Evaluation, bounds: list[float]) -> Data:
    """Return the sweeps of a binary head, or of every label."""
    most = _most(e, 200)
    tied = e.task == "multilabel" and ties_labels(e.decoding)
    cuts = (
        offered_cuts(e.probabilities, e.truth, e.decoding.threshold[0], most)
        if tied
        else None
    )
    places = _places(e.probabilities) if tied else None
    found = []
    for k, (question, own) in enumerate(
        zip(e.questions, e.decoding.threshold, strict=True)
    ):
        offered = cuts or _cuts(question, own, most)
        place = None if places is None else places[question.rows, k]
        found.append(
            _question(e, question, offered, bounds, place) | {"bars": _bars(question)}
        )
    return {"questions": found}


def _question(
    e: Evaluation,
    question: Question,
    cuts: list[float],
    bounds: list[float],
    place: np.ndarray | None,
) -> Data:
    p, y, weights = question.probability, question.truth, question.weights
    inclusive = e.decoding.inclusive
    data: Data = {"name": question.name}
    if place is None:
        made = sweep(p, y, cuts, bounds, weights, inclusive=inclusive)
        return data | made.to_dict()
    yes = place < e.decoding.min_labels
    no = place >= (e.decoding.max_labels or len(e.names))

    def part(side: np.ndarray, cuts: list[float], **options: Any) -> Sweep:
        own = None if weights is None else weights[side]
        return sweep(p[side], y[side], cuts, bounds, own, **options)

    made = part(~yes & ~no, cuts, inclusive=inclusive)
    always, never = part(yes, []), part(no, [])
    forced = {"yes": vars(always.sure_yes), "no": vars(never.sure_no)}
    return data | made.to_dict() | {"forced": forced}


def _places(p: np.ndarray) -> np.ndarray:
    """Return the place of each label in its row: 0 for the best; ties by id.

    Under one threshold for all labels the `min_labels` best are decided yes whatever
    it is, and no label is that comes after the `max_labels` best.
    """
    shown = np.where(p <= np.finfo("float32").tiny, 0, p)  # which count as 0
    return np.argsort(np.argsort(-shown, axis=1, kind="stable"), axis=1)


def _classes(e: Evaluation, bounds: list[float]) -> Data:
    """Return the confusion matrix at every bound, and a curve per class."""
    support = np.bincount(e.truth, e.weights, minlength=len(e.names))
    shown = np.sort(np.argsort(-support, kind="stable")[:_CURVES])
    return {
        "matrix": _matrices(e, bounds),
        "questions": [_curve_of(e.questions[k], int(k)) for k in shown],
    }


def _curve_of(question: Question, number: int) -> Data:
    p = question.probability
    cuts = _cuts(question, None, _POINTS)
    made = sweep(p, question.truth, cuts, [], question.weights)
    return {
        "name": question.name,
        "class": number,
        "cuts": cuts,
        "over": vars(made.over),
        "rows": made.rows,
        "bars": _bars(question),
    }


def _matrices(e: Evaluation, bounds: list[float]) -> Data:
    """Return the cells of the whole matrix, and what each bound takes from them.

    A cell is `truth * classes + decided`; cells and counts alternate.
    """
    cells = e.truth * len(e.names) + e.unrejected
    first_lost = np.searchsorted(
        np.array(bounds, "float32"), e.confidence, side="right"
    )
    lost = [_cells(cells, e.weights, first_lost == at) for at in range(len(bounds))]
    return {"cells": _cells(cells, e.weights, slice(None)), "lost": lost}


def _cells(cells: np.ndarray, weights: np.ndarray | None, rows: Any) -> list[float]:
    """Return cells and what of these rows is in each, alternating."""
    if weights is None:
        found, counts = np.unique(cells[rows], return_counts=True)
    else:
        found, where = np.unique(cells[rows], return_inverse=True)
        counts = np.bincount(where, weights[rows]).astype(weights.dtype)
    pairs: list[list[float]] = [found.tolist(), counts.tolist()]
    return [number for pair in zip(*pairs, strict=True) for number in pair]


def _cuts(question: Question, own: float | None, most: int) -> list[float]:
    return offered_cuts(question.probability, question.truth, own, most)


def _bars(question: Question) -> Data:
    p, weights = question.probability, question.weights
    found = {}
    for side, mask in (("yes", question.truth), ("no", ~question.truth)):
        own = None if weights is None else weights[mask]
        bars = np.histogram(p[mask], bins=_BARS, range=(0, 1), weights=own)
        found[side] = bars[0].tolist()
    return found


def _on_a_grid(weights: np.ndarray) -> np.ndarray:
    """Return weights whose sums and differences have no rounding, on the page neither.

    They are multiples of a power of two, and their sum is about 2**40 of these.
    """
    unit = 2.0 ** (math.ceil(math.log2(weights.sum())) - _BITS)
    steps = np.maximum(np.round(weights / unit), weights > 0)
    return np.asarray(steps * unit)
