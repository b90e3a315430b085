"""What a call of a model changes in it, put back after an export."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from keras_labels.errors import ExportError


def check_stateless(model: keras.Model) -> None:
    """Refuse a model that remembers the rows before.

    Raises:
        ExportError: naming the layer.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.RNN) and layer.stateful:
            raise ExportError(
                f"The layer '{layer.name}' ({type(layer).__name__}) of '{model.name}' "
                "is stateful, and an exported file remembers nothing from one call to "
                "the next. Make the model again with stateful=False, give it the "
                "weights, copy.set_weights(model.get_weights()), and export that."
            )


@contextlib.contextmanager
def state_kept(model: keras.Model) -> Iterator[None]:
    """Put back what is no weight: moving averages, random seeds, states.

    Exporters call a model with rows of zeros; on jax they leave behind, in place of a
    seed, what stood for it while they traced.
    """
    variables = list(_state(model))
    values = [keras.ops.convert_to_numpy(one).copy() for one in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _state(model: keras.Model) -> Iterator[Any]:
    for layer in model._flatten_layers():
        yield from layer._non_trainable_variables
        yield from (one.state for one in layer._seed_generators)
        states = keras.tree.flatten(getattr(layer, "states", None))
        yield from (one for one in states if isinstance(one, keras.Variable))
