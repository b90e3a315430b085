"""No rows -> outputs of no rows."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_labels.decoder import DecodedModel
from keras_labels.errors import InputError
from keras_labels.prediction._inputs import structure_of


def no_rows(decoder: DecodedModel, x: Any) -> Any:
    """Return outputs of zero rows with the shapes and dtypes of the others.

    Args:
        decoder: the model.
        x: arrays of no rows; `None` for a dataset without a batch.

    Raises:
        InputError: if nothing says the shapes.
    """
    outputs = decoder.compute_output_spec(_specs(decoder.model, x))
    return keras.tree.map_structure(
        lambda t: np.zeros([n or 0 for n in (0, *t.shape[1:])], dtype=t.dtype),
        outputs,
    )


def _specs(model: keras.Model, x: Any) -> Any:
    if x is not None:
        return keras.tree.map_structure(_spec, x)
    if getattr(model, "inputs", None):
        return structure_of(model)
    raise InputError(
        f"The data holds no batch, and '{model.name}' does not say the shape of "
        "its inputs, so that of its outputs is not known either. Pass an array of "
        "0 rows."
    )


def _spec(array: Any) -> Any:
    if array is None:
        return None
    dtype = "string" if array.dtype.kind in "SUO" else array.dtype
    return keras.KerasTensor((None, *array.shape[1:]), dtype=dtype)
