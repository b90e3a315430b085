"""A decoded model and data -> arrays: the one loop."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_labels.decoder import DecodedModel
from keras_labels.errors import InputError
from keras_labels.prediction._batches import (
    arrays_in,
    as_arrays,
    as_numpy,
    batches_of,
    check_shapes,
    has_unknown_length,
    inputs_of,
    is_empty,
    targets_of,
)
from keras_labels.prediction._guard import guarded


def predict(decoder: DecodedModel, x: Any, **options: Any) -> Any:
    """Run data through a decoded model.

    Args:
        decoder: the model.
        x: whatever `keras.Model.predict` takes; also a generator of bare arrays, a
            list of numbers, and no rows at all.
        **options: `batch_size`, `steps`, `callbacks` and `verbose` as in
            `keras.Model.predict`; silent by default.

    Returns:
        NumPy arrays in the structure of the decoder's outputs.

    Raises:
        InputError: if a single sample came without its batch axis.
    """
    options = {"verbose": 0, **options}
    x = as_arrays(x)
    check_shapes(decoder.model, x)
    if is_empty(x):
        return _no_rows(decoder, x)
    with guarded(decoder.model):
        if has_unknown_length(x):
            return _through_batches(decoder, x, options)
        if _has_own_step(decoder.model):
            return decoder.decode_arrays(decoder.model.predict(x, **options))
        return decoder.predict(x, **options)


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
    targets = []

    def recorded() -> Iterator[Any]:
        for batch in batches_of(dataset):
            targets.append(targets_of(batch))
            yield batch

    options = {"verbose": verbose, "steps": steps}
    with guarded(decoder.model):
        outputs = _through_batches(decoder, recorded(), options)
    if not targets:
        raise InputError("The dataset holds no batch, so it has no targets either.")
    return keras.tree.map_structure(lambda *y: np.concatenate(y), *targets), outputs


def _through_batches(decoder: DecodedModel, data: Any, options: dict[str, Any]) -> Any:
    """Predict batch by batch, to the end of the data or for `steps`.

    `Model.predict` would warn that the data ran out, want batches of equal shapes, and
    hide an exception of a generator behind one of the backend.
    """
    steps, verbose = options.get("steps"), options["verbose"]
    callbacks = keras.callbacks.CallbackList(
        options.get("callbacks"),
        add_progbar=verbose != 0,
        model=decoder,
        verbose=verbose,
        epochs=1,
        steps=steps,
    )
    outputs = []
    decoder.stop_predicting = False
    callbacks.on_predict_begin()
    for step, batch in enumerate(itertools.islice(batches_of(data), steps)):
        callbacks.on_predict_batch_begin(step)
        x = inputs_of(batch)
        check_shapes(decoder.model, x)
        outputs.append(_one_batch(decoder, x))
        callbacks.on_predict_batch_end(step, {"outputs": outputs[-1]})
        if decoder.stop_predicting:
            break
    callbacks.on_predict_end()
    if not outputs:
        return _no_rows(decoder, None)
    return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *outputs)


def _one_batch(decoder: DecodedModel, x: Any) -> Any:
    if _has_own_step(decoder.model):
        return decoder.decode_arrays(decoder.model.predict_on_batch(x))
    made = decoder.predict_on_batch(x)
    return keras.tree.map_structure(as_numpy, made)


def _has_own_step(model: keras.Model) -> bool:
    """Tell whether the user changed what a prediction is."""
    return type(model).predict_step is not keras.Model.predict_step


def _no_rows(decoder: DecodedModel, x: Any) -> Any:
    """Return outputs of zero rows with the shapes and dtypes of the others."""
    outputs = decoder.compute_output_spec(_specs(decoder.model, x))
    return keras.tree.map_structure(
        lambda t: np.zeros([n or 0 for n in (0, *t.shape[1:])], dtype=t.dtype), outputs
    )


def _specs(model: keras.Model, x: Any) -> Any:
    if x is not None and arrays_in(x):
        return keras.tree.map_structure(
            lambda a: keras.KerasTensor((None, *a.shape[1:]), dtype=as_numpy(a).dtype),
            x,
        )
    if isinstance(model, keras.Sequential) and model.inputs:
        return model.inputs[0]
    if getattr(model, "inputs", None):
        return model.input
    raise InputError(
        f"The data holds no batch, and '{model.name}' does not say the shape of its "
        "inputs, so that of its outputs is not known either. Pass an array of 0 rows."
    )
