"""Where the true classes of rows are -> ids, or marks of labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_labels.cli._class_text import as_ids, has_header
from keras_labels.cli._counting import Counting
from keras_labels.cli._csv import read_column
from keras_labels.cli._data import Batch, read_array
from keras_labels.cli._errors import CommandError, explained
from keras_labels.cli._image_files import ENDINGS
from keras_labels.cli._models import require
from keras_labels.cli._weights import is_file
from keras_labels.spec import Decoding

_ARRAY = ".npy"
_TEXTS = (".csv", ".tsv")


def true_classes(
    path: Path, targets: str, rule: Decoding, counting: Counting
) -> tuple[Any, str]:
    """Return the true classes of rows, and where they stand."""
    if is_file(targets):
        return _read_targets(Path(targets), rule, counting), f"'{targets}'"
    if path.suffix.lower() in _TEXTS:
        where = f"column '{targets}' of '{path}'"
        texts = read_column(path, targets)
        return as_ids(texts, rule, where, counting.ignore_class), where
    if path.suffix.lower() == _ARRAY:
        raise CommandError(
            f"'{path}' holds rows and no true classes. Pass these in a file of their "
            "own: --targets y.npy."
        )
    where = f"array '{targets}' of '{path}'"
    y = read_array(path, targets, "the true classes", "--targets")
    return _numbers(y, rule, where, counting), where


def _read_targets(path: Path, rule: Decoding, counting: Counting) -> Any:
    require(path)
    where = f"'{path}'"
    if path.suffix.lower() == _ARRAY:
        with explained(f"Cannot read '{path}'"), path.open("rb") as opened:
            y = np.lib.format.read_array(opened, allow_pickle=False)
        return _numbers(y, rule, where, counting)
    texts, ignored = read_column(path), counting.ignore_class
    rows = texts[has_header(texts, rule, ignored) :]
    return as_ids(rows, rule, where, ignored)


def _numbers(y: Any, rule: Decoding, where: str, counting: Counting) -> Any:
    """Return an array of targets as numbers: text becomes ids, or marks of labels."""
    if not y.ndim:
        raise CommandError(
            f"There is one true class for each row. Received a single value: {where}."
        )
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8")
    if y.dtype.kind != "U":
        counting.check_numbers(rule, where)
        return y
    found = as_ids(y.reshape(-1).tolist(), rule, where, counting.ignore_class)
    return found.reshape(*y.shape, *found.shape[1:])


def by_folder(
    path: Path, rule: Decoding, counting: Counting
) -> Callable[[Batch, int], Any]:
    """Return what names the class of an image by the folder that it stands in."""
    root = path.absolute()
    images = [root] if root.is_file() else root.rglob("*")
    shown = (p for p in images if not p.name.startswith("."))
    names = sorted({p.parent.name for p in shown if p.suffix.lower() in ENDINGS})
    where = f"the names of folders in '{path}'"
    ids = as_ids(names, rule, where, counting.ignore_class)
    by_name = dict(zip(names, ids, strict=True))

    def targets(batch: Batch, _: int) -> Any:
        files = [Path(file).absolute() for file, _ in batch.rows]
        return np.array([by_name[file.parent.name] for file in files])

    return targets
