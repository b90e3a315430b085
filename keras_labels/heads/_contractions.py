"""Layers that make new units out of others, and the axis of these units."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

_LAST = (
    *(layers.Dense, layers.Embedding, layers.RNN, layers.MultiHeadAttention),
    layers.GroupQueryAttention,
)
_CHANNELS = (
    *(layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.Conv1DTranspose),
    *(layers.Conv2DTranspose, layers.Conv3DTranspose, layers.DepthwiseConv1D),
    *(layers.DepthwiseConv2D, layers.SeparableConv1D, layers.SeparableConv2D),
)
_CONVOLUTIONS_IN_TIME = (layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)


def channels_axis(operation: Any, rank: int) -> int:
    """Return the axis of the channels, as `data_format` says it."""
    first = getattr(operation, "data_format", None) == "channels_first"
    return 1 if first else rank - 1


def units_axis(operation: Any, rank: int) -> int | None:
    """Return the axis of the units that a layer makes, in an output of this rank.

    `None` if it makes none, or several axes of them.
    """
    while isinstance(operation, layers.Bidirectional):
        operation = operation.forward_layer
    if isinstance(operation, _CONVOLUTIONS_IN_TIME):
        if operation.data_format != "channels_first":
            return rank - 1
        return 2 if operation.return_sequences else 1
    if isinstance(operation, _CHANNELS):
        return channels_axis(operation, rank)
    if isinstance(operation, layers.EinsumDense):
        return _new_letter(operation.equation, rank)
    if isinstance(operation, layers.MultiHeadAttention):
        shape = operation.get_config()["output_shape"]
        several = isinstance(shape, (list, tuple)) and len(shape) > 1
        return None if several else rank - 1
    return rank - 1 if isinstance(operation, _LAST) else None


def makes_units(operation: Any) -> bool:
    """Whether the units of its input are no units of its output any more."""
    kinds = (*_LAST, *_CHANNELS, *_CONVOLUTIONS_IN_TIME, layers.Bidirectional)
    if isinstance(operation, layers.EinsumDense):
        return bool(_new_letters(operation.equation))
    return isinstance(operation, kinds)


def after_einsum(axis: int, equation: str, before: int, after: int) -> int | None:
    """Find an axis of the first operand again; `None` if it was summed over."""
    inputs, _, output = _parsed(equation)
    letter = _at(inputs, axis, before)
    for place in range(after):
        if _at(output, place, after) == letter:
            return place
    return None


def units_of_product(operation: Any, arguments: Any, rank: int) -> int | None:
    """Return the axis of the units of an operation on a kernel that is no tensor.

    `ops.matmul(x, layer.kernel)` is what a `Dense` does.
    """
    kernel = [*arguments.args, *arguments.kwargs.values()][1:2]
    if not kernel or isinstance(kernel[0], keras.KerasTensor):
        return None
    kind = type(operation).__name__
    if kind in ("Matmul", "Dot"):
        return rank - 1 if len(kernel[0].shape) > 1 else None
    return channels_axis(operation, rank) if kind in ("Conv", "ConvTranspose") else None


def _parsed(equation: str) -> tuple[str, str, str]:
    left, output = equation.replace(" ", "").replace("...", ".").split("->")
    inputs, _, kernel = left.partition(",")
    return inputs, kernel, output


def _new_letters(equation: str) -> list[str]:
    inputs, _, output = _parsed(equation)
    return [letter for letter in output if letter not in inputs]


def _new_letter(equation: str, rank: int) -> int | None:
    output = _parsed(equation)[2]
    new = _new_letters(equation)
    found = [place for place in range(rank) if _at(output, place, rank) in new]
    return found[0] if len(found) == 1 else None


def _at(letters: str, axis: int, rank: int) -> Any:
    """Return the letter of an axis; a number for one under an ellipsis."""
    front, dots, back = letters.partition(".")
    if axis < len(front):
        return front[axis]
    if dots and axis < rank - len(back):
        return axis - len(front)
    return back[axis - rank] if dots and axis >= rank - len(back) else None
