"""Where the class axis goes through one layer or operation that Keras wrote."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from keras import layers

from keras_labels.heads._axes import (
    after_index,
    after_order,
    after_reshape,
    behind_new,
    moved_order,
    without,
)
from keras_labels.heads._contractions import after_einsum, channels_axis
from keras_labels.heads._elementwise import is_elementwise

Sizes = tuple[int | None, ...]


class Step(NamedTuple):
    """One call of a layer: shapes before and after it, and what it was given."""

    layer: Any
    before: Sizes
    after: Sizes
    arguments: Any


Move = Callable[[Step, int], "int | None"]


def moved(step: Step, axis: int) -> int | None:
    """Follow an axis through a layer of one input; `None` if it does not survive.

    Raises:
        LookupError: if nothing is known of this layer.
    """
    if is_elementwise(step.layer):
        return axis + len(step.after) - len(step.before)  # fewer axes are broadcast
    if isinstance(step.layer, layers.Layer):
        known = (m for kind, m in _LAYERS.items() if isinstance(step.layer, kind))
        move = next(known, None)
    else:
        move = _OPERATIONS.get(type(step.layer).__name__)
    if move is None:
        raise LookupError(type(step.layer).__name__)
    return move(step, axis)


def regroups(layer: Any) -> bool:
    """Whether a layer leaves the values of a row in the order of the row."""
    return isinstance(layer, layers.Reshape) or type(layer).__name__ == "Reshape"


def in_row_order(layer: Any, axis: int, before: Sizes) -> tuple[int, Sizes] | None:
    """Return the axis and the shape that a layer only regroups, `None` if none."""
    if isinstance(layer, layers.Flatten) and layer.data_format == "channels_first":
        order = [0, *range(2, len(before)), 1]  # Keras moves the channels first
        return after_order(axis, order), tuple(before[i] for i in order)
    flattens = isinstance(layer, layers.Flatten) or regroups(layer)
    return (axis, before) if flattens else None


def _beside(step: Step, axis: int) -> int | None:
    """What works on the axes beside the channels keeps the channels alone."""
    if axis != channels_axis(step.layer, len(step.before)):
        return None
    return channels_axis(step.layer, len(step.after))


def _reshape_layer(step: Step, axis: int) -> int | None:
    return after_reshape(axis, step.before, step.after, same_rows=True)


def _cropped(step: Step, axis: int) -> int | None:
    """A part of the classes are classes still."""
    return axis + len(step.after) - len(step.before)


def _flatten(step: Step, axis: int) -> int | None:
    axis, before = in_row_order(step.layer, axis, step.before) or (axis, step.before)
    return after_reshape(axis, before, step.after, same_rows=True)


def _reshape(step: Step, axis: int) -> int | None:
    sizes = [*step.before[1:], *step.after[1:]]
    known = None not in sizes
    same = known and math.prod(step.before[1:]) == math.prod(step.after[1:])  # type: ignore[arg-type]
    return after_reshape(axis, step.before, step.after, same_rows=same)


def _squeeze(step: Step, axis: int) -> int | None:
    dropped = step.layer.axis
    if dropped is None:
        dropped = [i for i, size in enumerate(step.before) if size == 1]
    return without(axis, dropped, len(step.before))


def _transpose(step: Step, axis: int) -> int | None:
    rank = len(step.before)
    return after_order(axis, step.layer.axes or list(reversed(range(rank))))


def _swap(step: Step, axis: int) -> int | None:
    rank = len(step.before)
    one, other = step.layer.axis1 % rank, step.layer.axis2 % rank
    swapped: dict[int, int] = {one: other, other: one}
    return swapped.get(axis, axis)


def _move(step: Step, axis: int) -> int | None:
    layer, rank = step.layer, len(step.before)
    return after_order(axis, moved_order(layer.source, layer.destination, rank))


def _reduced(step: Step, axis: int) -> int | None:
    rank, over = len(step.before), step.layer.axis
    over = list(range(rank)) if over is None else over
    rest = without(axis, over, rank)
    return axis if rest is not None and len(step.after) == rank else rest


def _index(step: Step, axis: int) -> int | None:
    given = [*step.arguments.args, *step.arguments.kwargs.values()]
    return after_index(axis, given[1], len(step.before))


def _same_length(step: Step, axis: int) -> int | None:
    """What repeats or pads an axis keeps those whose length it keeps."""
    place = axis + len(step.after) - len(step.before)
    length = step.before[axis]
    return place if length is not None and length == step.after[place] else None


def _repeated(step: Step, axis: int) -> int | None:
    return None if step.layer.axis is None else _same_length(step, axis)


_D = (1, 2, 3)
_SPATIAL = tuple(
    getattr(layers, f"{kind}{d}D")
    for d in _D
    for kind in (
        *("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling"),
        "UpSampling",
        *("AdaptiveMaxPooling", "AdaptiveAveragePooling"),
    )
    if hasattr(layers, f"{kind}{d}D")
)
# What takes classes off, or puts a score of 0 beside them, leaves classes.
_SIZED = tuple(
    getattr(layers, f"{kind}{d}D") for d in _D for kind in ("Cropping", "ZeroPadding")
)
_LAYERS: dict[Any, Move] = {
    (*_SPATIAL, layers.Resizing, layers.CenterCrop): _beside,
    _SIZED: _cropped,
    layers.Reshape: _reshape_layer,
    layers.Flatten: _flatten,
    layers.Permute: lambda step, axis: after_order(axis, [0, *step.layer.dims]),
    layers.RepeatVector: lambda step, axis: axis + len(step.after) - len(step.before),
    layers.EinsumDense: lambda step, axis: after_einsum(
        axis, step.layer.equation, len(step.before), len(step.after)
    ),
}
_OPERATIONS: dict[str, Move] = {
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "ExpandDims": lambda step, axis: behind_new(axis, step.layer.axis, len(step.after)),
    "Transpose": _transpose,
    "Swapaxes": _swap,
    "Moveaxis": _move,
    "GetItem": _index,
    **dict.fromkeys(("Pad", "Split", "ArraySplit"), _cropped),
    "Tile": _same_length,
    "BroadcastTo": _same_length,
    "Repeat": _repeated,
    **dict.fromkeys(("MaxPool", "AveragePool", "Resize"), _beside),
    **dict.fromkeys(("AdaptiveMaxPool", "AdaptiveAveragePool"), _beside),
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Amax", "Amin", "Prod"), _reduced),
    **dict.fromkeys(("Std", "Var", "Median", "Logsumexp", "Argmax", "Norm"), _reduced),
    **dict.fromkeys(("Any", "All", "Nanmean", "Nansum", "Nanmax", "Average"), _reduced),
}
