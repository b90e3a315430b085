"""A labeled model's decisions -> a file that was run and compared before it stands."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from keras_labels import functional
from keras_labels.decoder import check_preprocessing
from keras_labels.errors import DecodingError, ExportError
from keras_labels.export._exporter import failing
from keras_labels.export._file_format import FileFormat
from keras_labels.export._folder import add_files, beside, check_folder, moved
from keras_labels.export._formats import format_to_write
from keras_labels.export._served import Served
from keras_labels.export._signature import signature_of
from keras_labels.export._state import check_stateless, state_kept
from keras_labels.export._steps import open_lengths_explained, steps_folded
from keras_labels.export._text import check_strings
from keras_labels.export._trial import verified
from keras_labels.export._verification import Agreement, computes_in_16_bits
from keras_labels.prediction import arranged
from keras_labels.spec import Decodings, check_probability


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how it was found to agree with Keras.

    Args:
        path: the file, or folder.
        format: its format.
        outputs: the names of its outputs.
        agreement: what the comparison found; `None` with `verify=False`.
    """

    path: Path
    format: str
    outputs: tuple[str, ...]
    agreement: Agreement | None

    def __str__(self) -> str:
        """Say it in a sentence."""
        checked = (
            "not verified" if self.agreement is None else f"verified: {self.agreement}"
        )
        return (
            f"Wrote '{self.path}' ({self.format}) with {', '.join(self.outputs)}; "
            f"{checked}."
        )


def export(
    model: keras.Model,
    decoding: Decodings,
    path: str | Path,
    *,
    format: str | None = None,
    outputs: str | Sequence[str] = ("probabilities", "classes"),
    samples: Any = None,
    verify: bool = True,
    tolerance: float | None = None,
    preprocessing: bool | None = None,
    input_signature: Any = None,
    **options: Any,
) -> ExportReport:
    """Write a model with its decoding, and compare the file with Keras.

    Args:
        model: the model whose call gives scores.
        decoding: how they are decoded; `{output name: Decoding}` for several outputs.
        path: where to write: a folder for a SavedModel, else a file.
        format: one of `FORMATS`; `None`: that of the ending of the path.
        outputs: which of `"probabilities"`, `"classes"`, `"labels"`, `"scores"`.
        samples: arrays to compare on; `None`: made from the inputs.
        verify: whether to load the file in its runtime and compare it with Keras.
        tolerance: how far probabilities of the file may lie from Keras', between 0 and
            1; `None`: 1e-5, and more for models that compute in 16 bits.
        preprocessing: `False` for the call alone of a model with its own `predict`.
        input_signature: the inputs, as `keras.Model.export` takes them; `None`: those
            of the model, of any number of rows.
        **options: options of Keras' exporter of this format, as `opset_version`.

    Raises:
        TypeError: if an option is not one of this format.
        ExportError: if it cannot be written so, or the file decides otherwise; then
            nothing is left behind.
        MissingExtraError: if a package is missing.
    """
    path = Path(path)
    check_preprocessing(model, preprocessing, "a file of its graph", ExportError)
    kind = format_to_write(path, format)
    _check_options(kind, options)
    _check_tolerance(tolerance)
    if samples is not None:
        samples = arranged(model, samples)
        if not len(keras.tree.flatten(samples)[0]):
            raise ExportError("`samples` holds no row to compare on.")
        _build(model, samples)
    check_stateless(model)
    signature = signature_of(model, samples, input_signature)
    check_strings(kind, model, signature)
    served = Served(model, decoding, outputs, signature, options)
    _check_labels(kind, served)
    check_folder(kind, path, decoding)
    with beside(path) as work:
        file = work / path.name
        with (
            _hinting(model),
            open_lengths_explained(model, signature),
            state_kept(model),
        ):
            with (
                failing(model, kind.name),
                steps_folded(model),
                functional.written_for(kind.name),
            ):
                kind.write(served, file)
            agreement = (
                verified(kind, file, served, samples, tolerance) if verify else None
            )
        add_files(file, decoding)
        moved(file, path, work)
    return ExportReport(path, kind.name, served.outputs, agreement)


def _check_options(kind: FileFormat, options: Mapping[str, Any]) -> None:
    known = kind.options(keras.backend.backend())
    if unknown := sorted(set(options) - set(known)):
        takes = ", ".join(known) or "none"
        raise TypeError(
            f"export() got unexpected keywords: {', '.join(unknown)}. Options of the "
            f"format '{kind.name}' on the backend {keras.backend.backend()}: {takes}."
        )


def _check_tolerance(tolerance: Any) -> None:
    try:
        if tolerance is not None:
            check_probability("tolerance", tolerance)
    except DecodingError:
        raise ExportError(
            "`tolerance` is a difference of probabilities, between 0 and 1. Received: "
            f"{tolerance!r}."
        ) from None


def _build(model: keras.Model, samples: Any) -> None:
    """Make the weights of a model that was never called: tracing cannot."""
    if not model.built:
        convert = keras.ops.convert_to_tensor
        rows = keras.tree.map_structure(lambda array: convert(array[:1]), samples)
        model(rows, training=False)


def _check_labels(kind: FileFormat, served: Served) -> None:
    if served.tables and not kind.has_labels:
        raise ExportError(
            f"Files of format '{kind.name}' hold no strings, so they give no output "
            "'labels'. Leave it out: the names stand beside it and in the metadata."
        )


@contextlib.contextmanager
def _hinting(model: keras.Model) -> Iterator[None]:
    """Add the way out for models that compute in 16 bits, which not all can run."""
    try:
        yield
    except ExportError as error:
        if not computes_in_16_bits(model):
            raise
        raise ExportError(
            f"{error} (It computes in 16 bits. Make the model again with "
            'keras.config.set_dtype_policy("float32") and give it the weights: '
            "copy.set_weights(model.get_weights()).)"
        ) from error
