"""A function of tensors -> one compiled call, the cheapest that is safe on a backend.

Every call sees the weights as they are then: tensorflow and torch read the variables,
and jax is given their values, none of which it may destroy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_labels.decoder import DecodedModel
from keras_labels.errors import InputError, first_line
from keras_labels.prediction._guard import lock_of

Call = Callable[..., Any]


def compiled_call(
    decoder: DecodedModel,
    forward: Call,
    specs: Any,
    jit: bool,
    plain: bool,
) -> Call:
    """Return a function from arrays to arrays.

    Args:
        decoder: the model that owns the weights.
        forward: what it does with tensors.
        specs: the symbolic inputs to compile for; `None` if they are not known.
        jit: whether to compile where that is a choice.
        plain: whether layers are known to keep no tensors of a call.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _tensorflow(forward, specs, jit)
    if backend == "jax":
        return _jax(decoder, forward)
    return _torch(_Exported(decoder) if jit else forward, plain or jit)


def _to_numpy(made: Any) -> Any:
    """Return outputs as arrays that a user may write to."""
    if isinstance(made, (dict, tuple)):
        return keras.tree.map_structure(_to_numpy, made)
    array = keras.ops.convert_to_numpy(made)
    return array if array.flags.writeable else array.copy()


def _tensorflow(forward: Call, specs: Any, jit: bool) -> Call:
    import tensorflow as tf

    def run(x: Any) -> Any:  # tensorflow binds arguments by their names
        return forward(x)

    # XLA only where it is asked for: it makes a MobileNetV2 ten times slower on a CPU.
    options = {"autograph": False, "jit_compile": True if jit else None}
    if specs is None:
        function: Any = tf.function(run, reduce_retracing=True, **options)
    else:
        signature = keras.tree.map_structure(
            lambda spec: tf.TensorSpec(spec.shape, spec.dtype), specs
        )
        traced = tf.function(run, input_signature=[signature], **options)
        function = traced.get_concrete_function()

    def call(x: Any) -> Any:
        # The function would take longer to make a tensor of it.
        return _to_numpy(function(tf.constant(x) if isinstance(x, np.ndarray) else x))

    return call


def _jax(decoder: DecodedModel, forward: Call) -> Call:
    variables = decoder.variables
    lock = lock_of(decoder.model)
    run = _jitted(variables, forward)

    def call(x: Any) -> Any:
        with lock:
            made, changed = run(_values(decoder.model, variables), x)
            for index, value in changed.items():
                variables[index].assign(value)
        return _to_numpy(made)

    return call


def _jitted(variables: list[Any], forward: Call) -> Call:
    """Return a function of the variables' values and of tensors.

    It gives the outputs, and what became of seeds and states of layers.
    """
    import jax

    def step(values: list[Any], x: Any) -> tuple[Any, dict[int, Any]]:
        with keras.StatelessScope(zip(variables, values, strict=True)) as scope:
            before = [scope.get_current_value(v) for v in variables]
            made = forward(x)
        after = [scope.get_current_value(v) for v in variables]
        changed = {i: v for i, v in enumerate(after) if v is not before[i]}
        return made, changed

    jitted: Call = jax.jit(step)
    return jitted


def _values(model: keras.Model, variables: list[Any]) -> list[Any]:
    """Return the weights; a Keras loop on jax keeps them to itself meanwhile."""
    values = [variable._value for variable in variables]
    if any(value is None for value in values):
        model.jax_state_sync()
        values = [variable._value for variable in variables]
    if any(value is None for value in values):
        raise InputError(
            f"The weights of '{model.name}' are held by a training or prediction that "
            "runs now, of another model that shares them. Predict when it has ended."
        )
    return values


def _torch(run: Call, plain: bool) -> Call:
    import torch

    convert = keras.ops.convert_to_tensor
    # A tensor that a layer keeps from inference mode could not be trained with later.
    mode = torch.inference_mode if plain else torch.no_grad

    def call(x: Any) -> Any:
        one = isinstance(x, np.ndarray)
        x = convert(x) if one else keras.tree.map_structure(convert, x)
        with mode():
            made = run(x)
        return _to_numpy(made)

    return call


class _Exported:
    """A decoded model as a graph of torch, compiled at the first call."""

    def __init__(self, decoder: DecodedModel) -> None:
        self._decoder = decoder
        self._graph: Any = None

    def __call__(self, x: Any) -> Any:
        if self._graph is None:
            self._graph = self._compiled(x)
        return self._graph(x)

    def _compiled(self, x: Any) -> Any:
        import torch

        decoder = self._decoder

        class Forward(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model = decoder.model  # whose weights the graph shares

            def forward(self, x: Any) -> Any:
                # In the portable formulation: a graph cannot look at the scores.
                scores = decoder.model(x, training=False)
                return decoder.with_masks(decoder.decode(scores, directly=True), scores)

        # A graph made from one row would be for one row.
        rows = keras.tree.map_structure(lambda a: torch.cat([a[:1], a[:1]]), x)
        free = keras.tree.map_structure(lambda _: {0: torch.export.Dim("rows")}, x)
        try:
            exported = torch.export.export(
                Forward(), (rows,), dynamic_shapes={"x": free}, strict=False
            )
        except Exception as error:
            raise InputError(
                f"torch cannot make a graph of '{decoder.model.name}', which "
                "jit_compile=True needs. Leave it out to run the model as it is. "
                f"torch says: {first_line(error.__cause__ or error)}"
            ) from error
        return torch.compile(exported.module(), dynamic=True)
