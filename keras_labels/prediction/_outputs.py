"""Batches -> their outputs, with the callbacks that `Model.predict` calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras

from keras_labels.errors import InputError
from keras_labels.spec import check_integer


def outputs_of(
    model: keras.Model,
    call: Callable[[Any], Any],
    batches: Iterable[Any],
    count: int | None,
    verbose: Any,
    callbacks: Any = None,
) -> Iterator[Any]:
    """Give the outputs of each batch.

    Args:
        model: what callbacks see, and stop.
        call: makes outputs of one batch.
        batches: the batches.
        count: how many there are; `None` if that is not known.
        verbose: as in `keras.Model.predict`.
        callbacks: as in `keras.Model.predict`.
    """
    if callbacks is None and verbose == 0:
        yield from map(call, batches)
        return
    called = keras.callbacks.CallbackList(
        callbacks,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=1,
        steps=count,
    )
    model.stop_predicting = False
    called.on_predict_begin()
    for step, x in enumerate(batches):
        called.on_predict_batch_begin(step)
        made = call(x)
        called.on_predict_batch_end(step, {"outputs": made})
        yield made
        if model.stop_predicting:
            break
    called.on_predict_end()


def check_positive(**counts: Any) -> None:
    """Raise unless these are whole numbers of 1 or more, or `None`."""
    for name, value in counts.items():
        if value is not None and check_integer(name, value, InputError) < 1:
            raise InputError(f"`{name}` is at least 1. Received: {value}.")
