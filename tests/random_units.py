"""Which unit each value of a tensor is of: the truth beside a random model."""

import functools
from typing import Any, NamedTuple

import numpy as np

NO_UNIT, MIXED = -1, -2  # what no head made or padding did; what several units made


class State(NamedTuple):
    """A tensor, the unit of each of its values, and what the values are."""

    x: Any
    units: np.ndarray  # of one row
    kind: str = "linear"  # or "sigmoid", "softmax", "relu", "opaque", "changed"
    seen: bool = True  # whether no code of the user's stands behind the last head


def class_axes(units):
    """Find the axes along which each step is another unit, and all else is the same."""
    found = []
    for axis in range(1, units.ndim):
        rows = np.moveaxis(units, axis, 0).reshape(units.shape[axis], -1)
        ids = [set(row) - {NO_UNIT} for row in rows]
        one_each = all(len(one) == 1 and MIXED not in one for one in ids)
        if one_each and len(set.union(*ids)) == len(rows):
            found.append(axis)
    return tuple(found)


def numbered(shape, axis):
    """Units along one axis, alike along the others."""
    sizes = [1] * len(shape)
    sizes[axis] = shape[axis]
    return np.broadcast_to(np.arange(shape[axis]).reshape(sizes), shape)


def together(arrays):
    """Find the unit of values that are computed of others, one to one."""
    return functools.reduce(
        lambda a, b: np.where(
            a == NO_UNIT, b, np.where((b == NO_UNIT) | (a == b), a, MIXED)
        ),
        np.broadcast_arrays(*arrays),
    )


def reduced(units, axes, keepdims=False):
    high = np.max(units, axes, keepdims=keepdims)
    known = np.where(units == NO_UNIT, np.iinfo(units.dtype).max, units)
    low = np.min(known, axes, keepdims=keepdims)
    return np.where((high == low) | (high == NO_UNIT), high, MIXED)


def changed(kind):
    """Probabilities are none once they are computed on; features may be logits."""
    return "linear" if kind in ("linear", "relu") else "changed"
