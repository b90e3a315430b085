"""How many rows a model is given at once, where the user does not say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras

from keras_labels.prediction._independence import (
    graph_of,
    has_independent_rows,
    keeps_state,
)

KERAS_BATCH_SIZE = 32  # as in `Model.predict`
MEMORY_BUDGET = 16 * 2**20  # bytes: what a CPU keeps in its caches
ENOUGH, MOST = 16, 16_384
_OVER_BUDGET = 8  # times the budget, that `ENOUGH` rows may take
_BYTES = 4  # of a number


def batch_size_of(
    model: keras.Model, inputs: Any, x: Any, memory_budget: int, per_score: int = 1
) -> int:
    """Return how many rows of arrays to run at once.

    The power of two below `memory_budget` over the bytes of the largest output that
    any layer gives for one row (of the scores twice that), up to 16,384: large enough
    that calls cost nothing, and small enough for the caches. Fewer than 16 only if
    those take more than eight times the budget, or if the scores of so many class maps
    take more than the budget. The length of the batch axis where the model has one;
    Keras' 32 where rows may depend on each other, or sizes are unknown.

    Args:
        model: a graph of layers.
        inputs: its symbolic inputs.
        x: arrays in their structure.
        memory_budget: bytes.
        per_score: how many numbers the decision holds beside each score.
    """
    fixed = model.inputs[0].shape[0]
    if fixed is not None and keeps_state(model):
        return int(fixed)
    if not has_independent_rows(model):
        return KERAS_BATCH_SIZE
    size = largest_output(model, keras.tree.map_structure(_likened, inputs, x))
    if size is None:
        return KERAS_BATCH_SIZE
    # A decision on scores holds something of their size beside them.
    scores = per_score * max(_size(tensor) or 0 for tensor in model.outputs)
    rows = memory_budget // (_BYTES * max(size, 2 * scores))
    if rows < ENOUGH:
        rows = min(_OVER_BUDGET * memory_budget // (_BYTES * size), ENOUGH)
        # Weights serve all decisions of a map: more rows of it gain nothing.
        maps = [_size(t) or 1 for t in model.outputs if len(t.shape) > 2]
        each = [2 * _BYTES * per_score * size for size in maps]
        rows = min([rows, *(memory_budget // size for size in each)])
    power_of_two: int = 1 << (max(rows, 1).bit_length() - 1)
    return min(power_of_two, MOST)


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
    except (ValueError, TypeError, RuntimeError):  # of a layer that refuses a length
        return None
    return None if None in sizes else max(filter(None, sizes), default=1)


def _sizes(model: Any, inputs: Any) -> Iterator[int | None]:
    """Give the size of every tensor of a graph, for one row."""
    sizes = [_size(tensor) for tensor in keras.tree.flatten(inputs)]

    def followed(operation: Any) -> Callable[..., Any]:
        def outputs(*args: Any, **kwargs: Any) -> Any:
            made = operation.compute_output_spec(*args, **kwargs)
            if hasattr(graph_of(operation), "_run_through_graph"):
                sizes.extend(_sizes(operation, args[0]))
            sizes.extend(_size(tensor) for tensor in keras.tree.flatten(made))
            sizes.append(_scores_of_attention(operation, args, kwargs))
            return made

        return outputs

    graph_of(model)._run_through_graph(inputs, operation_fn=followed)
    return iter(sizes)


def _size(tensor: Any) -> int | None:
    shape = tensor.shape[1:]
    return None if None in shape else math.prod(shape)


def _scores_of_attention(layer: Any, args: Any, kwargs: Any) -> int:
    """Return the size of what attention keeps to itself: heads * queries * keys."""
    named = [kwargs[name] for name in ("query", "value") if name in kwargs]
    query_and_value = keras.tree.flatten([*args, *named])[:2]
    lengths = [getattr(t, "shape", ())[1:2] for t in query_and_value]
    pairs: int = math.prod(length or 0 for one in lengths for length in one)
    if isinstance(layer, keras.layers.AdditiveAttention):
        return pairs * int(query_and_value[0].shape[-1])
    if isinstance(layer, keras.layers.Attention):
        return pairs
    heads = getattr(layer, "num_heads", getattr(layer, "num_query_heads", 0))
    return int(heads) * pairs
