"""The walk from an output back through the graph to what decides its values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from keras import backend

from keras_labels.heads._graph import Place, locate
from keras_labels.heads._parts import Part, part_of
from keras_labels.heads._trace import (
    Frames,
    Lost,
    class_axis,
    softmax_axis,
    units_behind,
)


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
    several = {"average": _average, "join": _joined}.get(part.role)
    if several is not None:
        return several(place, part)
    return _arithmetic(place) if part.role == "arithmetic" else _decided(place, part)


def _tail(place: Place, kind: Any, says: str) -> Tail:
    sort = "layer" if hasattr(place.operation, "dtype_policy") else "operation"
    return Tail(kind, place.operation.name, f"{sort} {place.label}", says)


def _through(place: Place, part: Part) -> Tail:
    """Pass a layer that changes no value, and may move the class axis."""
    changes = part.role == "same" and not _changes_nothing(place)
    if changes or (part.role == "permute" and part.depth):
        return _arithmetic(place)
    tail = tail_of(place.inputs[0], place.frames)
    if tail.kind in ("softmax", "sigmoid"):
        before = class_axis(place.inputs[0], place.frames)
        after = class_axis(place.tensor, place.frames)
        if isinstance(before, int) and not isinstance(after, int):
            says = f"does not keep the class axis of '{tail.name}', which {tail.says}"
            return _tail(place, "broken", says)
    return dataclasses.replace(tail, behind=(place.label, *tail.behind))


def _changes_nothing(place: Place) -> bool:
    """Whether it is neither a cast to integers nor a Dropout called with training."""
    arguments = place.node.arguments
    given = [*arguments.args[1:], arguments.kwargs.get("training")]
    is_float: bool = backend.is_float_dtype(place.tensor.dtype)
    return is_float and not any(value is True for value in given)


def _once_per_step(place: Place, part: Part) -> Tail:
    tail = tail_of(part.layer.outputs[0])
    return dataclasses.replace(tail, behind=(place.label, *tail.behind))


def _average(place: Place, _: Part) -> Tail:
    """The mean of heads that are alike is a head like them."""
    tails = [tail_of(tensor, place.frames) for tensor in place.inputs]
    first = tails[0]
    axes = [class_axis(tensor, place.frames) for tensor in place.inputs]
    alike = {(t.kind, t.says, axis) for t, axis in zip(tails, axes, strict=True)}
    shapes = {tuple(tensor.shape) for tensor in place.inputs}
    if len(alike) > 1 or len(shapes) > 1 or first.kind in ("opaque", "broken"):
        return _arithmetic(place)
    return dataclasses.replace(first, behind=(place.label, *first.behind))


def _joined(place: Place, part: Part) -> Tail:
    """Sigmoids stay what they are side by side, softmaxes beside their axis."""
    tails = [tail_of(tensor, place.frames) for tensor in place.inputs]
    first, axis = tails[0], class_axis(place.tensor, place.frames)
    over = part.layer.axis % len(place.tensor.shape) + part.depth
    kept = first.kind == "sigmoid" or (first.kind == "softmax" and axis != over)
    if part.depth or {tail.kind for tail in tails} != {first.kind} or not kept:
        return _arithmetic(place)
    if not isinstance(axis, int):
        return _tail(place, "broken", f"joins class axes of which {_why(axis)}")
    return dataclasses.replace(first, behind=(place.label, *first.behind))


def _why(axis: Lost | None) -> str:
    return "nothing is known" if axis is None else axis.why


def _arithmetic(place: Place) -> Tail:
    """Keras' own computation: logits cannot hide in it, probabilities can."""
    hidden = _hidden_activation(place)
    if hidden is not None:
        return _tail(place, "broken", f"computes on the values of {hidden}")
    return _tail(place, "linear", "has no activation")


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
    if part.kind != "softmax":
        return _tail(place, part.kind, part.says)
    over = softmax_axis(place, part)
    if not over:
        several = "several axes" if over is None else "the rows"
        return _tail(place, "broken", f"{part.says} over {several}")
    axis = units_behind(place, part)
    if isinstance(axis, int) and axis != over:
        says = f"{part.says} over axis {over}, but its units are on axis {axis}"
        return _tail(place, "broken", says)
    if isinstance(axis, Lost) and axis.blurred:
        return _tail(place, "broken", f"{part.says}, and {axis.why}")
    return _tail(place, "softmax", part.says)
