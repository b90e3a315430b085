"""What an activation makes of its input: one table."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import keras

from keras_labels.heads._graph import is_keras_own

Kind = Literal["softmax", "sigmoid", "linear", "other", "opaque"]


class Activation(NamedTuple):
    """One activation: `kind` says what it makes, `axis` where a softmax sums to 1."""

    kind: Kind
    name: str
    axis: Any = -1


# Every value of a sigmoid kind is a probability; every row of a softmax kind sums to 1.
# What Keras knows besides these (relu, tanh, log_softmax, ...) is of kind "other".
_KINDS: dict[str, Kind] = {
    "softmax": "softmax",
    "sparsemax": "softmax",
    "sigmoid": "sigmoid",
    "hard_sigmoid": "sigmoid",
    "sparse_sigmoid": "sigmoid",
    "linear": "linear",
}
_NAMES = {
    name
    for name, value in vars(keras.activations).items()
    if callable(value) and name not in ("get", "serialize", "deserialize")
}
_FUNCTIONS = {
    id(getattr(space, name)): name
    for name in _NAMES
    for space in (keras.ops, keras.activations)
    if hasattr(space, name)
}
# "HardSigmoid" the operation and "LeakyReLU" the layer, by class name.
_CLASSES = {name.replace("_", ""): name for name in _NAMES} | {"prelu": "prelu"}
# `Dense(activation=tf.nn.softmax)` is what many tutorials write.
_ELSEWHERE = {
    "tensorflow": {"nn.softmax": "softmax", "nn.sigmoid": "sigmoid"},
    "jax": {"nn.softmax": "softmax", "nn.sigmoid": "sigmoid"},
    "torch": {"sigmoid": "sigmoid", "nn.functional.sigmoid": "sigmoid"},
}


def read_activation(activation: Any) -> Activation:
    """Read an activation given as a function, a partial, a layer or an operation."""
    if activation is None:
        return Activation("linear", "linear")
    if isinstance(activation, functools.partial):
        inner = read_activation(activation.func)
        return inner._replace(axis=activation.keywords.get("axis", inner.axis))
    if isinstance(activation, keras.Operation):
        return _read_operation(activation)
    return _named(_FUNCTIONS.get(id(activation)) or _name_elsewhere(activation))


def activation_class(operation: Any) -> str | None:
    """Name of the activation that a Keras layer or operation class is, if it is one."""
    for cls in type(operation).__mro__:
        if cls.__module__.partition(".")[0] == "keras":
            return _CLASSES.get(cls.__name__.lower())
    return None


def _read_operation(operation: Any) -> Activation:
    if not is_keras_own(operation):
        return Activation("opaque", type(operation).__name__)
    if isinstance(operation, keras.layers.Activation):
        return read_activation(operation.activation)
    read = _named(activation_class(operation) or operation)
    return read._replace(axis=getattr(operation, "axis", -1))


def _named(name: Any) -> Activation:
    if isinstance(name, str):
        return Activation(_KINDS.get(name, "other"), name)
    return Activation("opaque", getattr(name, "__name__", type(name).__name__))


def _name_elsewhere(activation: Callable[..., Any]) -> Any:
    """Name of another framework's function, if that is loaded; else the function."""
    for module, paths in _ELSEWHERE.items():
        for path, name in paths.items() if module in sys.modules else ():
            if attrgetter(path)(sys.modules[module]) is activation:
                return name
    return activation
