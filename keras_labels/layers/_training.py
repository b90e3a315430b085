"""Refusing to train through integers, whose gradient is none.

tensorflow and torch fail with a message that names no layer; jax trains nothing and
says nothing. A call with `training=True` outside of `fit` is inference and allowed.
"""

from __future__ import annotations

import sys
import weakref
from types import FrameType
from typing import Any

import keras

from keras_labels.errors import DecodingError

_hopeless: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()


def refuse_training(layer: Any) -> None:
    """Raise if a `fit` under way has a loss on an integer output."""
    frame = _training_step()
    if frame is None or not _has_loss_on_integers(frame):
        return
    raise DecodingError(
        f"Cannot train through {type(layer).__name__} '{layer.name}': it gives "
        "integers, which have no gradient, so nothing before it would learn. Train the "
        "model without it and append it afterwards (keras_labels.append_decoding), or "
        "give its output no loss (loss=None for that output)."
    )


def _training_step() -> FrameType | None:
    """Return the innermost `train_step` of a Keras model on the stack, if any."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "train_step" and isinstance(
            frame.f_locals.get("self"), keras.Model
        ):
            return frame
        frame = frame.f_back
    return None


def _has_loss_on_integers(frame: FrameType) -> bool:
    model = frame.f_locals["self"]
    if model not in _hopeless:
        _hopeless[model] = False  # asking a subclassed model calls its layers again
        _hopeless[model] = any(
            not keras.backend.is_float_dtype(output.dtype)
            for output in _outputs_with_loss(model, frame)
        )
    return _hopeless[model]


def _outputs_with_loss(model: Any, frame: FrameType) -> list[Any]:
    outputs = _symbolic_outputs(model, frame)
    loss = getattr(model, "loss", None)
    if loss is None:
        return []
    if isinstance(loss, dict):
        by_name = outputs if isinstance(outputs, dict) else {}
        names = getattr(model, "output_names", None) or by_name
        named = dict(zip(names, keras.tree.flatten(outputs), strict=False)) | by_name
        return [
            named[name] for name in loss if loss[name] is not None and name in named
        ]
    flat: list[Any] = keras.tree.flatten(outputs)
    if isinstance(loss, (list, tuple)):
        return [out for out, one in zip(flat, loss, strict=False) if one is not None]
    return flat


def _symbolic_outputs(model: Any, frame: FrameType) -> Any:
    if (outputs := getattr(model, "outputs", None)) is not None:
        return outputs
    x, _, _ = keras.utils.unpack_x_y_sample_weight(frame.f_locals.get("data"))
    specs = keras.tree.map_structure(
        lambda t: keras.KerasTensor(t.shape, keras.backend.standardize_dtype(t.dtype)),
        x,
    )
    return model.compute_output_spec(specs)
