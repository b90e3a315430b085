"""Where a file has no excuse: what it decides on is what Keras decides on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from keras_labels.spec import Decoding

Arrays = Mapping[str, np.ndarray]


def exact(
    prefix: str, rule: Decoding, expected: Arrays, found: Arrays, sought: np.ndarray
) -> np.ndarray:
    """Tell which rows must be decided alike, however near to a cut or a tie they lie.

    Args:
        prefix: of the outputs of the head.
        rule: its decoding.
        expected: what Keras gives.
        found: the outputs of the file.
        sought: which rows were made to lie near a cut.

    Returns:
        bool without the class axis.
    """
    scores, p, axis = f"{prefix}scores", f"{prefix}probabilities", rule.head.axis
    x = expected[scores]
    if _computes(x, rule) or not {scores, p} & set(found):
        return np.zeros(np.delete(x.shape, axis), bool)
    if scores in found:
        return _same(x, found[scores], axis)
    if rule.head.task == "ordinal":  # of which probabilities do not tell all scores
        return np.zeros(np.delete(x.shape, axis), bool)
    if not rule.head.from_logits:
        return _same(expected[p], found[p], axis)
    # Another exp moves all probabilities. Where logits of Keras tie, and probabilities
    # of the file as well, the tie is exact: unless it was sought, down to the last bit.
    tied = _on_a_brink(x, 0.0, rule) & _on_a_brink(found[p], 0.5, rule)
    return np.asarray(tied & ~sought.reshape(-1, *[1] * (tied.ndim - 1)))


def _computes(x: np.ndarray, rule: Decoding) -> bool:
    """Tell whether the decision is more than a comparison of scores, and may drift."""
    corrected = rule.corrects or rule.costs is not None
    of_softmax = rule.head.task == "multiclass" and rule.head.from_logits
    of_several = of_softmax or rule.head.task == "ordinal"
    cut_off = of_several and rule.reject_below is not None
    return corrected or cut_off or x.dtype not in (np.float32, np.float64)


def _same(one: np.ndarray, other: np.ndarray, axis: int) -> np.ndarray:
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    # A runtime may take numbers below the smallest normal one for 0, or as they are.
    small = (one != 0) & (np.abs(one) < np.finfo(one.dtype).tiny)
    return np.asarray((same & ~small).all(axis))


def _on_a_brink(values: np.ndarray, cut: float, rule: Decoding) -> np.ndarray:
    """Tell which rows hold a tie, or a number on the cut of a threshold of 0.5."""
    x = np.moveaxis(values, rule.head.axis, -1)
    ordered = np.sort(x, axis=-1)
    same = ordered[..., 1:] == ordered[..., :-1]
    if rule.head.task != "multilabel" and x.shape[-1] > 1:
        return np.asarray(same[..., -1])  # the best two
    on_cut = ((x == cut) & (np.array(rule.threshold) == 0.5)).any(-1)
    ranked = rule.min_labels > 0 or rule.max_labels is not None
    return np.asarray(on_cut | same.any(-1) if ranked else on_cut)
