"""The files beside `cat.onnx`: `cat.labels.txt` and `cat.decoding.json`."""

from __future__ import annotations

import json
from pathlib import Path

from keras_labels.export._contents import label_files, stored
from keras_labels.export._formats import exported_in
from keras_labels.spec import Decodings, from_plain

_DECODING = "decoding.json"


def texts_beside(file: Path, decoding: Decodings) -> dict[str, str]:
    """Return the text of each file beside an export, or in its folder, by name."""
    whole = json.dumps(stored(decoding), indent=2, ensure_ascii=False)
    texts = {_DECODING: f"{whole}\n"} | label_files(decoding)
    before = "" if file.is_dir() else f"{file.stem}."
    return {f"{before}{name}": text for name, text in texts.items()}


def decoding_beside(path: Path) -> Decodings | None:
    """Return the decoding that stands beside an export; `None`: there is none."""
    names = (f"{before}{_DECODING}" for before in _names_before(path))
    found = (_read(path.parent / name) for name in names)
    return next((one for one in found if one is not None), None)


def _read(file: Path) -> Decodings | None:
    try:
        return from_plain(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # none, or of somebody else
        return None


def stale_beside(path: Path) -> set[str]:
    """Return the names of the files beside the export that is replaced."""
    found = decoding_beside(path)
    if found is None or not path.is_file():
        return set()
    names = (_DECODING, *label_files(found))
    return {f"{before}{name}" for before in _names_before(path) for name in names}


def _names_before(path: Path) -> tuple[str, ...]:
    """Return what their names start with: first versions wrote no more than one."""
    alone = {one.stem for one in exported_in(path.parent)} <= {path.stem}
    return (f"{path.stem}.", "") if alone else (f"{path.stem}.",)
