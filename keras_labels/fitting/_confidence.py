"""What was decided -> how probable it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_labels.errors import InputError
from keras_labels.spec import Decoding


def flat_decisions(
    probabilities: Any, decided: Any, decoding: Decoding
) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities `(n, classes)`, and ids `(n,)` or marks `(n, labels)`.

    Of every position, what stands there is not checked.
    """
    head, p, classes = decoding.head, np.asarray(probabilities), np.asarray(decided)
    fits = p.ndim > 1 and -p.ndim <= head.axis < p.ndim
    if not fits or p.shape[head.axis] != head.classes:
        raise InputError(
            f"`probabilities` has {head.classes} columns on axis {head.axis}, one per "
            f"class. Received: shape {p.shape}."
        )
    labels = head.task == "multilabel"
    shape = list(p.shape)
    if not labels:
        shape.pop(head.axis)
    if list(classes.shape) != shape or classes.dtype.kind not in "bui":
        raise InputError(
            f"`decided` holds class ids in the shape {tuple(shape)}. Received: dtype "
            f"{classes.dtype}, shape {classes.shape}."
        )
    if p.dtype not in (np.float32, np.float64):
        p = p.astype(np.float32)
    flat = np.moveaxis(p, head.axis, -1).reshape(-1, head.classes)
    if not labels:
        return flat, classes.reshape(-1).astype(np.int64)
    marks = np.moveaxis(classes, head.axis, -1)
    return flat, marks.reshape(-1, head.classes).astype(np.int64)


def check_decisions(p: np.ndarray, classes: np.ndarray, decoding: Decoding) -> None:
    """Raise unless these are probabilities and class ids."""
    if not (p.min() >= 0 and p.max() <= 1 + 1e-6):
        raise InputError(
            "`probabilities` lie between 0 and 1. Received numbers from "
            f"{p.min()} to {p.max()}."
        )
    most = 1 if classes.ndim == 2 else decoding.head.classes - 1
    if not (classes.min() >= 0 and classes.max() <= most):
        raise InputError(
            f"`decided` holds class ids from 0 to {most}: decide without "
            f"`reject_below`. Received ids from {classes.min()} to {classes.max()}."
        )


def compares_probability(decoding: Decoding) -> bool:
    """Tell whether a graph compares probabilities, and not scores, with a bound.

    Of one column of logits, and of corrected scores, the bound is turned into the least
    score instead: `tune_rejection` then takes the float64 probabilities of `applied`,
    and else those of `decode`.

    Args:
        decoding: how scores are decided.

    >>> from keras_labels.spec import Head
    >>> compares_probability(Decoding(Head("binary", units=1, from_logits=True)))
    False
    """
    head = decoding.head
    if head.task in ("multiclass", "ordinal"):
        return True
    return not (head.from_logits or decoding.corrects)


def confidence_of(p: np.ndarray, classes: np.ndarray, decoding: Decoding) -> np.ndarray:
    """Return the float64 probability of each decision, as the graph compares it."""
    labels = decoding.head.task == "multilabel"
    if decoding.head.task in ("multiclass", "ordinal"):
        return np.asarray(_of_ids(p, classes), "float64")
    if labels or compares_probability(decoding):
        yes = p if labels else p[:, 1]
        # A graph that compares the probability rounds `1 - p` to its dtype too.
        yes = yes if compares_probability(decoding) else yes.astype("float64")
        return np.asarray(np.where(classes == 1, yes, 1 - yes), "float64")
    # The smaller column has the digits that the one near 1 has lost.
    small = p.min(axis=1).astype("float64")
    return np.asarray(np.where(_of_ids(p, classes) >= 0.5, 1 - small, small))


def _of_ids(values: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return np.asarray(np.take_along_axis(values, ids[:, None], axis=1)[:, 0])
