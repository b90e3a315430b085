"""An evaluation -> numbers, by scikit-learn's metrics.

Precision, recall, F1 and accuracy are of the decisions that were taken. What has
nothing to divide by is 0, as in scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_labels.extras import imported
from keras_labels.fitting import (
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability_curve,
)
from keras_labels.reports._evaluation import Evaluation, Question

_SCORES = ("precision", "recall", "f1")
Numbers = dict[str, Any]


def numbers_of(e: Evaluation) -> Numbers:
    """Return every number of a report, ready for JSON."""
    classes = per_class(e)
    averages = _averages(e, classes)
    before = e.plain
    return {
        "metrics": _metrics(e, classes, averages),
        "averages": averages,
        "per_class": classes,
        "confusion": confusion(e),
        "before": None if before is None else _quality(e, before),
        "reliability": {
            "after": reliability(e, e.probabilities),
            "before": None if before is None else reliability(e, before),
        },
    }


def _metrics(e: Evaluation, classes: list[Numbers], averages: Numbers) -> Numbers:
    """Return the numbers that describe the whole: of class 1, or means over classes."""
    headline = classes[1] if e.task == "binary" else averages["macro"]
    taken = e.weight_of(e.accepted)
    right = _share(e.weight_of(e.accepted & (e.decided == e.truth)), taken)
    metrics = {
        "accuracy": right,
        **{score: headline[score] for score in _SCORES},
        **_ranking(classes, e),
        "coverage": _share(taken, e.total),
        "error": 1.0 - right if taken else 0.0,
        **_quality(e, e.probabilities),
    }
    if e.task == "multilabel":
        metrics["exact_match"] = _exact_match(e)
    if e.decoding.head.task == "ordinal":
        metrics["mean_absolute_error"] = _distance(e)
    if e.costs is not None:
        metrics["cost"] = _cost(e)
    return metrics


def per_class(e: Evaluation) -> list[Numbers]:
    """Return precision, recall, F1, support and ranking scores of every class."""
    scores = _of_labels(e) if e.task == "multilabel" else _of_ids(e)
    areas = [_areas(question) for question in e.questions]
    if e.task == "binary":  # whose only question is of class 1
        areas = [dict.fromkeys(areas[0]), *areas]
    return [
        {"class": number, "name": name, **score, **area}
        for number, (name, score, area) in enumerate(
            zip(e.names, scores, areas, strict=True)
        )
    ]


def _of_labels(e: Evaluation) -> list[Numbers]:
    """Return the scores of each label, of the decisions on it that were taken."""
    return [_scored(*_taken(e, k), [1])[0] for k in range(len(e.names))]


def _of_ids(e: Evaluation) -> list[Numbers]:
    return _scored(*_taken(e), range(len(e.names)))


Decided = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def _taken(e: Evaluation, at: int | None = None, *, taken: bool = True) -> Decided:
    """Return truth, decisions and weights of those (of a label) that were taken."""
    kept = (e.accepted == taken) & e.counts
    column: Any = slice(None) if at is None else (slice(None), at)
    weights = e.decision_weights
    rows = kept[column]
    found = None if weights is None else weights[column][rows]
    return e.truth[column][rows], e.decided[column][rows], found


def _scored(
    y: np.ndarray, decided: np.ndarray, weights: Any, ids: Sequence[int]
) -> list[Numbers]:
    names = (*_SCORES, "support")
    if not len(y):
        return [dict.fromkeys(_SCORES, 0.0) | {"support": 0} for _ in ids]
    score = _scikit_learn().precision_recall_fscore_support
    found = score(y, decided, labels=ids, zero_division=0, sample_weight=weights)
    columns = [part.tolist() for part in (*found[:3], _as(weights, found[3]))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def confusion(e: Evaluation) -> Numbers:
    """Return decisions by truth, and how many were not taken, or what they weigh.

    Of exclusive classes `matrix[i][j]` counts rows of class i decided as j, and
    `rejected[i]` those left open. Of labels there is a matrix and a pair per label.
    """
    if e.task != "multilabel":
        matrix, rejected = _matrix(e, None, len(e.names))
        return {"matrix": matrix, "rejected": rejected}
    found = [_matrix(e, k, 2) for k in range(len(e.names))]
    matrices, missed = zip(*found, strict=True)
    return {"matrix": list(matrices), "rejected": list(missed)}


def _matrix(e: Evaluation, at: int | None, size: int) -> tuple[Any, Any]:
    y, decided, weights = _taken(e, at)
    matrix = np.zeros((size, size), int)
    if len(y):
        of = _scikit_learn().confusion_matrix
        matrix = of(y, decided, labels=range(size), sample_weight=weights)
    open_y, _, open_weights = _taken(e, at, taken=False)
    rejected = np.bincount(open_y, open_weights, minlength=size)
    return matrix.tolist(), _as(open_weights, rejected).tolist()


def _as(weights: np.ndarray | None, sums: np.ndarray) -> np.ndarray:
    """Return sums of weights as whole numbers where these are whole."""
    whole = weights is None or weights.dtype.kind == "i"
    return np.asarray(sums).astype(np.int64) if whole else sums


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else 0.0


def reliability(e: Evaluation, p: np.ndarray) -> list[Numbers]:
    """Return reliability curves: one, or one per label."""
    if e.task == "multilabel":
        return [
            _curve(one.truth, p[one.rows, k], one.weights, e.bins)
            for k, one in enumerate(e.questions)
        ]
    return [_curve(e.truth, p, e.weights, e.bins)]


def _curve(y: np.ndarray, p: np.ndarray, weights: Any, bins: int) -> Numbers:
    if not len(y):  # no row counts for this label
        return {"confidence": [], "accuracy": [], "counts": []}
    curve = reliability_curve(y, p, bins=bins, sample_weight=weights)
    kept = curve.counts > 0
    return {
        "confidence": curve.confidence[kept].tolist(),
        "accuracy": curve.accuracy[kept].tolist(),
        "counts": curve.counts[kept].tolist(),
    }


def _quality(e: Evaluation, p: np.ndarray) -> Numbers:
    return {
        "log_loss": log_loss(e.truth, p, sample_weight=e.weights),
        "brier_score": brier_score(e.truth, p, sample_weight=e.weights),
        "ece": expected_calibration_error(
            e.truth, p, bins=e.bins, sample_weight=e.weights
        ),
    }


def _areas(question: Question) -> Numbers:
    """Return the areas under both curves; `None` where one side has no rows."""
    y, p = question.truth, question.probability
    if y.all() or not y.any():
        return {"roc_auc": None, "average_precision": None}
    metrics, weights = _scikit_learn(), {"sample_weight": question.weights}
    return {
        "roc_auc": float(metrics.roc_auc_score(y, p, **weights)),
        "average_precision": float(metrics.average_precision_score(y, p, **weights)),
    }


def _ranking(classes: Sequence[Numbers], e: Evaluation) -> Numbers:
    """Return the areas of the positive class, or their means over classes."""
    asked = classes[1:] if e.task == "binary" else classes
    found = {}
    for name in ("roc_auc", "average_precision"):
        known = [one[name] for one in asked if one[name] is not None]
        found[name] = float(np.mean(known)) if known else None
    return found


def _averages(e: Evaluation, classes: Sequence[Numbers]) -> Numbers:
    table = np.array([[one[score] for score in _SCORES] for one in classes])
    support = np.array([one["support"] for one in classes])
    shown = np.ones(len(classes), bool)
    if e.task != "multilabel":  # as scikit-learn: classes that occur
        occurs = np.union1d(e.truth[e.accepted], e.decided[e.accepted])
        shown = np.isin(np.arange(len(classes)), occurs)
    found = {"macro": table[shown].mean(axis=0) if shown.any() else np.zeros(3)}
    weights = support if support.any() else np.ones(len(classes))
    found["weighted"] = np.average(table, axis=0, weights=weights)
    if e.task == "multilabel":
        found["micro"] = _micro(e)
    return {
        name: dict(zip(_SCORES, map(float, values), strict=True))
        for name, values in found.items()
    }


def _micro(e: Evaluation) -> Any:
    y, decided, weights = _taken(e)
    if not len(y):
        return [0.0, 0.0, 0.0]
    score = _scikit_learn().precision_recall_fscore_support
    return score(y, decided, average="binary", zero_division=0, sample_weight=weights)[
        :3
    ]


def _exact_match(e: Evaluation) -> float:
    """Return the share of rows whose labels are all decided, and right.

    A row whose labels have their own weights weighs as the heaviest of them, and those
    of no weight are as right as any.
    """
    right = ((e.decided == e.truth) | ~e.counts).all(axis=1)
    weights = e.weights
    if weights is not None and weights.ndim == 2:
        weights = weights.max(axis=1)
    return float(np.average(right, weights=weights))


def _distance(e: Evaluation) -> float:
    """Return by how many classes the decisions that were taken miss, on average."""
    y, decided, weights = _taken(e)
    return float(np.average(np.abs(y - decided), weights=weights)) if len(y) else 0.0


def _cost(e: Evaluation) -> float:
    """Return what the decisions that were taken cost together."""
    y, decided, weights = _taken(e)
    costs = np.array(e.costs)[y.astype(np.int64), decided]
    return float(costs.sum() if weights is None else costs @ weights)


def _scikit_learn() -> Any:
    return imported("sklearn.metrics", "report", "scikit-learn")
