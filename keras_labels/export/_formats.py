"""The formats, and which of them a path, a backend and a machine allow."""

from __future__ import annotations

from pathlib import Path

import keras

from keras_labels.errors import ExportError
from keras_labels.export._file_format import FileFormat
from keras_labels.export._litert import LiteRt
from keras_labels.export._onnx import Onnx
from keras_labels.export._openvino import OpenVino
from keras_labels.export._saved_model import SavedModel
from keras_labels.export._torch import TorchProgram
from keras_labels.extras import imported

_ALL: tuple[FileFormat, ...] = (
    SavedModel(),
    Onnx(),
    LiteRt(),
    OpenVino(),
    TorchProgram(),
)
_BY_NAME = {one.name: one for one in _ALL}
_BY_SUFFIX = {one.suffix: one for one in _ALL}
FORMATS = tuple(_BY_NAME)


def format_to_write(path: Path, name: str | None) -> FileFormat:
    """Return the format of a file to be written.

    Raises:
        ExportError: if it is unknown, does not go with the ending of the path, or
            cannot be written on this backend.
        MissingExtraError: if a package for it is missing.
    """
    if name is None:
        name = _format_of_ending(path)
    if name not in _BY_NAME:
        raise ExportError(f"`format` is one of {FORMATS}. Received: {name!r}.")
    found = _BY_NAME[name]
    if found.suffix != path.suffix and (found.suffix or path.suffix in _BY_SUFFIX):
        wanted = f"ends with '{found.suffix}'" if found.suffix else "names a folder"
        raise ExportError(
            f"The path of format '{name}' {wanted}. Received: '{path.name}'."
        )
    _check_backend(found)
    return found


def _format_of_ending(path: Path) -> str:
    found = _BY_SUFFIX.get(path.suffix)
    if found is None:
        endings = ", ".join(f"{one.suffix or 'none'} ({one.name})" for one in _ALL)
        raise ExportError(
            f"The ending of '{path.name}' names no format: {endings}. Pass format=... "
            "or another path."
        )
    return found.name


def _check_backend(found: FileFormat) -> None:
    backend = keras.backend.backend()
    if backend not in found.backends:
        possible = " or ".join(found.backends)
        raise ExportError(
            f"Keras cannot export to {found.name} on the backend {backend}, only on "
            f"{possible}. Save the model with labeled.save('model.keras') and export "
            f"it there: KERAS_BACKEND={found.backends[0]} keras-labels export "
            f"model.keras --format {found.name}."
        )
    for package in found.packages(backend):
        imported(package, found.extra)


def format_to_read(path: Path) -> FileFormat:
    """Return the format of an exported file.

    Raises:
        ExportError: if there is no such file, or its ending is of none.
    """
    if not path.exists():
        raise ExportError(f"There is no file '{path}'.")
    if path.is_dir():
        return _BY_NAME["tf_saved_model"]
    found = _BY_SUFFIX.get(path.suffix)
    if found is None or not found.suffix:
        endings = ", ".join(one.suffix for one in _ALL if one.suffix)
        raise ExportError(
            f"'{path.name}' is no exported file: these end with {endings}, or are a "
            "SavedModel folder."
        )
    return found


def exported_in(folder: Path) -> set[Path]:
    """Return the files in a folder whose endings are those of exports."""
    if not folder.is_dir():
        return set()
    return {one for one in folder.iterdir() if one.suffix and one.suffix in _BY_SUFFIX}
