"""How far scores lie from another decision."""

from __future__ import annotations

import keras
import numpy as np

from keras_labels import functional
from keras_labels.decoding import Decoding


def margins(scores: np.ndarray, rule: Decoding) -> np.ndarray:
    """Return by how much probabilities must change for another decision, at least.

    Args:
        scores: what the model emits.
        rule: the decoding.

    Returns:
        float64 in the shape of the classes; NaN where a score is NaN.
    """
    head = rule.head
    wide = keras.ops.convert_to_tensor(scores.astype("float64"))
    made = functional.probabilities(wide, head.task, head.from_logits, head.axis)
    p = np.asarray(keras.ops.convert_to_numpy(made))
    apart = _apart(np.moveaxis(p.astype("float64"), head.axis, -1), rule)
    if head.task != "multilabel":
        return apart
    return np.moveaxis(apart, -1, head.axis)


def _apart(p: np.ndarray, rule: Decoding) -> np.ndarray:
    head = rule.head
    if head.task == "binary":
        return _to_cuts(p[..., 1], rule.threshold[0], rule.reject_below)
    if head.task == "multiclass":
        ordered = np.sort(p, axis=-1)
        apart = np.asarray(ordered[..., -1] - ordered[..., -2])
        if rule.reject_below is None:
            return apart
        return np.asarray(np.minimum(apart, abs(ordered[..., -1] - rule.reject_below)))
    apart = _to_cuts(p, np.array(rule.threshold), rule.reject_below)
    if rule.min_labels or rule.max_labels is not None:
        # A label that crosses its cut, or its neighbor in rank, pushes out another.
        apart = np.minimum(apart, _to_neighbor(p)).min(axis=-1, keepdims=True)
        return np.broadcast_to(apart, p.shape)
    return apart


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
