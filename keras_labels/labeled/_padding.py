"""Decisions on steps that are padding, as the output's Keras mask tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from keras_labels import fitting
from keras_labels.errors import DecodingError, InputError

Masked = Literal["keep", "mark"]


def marks_padding(masked: str) -> bool:
    """Tell whether padding is to be marked, or raise if that is not said."""
    if masked not in ("keep", "mark"):
        raise DecodingError(f"`masked` is 'keep' or 'mark'. Received: {masked!r}.")
    return masked == "mark"


def with_masks(made: Any, masks: Mapping[str, Any], model: str) -> Any:
    """Return what was made of each output, in a pair with its mask.

    Raises:
        InputError: if no output has one.
    """
    if not masks:
        raise InputError(
            f"masked='mark' needs a Keras mask, and none reaches the output of "
            f"'{model}'. It is made by Embedding(mask_zero=True) or Masking, and lost "
            "in layers that do not support it, such as Conv1D, Flatten or an operation."
        )
    if not isinstance(made, dict) or "" in masks:
        return made, masks[""]
    return {name: (part, masks.get(name)) for name, part in made.items()}


def filled(
    values: np.ndarray, mask: Any, axis: int | None = None, value: int = 0
) -> np.ndarray:
    """Return values of decisions, with another one at those that a mask leaves out.

    Args:
        values: `(rows, ...)`, with a class axis or without.
        mask: of Keras, or `None`.
        axis: the class axis, if there is one.
        value: the other one.
    """
    if mask is None:
        return values
    lead = list(values.shape)
    if axis is not None:
        lead.pop(axis)
    kept = fitting.as_mask(mask, tuple(lead))
    if kept is None:
        return values
    kept = kept if axis is None else np.expand_dims(kept, axis)
    return np.where(kept, values, values.dtype.type(value))
