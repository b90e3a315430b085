"""A labeled model's decisions -> a file that was run and compared before it stands."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_labels import functional
from keras_labels.decoding import Decodings
from keras_labels.errors import ExportError, KerasLabelsError
from keras_labels.export._contents import (
    from_plain,
    label_files,
    of_heads,
    plain,
)
from keras_labels.export._exporter import quiet
from keras_labels.export._file_format import FileFormat
from keras_labels.export._formats import exported_in, format_to_write
from keras_labels.export._samples import near_a_cut, random_samples
from keras_labels.export._served import Served
from keras_labels.export._signature import signature_of
from keras_labels.export._verification import (
    Agreement,
    compared,
    computes_in_16_bits,
    tolerance_of,
    with_label_texts,
)
from keras_labels.prediction import Predictor, arranged

_DECODING = "decoding.json"


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

    Raises:
        ExportError: if it cannot be written so, or the file decides otherwise; then
            nothing is left behind.
        MissingExtraError: if a package is missing.
    """
    path = Path(path)
    kind = format_to_write(path, format)
    if samples is not None:
        samples = arranged(model, samples)
        if not len(keras.tree.flatten(samples)[0]):
            raise ExportError("`samples` holds no row to compare on.")
        _build(model, samples)
    served = Served(model, decoding, outputs, signature_of(model, samples))
    _check_labels(kind, served)
    _check_folder(kind, path, decoding)
    with _beside(path) as work:
        file = work / path.name
        with _hinting(model):
            kind.write(served, file)
            agreement = _verified(kind, file, served, samples) if verify else None
        _add_files(file, decoding)
        _moved(file, path, work)
    return ExportReport(path, kind.name, served.outputs, agreement)


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
            "'labels'. Leave it out: the names stand in labels.txt and in the metadata."
        )


def _check_folder(kind: FileFormat, path: Path, decoding: Decodings) -> None:
    """Refuse to change the files of another model, or of something else."""
    if _is_something_else(kind, path):
        raise ExportError(
            f"'{path}' is something else: a file, or a folder with other files in it. "
            "Export to a path of its own."
        )
    others = exported_in(path.parent) - {path}
    if not kind.suffix or (path.exists() and not others):
        return
    for name, text in _texts(decoding).items():
        stands = path.parent / name
        if stands.is_file() and _lines(stands) != text.splitlines():
            raise ExportError(
                f"The folder '{path.parent}' holds the {name} of another model or "
                "decision. Export to a folder of its own, or remove that file."
            )


def _is_something_else(kind: FileFormat, path: Path) -> bool:
    if not path.is_dir():
        return path.is_file() and not kind.suffix
    ours = not kind.suffix and (path / "saved_model.pb").is_file()
    return not ours and (bool(kind.suffix) or any(path.iterdir()))


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
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


def _add_files(file: Path, decoding: Decodings) -> None:
    folder = file if file.is_dir() else file.parent
    for name, text in _texts(decoding).items():
        (folder / name).write_text(text, encoding="utf-8")


def _texts(decoding: Decodings) -> dict[str, str]:
    """Return the files beside an export, by name."""
    whole = json.dumps(plain(decoding), indent=2, ensure_ascii=False)
    return {_DECODING: f"{whole}\n"} | label_files(decoding)


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines()


def _moved(file: Path, path: Path, work: Path) -> None:
    """Put what was written in its place, the file itself last."""
    beside = [one for one in work.iterdir() if one.is_file() and one != file]
    if file.is_file():
        for name in _stale(path.parent) - {one.name for one in beside}:
            (path.parent / name).unlink(missing_ok=True)
    for one in beside:
        one.replace(path.parent / one.name)
    if path.is_dir():
        path.replace(work / "replaced")
    file.replace(path)


def _stale(folder: Path) -> set[str]:
    """Return the label files of the export that is replaced."""
    try:
        stored = json.loads((folder / _DECODING).read_text(encoding="utf-8"))
        return set(label_files(from_plain(stored)))
    except (OSError, ValueError, TypeError):
        return set()


def _verified(kind: FileFormat, file: Path, served: Served, samples: Any) -> Agreement:
    model = served.decoder.model
    every = Served(model, served.decoding, functional.OUTPUTS, served.signature)
    predictor = Predictor(every.decoder)
    heads = of_heads(served.decoding)

    def classes_of(x: Any) -> list[np.ndarray]:
        made = predictor.predict(x)
        return [made[f"{prefix}classes"] for prefix in heads]

    if samples is None:
        samples = random_samples(model, served.signature)
    near = near_a_cut(samples, classes_of)
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
            found = run(arrays)
    except KerasLabelsError:
        raise
    except Exception as error:
        raise ExportError(
            f"The runtime of {kind.name} cannot run the file: "
            f"{(str(error).strip() or repr(error)).splitlines()[0][:300]}"
        ) from error
    return compared(heads, expected, found, tolerance_of(model), _invalid(arrays))


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
        np.ascontiguousarray(array, dtype=spec.dtype)
        for array, spec in zip(
            keras.tree.flatten(samples), served.signature.specs, strict=True
        )
    ]
