"""Where an axis of a tensor stands after what reshapes, drops or indexes axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

Shape = Sequence["int | None"]


def after_reshape(
    axis: int, before: Shape, after: Shape, same_rows: bool = False
) -> int | None:
    """Find an axis again behind a reshape; `None` if it was split, merged or lost.

    A reshape keeps the row-major order, so the axis survives where an axis of the same
    length has as many values behind it, or as many before it in the same row.

    >>> after_reshape(3, (None, 8, 8, 5), (None, 64, 5))
    2
    """
    if before[axis] is None:
        return None
    for place in reversed(range(1, len(after))):
        if after[place] == before[axis] and (
            _alike(before[axis + 1 :], after[place + 1 :])
            or (same_rows and _alike(before[1:axis], after[1:place]))
        ):
            return place
    return None


def _alike(one: Shape, other: Shape) -> bool:
    """Whether as many values stand in both; unknown lengths may differ."""
    if None in one or None in other:
        return False
    return math.prod(one) == math.prod(other)  # type: ignore[arg-type]


def after_order(axis: int, order: Sequence[int]) -> int:
    """Find an axis again where axis `i` of the result is axis `order[i]`."""
    return [source % len(order) for source in order].index(axis)


def moved_order(source: Any, destination: Any, rank: int) -> list[int]:
    """Return the order of axes behind a `moveaxis`."""
    sources = [axis % rank for axis in _several(source)]
    order = [axis for axis in range(rank) if axis not in sources]
    pairs = zip(_several(destination), sources, strict=True)
    for place, axis in sorted((place % rank, axis) for place, axis in pairs):
        order.insert(place, axis)
    return order


def without(axis: int, dropped: Any, rank: int) -> int | None:
    """Find an axis again where others were dropped; `None`: it is among them."""
    gone = [one % rank for one in _several(dropped)]
    return None if axis in gone else axis - sum(one < axis for one in gone)


def behind_new(axis: int, added: Any, rank: int) -> int:
    """Find an axis again in a tensor of this rank in which others are new."""
    new = {one % rank for one in _several(added)}
    return [place for place in range(rank) if place not in new][axis]


def after_index(axis: int, key: Any, rank: int) -> int | None:
    """Find an axis again in `x[key]`; `None` if one of it was taken."""
    keys = list(key) if isinstance(key, (tuple, list)) else [key]
    if Ellipsis not in keys:
        keys.append(Ellipsis)
    rest = rank - sum(one is not None and one is not Ellipsis for one in keys)
    source = place = 0
    for one in keys:
        if one is None:
            place += 1
            continue
        width = rest if one is Ellipsis else 1
        if source <= axis < source + width:
            return None if isinstance(one, int) else place + axis - source
        source += width
        place += 0 if isinstance(one, int) else width
    return None


def _several(axes: Any) -> Iterable[int]:
    return axes if isinstance(axes, (list, tuple)) else (axes,)
