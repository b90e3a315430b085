"""Keras' own exporters, quiet, and with our error where they fail."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from keras_labels.errors import ExportError, KerasLabelsError
from keras_labels.export._faults import fault_of, whole_tracebacks


def export_quietly(
    model: keras.Model, path: Path, format: str, signature: Any, **options: Any
) -> None:
    """Export a model as Keras does."""
    with quiet():
        model.export(
            str(path),
            format=format,
            verbose=False,
            input_signature=signature,
            **options,
        )


@contextlib.contextmanager
def failing(model: keras.Model, format: str) -> Iterator[None]:
    """Turn what an exporter raises into an `ExportError` that ends in the fault."""
    try:
        with whole_tracebacks():
            yield
    except (ImportError, KerasLabelsError):
        raise
    except Exception as error:
        raise ExportError(
            f"Keras cannot export '{model.name}' to {format} on the backend "
            f"{keras.backend.backend()}: {fault_of(error, model)}"
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what exporters print, log and warn of to ourselves: the file is verified."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    printed = io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
