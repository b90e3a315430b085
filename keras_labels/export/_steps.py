"""Layers that go step by step, written so that a file takes any number of steps."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from keras_labels.errors import ExportError
from keras_labels.export._signature import Signature

_STEPWISE = (keras.layers.RNN, keras.layers.Bidirectional, keras.layers.TimeDistributed)


@contextlib.contextmanager
def steps_folded(model: keras.Model) -> Iterator[None]:
    """Let `TimeDistributed` call its layer once, with every step as a row.

    Keras' own call maps over an open axis in a way that fails in files of tensorflow
    and on jax, and that torch writes down for one length alone.
    """
    its_own = keras.layers.TimeDistributed.call
    layers = [one for one in model._flatten_layers() if type(one).call is its_own]
    for layer in layers:
        object.__setattr__(layer, "call", functools.partial(_folded, layer))
    try:
        yield
    finally:
        for layer in layers:
            object.__delattr__(layer, "call")


def _folded(layer: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
    inner, shape, options = layer.layer, ops.shape(inputs), {}
    if inner._call_has_mask_arg and mask is not None:
        options["mask"] = ops.reshape(mask, (-1, *ops.shape(mask)[2:]))
    if inner._call_has_training_arg:
        options["training"] = training
    made = inner.call(ops.reshape(inputs, (-1, *shape[2:])), **options)
    return ops.reshape(made, (-1, shape[1], *ops.shape(made)[1:]))


@contextlib.contextmanager
def open_lengths_explained(model: keras.Model, signature: Signature) -> Iterator[None]:
    """Name the layer and the way out where a file holds one length of several."""
    try:
        yield
    except ExportError as error:
        layer = _stepwise(model)
        opened = [one for one in signature.specs if None in one.shape[1:]]
        if layer is None or not opened:
            raise
        fixed = (None, *(size or 32 for size in opened[0].shape[1:]))
        raise ExportError(
            f"{error} (The layer '{layer.name}' ({type(layer).__name__}) goes step by "
            "step over an input of open length, which this exporter may not hold. Fix "
            f"it: input_signature=[keras.InputSpec('{opened[0].dtype}', {fixed})].)"
        ) from error


def _stepwise(model: keras.Model) -> keras.Layer | None:
    found = (one for one in model._flatten_layers() if isinstance(one, _STEPWISE))
    return next(found, None)
