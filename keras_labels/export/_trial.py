"""A file, run in its runtime on sample rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_labels import functional
from keras_labels.errors import ExportError, KerasLabelsError
from keras_labels.export._contents import of_heads
from keras_labels.export._exporter import quiet
from keras_labels.export._faults import fault_of, whole_tracebacks
from keras_labels.export._file_format import FileFormat, Run
from keras_labels.export._samples import holds_ids, near_a_cut, random_samples
from keras_labels.export._served import Served
from keras_labels.export._signature import array_dtype
from keras_labels.export._verification import (
    Agreement,
    Arrays,
    compared,
    tolerance_of,
    with_label_texts,
)
from keras_labels.prediction import Predictor


def verified(
    kind: FileFormat,
    file: Path,
    served: Served,
    samples: Any,
    tolerance: float | None = None,
) -> Agreement:
    """Run a file in its runtime, and hold it against Keras.

    Args:
        kind: the format of the file.
        file: the file.
        served: what was written.
        samples: rows to compare on; `None`: made from the inputs.
        tolerance: of the probabilities; `None`: by what the model computes in.

    Raises:
        ExportError: if it cannot be run, or decides otherwise.
    """
    model = served.model
    every = Served(model, served.decoding, functional.OUTPUTS, served.signature)
    predictor = Predictor(every.decoder)
    heads = of_heads(served.decoding)

    def classes_of(x: Any) -> list[np.ndarray]:
        made = predictor.predict(x)
        return [made[f"{prefix}classes"] for prefix in heads]

    if samples is None:
        samples = random_samples(model, served.signature)
        _try_out(model, predictor, samples)
    given = len(keras.tree.flatten(samples)[0])
    ids = holds_ids(model, served.signature)
    near = None if ids else near_a_cut(samples, classes_of)
    if near is not None:
        samples = keras.tree.map_structure(
            lambda a, b: np.concatenate([a, b]), samples, near
        )
    arrays = _cast(samples, served)
    expected = with_label_texts(predictor.predict(samples), heads)
    contents = served.contents(kind.name)
    try:
        with quiet():
            run = kind.start(file, contents)
            found = in_batches(run, arrays, served.signature.rows)
    except KerasLabelsError:
        raise
    except Exception as error:
        raise ExportError(
            f"The runtime of {kind.name} cannot run the file: {fault_of(error, model)}"
        ) from error
    return compared(
        heads,
        expected,
        found,
        tolerance_of(model) if tolerance is None else tolerance,
        _invalid(arrays),
        np.arange(len(arrays[0])) >= given,
    )


def in_batches(run: Run, arrays: list[np.ndarray], rows: int | None) -> Arrays:
    """Run a file that takes so many rows at a time, `None`: any number."""
    if rows is None:
        return run(arrays)
    count = len(arrays[0])
    missing = -count % rows
    full = [np.concatenate([a, a[:1].repeat(missing, axis=0)]) for a in arrays]
    made = [
        run([array[start : start + rows] for array in full])
        for start in range(0, count, rows)
    ]
    return {name: np.concatenate([m[name] for m in made])[:count] for name in made[0]}


def _try_out(model: keras.Model, predictor: Predictor, samples: Any) -> None:
    """Run rows that were made: only whoever knows the model knows what it takes."""
    try:
        with whole_tracebacks():
            predictor.predict(samples)
    except KerasLabelsError:
        raise
    except Exception as error:
        raise ExportError(
            f"'{model.name}' does not take the rows that were made to compare the file "
            f"on: {fault_of(error, model)} Pass rows of your own: export(path, "
            "samples=x[:64])."
        ) from error


def _invalid(arrays: list[np.ndarray]) -> np.ndarray:
    """Return which rows have NaN in an input."""
    marks = [
        np.isnan(a).reshape(len(a), -1).any(axis=1)
        for a in arrays
        if a.dtype.kind == "f"
    ]
    return np.asarray(np.any([np.zeros(len(arrays[0]), bool), *marks], axis=0))


def _cast(samples: Any, served: Served) -> list[np.ndarray]:
    return [
        np.ascontiguousarray(array, dtype=array_dtype(spec.dtype))
        for array, spec in zip(
            keras.tree.flatten(samples), served.signature.specs, strict=True
        )
    ]
