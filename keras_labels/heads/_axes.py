"""Where an axis of a tensor stands after the layers that only move it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Shape = Sequence["int | None"]


def after_reshape(axis: int, before: Shape, after: Shape) -> int | None:
    """Find an axis again behind a reshape; `None` if it was split, merged or lost.

    A reshape keeps the row-major order, so the axis survives where an axis of the same
    length has as many values behind it.

    >>> after_reshape(3, (None, 8, 8, 5), (None, 64, 5))
    2
    """
    behind = tuple(before[axis + 1 :])
    for candidate in reversed(range(1, len(after))):
        rest = tuple(after[candidate + 1 :])
        same_rest = rest == behind or (
            None not in rest + behind and math.prod(rest) == math.prod(behind)  # type: ignore[arg-type]
        )
        if same_rest and before[axis] is not None and after[candidate] == before[axis]:
            return candidate
    return None


def after_permute(axis: int, layer: Any, rank: int) -> int:
    """Find an axis again behind a `Permute` layer or a transpose."""
    if hasattr(layer, "dims"):
        order = [0, *layer.dims]
    else:
        order = list(layer.axes or reversed(range(rank)))
    return [source % rank for source in order].index(axis)
