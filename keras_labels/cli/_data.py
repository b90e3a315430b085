"""Data files -> batches of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_labels.cli._errors import CommandError, explained
from keras_labels.spec import shortened

_ROWS = 4096
_BYTES = 16 * 2**20  # of a batch: of images this size, 27


@dataclass(frozen=True)
class Input:
    """One input of a model; `None` in the shape: any length."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Batch:
    """Some rows of data.

    Args:
        x: an array, or a dict of arrays by the names of the inputs.
        rows: for each row the file that it is from, and its number there, which is
            `None` where the file is a row by itself: an image.
    """

    x: Any
    rows: Sequence[tuple[str, int | None]]


@dataclass(frozen=True)
class Source:
    """Data that was opened.

    Args:
        path: what the user called it.
        count: how many rows it has; `None` where only reading would tell.
        row_bytes: how much memory a row takes.
        read: gives it in batches of so many rows.
    """

    path: Path
    count: int | None
    row_bytes: int
    read: Callable[[int], Iterator[Batch]]

    def batches(self, size: int | None = None) -> Iterator[Batch]:
        """Read it, by default in batches that take some megabytes."""
        fitting = max(1, min(_ROWS, _BYTES // max(1, self.row_bytes)))
        return self.read(fitting if size is None else size)


def open_arrays(path: Path, inputs: Sequence[Input]) -> Source:
    """Open an .npy or .npz file. Pickled objects in it are never loaded.

    Args:
        path: the file.
        inputs: those of the model; none if it does not say them.

    Raises:
        CommandError: if it cannot be read, or its arrays do not fit the inputs.
    """
    with explained(f"Cannot read '{path}'"):
        if path.suffix.lower() == ".npy":
            x: Any = _memory_mapped(path)
        else:
            x = _fitting(path, _arrays(path), inputs)
    arrays = list(x.values()) if isinstance(x, Mapping) else [x]
    counts = {array.shape[0] if array.ndim else None for array in arrays}
    if len(counts) > 1 or None in counts:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise CommandError(
            f"'{path}' must hold arrays with one row for each sample, as many in each. "
            f"Received the shapes {shapes}."
        )
    count = arrays[0].shape[0]
    row_bytes = sum(array.nbytes for array in arrays) // max(1, count)
    return Source(path, count, row_bytes, lambda size: _slices(path, x, count, size))


def array_names(path: Path) -> list[str]:
    """Return what the arrays of an .npz file are called.

    Raises:
        CommandError: if it cannot be read.
    """
    with explained(f"Cannot read '{path}'"), path.open("rb") as opened:
        return list(_npz(opened).files)


def read_array(path: Path, name: str, what: str, option: str) -> Any:
    """Read one array of an .npz file.

    Args:
        path: the file.
        name: of the array.
        what: it holds, for errors.
        option: that says the name.

    Raises:
        CommandError: if it cannot be read, or there is none of that name.
    """
    with explained(f"Cannot read '{path}'"), path.open("rb") as opened:
        file = _npz(opened)
        if name in file.files:
            return file[name]
    raise CommandError(
        f"'{path}' must hold {what} as the array '{name}'. It has "
        f"{shortened(file.files)}. Say another name, or a file, with {option}."
    )


def _memory_mapped(path: Path) -> Any:
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("it holds pickled Python objects, which are never loaded.")
    if 0 in shape:  # of which there is nothing to map
        return np.empty(shape, dtype)
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _arrays(path: Path) -> dict[str, Any]:
    with path.open("rb") as opened:  # NumPy leaves a broken file open
        file = _npz(opened)
        return {name: file[name] for name in file.files}


def _npz(opened: Any) -> Any:
    file = np.load(opened, allow_pickle=False)
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise ValueError("it is an .npy file with another ending.")
    return file


def _fitting(path: Path, arrays: Mapping[str, Any], inputs: Sequence[Input]) -> Any:
    """Return one array for one input, or those by the names of several."""
    names = [one.name for one in inputs]
    if len(arrays) == 1 and len(inputs) <= 1:
        return next(iter(arrays.values()))
    if not inputs:
        return dict(arrays)
    if missing := [name for name in names if name not in arrays]:
        raise CommandError(
            f"'{path}' must hold an array for each input of the model: "
            f"{', '.join(names)}. Received the arrays {', '.join(arrays) or 'none'}; "
            f"missing: {', '.join(missing)}."
        )
    return arrays[names[0]] if len(names) == 1 else {n: arrays[n] for n in names}


def _slices(path: Path, x: Any, count: int, size: int) -> Iterator[Batch]:
    for start in range(0, count, size):
        stop = min(start + size, count)
        rows = [(str(path), number) for number in range(start, stop)]
        if isinstance(x, Mapping):
            part: Any = {n: np.asarray(a[start:stop]) for n, a in x.items()}
        else:
            part = np.array(x[start:stop])  # copied: the runtime gets no mapped memory
        yield Batch(part, rows)
