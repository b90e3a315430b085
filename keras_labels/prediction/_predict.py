"""A decoded model and data -> arrays: the one loop."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from keras_labels.arguments import check_integer
from keras_labels.decoder import DecodedModel
from keras_labels.errors import InputError
from keras_labels.prediction._batches import (
    as_numpy,
    batches_of,
    in_memory,
    slices,
    targets_of,
)
from keras_labels.prediction._guard import guarded, has_own_step
from keras_labels.prediction._inputs import arranged, check_paired, structure_of

_BATCH_SIZE = 32  # as in `Model.predict`


def predict(
    decoder: DecodedModel,
    x: Any,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    verbose: Any = 0,
    callbacks: Any = None,
) -> Any:
    """Run data through a decoded model.

    Args:
        decoder: the model.
        x: whatever `keras.Model.predict` takes; also a generator of bare arrays,
            nested lists of numbers, and no rows at all.
        batch_size: rows at a time, for arrays; 32 if `None`.
        steps: how many batches to read; all if `None`.
        verbose: as in `keras.Model.predict`, but silent by default.
        callbacks: as in `keras.Model.predict`.

    Returns:
        NumPy arrays in the structure of the decoder's outputs.

    Raises:
        InputError: if the data does not fit the model.
    """
    _check_positive(batch_size=batch_size, steps=steps)
    model = decoder.model
    arrays = in_memory(x)
    batches: Iterator[Any]
    count: int | None
    if arrays is not None:
        arrays = arranged(model, arrays)
        parts, count = slices(arrays, batch_size or _BATCH_SIZE)
        batches = itertools.islice(parts, steps)
    else:
        tuples, count = batches_of(x, steps)
        batches = (arranged(model, one[0], n) for n, one in enumerate(tuples, 1))
    outputs = _loop(decoder, batches, count, verbose, callbacks)
    return _joined(outputs) if outputs else _no_rows(decoder, arrays)


def predict_with_targets(
    decoder: DecodedModel, dataset: Any, *, steps: int | None = None, verbose: Any = 0
) -> tuple[Any, Any]:
    """Run a dataset of (x, y) through a decoded model, reading it once.

    Args:
        decoder: the model.
        dataset: batches `(x, y)` or `(x, y, sample_weight)`: `tf.data`, `PyDataset`,
            torch `DataLoader` or a generator.
        steps: how many batches to read; all if `None`.
        verbose: as in `keras.Model.predict`, but silent by default.

    Returns:
        The targets, and the outputs, row by row in the same order.

    Raises:
        InputError: if it is no dataset, is empty, or its batches hold no targets.
    """
    _check_positive(steps=steps)
    if in_memory(dataset) is not None:
        raise InputError(
            "predict_with_targets reads a dataset of (x, y) batches: tf.data, a "
            "PyDataset, a torch DataLoader or a generator. Received: "
            f"{type(dataset).__name__}. For arrays call predict_proba(x): y is yours."
        )
    tuples, count = batches_of(dataset, steps)
    targets = []

    def inputs() -> Iterator[Any]:
        for number, one in enumerate(tuples, 1):
            targets.append(targets_of(one))
            x = arranged(decoder.model, one[0], number)
            check_paired(x, targets[-1], number)
            yield x

    outputs = _loop(decoder, inputs(), count, verbose, None)
    if not outputs:
        raise InputError("The dataset holds no batch, so it has no targets either.")
    return _joined(targets), _joined(outputs)


def _check_positive(**counts: Any) -> None:
    for name, value in counts.items():
        if value is not None and check_integer(name, value, InputError) < 1:
            raise InputError(f"`{name}` is at least 1. Received: {value}.")


def _loop(
    decoder: DecodedModel,
    batches: Iterable[Any],
    count: int | None,
    verbose: Any,
    callbacks: Any,
) -> list[Any]:
    """Return the outputs of each batch, calling what `Model.predict` calls."""
    called = keras.callbacks.CallbackList(
        callbacks,
        add_progbar=verbose != 0,
        model=decoder,
        verbose=verbose,
        epochs=1,
        steps=count,
    )
    outputs: list[Any] = []
    decoder.stop_predicting = False
    called.on_predict_begin()
    for step, x in enumerate(batches):
        called.on_predict_batch_begin(step)
        outputs.append(_one_batch(decoder, x))
        called.on_predict_batch_end(step, {"outputs": outputs[-1]})
        if decoder.stop_predicting:
            break
    called.on_predict_end()
    return outputs


def _one_batch(decoder: DecodedModel, x: Any) -> Any:
    model = decoder.model
    if has_own_step(model):
        with guarded(model):
            return decoder.decode_arrays(_on_batch(model, x))
    with guarded(decoder, owner=model):
        made = _on_batch(decoder, x)
    return keras.tree.map_structure(as_numpy, made)


def _on_batch(model: keras.Model, x: Any) -> Any:
    strategy = getattr(model, "distribute_strategy", None)  # tensorflow's
    if strategy is None or strategy.num_replicas_in_sync == 1:
        return model.predict_on_batch(x)
    # There `predict_on_batch` gives all rows once from every replica.
    rows = max(len(a) for a in keras.tree.flatten(x) if a is not None)
    return model.predict(x, batch_size=rows, verbose=0)


def _joined(parts: list[Any]) -> Any:
    """Return the rows of all batches in one array for each output."""
    try:
        return keras.tree.map_structure(lambda *a: np.concatenate(a), *parts)
    except ValueError:
        shapes = [keras.tree.map_structure(lambda a: a.shape, part) for part in parts]
        raise InputError(
            "The batches of this dataset give arrays of different shapes, which do not "
            f"make one: {shapes[0]}, then {next(s for s in shapes if s != shapes[0])}. "
            "Pad the inputs to one length, or predict batch by batch."
        ) from None


def _no_rows(decoder: DecodedModel, x: Any) -> Any:
    """Return outputs of zero rows with the shapes and dtypes of the others."""
    outputs = decoder.compute_output_spec(_specs(decoder.model, x))
    return keras.tree.map_structure(
        lambda t: np.zeros([n or 0 for n in (0, *t.shape[1:])], dtype=t.dtype), outputs
    )


def _specs(model: keras.Model, x: Any) -> Any:
    if x is not None:
        return keras.tree.map_structure(_spec, x)
    if getattr(model, "inputs", None):
        return structure_of(model)
    raise InputError(
        f"The data holds no batch, and '{model.name}' does not say the shape of its "
        "inputs, so that of its outputs is not known either. Pass an array of 0 rows."
    )


def _spec(array: Any) -> Any:
    if array is None:
        return None
    dtype = "string" if array.dtype.kind in "SUO" else array.dtype
    return keras.KerasTensor((None, *array.shape[1:]), dtype=dtype)
