"""One compiled call of a decoded model, the cheapest that is safe on each backend.

The only file of this room that knows how a backend compiles. Every call sees the
weights as they are then: tensorflow and torch read the variables, and jax is given
their values, none of which it may destroy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_labels import functional
from keras_labels.decoder import DecodedModel
from keras_labels.errors import InputError
from keras_labels.prediction._batch_size import has_independent_rows
from keras_labels.prediction._guard import has_own_step, lock_of
from keras_labels.prediction._inputs import declares_inputs

Call = Callable[[Any], Any]
_KEPT = 64  # compiled calls; more than one only where each dtype or length has its own


def is_compilable(decoder: DecodedModel) -> bool:
    """Tell whether a call of our own means what `Model.predict` of the model means.

    Not where the user changed what a prediction is, asked for eager execution, or
    spreads it over devices.
    """
    model = decoder.model
    if has_own_step(model) or model.run_eagerly:
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
        made = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
        self._make = made[backend]
        self._each_length = backend == "tensorflow" and _counts_rows_as_steps(decoder)
        self._calls: dict[Any, Call] = {}
        model = decoder.model
        # Keras' way into a graph of its own layers takes torch as long as a layer.
        self._run = model.call if backend == "torch" and _is_plain(model) else model

    def __call__(self, x: Any) -> Any:
        """Return the outputs for some rows."""
        key = self._key(x)
        call = self._calls.get(key)
        if call is None:
            specs = None if key is None else self._signature(x)
            made = self._make(self._decoder, self._forward, specs, self._jit)
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
        with functional.unexported(self._ids):
            scores = self._run(x, training=False)
            return self._decoder.decode(scores, directly=True)

    def _signature(self, x: Any) -> Any:
        def spec(array: Any, symbolic: Any = None) -> Any:
            shape = (None, *array.shape[1:]) if self._each_length else symbolic.shape
            return keras.KerasTensor(shape, dtype=_name(array))

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


def _to_numpy(made: Any) -> Any:
    """Return outputs as arrays that a user may write to."""
    if isinstance(made, (dict, tuple)):
        return keras.tree.map_structure(_to_numpy, made)
    array = keras.ops.convert_to_numpy(made)
    return array if array.flags.writeable else array.copy()


def _tensorflow(decoder: DecodedModel, forward: Call, specs: Any, jit: bool) -> Call:
    del decoder
    import tensorflow as tf

    # XLA only where it is asked for: it makes a MobileNetV2 ten times slower on a CPU.
    options = {"autograph": False, "jit_compile": True if jit else None}
    if specs is None:
        function: Any = tf.function(forward, reduce_retracing=True, **options)
    else:
        signature = keras.tree.map_structure(
            lambda spec: tf.TensorSpec(spec.shape, spec.dtype), specs
        )
        traced = tf.function(forward, input_signature=[signature], **options)
        function = traced.get_concrete_function()

    def call(x: Any) -> Any:
        return _to_numpy(function(x))

    return call


def _jax(decoder: DecodedModel, forward: Call, specs: Any, jit: bool) -> Call:
    del specs, jit  # it keeps a program for every shape it meets
    import jax

    variables = decoder.variables
    lock = lock_of(decoder.model)
    advancing: list[int] = []  # what a call changes: seeds, states of layers

    @jax.jit
    def step(values: list[Any], x: Any) -> Any:
        with keras.StatelessScope(zip(variables, values, strict=True)) as scope:
            before = [scope.get_current_value(v) for v in variables]
            made = forward(x)
        after = [scope.get_current_value(v) for v in variables]
        changed = {i: v for i, v in enumerate(after) if v is not before[i]}
        advancing[:] = changed
        return made, changed

    def call(x: Any) -> Any:
        with lock:
            made, changed = step(_values(decoder.model, variables), x)
            for index, value in changed.items():
                variables[index].assign(value)
        return _to_numpy(made)

    return call


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


def _torch(decoder: DecodedModel, forward: Call, specs: Any, jit: bool) -> Call:
    del specs
    import torch

    convert = keras.ops.convert_to_tensor
    # What a model makes in its first call, weights too, could not be trained later if
    # it were made in inference mode.
    modes = [torch.inference_mode] if jit else [torch.inference_mode, torch.no_grad]
    run = _Exported(decoder) if jit else forward

    def call(x: Any) -> Any:
        one = isinstance(x, np.ndarray)
        x = convert(x) if one else keras.tree.map_structure(convert, x)
        with modes[-1]():
            made = run(x)
        del modes[1:]
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
                return decoder.decode(decoder.model(x, training=False), directly=True)

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
                f"torch says: {str(error).strip().splitlines()[0]}"
            ) from error
        return torch.compile(exported.module(), dynamic=True)
