"""Rows to compare a file with Keras on: random ones, ties, NaN, and near a cut."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from keras_labels.export._signature import Signature, array_dtype
from keras_labels.export._taken import ids_of, values_taken

ROWS = 64
LENGTH = 8  # of an axis of any length
_BUDGET = 16 * 2**20  # bytes of one input
_FEW = 4
_PAIRS = 4
_WORDS = np.array(["", "a", "b", "a b"], object)  # where no layer says which it knows
_HALVINGS = 24  # float32 has no more numbers between two of one scale


def random_samples(model: keras.Model, signature: Signature) -> Any:
    """Make rows for the inputs of a model, in its structure.

    Of numbers with a mean of 0 at scales from 0.1 to 10, or of ids or words that its
    layers take; the last rows of numbers are all zero, which often ties classes, and
    NaN.
    """
    rng = np.random.default_rng(0)
    rows = min(map(_rows, signature.specs))
    made = [
        _random(rng, spec, rows, taken)
        for spec, taken in zip(signature.specs, _taken(model, signature), strict=True)
    ]
    return keras.tree.pack_sequence_as(signature.structure, made)


def holds_ids(model: keras.Model, signature: Signature) -> bool:
    """Tell whether an input is looked up, so that between two values there is none."""
    return any(taken is not None for taken in _taken(model, signature))


def _taken(model: keras.Model, signature: Signature) -> list[np.ndarray | None]:
    """Return the values that each input may hold; `None`: any number."""
    found = values_taken(model)
    if len(found) != len(signature.specs):  # a subclassed model has no graph to walk
        found = [None] * len(signature.specs)
    whole = [_dtype(spec).kind in "iu" for spec in signature.specs]
    return [
        ids_of(model) if of_ids and taken is None else taken
        for taken, of_ids in zip(found, whole, strict=True)
    ]


def _rows(spec: Any) -> int:
    size = int(np.prod([LENGTH if n is None else n for n in spec.shape[1:]]))
    return int(np.clip(_BUDGET // (4 * max(size, 1)), _FEW, ROWS))


def _random(
    rng: np.random.Generator, spec: Any, rows: int, taken: np.ndarray | None
) -> np.ndarray:
    shape = (rows, *(LENGTH if n is None else n for n in spec.shape[1:]))
    dtype = _dtype(spec)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if taken is None and dtype.kind == "O":
        taken = _WORDS
    if taken is not None:
        return rng.choice(taken, shape).astype(dtype)
    scales = 10.0 ** rng.uniform(-1, 1, rows)
    x = rng.normal(size=shape) * scales.reshape(-1, *[1] * (len(shape) - 1))
    x[-2], x[-1] = 0, np.nan
    return np.asarray(x.astype(dtype))


def _dtype(spec: Any) -> np.dtype[Any]:
    known = "float32" if spec.dtype == "bfloat16" else spec.dtype
    return np.dtype(array_dtype(known))


def near_a_cut(samples: Any, classes_of: Callable[[Any], list[np.ndarray]]) -> Any:
    """Return rows on both sides of a place where decisions change; `None` if none.

    Between two rows that are decided otherwise such a place is found by halving.

    Args:
        samples: arrays in the structure of the inputs.
        classes_of: gives the classes of every head.
    """
    arrays = keras.tree.flatten(samples)
    if any(array.dtype.kind != "f" for array in arrays):
        return None  # there is nothing between two ids
    for classes in classes_of(samples):
        pairs = list(_pairs(classes))
        if pairs:
            first, second = map(list, zip(*pairs, strict=True))
            return _halved(samples, first, second, classes_of)
    return None


def _pairs(classes: np.ndarray) -> Iterator[tuple[int, int]]:
    """Give neighbors of which one is decided otherwise, -1 left out."""
    flat = classes.reshape(len(classes), -1)
    decided = [row for row in range(len(flat)) if (flat[row] >= 0).all()]
    found = 0
    for one, other in itertools.pairwise(decided):
        if found < _PAIRS and (flat[one] != flat[other]).any():
            found += 1
            yield one, other


def _halved(
    samples: Any,
    first: list[int],
    second: list[int],
    classes_of: Callable[[Any], list[np.ndarray]],
) -> Any:
    low = keras.tree.map_structure(lambda a: a[first], samples)
    high = keras.tree.map_structure(lambda a: a[second], samples)
    wanted = _flat(classes_of(low))
    for _ in range(_HALVINGS):
        middle = keras.tree.map_structure(_mean, low, high)
        below = (_flat(classes_of(middle)) == wanted).all(axis=1)
        low = keras.tree.map_structure(_chosen(below), middle, low)
        high = keras.tree.map_structure(_chosen(~below), middle, high)
    return keras.tree.map_structure(lambda a, b: np.concatenate([a, b]), low, high)


def _mean(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(one + (other - one) * one.dtype.type(0.5))


def _chosen(rows: np.ndarray) -> Callable[..., np.ndarray]:
    def choose(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.where(rows.reshape(-1, *[1] * (one.ndim - 1)), one, other)

    return choose


def _flat(classes: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([one.reshape(len(one), -1) for one in classes], axis=1)
