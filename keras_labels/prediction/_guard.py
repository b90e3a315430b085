"""A prediction that fails leaves the model as it was, on every backend.

Keras on jax hands the weights to the compiled step and takes them back when it is
done: an exception in between (a bad shape, a generator that raises, Ctrl-C) loses
them, and two threads take them from each other.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import keras

_locks: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
_creation = threading.Lock()


@contextlib.contextmanager
def guarded(model: keras.Model) -> Iterator[None]:
    """Run one prediction of a model at a time, and undo what a failure destroyed.

    Args:
        model: the model that owns the weights; all that share them wait for another.
    """
    if keras.backend.backend() != "jax":
        yield
        return
    with _lock_of(model):
        variables = model.variables
        # Copies: the originals are donated to the compiled step, which frees them.
        values = [keras.ops.copy(variable.value) for variable in variables]
        try:
            yield
        except BaseException:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            raise


def _lock_of(model: keras.Model) -> Any:
    with _creation:
        return _locks.setdefault(model, threading.RLock())
