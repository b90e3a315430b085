"""The units of ordered classes, each a question of its own."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_labels.spec._decoding import Decoding, cut_names


def as_labels(decoding: Decoding) -> Decoding:
    """Return a decoding of an ordinal head's units as labels; of others as it is.

    Unit k asks whether the class is higher than k. It has the name of the next class:
    of "mild" or worse, where that is class k + 1.

    >>> from keras_labels.spec import Head
    >>> sizes = Decoding(Head("ordinal", 2, True), ["small", "medium", "large"])
    >>> as_labels(sizes).class_names
    ('medium', 'large')
    """
    head = decoding.head
    if head.task != "ordinal":
        return decoding
    names = cut_names(head, decoding.class_names) or None
    labels = dataclasses.replace(head, task="multilabel")
    return decoding.replace(head=labels, class_names=names)


def marks_of_order(ids: np.ndarray, units: int) -> np.ndarray:
    """Return `(n, units)` booleans: whether a class is higher than each unit's.

    >>> marks_of_order(np.array([0, 2]), 2).tolist()
    [[False, False], [True, True]]
    """
    return np.asarray(ids[:, None] > np.arange(units))


def of_classes(higher: np.ndarray) -> np.ndarray:
    """Return P(y = k), `(n, units + 1)`, of P(y > k), the class axis last.

    One that exceeds a lower k's counts as the least of these.

    >>> of_classes(np.array([[0.75, 0.25]])).tolist()
    [[0.25, 0.5, 0.25]]
    """
    falling = np.minimum.accumulate(higher, axis=-1)
    parts = (1 - falling[..., :1], -np.diff(falling, axis=-1), falling[..., -1:])
    return np.concatenate(parts, axis=-1)
