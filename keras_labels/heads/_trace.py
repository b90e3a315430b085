"""The class axis of a tensor, followed forward from where its units are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from keras_labels.heads._contractions import (
    makes_units,
    units_axis,
    units_of_product,
)
from keras_labels.heads._elementwise import is_elementwise
from keras_labels.heads._graph import Place, locate
from keras_labels.heads._moves import Sizes, Step, in_row_order, moved, regroups
from keras_labels.heads._parts import Part, part_of

Frames = tuple[tuple[Any, Any], ...]


class Lost(NamedTuple):
    """A class axis that cannot be told.

    `mixed`: there is none any more. `blurred`: its units stand where they stood, but
    are not one each. `regrouped`: the axis and the shape before what only regrouped the
    values of a row.
    """

    why: str
    mixed: bool
    blurred: bool = False
    regrouped: tuple[int, Sizes] | None = None


_TAKEN_FROM = (0, ())  # what was regrouped, and a part of it taken or moved since
# An axis from the front, why it is not known, or `None`: nothing made units so far.
Where = int | Lost | None


def class_axis(tensor: Any, frames: Frames = ()) -> Where:
    """Find the axis on which the units of a tensor stand."""
    stack, found = [(tensor, frames)], dict[Any, Where]()
    while stack:  # deep graphs are deeper than Python's stack
        tensor, frames = stack[-1]
        key = _key(tensor, frames)
        place = None if key in found else locate(tensor, frames)
        if place is None:
            found.setdefault(key, None)
            stack.pop()
            continue
        part = part_of(place.operation)
        sources = list(_sources(place, part))
        waiting = [one for one in sources if _key(*one) not in found]
        if waiting:
            stack += waiting
            continue
        behind = [found[_key(*one)] for one in sources]
        found[key] = _checked(_after(place, part, behind), place)
        stack.pop()
    return found[_key(tensor, frames)]


def _key(tensor: Any, frames: Frames) -> tuple[int, ...]:
    return id(tensor), *(id(node) for _, node in frames)


def _sources(place: Place, part: Part) -> Iterator[tuple[Any, Frames]]:
    """Yield what has to be known before this call: nothing where it makes units."""
    if part.role not in ("opaque", "nested") and not makes_units(part.layer):
        for tensor in place.inputs:
            yield tensor, place.frames


def _checked(where: Where, place: Place) -> Where:
    if isinstance(where, int) and not 0 < where < len(place.tensor.shape):
        return Lost(f"{place.label} moves the class axis to the rows", mixed=True)
    return where


def _after(place: Place, part: Part, behind: list[Where]) -> Where:
    """Find the axis behind one call, of the axes of what it received."""
    if part.role == "opaque":
        return _unseen(place)
    if part.role == "nested":
        inner = class_axis(part.layer.outputs[0])
        return inner + part.depth if isinstance(inner, int) else _unseen(place)
    if part.kind == "opaque":  # an activation may do anything
        return _unseen(place)
    made = _made(place, part)
    if made is None and len(behind) > 1:
        made = _joined(place, part.layer, behind)
    elif made is None and behind:
        made = behind[0]
        if made is not None and part.kind != "softmax":
            made = _followed(place, part, made)
    return _of_softmax(place, part, made) if part.kind == "softmax" else made


def _made(place: Place, part: Part) -> Where:
    """Find the axis of units that this call itself makes; `None` if it makes none."""
    rank = len(place.tensor.shape) - part.depth
    if makes_units(part.layer):
        made = units_axis(part.layer, rank)
        return _unseen(place) if made is None else made + part.depth
    return units_of_product(part.layer, place.node.arguments, rank)


def units_behind(place: Place, part: Part) -> Where:
    """Find the axis of the units that a softmax is given."""
    if part.role == "head":
        return _made(place, part)
    return class_axis(place.inputs[0], place.frames)


def _followed(place: Place, part: Part, where: int | Lost) -> Where:
    """Follow an axis through a layer of one input."""
    depth = part.depth
    shapes = tuple(place.inputs[0].shape), tuple(place.tensor.shape)
    before, after = ((*shape[:1], *shape[1 + depth :]) for shape in shapes)
    if isinstance(where, Lost):
        again = regroups(part.layer) and not depth
        keeps = is_elementwise(part.layer) and before == after
        if not again or where.regrouped in (None, _TAKEN_FROM):
            return where if keeps else _less_known(where, again)
        axis, before = where.regrouped
    elif where <= depth:  # a step, as the layer inside of a TimeDistributed sees none
        return where
    else:
        axis = where - depth
    try:
        found = moved(Step(part.layer, before, after, place.node.arguments), axis)
    except LookupError:
        return _unseen(place, mixed=len(before) != len(after))
    if found is not None:
        return found + depth
    why = f"{place.label} does not keep the class axis"
    regrouped = None if depth else in_row_order(part.layer, axis, before)
    stays = len(before) == len(after) and after[axis] != 1
    return Lost(why, True, stays and not regroups(part.layer), regrouped)


def _less_known(lost: Lost, again: bool) -> Lost:
    """Note that a part of what was regrouped was taken, or regrouped again."""
    if lost.regrouped is None:
        return lost
    return lost._replace(regrouped=_TAKEN_FROM, blurred=lost.blurred or again)


def _of_softmax(place: Place, part: Part, units: Where) -> Where:
    """The classes are where a softmax sums to 1, if the units are."""
    axis = softmax_axis(place, part)
    if isinstance(units, int) and axis != units:
        says = f"{place.label} {part.says} over axis {axis}, its units are on {units}"
        return Lost(says, mixed=True)
    if isinstance(units, Lost) and units.blurred:
        return units
    return axis or Lost(f"{place.label} {part.says} over several axes", mixed=True)


def softmax_axis(place: Place, part: Part) -> int | None:
    """Count the axis of a softmax from the front of the tensor."""
    axis = part.softmax_axis
    if axis is None or not place.tensor.shape:
        return None
    return int(axis + (part.depth if axis >= 0 else len(place.tensor.shape)))


def _joined(place: Place, layer: Any, behind: list[Where]) -> Where:
    """Find the one axis of several inputs."""
    rank = len(place.tensor.shape)
    elementwise = is_elementwise(layer)
    stacks = type(layer).__name__ == "Stack"
    if not (elementwise or stacks or type(layer).__name__ == "Concatenate"):
        return None if not any(b is not None for b in behind) else _unseen(place, True)
    axes = set[Where]()
    for where, tensor in zip(behind, place.inputs, strict=True):
        by_end = rank - len(tensor.shape) if elementwise else 0
        axes.add(where + by_end if isinstance(where, int) else where)
    lost = [one for one in axes if isinstance(one, Lost)]
    if lost:
        same = elementwise and len(axes) == 1
        worst = max(lost, key=lambda one: one.mixed)
        return worst if same else worst._replace(regrouped=None)
    known = [one for one in axes if isinstance(one, int)]
    if elementwise:
        axes.discard(None)
    if len(axes) > 1:
        why = f"{place.label} joins units of different axes"
        return Lost(why, mixed=True, blurred=True)
    if not known:
        return None
    if stacks:
        return known[0] + int(layer.axis % rank <= known[0])
    return known[0]


def _unseen(place: Place, mixed: bool = False) -> Lost:
    return Lost(f"{place.label} does not show where its units are", mixed)
