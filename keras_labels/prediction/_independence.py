"""Whether a model decides each row alone, so that any rows may be run together."""

from __future__ import annotations

from typing import Any

import keras

from keras_labels.heads import is_keras_own

# Layers of Keras that run code of somebody else.
_FOREIGN = ("Lambda", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer")
# Operations of a graph that are no layers: number by number, or along an axis.
_ELEMENTWISE = (
    *("Absolute", "Add", "Cast", "Clip", "Divide", "Elu", "Exp", "Gelu", "HardSigmoid"),
    *("HardSilu", "Identity", "LeakyRelu", "Log", "Log1p", "Maximum", "Minimum"),
    *("Multiply", "Negative", "Power", "Relu", "Relu6", "Selu", "Sigmoid", "Silu"),
    *("Softplus", "Sqrt", "Square", "Subtract", "Tanh", "TrueDivide"),
)
_ALONG_AN_AXIS = ("Concatenate", "LogSoftmax", "Max", "Mean", "Min", "Softmax", "Sum")


def has_independent_rows(model: keras.Model) -> bool:
    """Tell whether each row is decided alone.

    So it is where all layers are Keras' own, infer, keep no state and look along no
    axis of rows. Code of the user's own cannot be seen: there the answer is no.
    """
    layers = [model, *model._flatten_layers(include_self=False)]
    graphs = [g for g in map(graph_of, layers) if hasattr(g, "_run_through_graph")]
    operations = {id(op): op for graph in graphs for op in graph.operations}.values()
    return (
        not keeps_state(model)
        and all(map(_is_known, layers))
        and all(map(_leaves_rows_alone, operations))
    )


def keeps_state(model: keras.Model) -> bool:
    """Tell whether a call leaves something for the next one, as a stateful RNN."""
    return any(getattr(layer, "stateful", False) for layer in model._flatten_layers())


def graph_of(model: Any) -> Any:
    """Return the part of a model that runs a graph (a Sequential holds it)."""
    return getattr(model, "_functional", None) or model


def _is_known(layer: Any) -> bool:
    """Tell whether all code of a layer is Keras': its class, call and activations."""
    named = ("activation", "recurrent_activation")
    functions = [getattr(layer, name, None) for name in named]
    parts = [type(layer), *filter(callable, functions)]
    modules = [getattr(part, "__module__", None) or "" for part in parts]
    own = all(module.partition(".")[0] == "keras" for module in modules)
    return own and is_keras_own(layer) and type(layer).__name__ not in _FOREIGN


def _leaves_rows_alone(operation: Any) -> bool:
    nodes = operation._inbound_nodes
    if any(node.arguments.kwargs.get("training") for node in nodes):
        return False
    tensors = [tensor for node in nodes for tensor in node.input_tensors]
    rank = max((len(tensor.shape) for tensor in tensors), default=0)
    axis = getattr(operation, "axis", None)
    axes = axis if isinstance(axis, (list, tuple)) else (axis,)
    rows = any(a in (0, -rank) for a in axes)
    if isinstance(operation, keras.Layer):
        return not rows
    kind = type(operation).__name__
    if kind == "GetItem":
        return all(map(_takes_all_rows, nodes))
    along = kind in _ALONG_AN_AXIS and not rows and None not in axes
    return _is_known(operation) and (kind in _ELEMENTWISE or along)


def _takes_all_rows(node: Any) -> bool:
    """Tell whether indexing is `x[:, ...]`."""
    key = [*node.arguments.args[1:], *node.arguments.kwargs.values()][:1]
    first = key[0][:1] if key and isinstance(key[0], tuple) else ()
    return first == (slice(None),)
