"""The role that one layer or operation plays at the end of a model: tables by class."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import keras
from keras import layers

from keras_labels.heads._activations import Kind, activation_class, read_activation
from keras_labels.heads._graph import graph_outputs, is_keras_own

Role = Literal[
    "head",  # a Dense or a convolution: an axis of units, then an activation
    "activation",  # an activation alone
    "same",  # leaves values and axes as they are
    "reshape",  # leaves values and their order
    "permute",  # leaves values, moves axes
    "average",
    "join",  # puts values one behind the other
    "nested",  # a whole model, once per time step
    "opaque",  # code that Keras did not write
    "recurrent",
    "arithmetic",  # anything else that Keras wrote
]


class Part(NamedTuple):
    """What one layer does, and to which axes (as counted inside a TimeDistributed)."""

    role: Role
    layer: Any
    depth: int  # how many TimeDistributed are around the layer
    kind: Kind | None = None
    says: str = ""
    softmax_axis: Any = None


_WRAPPERS = (layers.TimeDistributed, layers.SpectralNormalization)
_LAYERS: dict[type, Role] = {
    **dict.fromkeys((layers.Dense, layers.EinsumDense), "head"),
    **dict.fromkeys((layers.Conv1D, layers.Conv2D, layers.Conv3D), "head"),
    **dict.fromkeys((layers.Conv1DTranspose, layers.Conv2DTranspose), "head"),
    **dict.fromkeys((layers.Conv3DTranspose, layers.DepthwiseConv1D), "head"),
    **dict.fromkeys((layers.SeparableConv1D, layers.SeparableConv2D), "head"),
    layers.DepthwiseConv2D: "head",
    layers.Activation: "activation",
    **dict.fromkeys((layers.Identity, layers.ActivityRegularization), "same"),
    **dict.fromkeys((layers.Dropout, layers.AlphaDropout), "same"),
    **dict.fromkeys((layers.SpatialDropout1D, layers.SpatialDropout2D), "same"),
    **dict.fromkeys((layers.SpatialDropout3D, layers.GaussianDropout), "same"),
    layers.GaussianNoise: "same",
    **dict.fromkeys((layers.Reshape, layers.Flatten), "reshape"),
    layers.Permute: "permute",
    layers.Average: "average",
    layers.Concatenate: "join",
    **dict.fromkeys((layers.RNN, layers.Bidirectional), "recurrent"),
    **dict.fromkeys((layers.Lambda, layers.TFSMLayer, keras.Model), "opaque"),
    **dict.fromkeys((layers.TorchModuleWrapper, layers.JaxLayer), "opaque"),
    **dict.fromkeys((layers.Wrapper, layers.Pipeline), "opaque"),
}
_OPERATIONS: dict[str, Role] = {
    **dict.fromkeys(("Cast", "Copy", "ConvertToTensor", "StopGradient"), "same"),
    **dict.fromkeys(("Reshape", "Squeeze", "ExpandDims"), "reshape"),
    **dict.fromkeys(("Transpose", "Swapaxes", "Moveaxis"), "permute"),
    "Concatenate": "join",
    **dict.fromkeys(("Map", "VectorizedMap", "Scan", "Cond", "Switch"), "opaque"),
    **dict.fromkeys(("WhileLoop", "ForiLoop"), "opaque"),
}


def part_of(operation: Any) -> Part:
    """Say which part an operation plays; the layer inside a TimeDistributed counts."""
    layer, depth = operation, 0
    while isinstance(layer, _WRAPPERS) and is_keras_own(layer):
        depth += isinstance(layer, layers.TimeDistributed)
        layer = layer.layer
    role = _role(layer)
    part = Part(role, layer, depth)
    if role in ("head", "activation"):
        return _with_activation(part)
    if role == "opaque":
        return part._replace(kind="opaque", says=opaque_says(layer))
    if role == "recurrent":
        says = "emits the states of a recurrent layer"
        return part._replace(kind="other", says=says)
    return part


def opaque_says(layer: Any) -> str:
    """Say why the class of a layer or model tells nothing about its values."""
    if is_keras_own(layer):
        return f"is a {type(layer).__name__}, which says nothing about its values"
    return f"has a `call` of its own (class {type(layer).__name__})"


def _role(layer: Any) -> Role:
    if graph_outputs(layer) is not None:
        return "nested"
    if not is_keras_own(layer):
        return "opaque"
    if not isinstance(layer, layers.Layer):
        role = _OPERATIONS.get(type(layer).__name__, "arithmetic")
    else:
        known = (_LAYERS[cls] for cls in type(layer).__mro__ if cls in _LAYERS)
        role = next(known, "arithmetic")
    if role == "arithmetic" and activation_class(layer) is not None:
        return "activation"
    return role


def _with_activation(part: Part) -> Part:
    """Add what the activation of a head, or an activation alone, makes."""
    head = part.role == "head"
    activation = read_activation(part.layer.activation if head else part.layer)
    if activation.kind == "linear" and not head:
        return part._replace(role="same")
    says = {
        "linear": "is linear",
        "opaque": f"ends in the custom activation '{activation.name}'",
    }.get(activation.kind, f"ends in {activation.name}")
    return part._replace(
        kind=activation.kind,
        says=says,
        softmax_axis=_one_axis(activation.axis),
    )


def _one_axis(axis: Any) -> int | None:
    """Return the one axis of a softmax; `None` if it runs over several."""
    if isinstance(axis, (list, tuple)) and len(axis) == 1:
        axis = axis[0]
    return axis if isinstance(axis, int) else None
