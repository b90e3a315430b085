"""What a model takes, held against what was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_labels.errors import InputError
from keras_labels.heads import is_keras_own
from keras_labels.prediction._batches import as_arrays, as_numpy, is_array

Shape = tuple[Any, ...]
_NUMBERS = tuple("biufV")  # kinds; V is what NumPy makes of bfloat16


def batch_of_one(sample: Any) -> Any:
    """Return a sample, or the samples of several inputs, with a batch axis."""
    return keras.tree.map_structure(
        lambda a: np.asarray(as_numpy(a))[None], as_arrays(sample)
    )


def arranged(model: keras.Model, x: Any, batch: int | None = None) -> Any:
    """Return arrays in the structure of a model's inputs.

    Args:
        model: the model; nothing is known of the inputs of a subclassed one.
        x: array, or list or dict of arrays.
        batch: which batch of a dataset this is, for the message.

    Raises:
        InputError: if they do not fit. For one sample without its batch axis the
            message names `predict_one`.
    """
    where = "`x`" if batch is None else f"`x`, in batch {batch},"
    x = keras.tree.map_structure(_native, as_arrays(x))
    if not declares_inputs(model):
        return x
    structure = structure_of(model)
    arrays = keras.tree.flatten(_in_order(model, structure, x, where))
    _require_count(model, len(arrays), where)
    fitted = []
    for array, symbolic in zip(arrays, model.inputs, strict=True):
        one = f"'{symbolic.name}' of " if len(arrays) > 1 else ""
        _check(f"{one}'{model.name}'", array, symbolic, where, batch is None)
        fitted.append(_of_rank(array, len(symbolic.shape)))
    return keras.tree.pack_sequence_as(structure, fitted)


def _require_count(model: keras.Model, count: int, where: str) -> None:
    if count != len(model.inputs):
        raise InputError(
            f"{where} holds {_counted(count, 'array')}, and '{model.name}' takes "
            f"{_counted(len(model.inputs), 'input')}: {_names(model)}. Stack rows with "
            "np.stack(x); in a dataset make several inputs a tuple or dict of their "
            "own, since a pair is read as (x, y)."
        )


def _of_rank(array: Any, rank: int) -> Any:
    """Add or drop the last axis of 1, which Keras does in a graph of known rank."""
    if array is None or len(array.shape) == rank:
        return array
    return array[..., 0] if len(array.shape) > rank else array[..., None]


def check_paired(x: Any, beside: Any, batch: int) -> None:
    """Raise if a batch has not one row of targets and weights for each row of inputs.

    Raises:
        InputError: naming the batch.
    """
    arrays = [a for a in keras.tree.flatten((x, beside)) if a is not None]
    rows = {a.shape[0] for a in arrays}
    if len(rows) > 1:
        raise InputError(
            f"Batch {batch} has not one row of targets for each row of inputs: its "
            f"arrays have {sorted(rows)} rows."
        )


def declares_inputs(model: keras.Model) -> bool:
    """Tell whether the inputs are those of a graph: a call of one's own may differ."""
    return is_keras_own(model) and bool(getattr(model, "inputs", None))


def structure_of(model: keras.Model) -> Any:
    """Return the symbolic inputs of a graph, as the model wants them."""
    # A Sequential that was never called has no `.input` of its own.
    return model.inputs[0] if isinstance(model, keras.Sequential) else model.input


def _native(value: Any) -> Any:
    return value if keras.ops.is_tensor(value) else as_numpy(value)


def _in_order(model: keras.Model, structure: Any, x: Any, where: str) -> Any:
    """Return the inputs in the model's order: a dict is taken by its names."""
    by_name = isinstance(structure, Mapping)
    if not isinstance(x, Mapping):
        if by_name and len(structure) > 1:
            raise InputError(
                f"{where} holds inputs without their names: '{model.name}' takes a "
                f"dict of {_names(model)}. Received: {type(x).__name__}."
            )
        return x
    names = list(structure) if by_name else [t.name for t in model.inputs]
    if missing := [name for name in names if name not in x]:
        raise InputError(
            f"{where} holds no input {missing}: '{model.name}' takes {_names(model)}. "
            f"Received a dict of {list(x)}."
        )
    return {name: x[name] for name in names} if by_name else [x[n] for n in names]


def _names(model: keras.Model) -> list[str]:
    structure = structure_of(model)
    if isinstance(structure, Mapping):
        return list(structure)
    return [tensor.name for tensor in model.inputs]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _check(taker: str, array: Any, symbolic: Any, where: str, whole: bool) -> None:
    """Raise if an array is not what an input takes."""
    if array is None and getattr(symbolic._keras_history.operation, "optional", False):
        return
    if not is_array(array):
        raise InputError(
            f"{where} holds no array: {taker} takes arrays of shape "
            f"{(None, *symbolic.shape[1:])}. Received: type {type(array).__name__}."
        )
    _check_dtype(taker, array, symbolic, where)
    shape, sample = tuple(array.shape), tuple(symbolic.shape)[1:]
    if not is_batch(shape, sample):
        mistake, way_out = _diagnosed(shape, sample, whole)
        raise InputError(
            f"{where} holds {mistake}: {taker} takes arrays of shape "
            f"{(None, *sample)}, and this one has shape {shape}. {way_out}."
        )


def _check_dtype(taker: str, array: Any, symbolic: Any, where: str) -> None:
    if getattr(array.dtype, "kind", "") in _NUMBERS:
        return
    text = "string" in str(array.dtype)  # of a tensorflow tensor, which has no kind
    kind = getattr(array.dtype, "kind", "S" if text else "f")
    wanted = str(symbolic.dtype)
    if wanted == "string" or wanted.startswith("complex") or kind in _NUMBERS:
        return
    raise InputError(
        f"{where} holds values of type {array.dtype}: {taker} takes numbers of type "
        f'{wanted}. Convert it: x.astype("{wanted}").'
    )


def is_batch(shape: Shape, sample: Shape) -> bool:
    """Tell whether Keras takes it; it adds or drops a last axis of 1 itself."""
    return bool(shape) and _is_sample(shape[1:], sample)


def _is_sample(rows: Shape, sample: Shape) -> bool:
    added = sample[-1:] == (1,) and _fits(rows, sample[:-1])
    dropped = rows[-1:] == (1,) and _fits(rows[:-1], sample)
    return _fits(rows, sample) or added or dropped


def _diagnosed(shape: Shape, sample: Shape, whole: bool) -> tuple[str, str]:
    """Return the mistake and the way out."""
    if _is_sample(shape, sample):
        mistake = "one sample without its batch axis"
        if not whole:
            return mistake, "Batch the dataset (tf.data: dataset.batch(32))"
        return mistake, "Pass it to predict_one(sample), or add the axis: x[None]"
    if is_batch(shape[1:], sample):
        return (
            "one axis too many in front",
            "Take it away: x[0]. (predict_one takes a sample without the batch axis, "
            "the other methods a batch)",
        )
    return (
        "data of another shape",
        f"Bring it to {(None, *sample)}, as for the training of the model",
    )


def _fits(shape: Shape, expected: Shape) -> bool:
    return len(shape) == len(expected) and all(
        want is None or size is None or size == want
        for size, want in zip(shape, expected, strict=True)
    )
