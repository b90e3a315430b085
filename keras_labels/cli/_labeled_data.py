"""Data files with the true classes -> pairs of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_labels.cli._class_text import as_ids, has_header
from keras_labels.cli._csv import open_csv, read_column
from keras_labels.cli._data import Batch, Input, Source, open_arrays
from keras_labels.cli._errors import CommandError, explained
from keras_labels.cli._images import ENDINGS
from keras_labels.cli._models import require
from keras_labels.cli._sources import check_data, open_sources
from keras_labels.spec import Decoding, shortened

_ARRAY = ".npy"
_TEXTS = (".csv", ".tsv")
_ROWS = 256  # run at once, unlike in `predict`, which divides them by their memory
_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Labeled:
    """Data with its true classes that was opened.

    Args:
        source: the rows.
        count: how many; `None` where only reading would tell.
        targets: gives the true classes of a batch, which starts at that row.
        end: called with the number of rows that were read, when there are no more.
    """

    source: Source
    count: int | None
    targets: Callable[[Batch, int], Any]
    end: Callable[[int], None] = lambda _: None

    def batches(self) -> Iterator[tuple[Any, Any]]:
        """Give x and y, some rows at a time.

        Raises:
            CommandError: if there are none, or not as many of both.
        """
        rows = 0
        size = max(1, min(_ROWS, _BYTES // max(1, self.source.row_bytes)))
        for batch in self.source.batches(size):
            yield batch.x, self.targets(batch, rows)
            rows += len(batch.rows)
        self.end(rows)
        if not rows:
            raise CommandError(
                f"'{self.source.path}' must hold rows for the model. It has none."
            )


def read_labeled(
    path: Path,
    inputs: Sequence[Input],
    rules: Decoding | Mapping[str, Decoding],
    targets: str = "y",
    **options: Any,
) -> tuple[Any, Any]:
    """Read data with its true classes into memory.

    Args:
        path: as in `open_labeled`.
        inputs: as in `open_labeled`.
        rules: as in `open_labeled`.
        targets: as in `open_labeled`.
        **options: `head`, `size` and `rescale` of `open_labeled`.

    Returns:
        Rows as the model takes them, and numbers: ids, or marks of labels.

    Raises:
        CommandError: as `open_labeled` does, or if there are no rows.
    """
    labeled = open_labeled(path, inputs, rules, targets, **options)
    xs, ys = zip(*labeled.batches(), strict=True)
    y = np.concatenate(ys)
    if isinstance(xs[0], Mapping):
        return {name: np.concatenate([x[name] for x in xs]) for name in xs[0]}, y
    return np.concatenate(xs), y


def open_labeled(
    path: Path,
    inputs: Sequence[Input],
    rules: Decoding | Mapping[str, Decoding],
    targets: str = "y",
    *,
    head: str | None = None,
    size: tuple[int, int] | None = None,
    rescale: bool = False,
) -> Labeled:
    """Open data with its true classes.

    These are ids, or class names, which become ids: text that consists of numbers is
    ids, unless all of it is class names. Labels stand in one text with `;` or `|`
    between them. Arrays may be one-hot or multi-hot too.

    Args:
        path: an .npz file with the array `targets`; a .csv or .tsv file with that
            column; a folder of images, each in a folder named as its class; or, with a
            file of targets, whatever `predict` takes.
        inputs: those of the model; none if it does not say them.
        rules: the decoding, or that of each head, `""` if there is one without a name.
        targets: the array or column; or an .npy file, or a .csv file of one column.
        head: which of several heads the true classes are of.
        size: height and width of images, for a model that leaves them open.
        rescale: whether images have values from 0 to 1 in place of 0 to 255.

    Raises:
        CommandError: if it cannot be read, or lacks what the model or `targets` need.
    """
    rule = rule_of(rules, head)
    check_data([path])

    def rows() -> Source:
        return open_sources([path], inputs, size, rescale=rescale)[0]

    if Path(targets).suffix.lower() in (_ARRAY, *_TEXTS):
        return _paired(rows(), _read_targets(Path(targets), rule), f"'{targets}'")
    ending = path.suffix.lower()
    if path.is_dir() or ending in ENDINGS:
        return _of_folders(rows(), rule)
    if ending in _TEXTS:
        source = open_csv(path, inputs, without=targets)
        where = f"column '{targets}' of '{path}'"
        return _paired(source, as_ids(read_column(path, targets), rule, where), where)
    if ending == _ARRAY:
        raise CommandError(
            f"'{path}' holds rows and no true classes. Pass these in a file of their "
            "own: --targets y.npy."
        )
    return _of_arrays(path, inputs, rule, targets)


def rule_of(
    rules: Decoding | Mapping[str, Decoding], head: str | None = None
) -> Decoding:
    """Return the decoding of one head.

    Raises:
        CommandError: if there are several and none of them is said, or no such one.
    """
    named = {"": rules} if isinstance(rules, Decoding) else rules
    if "" in named and head is not None:
        raise CommandError(
            f"The model has one head, without a name. Leave out --head {head}."
        )
    found = named.get(head or "")
    if found is None:
        raise CommandError(
            "The true classes belong to one head of the model, which has the heads "
            f"{', '.join(named)}. Received: {head or 'none'}. Say which one: "
            f"--head {next(iter(named))}."
        )
    return found


def _of_arrays(
    path: Path, inputs: Sequence[Input], rule: Decoding, targets: str
) -> Labeled:
    with explained(f"Cannot read '{path}'"), path.open("rb") as opened:
        file = np.load(opened, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("it is an .npy file with another ending.")
        rest = [name for name in file.files if name != targets]
        if len(rest) == len(file.files):
            raise CommandError(
                f"'{path}' must hold the true classes as the array '{targets}'. It has "
                f"{shortened(rest)}. Say another name, or a file, with --targets."
            )
        y = file[targets]
    if not rest:
        raise CommandError(f"'{path}' must hold inputs beside the array '{targets}'.")
    # A single array is the input, whatever it is called there.
    any_name = not inputs or (len(inputs) == 1 and len(rest) == 1)
    named = [Input(name, (), "") for name in rest] if any_name else inputs
    where = f"array '{targets}' of '{path}'"
    return _paired(open_arrays(path, named), _numbers(y, rule, where), where)


def _read_targets(path: Path, rule: Decoding) -> Any:
    require(path)
    if path.suffix.lower() == _ARRAY:
        with explained(f"Cannot read '{path}'"), path.open("rb") as opened:
            y = np.lib.format.read_array(opened, allow_pickle=False)
        return _numbers(y, rule, f"'{path}'")
    texts = read_column(path)
    return as_ids(texts[has_header(texts, rule) :], rule, f"'{path}'")


def _paired(source: Source, y: Any, where: str) -> Labeled:
    """Pair rows with targets by their position."""

    def check(rows: int | None, more: str = "") -> None:
        if rows is not None and rows != len(y):
            raise CommandError(
                f"There is one true class for each row. '{source.path}' has {rows} "
                f"rows{more}, and {where} has {len(y)}."
            )

    def targets(batch: Batch, start: int) -> Any:
        stop = start + len(batch.rows)
        if stop > len(y):
            check(stop, " or more")
        return y[start:stop]

    check(source.count)
    return Labeled(source, len(y), targets, check)


def _of_folders(source: Source, rule: Decoding) -> Labeled:
    """Name the class of an image by the folder that it stands in."""
    root = source.path.absolute()
    images = [root] if root.is_file() else root.rglob("*")
    shown = (p for p in images if not p.name.startswith("."))
    names = sorted({p.parent.name for p in shown if p.suffix.lower() in ENDINGS})
    where = f"the names of folders in '{source.path}'"
    by_name = dict(zip(names, as_ids(names, rule, where), strict=True))

    def targets(batch: Batch, _: int) -> Any:
        files = [Path(file).absolute() for file, _ in batch.rows]
        return np.array([by_name[file.parent.name] for file in files])

    return Labeled(source, source.count, targets)


def _numbers(y: Any, rule: Decoding, where: str) -> Any:
    """Return an array of targets as numbers: text becomes ids, or marks of labels."""
    if not y.ndim:
        raise CommandError(
            f"There is one true class for each row. Received a single value: {where}."
        )
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8")
    if y.dtype.kind != "U":
        return y
    found = as_ids(y.reshape(-1).tolist(), rule, where)
    return found.reshape(*y.shape, *found.shape[1:])
