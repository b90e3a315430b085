"""Class ids and names that take no part -> which targets are of them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_labels.errors import DecodingError, InputError
from keras_labels.spec import Decoding


class Ignored(NamedTuple):
    """Targets that take no part: their numbers, and the texts that may stand there."""

    ids: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()
    nameless: tuple[str, ...] = ()  # of the texts, those that no class is called


def as_ignored(ignore_class: Any, decoding: Decoding) -> Ignored:
    """Return the ids and the texts that mean a class to ignore.

    Args:
        ignore_class: an id (of a class, or one that no class has, as -1 and 255), a
            name, several of these, or `None`.
        decoding: says the class names.

    Raises:
        DecodingError: if it is none of these, or 0 or 1 of a label.

    >>> from keras_labels.spec import Head
    >>> as_ignored([255], Decoding(Head("multiclass", 2, True)))
    Ignored(ids=(255,), texts=('255',), nameless=())
    """
    if ignore_class is None:
        return Ignored()
    several = isinstance(ignore_class, (list, tuple, set, frozenset, np.ndarray))
    given = list(ignore_class) if several else [ignore_class]
    known = decoding.class_names or ()
    said = [one for one in given if isinstance(one, str)]
    ids = [_id(one) for one in given if not isinstance(one, str)]
    if decoding.head.task == "multilabel" and (said or {0, 1} & {*ids}):
        raise DecodingError(
            "`ignore_class` of labels is the number in `y_true` that says neither yes "
            f"nor no, such as -1. Received: {ignore_class!r}."
        )
    named = [known[one] for one in ids if 0 <= one < len(known)]
    numbers = [str(one) for one in ids if str(one) not in known]
    return Ignored(
        (*ids, *(known.index(name) for name in said if name in known)),
        (*said, *named, *numbers),
        tuple(name for name in said if name not in known),
    )


def ignored(flat: np.ndarray, what: Ignored, decoding: Decoding) -> np.ndarray | None:
    """Tell which of the targets of `flat_targets` are ignored; `None`: nothing is.

    Returns:
        bool `(n,)`, or `(n, labels)` of labels.

    Raises:
        InputError: if targets are numbers, and a name is that of no class.
    """
    if not what.texts:
        return None
    if flat.dtype.kind in "SUT":
        return _is_one_of(flat.reshape(-1).tolist(), what.texts).reshape(flat.shape)
    if flat.dtype.kind not in "buif":  # lists of names
        return None
    if what.nameless:
        raise InputError(
            f"`ignore_class` names {what.nameless[0]!r}, which is no class, and "
            "`y_true` holds numbers. Pass the number that stands there."
        )
    if flat.ndim == 1 or decoding.head.task == "multilabel":
        return np.isin(flat, what.ids)
    if flat.shape[1] < decoding.head.classes:  # ordered ones, a number per unit
        return np.isin(_levels(flat), what.ids)
    inside = [one for one in what.ids if 0 <= one < flat.shape[1]]
    found = (flat[:, inside] == 1).any(axis=1)
    if len(inside) < len(what.ids):  # which one-hot encoding makes zeros of
        found |= ~flat.any(axis=1)
    return np.asarray(found)


def _levels(rows: np.ndarray) -> np.ndarray:
    """Return ids of rows of 0 and 1; of others the first number."""
    known = ((rows == 0) | (rows == 1)).all(axis=1)
    return np.where(known, rows.sum(axis=1), rows[:, 0])


def _is_one_of(texts: Sequence[Any], names: Sequence[str]) -> np.ndarray:
    known = {*names, *(name.encode() for name in names)}
    return np.array([text in known for text in texts])


def _id(value: Any) -> int:
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise DecodingError(
            "`ignore_class` is a class id, a class name or several of them. Received: "
            f"{value!r}."
        ) from None
