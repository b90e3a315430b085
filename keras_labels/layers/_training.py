"""Refusing to train through integers, whose gradient is none.

tensorflow and torch fail with a message that names no layer; jax trains nothing and
says nothing. A layer is not told what its caller does with its output, so the stack
is asked for Keras' own training step, which takes the compiled loss. `training=True`
outside of it, and a `train_step` or `compute_loss` of the user's, are left alone.
"""

from __future__ import annotations

import inspect
import sys
import weakref
from types import CodeType, FrameType
from typing import Any

import keras

from keras_labels.errors import DecodingError


def _code(method: str) -> CodeType:
    code: CodeType = inspect.unwrap(getattr(keras.Model, method)).__code__
    return code


_TRAIN_STEP = _code("train_step")
# Refused here when it can be: inside of its `train_step` jax has let the weights go.
_BUILD = _code("_symbolic_build")
_FITS = (_code("fit"), _code("train_on_batch"))

# A subclassed model is asked once per compile, since asking calls its layers again.
_verdicts: weakref.WeakKeyDictionary[Any, tuple[Any, bool]] = (
    weakref.WeakKeyDictionary()
)


def refuse_training(layer: Any, training: bool | None) -> None:
    """Raise if a `fit` under way has a loss on an integer output."""
    # No training argument in the caller's `call`: None is what its `fit` says, too.
    if _is_compiled() or (training is False and not _is_build()):
        return
    frame = _training_frame()
    culprit = None if frame is None else _culprit(frame, layer)
    if culprit is not None:
        raise DecodingError(
            f"Cannot train through {type(culprit).__name__} '{culprit.name}': it gives "
            "integers, which have no gradient, so nothing before it would learn. Train "
            "the model without it and append it afterwards "
            "(keras_labels.append_decoding), or give its output no loss (loss=None for "
            "that output)."
        )


def _is_compiled() -> bool:
    """Tell if torch.compile or a strict torch.export reads this: they have no stack."""
    if keras.backend.backend() != "torch":
        return False
    import torch

    return bool(torch.compiler.is_dynamo_compiling())


def _is_build() -> bool:
    with keras.SymbolicScope() as scope:
        return scope.original_scope is not None


def _training_frame() -> FrameType | None:
    """Return the innermost training step, or the build of a `fit` before the first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        caller = frame.f_back
        if frame.f_code is _TRAIN_STEP:
            return frame
        if frame.f_code is _BUILD and caller is not None and caller.f_code in _FITS:
            own = type(frame.f_locals["self"]).train_step
            return frame if own is keras.Model.train_step else None
        frame = caller
    return None


def _culprit(frame: FrameType, layer: Any) -> Any:
    """Return what makes an integer output that has a loss, or None."""
    model = frame.f_locals["self"]
    if type(model).compute_loss is not keras.Model.compute_loss:
        return None
    if getattr(model, "outputs", None) is not None:
        made = _with_loss(model, _outputs_of_graph(model))
        makers = (_integer_maker(output, layer) for output in made)
        return next((maker for maker in makers if maker is not None), None)
    if model not in _verdicts or _verdicts[model][0] is not model.loss:
        _verdicts[model] = model.loss, False  # for the calls that asking makes
        made = _with_loss(model, _outputs_of_call(model, frame.f_locals["x"]))
        integers = any(_integer_maker(output, layer) for output in made)
        _verdicts[model] = model.loss, integers
    return layer if _verdicts[model][1] else None


def _integer_maker(output: Any, layer: Any) -> Any:
    """Return the operation that makes this output if it gives integers, or None."""
    history = getattr(output, "_keras_history", None)
    maker = history.operation if history else layer
    if isinstance(maker, keras.layers.TimeDistributed):
        # Keras says float32 for its output, whatever the layer inside gives.
        return layer if maker.layer is layer else None
    return None if keras.backend.is_float_dtype(output.dtype) else maker


def _with_loss(model: Any, outputs: Any) -> list[Any]:
    """Return the outputs that the compiled loss reads."""
    loss, flat = model.loss, keras.tree.flatten(outputs)
    if len(flat) == 1 or not isinstance(loss, (dict, list, tuple)):
        return flat if loss else []
    if isinstance(loss, dict):
        by_name = outputs if isinstance(outputs, dict) else {}
        names = getattr(model, "output_names", None) or by_name
        named = dict(zip(names, flat, strict=False)) | by_name
        return [named[name] for name in loss if loss[name] and name in named]
    return [output for output, one in zip(flat, loss, strict=False) if one]


def _outputs_of_graph(model: Any) -> Any:
    by_name = getattr(model, "output", None)  # which a Sequential may lack
    return by_name if isinstance(by_name, dict) else model.outputs


def _outputs_of_call(model: Any, x: Any) -> Any:
    specs = keras.tree.map_structure(
        lambda t: keras.KerasTensor(t.shape, keras.backend.standardize_dtype(t.dtype)),
        x,
    )
    return model.compute_output_spec(specs)
