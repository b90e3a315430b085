"""One compiled call of a decoded model: what goes through it, and how it decides."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from keras_labels import functional
from keras_labels.decoder import DecodedModel
from keras_labels.prediction._backend_calls import Call, compiled_call
from keras_labels.prediction._guard import has_own_step
from keras_labels.prediction._independence import (
    has_independent_rows,
    keeps_state,
)
from keras_labels.prediction._inputs import declares_inputs

_MAP = 500_000  # scores of a row
_MANY = 100  # classes, from which tensorflow is faster without XLA
_KEPT = 64  # compiled calls; more than one only where each dtype or length has its own


def is_compilable(decoder: DecodedModel) -> bool:
    """Tell whether a call of our own means what `Model.predict` of the model means.

    Not where the user changed what a prediction is, asked for eager execution, spreads
    it over devices, or keeps state from call to call.
    """
    model = decoder.model
    if has_own_step(model) or model.run_eagerly or keeps_state(model):
        return False
    if not all(layer.built for layer in model._flatten_layers()):
        return False  # Keras builds it, in a call of its own
    strategy = getattr(model, "distribute_strategy", None)  # tensorflow's
    if strategy is not None and strategy.num_replicas_in_sync > 1:
        return False
    if keras.backend.backend() != "jax":
        return True
    compiles: bool = decoder.jit_compile  # not with layers that jax cannot compile
    return compiles and keras.distribution.distribution() is None


def is_dense(x: Any) -> bool:
    """Tell whether data is arrays of numbers, for which every backend compiles."""
    return _is_dense(x) or all(map(_is_dense, keras.tree.flatten(x)))


def _is_dense(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf" or value.dtype.name == "bfloat16"
    if not keras.ops.is_tensor(value):
        return False
    if keras.backend.backend() == "torch":
        return not value.is_sparse
    # tensorflow's ragged and sparse tensors, and jax's sparse ones, lack it.
    return hasattr(value, "__array__") and value.dtype != "string"


class Compiled:
    """A decoded model as a function from arrays to NumPy arrays.

    Its decisions take the fastest formulation, which no file could hold.

    Args:
        decoder: the model, which `is_compilable`.
        ids: dtype of the class ids.
        shapes: the shapes of the inputs that it declares, in their structure, which
            is that of the data; `None`: not known.
        jit_compile: whether to compile, with XLA on tensorflow and with
            `torch.export` and `torch.compile` on torch; `None`: as the model was
            compiled, and never on torch. jax always does.
    """

    def __init__(
        self,
        decoder: DecodedModel,
        ids: str,
        shapes: Any = None,
        jit_compile: bool | None = None,
    ) -> None:
        self._decoder = decoder
        self._ids = ids
        self._shapes = shapes
        backend = keras.backend.backend()
        as_compiled = decoder.jit_compile and backend != "torch"
        self._jit = bool(as_compiled if jit_compile is None else jit_compile)
        # Whether each new number of rows is compiled for.
        self.for_each_shape = backend == "jax" or (backend != "torch" and self._jit)
        self._each_length = backend == "tensorflow" and _counts_rows_as_steps(decoder)
        self._calls: dict[Any, Call] = {}
        model = decoder.model
        # Keras' way into a graph of its own layers takes torch as long as a layer.
        self._plain = backend == "torch" and _is_plain(model)
        self._run = model.call if self._plain else model

    def __call__(self, x: Any) -> Any:
        """Return the outputs for some rows."""
        key = self._key(x)
        call = self._calls.get(key)
        if call is None:
            specs = None if key is None else self._signature(x)
            made = compiled_call(
                self._decoder, self._forward, specs, self._jit, self._plain
            )
            call = self._calls.setdefault(key, made)
            if len(self._calls) > _KEPT:
                self._calls.pop(next(iter(self._calls)), None)
        return call(x)

    def _key(self, x: Any) -> Any:
        if self._each_length:
            return tuple((_name(a), *a.shape[1:]) for a in keras.tree.flatten(x))
        if self._shapes is None:
            return None
        if isinstance(x, np.ndarray):
            return x.dtype
        return tuple(_name(a) for a in keras.tree.flatten(x))

    def _forward(self, x: Any) -> Any:
        scores = self._run(x, training=False)
        return self._decoder.with_masks(self._decided(scores), scores)

    def _decided(self, scores: Any) -> Any:
        if keras.backend.backend() == "tensorflow" and self._is_map(scores):
            import tensorflow as tf

            # One pass over a class map in place of six; the model around it is slower.
            return tf.function(self._decode, autograph=False, jit_compile=True)(scores)
        return self._decode(scores, self._jit)

    def _is_map(self, scores: Any) -> bool:
        """Tell whether there are so many decisions that XLA repays its compilation."""
        axis = getattr(self._decoder.decoders, "axis", None)  # a dict for several heads
        shape = () if axis is None else tuple(scores.shape)[1:]
        whole = len(shape) > 1 and None not in shape
        return whole and scores.shape[axis] < _MANY and math.prod(shape) > _MAP

    def _decode(self, scores: Any, xla: bool = True) -> Any:
        with functional.unexported(self._ids, xla):
            return self._decoder.decode(scores, directly=True)

    def _signature(self, x: Any) -> Any:
        def spec(array: Any, symbolic: Any = None) -> Any:
            lengths = (array if self._each_length else symbolic).shape[1:]
            return keras.KerasTensor((None, *lengths), dtype=_name(array))

        declared = () if self._shapes is None else (self._shapes,)
        return keras.tree.map_structure(spec, x, *declared)


def _is_plain(model: keras.Model) -> bool:
    """Tell whether a call does no more than to run a graph of Keras' own layers."""
    return (
        declares_inputs(model)
        and has_independent_rows(model)
        and model.compute_dtype == "float32"  # else the inputs are cast on the way
    )


def _counts_rows_as_steps(decoder: DecodedModel) -> bool:
    """Tell whether lengths must be known: TimeDistributed fails silently without."""
    # keras 3.15 then repeats its layer once for each row in place of each step.
    layers = decoder.model._flatten_layers()
    return any(isinstance(layer, keras.layers.TimeDistributed) for layer in layers)


def _name(array: Any) -> str:
    return str(keras.backend.standardize_dtype(array.dtype))
