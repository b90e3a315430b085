"""A prediction that fails leaves the model as it was, on every backend.

Keras on jax donates the weights to the compiled step and takes them back when it is
done: an exception in between (a bad shape, a generator that raises, Ctrl-C) loses
them, and two threads take them from each other. Here nothing is donated, so putting
them back is a matter of references: a copy per call would take eight times as long as
the prediction of a row by a model of 32 million weights.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from keras_labels.heads import overrides

_locks: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
_creation = threading.Lock()


@contextlib.contextmanager
def guarded(model: keras.Model, owner: keras.Model | None = None) -> Iterator[None]:
    """Run one prediction of a model at a time, and undo what a failure destroyed.

    Args:
        model: the model that is about to predict.
        owner: the model that owns the weights, whose predictions wait for each other;
            `model` if `None`.
    """
    if keras.backend.backend() != "jax":
        yield
        return
    with lock_of(model if owner is None else owner):
        variables = model.variables
        values = [variable.value for variable in variables]
        if overrides(model, "make_predict_function"):  # it may donate them
            values = [keras.ops.copy(value) for value in values]
        else:
            _keep_weights(model)
        try:
            yield
        except BaseException:
            model.jax_state_sync()  # else a later callback would write this state
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            raise


def lock_of(model: keras.Model) -> Any:
    """Return the lock under which a model's weights are read or lent on jax."""
    with _creation:
        return _locks.setdefault(model, threading.RLock())


def has_own_step(model: keras.Model) -> bool:
    """Tell whether the user changed what a prediction is."""
    return overrides(model, "predict_step") or overrides(model, "make_predict_function")


def _keep_weights(model: keras.Model) -> None:
    """Give a model on jax a predict function that donates nothing."""
    if not getattr(model.predict_function, "keeps_weights", False):
        model.predict_function = _predict_function(model)


def _predict_function(model: keras.Model) -> Callable[..., Any]:
    """Return what Keras' `make_predict_function` makes, without `donate_argnums`."""
    import jax

    compiled = model.jit_compile and not model.run_eagerly
    step = jax.jit(model.predict_step) if compiled else model.predict_step

    def run(state: Any, iterator: Any) -> Any:
        outputs = []
        for data in itertools.islice(iterator, model.steps_per_execution):
            made, non_trainable = step(state, data)
            state = (state[0], non_trainable)
            outputs.append(made)
        if not outputs:
            raise StopIteration  # as `next(iterator)` in Keras' own function
        if len(outputs) == 1:
            return outputs[0], state
        return keras.tree.map_structure(lambda *a: np.concatenate(a), *outputs), state

    run.keeps_weights = True  # type: ignore[attr-defined]
    return run
