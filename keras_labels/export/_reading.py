"""An exported file, or a .keras file -> what it says of itself."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_labels.errors import (
    DecodingError,
    ExportError,
    KerasLabelsError,
    first_line,
)
from keras_labels.export._beside import decoding_beside
from keras_labels.export._contents import Contents
from keras_labels.export._formats import format_to_read
from keras_labels.spec import Decodings, from_plain


def read_decoding(path: str | Path) -> Decodings:
    """Return the decoding of an exported file or a `.keras` file.

    No runtime is started, and no code in the file is run. A file whose metadata another
    tool has dropped is known by the `decoding.json` beside it.

    Args:
        path: the file, or the folder of a SavedModel.

    Returns:
        The `Decoding`; `{output name: Decoding}` for several heads.

    Raises:
        ExportError: if there is no file, it is broken, or holds no decoding.
        MissingExtraError: if a package is missing that reads the format.
    """
    return read_contents(path).decoding


def read_contents(path: str | Path) -> Contents:
    """Return what a file says of itself: format, inputs, outputs and decoding.

    Args and Raises: as `read_decoding`.
    """
    path = Path(path)
    if path.suffix == ".keras" and path.is_file():
        return _keras_contents(path)
    kind = format_to_read(path)
    try:
        text = kind.read(path)
    except KerasLabelsError:
        raise
    except Exception as error:  # every format has errors of its own for a broken file
        raise ExportError(
            f"'{path.name}' cannot be read as {kind.name}: {first_line(error)}"
        ) from error
    if text is None:
        beside = None if path.is_dir() else decoding_beside(path)
        if beside is not None:  # another tool made the file again, without metadata
            return Contents(kind.name, (), (), beside)
        raise ExportError(
            f"'{path.name}' holds no decoding: it was not written by "
            "LabeledModel.export."
        )
    return Contents.from_json(kind.name, text)


def _keras_contents(path: Path) -> Contents:
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ExportError(
            f"'{path.name}' is no .keras file, or a broken one: {first_line(error)}"
        ) from error
    try:
        found = [from_plain(one) for one in _decodings(config)]
    except (DecodingError, TypeError) as error:
        raise ExportError(f"'{path.name}': {error}") from error
    if len(found) != 1:
        raise ExportError(
            f"'{path.name}' holds {len(found) or 'no'} decodings"
            + (", of which none is the model's own." if found else ": it is a model ")
            + ("" if found else "without decisions. Wrap it: LabeledModel(model, ...).")
        )
    return Contents("keras", (), (), found[0])


def _decodings(config: Any) -> Iterator[dict[str, Any]]:
    """Give the decodings in the config of a saved model, without making anything."""
    if isinstance(config, list):
        for item in config:
            yield from _decodings(item)
    elif isinstance(config, dict):
        ours = str(config.get("registered_name")).startswith("keras_labels>")
        inner = config.get("config")
        if ours and isinstance(inner, dict) and "decoding" in inner:
            yield inner["decoding"]
            return
        for item in config.values():
            yield from _decodings(item)
