"""CSV files -> batches of arrays."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Collection, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_labels.cli._data import Batch, Input, Source
from keras_labels.cli._errors import CommandError, explained
from keras_labels.spec import shortened

_MISSING = {"", "nan", "na", "null", "none"}
Line = tuple[int, list[str]]  # its number in the file, and its fields


def open_csv(
    path: Path, inputs: Sequence[Input], without: Collection[str] = ()
) -> Source:
    """Open a file of numbers, one row on each line, with or without a header.

    An empty field is NaN. For a model of several inputs the header names them.

    Args:
        path: a .csv file, or .tsv for tabs.
        inputs: those of the model; none if it does not say them.
        without: columns to leave out, by their names in the header.

    Raises:
        CommandError: if it is empty, or its columns do not fit the inputs.
    """
    with explained(f"Cannot read '{path}'"):
        first = _first_line(path)
        named = bool(without) or _is_header(first)
        header = [name.strip() for name in first] if named else None
        kept = list(range(len(first)))
        if header is not None:
            for name in without:
                kept.remove(_position(path, first, name))
                header.remove(name)
    columns = _columns(path, header, inputs) if len(inputs) > 1 else None

    def read(size: int) -> Iterator[Batch]:
        with explained(f"Cannot read '{path}'"):
            rows = itertools.islice(_lines(path), 0 if header is None else 1, None)
            start = 0
            while chunk := list(itertools.islice(rows, size)):
                table = np.array(
                    [_numbers(path, line, len(first), kept) for line in chunk]
                )
                ids = range(start, start := start + len(chunk))
                numbered = [(str(path), number) for number in ids]
                yield Batch(_as_inputs(path, table, columns, inputs), numbered)

    return Source(path, None, 8 * len(kept), read)


def read_column(path: Path, name: str | None = None) -> list[str]:
    """Read a column as text.

    Args:
        path: a .csv file, or .tsv for tabs.
        name: of the column, in the first line; `None`: the only one, from the first
            line on.

    Raises:
        CommandError: if there is no such column.
    """
    with explained(f"Cannot read '{path}'"):
        first = _first_line(path)
        at = 0 if name is None else _position(path, first, name)
        if name is None and len(first) > 1:
            raise CommandError(
                f"'{path}' must have one column: the class of each row, or its weight. "
                f"It has {len(first)}. Write targets with a column for each class as "
                ".npy."
            )
        rows = itertools.islice(_lines(path), 0 if name is None else 1, None)
        return [_checked(path, line, len(first))[at] for line in rows]


def _first_line(path: Path) -> list[str]:
    lines = _lines(path)
    first = next(lines, None)
    lines.close()
    if first is None:
        raise CommandError(f"'{path}' must hold a row on each line. It is empty.")
    return first[1]


def _position(path: Path, first: list[str], name: str) -> int:
    header = [field.strip() for field in first]
    if name not in header:
        raise CommandError(
            f"The first line of '{path}' must name its columns, '{name}' among them. "
            f"Received: {shortened(header)}. Say another name, or a file, with "
            "--targets, or --sample-weight."
        )
    return header.index(name)


def _lines(path: Path) -> Generator[Line, None, None]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        for fields in reader:
            if fields:
                yield reader.line_num, fields


def _is_header(fields: list[str]) -> bool:
    """Tell a line of names: of these none is a number, and one at least a word."""
    words = [f for f in fields if f.strip().lower() not in _MISSING]
    return bool(words) and not any(_is_number(word) for word in words)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _checked(path: Path, line: Line, width: int) -> list[str]:
    number, fields = line
    if len(fields) != width:
        raise CommandError(
            f"Every line of '{path}' must have {width} fields, as the first. "
            f"Line {number} has {len(fields)}."
        )
    return fields


def _numbers(path: Path, line: Line, width: int, kept: Sequence[int]) -> list[float]:
    fields = _checked(path, line, width)
    try:
        return [float(fields[column]) for column in kept]
    except ValueError:
        return [_number(path, line, column) for column in kept]


def _number(path: Path, line: Line, column: int) -> float:
    number, fields = line
    if fields[column].strip().lower() in _MISSING:
        return float("nan")
    try:
        return float(fields[column])
    except ValueError:
        raise CommandError(
            f"'{path}' must hold numbers, with a point, and only a first line may be "
            f"names. Received {fields[column][:40]!r} in line {number}, field "
            f"{column + 1}. Take out the columns that the model was not trained on."
        ) from None


def _columns(
    path: Path, header: list[str] | None, inputs: Sequence[Input]
) -> list[int]:
    """Return for each input of a model of several where its column stands."""
    names = [one.name for one in inputs]
    wide = [one.name for one in inputs if len(one.shape) > 2 or one.shape[1:] > (1,)]
    if wide:
        raise CommandError(
            f"A CSV file gives each of several inputs one column, and {', '.join(wide)}"
            f" takes more. Received: '{path}'. Write the inputs as arrays by their "
            "names: np.savez('data.npz', ...)."
        )
    missing = [name for name in names if name not in (header or ())]
    if header is None or missing:
        raise CommandError(
            f"The first line of '{path}' must name the inputs of the model: "
            f"{', '.join(names)}. Received "
            + ("numbers." if header is None else f"{', '.join(header)}.")
        )
    return [header.index(name) for name in names]


def _as_inputs(
    path: Path, table: Any, columns: list[int] | None, inputs: Sequence[Input]
) -> Any:
    if columns is None:
        return _typed(path, table, inputs[0]) if inputs else table.astype("float32")
    parts = zip(inputs, columns, strict=True)
    return {one.name: _typed(path, table[:, [at]], one) for one, at in parts}


def _typed(path: Path, table: Any, one: Input) -> Any:
    if not one.dtype.startswith(("int", "uint")):
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite there
            return table.astype("float32")
    whole = table.astype(one.dtype) if np.isfinite(table).all() else None
    if whole is None or (whole != table).any():
        raise CommandError(
            f"Input '{one.name}' takes whole numbers ({one.dtype}). Received others in "
            f"'{path}'."
        )
    return whole
