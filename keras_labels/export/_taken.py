"""The values that the layers behind an input take: ids, or words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

_MOST = 256  # ids where no layer says how many it takes
_UNKNOWN = "zzz"  # a word that is in few vocabularies
# What these give are the values that they take, in another shape or order.
_PASSING = (
    keras.layers.Concatenate,
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.Identity,
    keras.layers.Masking,
    keras.layers.Permute,
    keras.layers.RepeatVector,
    keras.layers.Reshape,
)
_PASSING_OPS = {
    "BroadcastTo",
    "Cast",
    "Concatenate",
    "ExpandDims",
    "Flip",
    "GetItem",
    "Moveaxis",
    "Ravel",
    "Repeat",
    "Reshape",
    "Split",
    "Squeeze",
    "Stack",
    "StopGradient",
    "Swapaxes",
    "Transpose",
    "Unstack",
}
_ON_NUMBERS = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Normalization)


def values_taken(model: keras.Model) -> list[np.ndarray | None]:
    """Return what each input of a graph may hold; `None`: any number, or not known.

    It is walked from the input to the first layers that look its values up.
    """
    inputs = list(getattr(model, "inputs", None) or ())
    found = [[values for _, values in _found(model, one)] for one in inputs]
    return [_common(each) for each in found]


def text_layer(model: keras.Model) -> keras.Layer | None:
    """Return the first layer that looks up strings; `None`: none is known."""
    for tensor in getattr(model, "inputs", None) or ():
        if str(tensor.dtype) == "string":
            for layer, _ in _found(model, tensor):
                return layer
    return None


def ids_of(model: keras.Model) -> np.ndarray:
    """Return ids that every embedding of a model holds."""
    sizes = [one.input_dim for one in _embeddings(model)]
    return np.arange(min([_MOST, *sizes]))


def _common(found: list[np.ndarray]) -> np.ndarray | None:
    values: np.ndarray | None = None
    for one in found:
        both = one if values is None else values[np.isin(values, one)]
        values = both if len(both) else values
    return values


def _found(model: Any, tensor: Any) -> Iterator[tuple[Any, np.ndarray]]:
    """Give each layer that a tensor comes to, and the values that it takes."""
    graph = getattr(model, "_functional", model)  # that of a Sequential
    by_depth = getattr(graph, "_nodes_by_depth", {})
    nodes = [node for depth in by_depth.values() for node in depth]
    open_ones, seen = [tensor], set()
    while open_ones:
        current = open_ones.pop()
        seen.add(id(current))
        for node in nodes:
            places = [
                place
                for place, one in enumerate(node.input_tensors)
                if one is current and not node.is_input
            ]
            if not places:
                continue
            operation = node.operation
            inner = getattr(operation, "inputs", None)
            if isinstance(operation, keras.Model) and inner:
                for place in places:
                    yield from _found(operation, inner[place])
            elif (values := _taken_by(operation, node, current)) is not None:
                yield operation, values
            elif _passes(operation):
                open_ones += [one for one in node.outputs if id(one) not in seen]


def _passes(operation: Any) -> bool:
    of_ops = not isinstance(operation, keras.Layer)
    return isinstance(operation, _PASSING) or (
        of_ops and type(operation).__name__ in _PASSING_OPS
    )


def _taken_by(operation: Any, node: Any, tensor: Any) -> np.ndarray | None:
    """Return what an operation looks up, `None` if it takes any number."""
    if isinstance(operation, keras.Layer):
        for layer, taken in _BY_LAYER.items():
            if isinstance(operation, layer):
                return taken(operation, node, tensor)
        return _inside(operation)
    kind = type(operation).__name__
    if kind == "OneHot":
        return np.arange(operation.num_classes)
    return _of_take(operation, node, tensor) if kind == "Take" else None


def _of_embedding(layer: Any, *_: Any) -> np.ndarray:
    return np.arange(layer.input_dim)


def _of_encoding(layer: Any, node: Any, tensor: Any) -> np.ndarray | None:
    first = node.input_tensors[0] is tensor  # the second are weights
    return np.arange(layer.num_tokens) if first else None


def _of_hashing(layer: Any, node: Any, tensor: Any) -> np.ndarray:
    del layer, node
    words = str(tensor.dtype) == "string"
    return np.array(["a", "b", "c"], object) if words else np.arange(_MOST)


def _of_words(layer: Any, *_: Any) -> np.ndarray:
    """Return what a layer knows, and a word that it does not if that has a place."""
    known = list(layer.get_vocabulary(include_special_tokens=False))
    return np.array([*known, _UNKNOWN] if _has_place(layer) else known, object)


def _of_numbers(layer: Any, *_: Any) -> np.ndarray:
    known = [int(one) for one in layer.get_vocabulary(include_special_tokens=False)]
    other = [max(known, default=0) + 1] if _has_place(layer) else []
    return np.array([*known, *other])


def _of_texts(layer: Any, *_: Any) -> np.ndarray:
    """Return texts of none to eight words."""
    words, rng = _of_words(layer), np.random.default_rng(0)
    texts = [" ".join(rng.choice(words, size)) for size in range(9) for _ in range(4)]
    return np.array(texts, object)


def _has_place(layer: Any) -> bool:
    return getattr(layer, "num_oov_indices", 1) > 0


_BY_LAYER: dict[type, Callable[..., np.ndarray | None]] = {
    keras.layers.Embedding: _of_embedding,
    keras.layers.CategoryEncoding: _of_encoding,
    keras.layers.TextVectorization: _of_texts,
    keras.layers.StringLookup: _of_words,
    keras.layers.IntegerLookup: _of_numbers,
    keras.layers.Hashing: _of_hashing,
    keras.layers.HashedCrossing: _of_hashing,
}


def _of_take(operation: Any, node: Any, tensor: Any) -> np.ndarray | None:
    """Return the ids of rows of a table."""
    if node.input_tensors[-1] is not tensor:
        return None
    shape = node.arguments.args[0].shape
    sizes = shape if operation.axis is None else [shape[operation.axis]]
    return None if None in sizes else np.arange(math.prod(sizes))


def _inside(layer: Any) -> np.ndarray | None:
    """Return what a layer made of layers takes, if it embeds ids and no numbers."""
    inner = [one for one in layer._flatten_layers() if one is not layer]
    if any(isinstance(one, _ON_NUMBERS) or hasattr(one, "kernel") for one in inner):
        return None
    sizes = [one.input_dim for one in _embeddings(layer)]
    return np.arange(min(sizes)) if sizes else None


def _embeddings(layer: Any) -> list[Any]:
    every = layer._flatten_layers()
    return [one for one in every if isinstance(one, keras.layers.Embedding)]
