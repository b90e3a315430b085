"""The few places where Keras' own records of a model's graph are read."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras


class Place(NamedTuple):
    """One call in a graph: an operation, the node of the call, and where it stands."""

    operation: Any
    node: Any
    tensor: Any
    frames: tuple[tuple[Any, Any], ...]  # the nested models around it, and their calls

    @property
    def inputs(self) -> list[Any]:
        """The tensors that this call received."""
        return list(self.node.input_tensors)

    @property
    def label(self) -> str:
        """Name and class, as a user finds them in `model.summary()`."""
        return f"'{self.operation.name}' ({type(self.operation).__name__})"


def is_keras_own(operation: Any) -> bool:
    """Whether the `call` that runs is one that Keras wrote."""
    module = getattr(type(operation).call, "__module__", None) or ""
    return module.partition(".")[0] == "keras"


def graph_outputs(model: Any) -> list[Any] | None:
    """Output tensors of a model that runs its graph, `None` of one that runs code."""
    if not isinstance(model, keras.Model) or not is_keras_own(model):
        return None
    outputs: list[Any] | None = getattr(model, "outputs", None)
    return outputs or None


def locate(tensor: Any, frames: tuple[tuple[Any, Any], ...] = ()) -> Place | None:
    """Find the call that made a tensor, through nested models; `None` for an input."""
    while True:
        history: Any = getattr(tensor, "_keras_history", None)
        operation = history.operation if history else None
        if operation is None or isinstance(operation, keras.layers.InputLayer):
            if not frames:
                return None
            (model, node), frames = frames[-1], frames[:-1]
            tensor = _fed_to(model, node, operation)
            continue
        node = operation._inbound_nodes[history.node_index]
        nested = graph_outputs(operation)
        if nested is None:
            return Place(operation, node, tensor, frames)
        frames = (*frames, (operation, node))
        tensor = nested[history.tensor_index]


def _fed_to(model: Any, node: Any, input_layer: Any) -> Any:
    """Return the outer tensor that a nested model's call received at one input."""
    layers = [t._keras_history.operation for t in model.inputs]
    position = layers.index(input_layer) if input_layer in layers else len(layers)
    return dict(enumerate(node.input_tensors)).get(position)


def recorded_shapes(model: Any) -> dict[str, Any]:
    """Return the input shapes with which a model was built; empty if it never was."""
    return dict(getattr(model, "_build_shapes_dict", None) or {})
