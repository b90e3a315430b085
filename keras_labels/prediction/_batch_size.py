"""How many rows a model is given at once, where the user does not say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras

KERAS_BATCH_SIZE = 32  # as in `Model.predict`
MEMORY_BUDGET = 16 * 2**20  # bytes: what a CPU keeps in its caches
LEAST, MOST = 4, 4096
_BYTES = 4  # of a number


def batch_size_of(model: keras.Model, inputs: Any, x: Any, memory_budget: int) -> int:
    """Return how many rows of arrays to run at once.

    The power of two below `memory_budget` over the bytes of the largest output that
    any layer gives for one row, from 4 to 4096: large enough that calls cost nothing,
    and small enough for the caches. The length of the batch axis where the model has
    one; Keras' 32 where rows may depend on each other, or the sizes are not known.

    Args:
        model: a graph of layers.
        inputs: its symbolic inputs.
        x: arrays in their structure.
        memory_budget: bytes.
    """
    fixed = keras.tree.flatten(inputs)[0].shape[0]
    if fixed is not None:
        return int(fixed)
    if not has_independent_rows(model):
        return KERAS_BATCH_SIZE
    size = largest_output(model, keras.tree.map_structure(_likened, inputs, x))
    if size is None:
        return KERAS_BATCH_SIZE
    rows = max(memory_budget // (_BYTES * size), 1)
    power_of_two = 1 << (rows.bit_length() - 1)
    return min(max(power_of_two, LEAST), MOST)


def _likened(symbolic: Any, array: Any) -> Any:
    """Return a symbolic input with the lengths of an array, those left open rounded.

    Up to powers of two, so that texts of any length share a few sizes.
    """
    shape = [
        1 << (given - 1).bit_length() if said is None else said
        for said, given in zip(symbolic.shape[1:], array.shape[1:], strict=True)
    ]
    return keras.KerasTensor((None, *shape), dtype=symbolic.dtype)


def largest_output(model: keras.Model, inputs: Any) -> int | None:
    """Return how many numbers the largest layer output has for one row.

    Args:
        model: a graph of layers.
        inputs: symbolic inputs of known shape, but for the rows.

    Returns:
        The number; `None` if layers give no shape.
    """
    try:
        sizes = list(_sizes(model, inputs))
    except Exception:  # a layer may refuse a length that was rounded
        return None
    return None if None in sizes else max(filter(None, sizes), default=1)


def _sizes(model: Any, inputs: Any) -> Iterator[int | None]:
    """Give the size of every tensor of a graph, for one row."""
    sizes = [_size(tensor) for tensor in keras.tree.flatten(inputs)]

    def followed(operation: Any) -> Callable[..., Any]:
        def outputs(*args: Any, **kwargs: Any) -> Any:
            made = operation.compute_output_spec(*args, **kwargs)
            if hasattr(_graph(operation), "_run_through_graph"):
                sizes.extend(_sizes(operation, args[0]))
            sizes.extend(_size(tensor) for tensor in keras.tree.flatten(made))
            sizes.append(_scores_of_attention(operation, args))
            return made

        return outputs

    _graph(model)._run_through_graph(inputs, operation_fn=followed)
    return iter(sizes)


def _graph(model: Any) -> Any:
    """Return the part of a model that runs a graph (a Sequential holds it)."""
    return getattr(model, "_functional", None) or model


def _size(tensor: Any) -> int | None:
    shape = tensor.shape[1:]
    return None if None in shape else math.prod(shape)


def _scores_of_attention(layer: Any, args: tuple[Any, ...]) -> int:
    """Return the size of what attention keeps to itself: heads * queries * keys."""
    heads = getattr(layer, "num_heads", getattr(layer, "num_query_heads", 0))
    lengths = [a.shape[1] or 0 for a in args[:2] if len(getattr(a, "shape", ())) > 1]
    return int(heads) * math.prod(lengths) if len(lengths) > 1 else 0


def has_independent_rows(model: keras.Model) -> bool:
    """Tell whether a row is decided alone: all layers are Keras' and infer."""
    layers = [model, *model._flatten_layers(include_self=False)]
    graphs = [g for g in map(_graph, layers) if hasattr(g, "_run_through_graph")]
    operations = [op for graph in graphs for op in graph.operations]
    return all(map(_is_keras_own, [*layers, *operations])) and not any(
        node.arguments.kwargs.get("training")
        for operation in operations
        for node in operation._inbound_nodes
    )


def _is_keras_own(operation: Any) -> bool:
    activation = getattr(operation, "activation", None)
    parts = [type(operation), type(operation).call]
    parts += [activation] if callable(activation) else []
    modules = [getattr(part, "__module__", None) or "" for part in parts]
    return (
        all(module.partition(".")[0] == "keras" for module in modules)
        and not isinstance(operation, keras.layers.Lambda)
        and not getattr(operation, "stateful", False)
    )
