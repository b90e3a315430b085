"""Where an export is put: beside what stands there, then in its place, or nowhere."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from keras_labels.errors import ExportError
from keras_labels.export._beside import stale_beside, texts_beside
from keras_labels.export._file_format import FileFormat
from keras_labels.export._formats import exported_in
from keras_labels.spec import Decodings


def check_folder(kind: FileFormat, path: Path, decoding: Decodings) -> None:
    """Refuse to change the files of another model, or of something else."""
    if _is_something_else(kind, path):
        raise ExportError(
            f"'{path}' is something else: a file, or a folder with other files in it. "
            "Export to a path of its own."
        )
    others = {one for one in exported_in(path.parent) if one.stem == path.stem}
    if not kind.suffix or (path.exists() and not others - {path}):
        return
    for name, text in texts_beside(path, decoding).items():
        stands = path.parent / name
        if stands.is_file() and _lines(stands) != text.splitlines():
            raise ExportError(
                f"The folder '{path.parent}' holds the {name} of another model or "
                "decision. Export under another name, or remove that file."
            )


def _is_something_else(kind: FileFormat, path: Path) -> bool:
    if not path.is_dir():
        return path.is_file() and not kind.suffix
    ours = not kind.suffix and (path / "saved_model.pb").is_file()
    return not ours and (bool(kind.suffix) or any(path.iterdir()))


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Give a folder on the same disk, and leave nothing of it."""
    made = [one for one in (path.parent, *path.parent.parents) if not one.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".export_", dir=path.parent))
    except OSError as error:
        raise ExportError(f"Cannot write to '{path.parent}': {error}.") from error
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        for folder in made:
            with contextlib.suppress(OSError):  # it holds the export
                folder.rmdir()


def add_files(file: Path, decoding: Decodings) -> None:
    """Write the names and the decision beside a file, or into a folder."""
    folder = file if file.is_dir() else file.parent
    for name, text in texts_beside(file, decoding).items():
        (folder / name).write_text(text, encoding="utf-8")


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines()


def moved(file: Path, path: Path, work: Path) -> None:
    """Put what was written in its place, the file itself last."""
    beside = [one for one in work.iterdir() if one.is_file() and one != file]
    if file.is_file():
        for name in stale_beside(path) - {one.name for one in beside}:
            (path.parent / name).unlink(missing_ok=True)
    for one in beside:
        one.replace(path.parent / one.name)
    if path.is_dir():
        path.replace(work / "replaced")
    file.replace(path)
