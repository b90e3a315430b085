"""The columns of a table -> lines, CSV, JSON or Parquet."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from keras_labels.cli._decisions import Column, Columns
from keras_labels.cli._errors import CommandError
from keras_labels.extras import imported

Write = Callable[[Columns], None]
_BETWEEN = ";"


def check_table(path: Path) -> None:
    """Raise if a table cannot be written to a path, before anything is computed.

    Raises:
        CommandError: if its ending is not known, or its folder does not exist.
        MissingExtraError: if it is Parquet and pyarrow is not installed.
    """
    if path.suffix.lower() not in _WRITERS:
        raise CommandError(
            f"Decisions are written to {', '.join(_WRITERS)}, by the ending of -o. "
            f"Received: '{path}'."
        )
    if path.suffix.lower() == ".parquet":
        imported("pyarrow.parquet", "cli")
    if path.is_dir() or not path.parent.is_dir():
        raise CommandError(f"There is no folder to write '{path}' in.")


@contextlib.contextmanager
def open_table(path: Path, columns: Sequence[Column]) -> Iterator[Write]:
    """Open a file for a table; it gets its name when all is written.

    Args:
        path: a file that ends in .csv, .json or .parquet.
        columns: of the table.

    Yields:
        A function that writes some rows.
    """
    # Beside the file: a rename within a file system leaves no half of it.
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(number)
    try:
        with _WRITERS[path.suffix.lower()](Path(name), columns) as write:
            yield write
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write_lines(stream: TextIO, table: Columns) -> None:
    """Write rows for people and pipes: where, then label and probability of each head.

    Tabs stand between them; a label that holds one is quoted.
    """
    shown = [
        [_in_one_cell(value) for value in values]
        for name, values in table.items()
        if name.rpartition("_")[2] in ("label", "probability")
    ]
    places = [
        file if row is None else f"{file}:{row}"
        for file, row in zip(table["file"], table["row"], strict=True)
    ]
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    writer.writerows(zip(places, *shown, strict=True))


@contextlib.contextmanager
def _csv(path: Path, columns: Sequence[Column]) -> Iterator[Write]:
    with _opened(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in columns])

        def write(table: Columns) -> None:
            cells = [[_in_one_cell(v) for v in table[c.name]] for c in columns]
            writer.writerows(zip(*cells, strict=True))

        yield write


@contextlib.contextmanager
def _json(path: Path, columns: Sequence[Column]) -> Iterator[Write]:
    names = [column.name for column in columns]
    with _opened(path) as file:
        between = "[\n"

        def write(table: Columns) -> None:
            nonlocal between
            for row in zip(*(table[name] for name in names), strict=True):
                named = dict(zip(names, row, strict=True))
                file.write(between + json.dumps(named, ensure_ascii=False))
                between = ",\n"

        yield write
        file.write("[]\n" if between == "[\n" else "\n]\n")


@contextlib.contextmanager
def _parquet(path: Path, columns: Sequence[Column]) -> Iterator[Write]:
    parquet, arrow = (imported(m, "cli") for m in ("pyarrow.parquet", "pyarrow"))
    kinds = {
        "text": arrow.string(),
        "integer": arrow.int64(),
        "number": arrow.float32(),
    }
    schema = arrow.schema(
        (c.name, arrow.list_(kinds[c.kind]) if c.many else kinds[c.kind])
        for c in columns
    )
    with parquet.ParquetWriter(path, schema) as writer:
        yield lambda table: writer.write_table(arrow.table(table, schema=schema))


_WRITERS: dict[str, Any] = {".csv": _csv, ".json": _json, ".parquet": _parquet}


def _opened(path: Path) -> TextIO:
    # A file name may hold bytes that are no text.
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="")


def _in_one_cell(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    texts = (str(one).replace(_BETWEEN, "\\" + _BETWEEN) for one in value)
    return _BETWEEN.join(texts)


def _umask() -> int:
    # Only setting it tells it. `mkstemp` makes files that nobody else can read.
    mask = os.umask(0)
    os.umask(mask)
    return mask
