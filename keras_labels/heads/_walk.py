"""The walk from an output back through the graph to what decides its values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from keras import backend

from keras_labels.heads._axes import after_permute, after_reshape
from keras_labels.heads._graph import Place, locate
from keras_labels.heads._parts import Part, part_of

Frames = tuple[tuple[Any, Any], ...]


@dataclass(frozen=True)
class Tail:
    """What the graph says of one output.

    `kind`: "softmax" and "sigmoid" are probabilities; "linear" was seen to have no
    activation; "other" was seen to be neither logits nor probabilities; "opaque" is
    code that the graph does not show; "broken" is a change after an activation.
    """

    kind: Literal["softmax", "sigmoid", "linear", "other", "opaque", "broken"]
    name: str
    label: str
    says: str
    axis: int | None = None
    behind: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """This tail as one sentence of evidence."""
        behind = f", behind {', '.join(self.behind)}" if self.behind else ""
        return f"{self.label} {self.says}{behind}"


def tail_of(tensor: Any, frames: Frames = ()) -> Tail:
    """Walk back from a tensor to the layer that decides what its values are."""
    place = locate(tensor, frames)
    if place is None:
        return Tail("broken", "the model", "the model", "returns its input")
    part = part_of(place.operation)
    if part.role in ("same", "reshape", "permute"):
        return _through(place, part)
    if part.role == "nested":
        return _once_per_step(place, part)
    if part.role == "average":
        return _average(place, part)
    if part.role == "arithmetic":
        return _arithmetic(place, part)
    return _decided(place, part)


def _tail(place: Place, kind: Any, says: str, axis: int | None = None) -> Tail:
    sort = "layer" if hasattr(place.operation, "dtype_policy") else "operation"
    return Tail(kind, place.operation.name, f"{sort} {place.label}", says, axis)


def _through(place: Place, part: Part) -> Tail:
    """Pass a layer that changes no value, and find the class axis again behind it."""
    if part.role == "same" and not _changes_nothing(place):
        return _arithmetic(place, part)
    source = place.inputs[0]
    tail = tail_of(source, place.frames)
    axis = tail.axis
    if axis is not None and part.role == "reshape":
        axis = after_reshape(axis, source.shape, place.tensor.shape)
    elif axis is not None and part.role == "permute":
        if part.depth:
            return _arithmetic(place, part)
        axis = after_permute(axis, part.layer, len(source.shape))
    if axis is None and tail.axis is not None:
        says = f"does not keep the class axis of '{tail.name}', which {tail.says}"
        return _tail(place, "broken", says)
    return dataclasses.replace(tail, axis=axis, behind=(place.label, *tail.behind))


def _changes_nothing(place: Place) -> bool:
    """Whether it is neither a cast to integers nor a Dropout called with training."""
    arguments = place.node.arguments
    given = [*arguments.args[1:], arguments.kwargs.get("training")]
    is_float: bool = backend.is_float_dtype(place.tensor.dtype)
    return is_float and not any(value is True for value in given)


def _once_per_step(place: Place, part: Part) -> Tail:
    tail = tail_of(part.layer.outputs[0])
    axis = None if tail.axis is None else tail.axis + part.depth
    return dataclasses.replace(tail, axis=axis, behind=(place.label, *tail.behind))


def _average(place: Place, part: Part) -> Tail:
    """The mean of heads that are alike is a head like them."""
    tails = [tail_of(tensor, place.frames) for tensor in place.inputs]
    first = tails[0]
    alike = {(tail.kind, tail.says, tail.axis) for tail in tails}
    shapes = {tuple(tensor.shape) for tensor in place.inputs}
    if len(alike) > 1 or len(shapes) > 1 or first.kind in ("opaque", "broken"):
        return _arithmetic(place, part)
    return dataclasses.replace(first, behind=(place.label, *first.behind))


def _arithmetic(place: Place, part: Part) -> Tail:
    """Keras' own computation: logits cannot hide in it, probabilities can."""
    hidden = _hidden_activation(place)
    if hidden is not None:
        return _tail(place, "broken", f"computes on the values of {hidden}")
    axis = _at(1, place, part) if part.units_axis == 1 else None
    return _tail(place, "linear", "has no activation", axis)


def _hidden_activation(place: Place) -> str | None:
    """Find an activation, or code of unknown effect, that feeds this computation."""
    stack = [(tensor, place.frames) for tensor in place.inputs]
    seen = set()
    while stack:
        tensor, frames = stack.pop()
        before = locate(tensor, frames)
        if before is None or (id(before.node), len(frames)) in seen:
            continue
        seen.add((id(before.node), len(frames)))
        part = part_of(before.operation)
        if part.kind in ("softmax", "sigmoid", "opaque") or part.role == "nested":
            return f"{before.label}, which {part.says or 'is a model'}"
        if part.kind is None:
            stack += [(source, before.frames) for source in before.inputs]
    return None


def _decided(place: Place, part: Part) -> Tail:
    """Read the head, or the activation, at which the walk ends."""
    axis = _at(part.units_axis, place, part)
    if part.role == "activation":
        axis = _units_axis_behind(place)
    if part.kind != "softmax":
        return _tail(place, part.kind, part.says, axis)
    softmax_axis = _at(part.softmax_axis, place, part)
    if not softmax_axis:
        several = "several axes" if softmax_axis is None else "the rows"
        return _tail(place, "broken", f"{part.says} over {several}")
    if axis is not None and axis != softmax_axis:
        says = f"{part.says} over axis {softmax_axis}, but its units are on axis {axis}"
        return _tail(place, "broken", says)
    return _tail(place, "softmax", part.says, softmax_axis)


def _units_axis_behind(place: Place) -> int | None:
    """Class axis of what an activation received, where that is seen."""
    behind = tail_of(place.inputs[0], place.frames)
    return behind.axis if behind.kind == "linear" else None


def _at(axis: int | None, place: Place, part: Part) -> int | None:
    """Count an axis of the layer from the front of the tensor."""
    if axis is None or not place.tensor.shape:
        return None
    return axis + part.depth if axis >= 0 else axis + len(place.tensor.shape)
