"""The inputs of a model, as an exporter must be told them."""

from __future__ import annotations

import re
from typing import Any

import keras
import numpy as np

from keras_labels.errors import ExportError
from keras_labels.heads import recorded_shapes
from keras_labels.prediction import declares_inputs, structure_of

_COUNTED = re.compile(r"(keras_tensor|input_layer)(_\d+)?")


class Signature:
    """The inputs of a model.

    Args:
        structure: `keras.InputSpec`s with names, in the structure of the model's call.
    """

    def __init__(self, structure: Any) -> None:
        self.structure = structure
        self.specs: list[Any] = keras.tree.flatten(structure)

    @property
    def rows(self) -> int | None:
        """How many rows a call takes; `None`: any number."""
        found: int | None = self.specs[0].shape[0]
        return found

    @property
    def nested(self) -> list[Any]:
        """The signature of a call with the inputs as the model takes them."""
        return [self.structure]

    @property
    def flat(self) -> list[Any]:
        """The signature of a call with a flat list of inputs, or a single one."""
        return [self.specs[0] if len(self.specs) == 1 else self.specs]


def signature_of(
    model: keras.Model, samples: Any = None, said: Any = None
) -> Signature:
    """Find the inputs of a model.

    Args:
        model: the model.
        samples: rows for it; needed for a subclassed model, which declares no inputs.
        said: the inputs in the structure of its call, as `keras.Model.export` takes
            them: `keras.InputSpec`s, specs of tensorflow or tensors.

    Raises:
        ExportError: if they are not known, or not those of the model.
    """
    if said is not None:
        structure = _said(model, said)
    elif declares_inputs(model):
        structure = structure_of(model)
    elif samples is not None:
        structure = keras.tree.map_structure(_spec_of_array, samples)
    else:
        structure = _recorded(model)
    # A map over a dict may take its keys in another order than a flat list has them.
    tensors = keras.tree.flatten(structure)
    specs = [
        keras.InputSpec(
            shape=(_batch(tensor), *tensor.shape[1:]),
            dtype=_held(keras.backend.standardize_dtype(tensor.dtype)),
            name=name,
        )
        for tensor, name in zip(tensors, _names(tensors), strict=True)
    ]
    return Signature(keras.tree.pack_sequence_as(structure, specs))


def _said(model: keras.Model, said: Any) -> Any:
    """Return what was said in the structure of the model's call."""
    if isinstance(said, (list, tuple)) and len(said) == 1:
        said = said[0]  # the arguments of a call, of which there is one
    specs = keras.tree.flatten(said)
    declared = structure_of(model) if declares_inputs(model) else said
    wanted = keras.tree.flatten(declared)
    if len(specs) != len(wanted) or any(
        getattr(one, "shape", None) is None or one.dtype is None for one in specs
    ):
        raise ExportError(
            f"`input_signature` holds {len(wanted)} spec(s) with shape and dtype for "
            f"'{model.name}', as [keras.InputSpec('float32', (None, 4))]. "
            f"Received: {said!r}."
        )
    named = [
        keras.InputSpec(
            shape=(_batch(one), *one.shape[1:]),
            dtype=keras.backend.standardize_dtype(one.dtype),
            name=getattr(one, "name", None) or getattr(known, "name", None),
        )
        for one, known in zip(specs, wanted, strict=True)
    ]
    return keras.tree.pack_sequence_as(declared, named)


def _batch(spec: Any) -> int | None:
    """Return how many rows a file takes at a time; `None`: any number.

    Tensors, symbolic ones too, are examples: their number of rows says nothing.
    """
    example = isinstance(spec, keras.KerasTensor) or keras.ops.is_tensor(spec)
    return None if example else spec.shape[0]


def array_dtype(dtype: str) -> str:
    """Return the dtype of NumPy that holds what an input takes."""
    return "object" if dtype == "string" else dtype


def _held(dtype: str) -> str:
    """Return a dtype as a backend holds it: jax has 32 bits, unless told otherwise."""
    if not dtype.endswith("64"):
        return dtype
    tensor = keras.ops.convert_to_tensor(np.zeros((), dtype))
    return str(keras.backend.standardize_dtype(tensor.dtype))


def _spec_of_array(array: Any) -> Any:
    array = np.asarray(array)
    floats = array.dtype.kind == "f"
    dtype = keras.config.floatx() if floats else str(array.dtype)
    return keras.KerasTensor((None, *array.shape[1:]), dtype=dtype)


def _recorded(model: keras.Model) -> Any:
    """Return the inputs with which a subclassed model was called first."""
    shapes = list(recorded_shapes(model).values())
    if len(shapes) != 1 or not _is_shape(shapes[0]):
        raise ExportError(
            f"'{model.name}' does not say the shapes of its inputs: it is a subclassed "
            "model. Pass some rows: export(path, samples=x[:8])."
        )
    return keras.KerasTensor((None, *shapes[0][1:]), dtype=model.input_dtype)


def _is_shape(shape: Any) -> bool:
    whole = isinstance(shape, (tuple, list)) and len(shape) > 0
    return whole and all(size is None or isinstance(size, int) for size in shape)


def _names(tensors: list[Any]) -> list[str]:
    """Return unique names that every format can hold, `input` where none was given.

    Keras counts the tensors of a process: `keras_tensor_12` may be 13 the next time.
    """
    names: list[str] = []
    for position, tensor in enumerate(tensors):
        said = str(getattr(tensor, "name", None) or "")
        if _COUNTED.fullmatch(said) or not said:
            said = "input" if len(tensors) == 1 else f"input_{position}"
        name = re.sub(r"\W", "_", said)
        names.append(name if name not in names else f"{name}_{position}")
    return names
