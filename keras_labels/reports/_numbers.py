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
    taken = e.accepted
    right = float((e.decided == e.truth)[taken].mean()) if taken.any() else 0.0
    metrics = {
        "accuracy": right,
        **{score: headline[score] for score in _SCORES},
        **_ranking(classes, e),
        "coverage": float(taken.mean()),
        "error": 1.0 - right if taken.any() else 0.0,
        **_quality(e, e.probabilities),
    }
    if e.task == "multilabel":
        metrics["exact_match"] = _exact_match(e)
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
    return [
        _scored(e.truth[taken, k], e.decided[taken, k], [1])[0]
        for k, taken in enumerate(e.accepted.T)
    ]


def _of_ids(e: Evaluation) -> list[Numbers]:
    taken = e.accepted
    return _scored(e.truth[taken], e.decided[taken], range(len(e.names)))


def _scored(y: np.ndarray, decided: np.ndarray, ids: Sequence[int]) -> list[Numbers]:
    names = (*_SCORES, "support")
    if not len(y):
        return [dict.fromkeys(_SCORES, 0.0) | {"support": 0} for _ in ids]
    score = _scikit_learn().precision_recall_fscore_support
    columns = [part.tolist() for part in score(y, decided, labels=ids, zero_division=0)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def confusion(e: Evaluation) -> Numbers:
    """Return decisions by truth, and how many were not taken.

    Of exclusive classes `matrix[i][j]` counts rows of class i decided as j, and
    `rejected[i]` those left open. Of labels there is a matrix and a pair per label.
    """
    metrics = _scikit_learn()
    y, d, taken = e.truth, e.decided, e.accepted
    if e.task != "multilabel":
        ids = np.arange(len(e.names))
        matrix = np.zeros((len(ids), len(ids)), int)
        if taken.any():
            matrix = metrics.confusion_matrix(y[taken], d[taken], labels=ids)
        rejected = np.bincount(y[~taken], minlength=len(ids))
        return {"matrix": matrix.tolist(), "rejected": rejected.tolist()}
    found = [
        metrics.confusion_matrix(y[m, k], d[m, k], labels=[0, 1]).tolist()
        if m.any()
        else [[0, 0], [0, 0]]
        for k, m in enumerate(taken.T)
    ]
    missed = [
        np.bincount(y[~m, k], minlength=2).tolist() for k, m in enumerate(taken.T)
    ]
    return {"matrix": found, "rejected": missed}


def reliability(e: Evaluation, p: np.ndarray) -> list[Numbers]:
    """Return reliability curves: one, or one per label."""
    if e.task == "multilabel":
        return [
            _curve(y, column, e.bins) for y, column in zip(e.truth.T, p.T, strict=True)
        ]
    return [_curve(e.truth, p, e.bins)]


def _curve(y: np.ndarray, p: np.ndarray, bins: int) -> Numbers:
    curve = reliability_curve(y, p, bins=bins)
    kept = curve.counts > 0
    return {
        "confidence": curve.confidence[kept].tolist(),
        "accuracy": curve.accuracy[kept].tolist(),
        "counts": curve.counts[kept].tolist(),
    }


def _quality(e: Evaluation, p: np.ndarray) -> Numbers:
    return {
        "log_loss": log_loss(e.truth, p),
        "brier_score": brier_score(e.truth, p),
        "ece": expected_calibration_error(e.truth, p, bins=e.bins),
    }


def _areas(question: Question) -> Numbers:
    """Return the areas under both curves; `None` where one side has no rows."""
    y, p = question.truth, question.probability
    if y.all() or not y.any():
        return {"roc_auc": None, "average_precision": None}
    metrics = _scikit_learn()
    return {
        "roc_auc": float(metrics.roc_auc_score(y, p)),
        "average_precision": float(metrics.average_precision_score(y, p)),
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
    if not e.accepted.any():
        return [0.0, 0.0, 0.0]
    score = _scikit_learn().precision_recall_fscore_support
    y, d = e.truth[e.accepted], e.decided[e.accepted]
    return score(y, d, average="binary", zero_division=0)[:3]


def _exact_match(e: Evaluation) -> float:
    """Return the share of rows whose labels are all decided, and right."""
    return float((e.decided == e.truth).all(axis=1).mean())


def _cost(e: Evaluation) -> float:
    """Return what the decisions that were taken cost together."""
    costs, taken = np.array(e.costs), e.accepted
    y = e.truth.astype(np.int64)[taken]
    return float(costs[y, e.decided[taken]].sum())


def _scikit_learn() -> Any:
    return imported("sklearn.metrics", "report", "scikit-learn")
