"""Which formulation of a rule is computed: one of the process, or one for a file.

By default a decision is computed by operations that every exported file can hold, and
that the runtime of the file does in one pass (`_native`). A prediction in this process
may use others. They give the same ids; numbers below the smallest normal float alone
may count as 0 in one and not in another. `benchmarks/decisions.py` measures the
choices in the process, `benchmarks/exports.py` those in files.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

import keras
from keras import ops

# From how many classes two passes over blocks beat one over all.
_IN_BLOCKS_FROM = {"tensorflow": 3000, "xla": 100, "torch": 10_000}


class _Formulation(NamedTuple):
    compiler: str | None  # "tensorflow", "xla" or "torch"; `None`: for any
    ids: str
    runtime: str | None = None  # that of the file, where it is known


_PORTABLE = _Formulation(None, "int32")
_formulation: ContextVar[_Formulation] = ContextVar(
    "keras_labels_formulation", default=_PORTABLE
)


@contextlib.contextmanager
def unexported(ids: str = "int32", xla: bool = False) -> Iterator[None]:
    """Compute decisions in the fastest way; nothing traced inside may be exported.

    Args:
        ids: dtype of the class ids: signed, and wide enough for them.
        xla: whether XLA compiles what is traced inside; on jax it always does.
    """
    backend = keras.backend.backend()
    compiler = "xla" if xla or backend == "jax" else backend
    with _computed(_Formulation(compiler, ids)):
        yield


@contextlib.contextmanager
def written_for(runtime: str) -> Iterator[None]:
    """Compute decisions in the best way for a file: that of the format of this name."""
    with _computed(_PORTABLE._replace(runtime=runtime)):
        yield


@contextlib.contextmanager
def _computed(formulation: _Formulation) -> Iterator[None]:
    token = _formulation.set(formulation)
    try:
        yield
    finally:
        _formulation.reset(token)


def runtime() -> str | None:
    """Return the format of the file that is written; `None`: not known."""
    return _formulation.get().runtime


def is_portable() -> bool:
    """Tell whether the operations must be such that every file can hold them."""
    return _compiler() is None


def fuses() -> bool:
    """Tell whether several operations become one pass: rare cases cost nothing."""
    return _compiler() == "xla"


def _compiler() -> str | None:
    return _formulation.get().compiler


def at_least(x: Any, y: Any) -> Any:
    """Tell where x >= y."""
    symbolic = isinstance(x, keras.KerasTensor) or isinstance(y, keras.KerasTensor)
    if keras.backend.backend() != "torch" or symbolic:
        return ops.greater_equal(x, y)
    import torch  # OpenVINO reads its `ge`, and not the `greater_equal` of Keras

    return torch.ge(*map(ops.convert_to_tensor, (x, y)))


def ids_dtype() -> str:
    """Return the dtype of class ids."""
    return _formulation.get().ids


def in_blocks(classes: int) -> tuple[int, int] | None:
    """Return how many blocks of how many classes are searched; `None`: one search.

    Blocks are near the square root of the classes, and divide them if they can, which
    saves a copy of the scores. Classes behind the last block are searched one by one.
    """
    compiler = _compiler()
    if compiler is None or classes < _IN_BLOCKS_FROM[compiler]:
        return None
    root = math.isqrt(classes)
    sizes = (n for i in range(root) for n in (root - i, root + i))
    even = (n for n in sizes if classes % n == 0 and 4 < n < classes // 4)
    size = next(even, root)
    return classes // size, size


def taken_blocks(x: Any, ids: Any) -> Any:
    """Return blocks of scores.

    Args:
        x: `(..., blocks, size)`.
        ids: int `(..., k)`: which blocks.

    Returns:
        `(..., k, size)`.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf  # Keras' take_along_axis takes element by element

        rows = len(ids.shape) - 1
        return tf.gather(x, ids, axis=rows, batch_dims=rows)
    return ops.take_along_axis(x, ops.expand_dims(ids, -1), axis=-2)


def native_best(scores: Any, axis: int) -> tuple[Any, Any] | None:
    """Return the highest scores and their first int32 ids as the backend finds them.

    Both keep the class axis with length 1. `None` where a comparison with the highest
    score is as fast.
    """
    compiler = _compiler()
    if compiler is None or 0 in tuple(scores.shape):
        return None
    if compiler == "torch":
        import torch

        highest, ids = torch.max(scores, dim=axis, keepdim=True)
        return highest, ids.int()
    if finds_best_in_one_pass():
        return _best_in_one_pass(scores, axis)
    if compiler == "xla" or not is_last(axis, scores):
        return None
    import tensorflow as tf

    ids = tf.math.top_k(scores, 1).indices  # its argmax loses the lowest number
    return tf.reduce_max(scores, axis, keepdims=True), ids


def finds_best_in_one_pass() -> bool:
    """Tell whether a search gives id and score together, NaN above all others."""
    return fuses() and keras.backend.backend() == "jax"


def _best_in_one_pass(scores: Any, axis: int) -> tuple[Any, Any]:
    """Return the highest scores and their first ids, as `jnp.argmax` finds the ids.

    jax drops the scores that its argmax compared; to take them again, by a maximum,
    costs as much as the whole.
    """
    from jax import lax
    from jax import numpy as jnp

    def better(one: Any, other: Any) -> Any:
        (x, i), (y, j) = one, other
        higher = (x > y) | jnp.isnan(x)
        first = higher | ((x == y) & (i < j))
        return jnp.where(higher, x, y), jnp.where(first, i, j)

    ids = lax.broadcasted_iota(jnp.int32, scores.shape, axis)
    lowest = jnp.array(-math.inf, scores.dtype)
    highest, best = lax.reduce((scores, ids), (lowest, jnp.int32(0)), better, (axis,))
    return jnp.expand_dims(highest, axis), jnp.expand_dims(best, axis)


def is_last(axis: int, scores: Any) -> bool:
    """Tell whether an axis is the last one, which alone `ops.top_k` ranks."""
    return axis in (-1, len(scores.shape) - 1)


def native_ranking(scores: Any, k: int) -> tuple[Any, Any] | None:
    """Return the k highest scores on the last axis and their ids, or `None`.

    Ids of scores that are equal may stand in another order.
    """
    if _compiler() in (None, "xla") or 0 in tuple(scores.shape):
        return None
    best: tuple[Any, Any] = ops.top_k(scores, k, sorted=True)
    return best


def either(rare: Any, exactly: Callable[[], Any], usually: Callable[[], Any]) -> Any:
    """Return what is always right, or what is so and faster unless `rare` is true."""
    compiler = _compiler()
    if compiler is None:
        return exactly()
    if compiler == "torch":
        return exactly() if rare else usually()
    return ops.cond(rare, exactly, usually)


def holds_none(marks: Any) -> bool:
    """Tell whether it is known already that no mark is true, as torch does."""
    return _compiler() == "torch" and not marks.any()
