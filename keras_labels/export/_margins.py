"""How far scores lie from another decision."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_labels.fitting import applied
from keras_labels.spec import Decoding, as_labels, of_classes


def margins(scores: np.ndarray, rule: Decoding) -> np.ndarray:
    """Return by how much probabilities must change for another decision, at least.

    Args:
        scores: what the model emits.
        rule: the decoding.

    Returns:
        float64 in the shape of the classes; NaN where a score is NaN.
    """
    x, last = _class_axis_last(scores, as_labels(rule))
    p = _probabilities(x, last)
    apart = np.where(np.isnan(p).any(-1, keepdims=True), np.nan, 0.0)
    if rule.head.task == "ordinal":
        return np.asarray(apart[..., 0] + _to_another_order(p, rule))
    if rule.head.task != "multilabel":
        return np.asarray(apart[..., 0] + _apart(p, rule))
    return np.moveaxis(apart + _apart(p, rule), -1, rule.head.axis)


def slack(scores: np.ndarray, rule: Decoding, tolerance: float) -> np.ndarray:
    """Return by how much probabilities may differ where scores differ a little.

    A table of isotonic calibration has steps as steep as the data: where scores drift
    over one, probabilities drift by its height. Nothing else multiplies a drift.

    Args:
        scores: what the model emits.
        rule: the decoding.
        tolerance: of a score up to 1, and relative to it above.

    Returns:
        float64, one number for all classes of a decision: the class axis has length 1.
    """
    # A class of ordered ones has the difference of two units.
    both = 2 if rule.head.task == "ordinal" else 1
    x, last = _class_axis_last(scores, as_labels(rule))
    if not rule.tables:
        found = np.zeros((*x.shape[:-1], 1))
    else:
        found = both * _steps(x, last, tolerance).max(axis=-1, keepdims=True)
    return np.moveaxis(found, -1, rule.head.axis)


def _class_axis_last(scores: np.ndarray, rule: Decoding) -> tuple[np.ndarray, Decoding]:
    head = dataclasses.replace(rule.head, axis=-1)
    x = np.moveaxis(np.asarray(scores, "float64"), rule.head.axis, -1)
    return x, rule.replace(head=head)


def _probabilities(x: np.ndarray, rule: Decoding) -> np.ndarray:
    """Return float64 probabilities, one column per class; NaN for rows with NaN."""
    nan = np.isnan(x).any(-1, keepdims=True)
    p = applied(np.where(nan, 0.0, x), rule).reshape(*x.shape[:-1], -1)
    return np.where(nan, np.nan, p)


def _steps(x: np.ndarray, rule: Decoding, tolerance: float) -> np.ndarray:
    """Return how far apart probabilities are whose scores differ a little, either way.

    Not how far from that of `x`: in float32 another place of the step is looked up.
    """
    least = most = _probabilities(x, rule)
    if rule.head.task == "multiclass" and rule.head.from_logits:
        # Tables look up probabilities of a softmax: these are what drifts.
        head = dataclasses.replace(rule.head, from_logits=False)
        softmax = rule.replace(calibration=None, prior=None, trained_prior=None)
        x, rule = _probabilities(x, softmax), rule.replace(head=head)
    width = tolerance * np.maximum(1.0, np.abs(x))
    for column in range(x.shape[-1]):
        for way in (-1, 1):
            moved = x.copy()
            moved[..., column] += way * width[..., column]
            p = _probabilities(moved, rule)
            least, most = np.minimum(least, p), np.maximum(most, p)
    return np.asarray(most - least)


def _apart(p: np.ndarray, rule: Decoding) -> np.ndarray:
    head = rule.head
    if head.task == "binary":
        return _to_cuts(p[..., 1], rule.threshold[0], rule.reject_below)
    if head.task == "multiclass":
        return _to_another_class(p, rule)
    apart = _to_cuts(p, np.array(rule.threshold), rule.reject_below)
    if rule.min_labels or rule.max_labels is not None:
        # A label that crosses its cut, or its neighbor in rank, pushes out another.
        apart = np.minimum(apart, _to_neighbor(p)).min(axis=-1, keepdims=True)
        return np.broadcast_to(apart, p.shape)
    return apart


def _to_another_order(higher: np.ndarray, rule: Decoding) -> np.ndarray:
    """Return how far the units of ordered classes are from another count of cuts."""
    cuts = np.array(rule.threshold)
    apart = np.abs(higher - cuts).min(axis=-1)
    if rule.reject_below is None:
        return np.asarray(apart)
    over = higher >= cuts if rule.inclusive else higher > cuts
    decided = over.sum(axis=-1, keepdims=True)
    p = np.take_along_axis(of_classes(higher), decided, -1)[..., 0]
    # A class has the difference of two units, both of which may move.
    return np.asarray(np.minimum(apart, abs(p - rule.reject_below) / 2))


def _to_another_class(p: np.ndarray, rule: Decoding) -> np.ndarray:
    if rule.costs is None:
        ordered = np.sort(p, axis=-1)
        apart, decided = ordered[..., -1] - ordered[..., -2], ordered[..., -1]
    else:
        apart, decided = _to_another_cost(p, np.array(rule.costs))
    if rule.reject_below is None:
        return np.asarray(apart)
    return np.asarray(np.minimum(apart, abs(decided - rule.reject_below)))


def _to_another_cost(p: np.ndarray, costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far p is from another least cost, and p of the class decided."""
    expected = p @ costs
    best = np.where(np.isnan(expected), 0, expected).argmin(axis=-1)
    least = np.take_along_axis(expected, best[..., None], -1)
    # If every p moves by d, the difference of two costs moves by d times this at most.
    weight = np.abs(costs.T[best][..., None, :] - costs.T).sum(axis=-1)
    gaps = np.where(weight > 0, expected - least, np.inf) / np.where(
        weight > 0, weight, 1
    )
    decided = np.take_along_axis(p, best[..., None], -1)[..., 0]
    return gaps.min(axis=-1), decided


def _to_cuts(
    p: np.ndarray, cut: float | np.ndarray, reject: float | None
) -> np.ndarray:
    apart = np.abs(p - cut)
    if reject is None:
        return np.asarray(apart)
    sides = np.minimum(np.abs(p - reject), np.abs(1 - p - reject))
    return np.asarray(np.minimum(apart, sides))


def _to_neighbor(p: np.ndarray) -> np.ndarray:
    """Return for each label how far the next one in rank is, above or below."""
    order = np.argsort(p, axis=-1)
    steps = np.diff(np.take_along_axis(p, order, -1), axis=-1)
    ends = np.full((*p.shape[:-1], 1), np.inf)
    below = np.concatenate([ends, steps], axis=-1)
    above = np.concatenate([steps, ends], axis=-1)
    nearest = np.empty_like(p)
    np.put_along_axis(nearest, order, np.minimum(below, above), -1)
    return nearest
