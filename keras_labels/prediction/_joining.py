"""Outputs of slices and batches -> one array for each output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_labels.errors import InputError


def joined(parts: Iterator[Any], rows: int | None = None) -> Any:
    """Return the rows of all parts in one array for each output; `None` without parts.

    Args:
        parts: arrays in one structure.
        rows: how many rows are expected in all; `None` if that is not known.

    Raises:
        InputError: if the parts do not make one array.
    """
    first = next(parts, None)
    second = next(parts, None)
    if second is None:
        return first
    wholes = [_Whole(rows, part) for part in keras.tree.flatten(first)]
    while second is not None:
        for whole, part in zip(wholes, keras.tree.flatten(second), strict=True):
            whole.add(part)
        second = next(parts, None)
    return keras.tree.pack_sequence_as(first, [whole.array() for whole in wholes])


class _Whole:
    """The array of one output, into which its parts are written as they come.

    Args:
        rows: how many rows it will have; `None` if that is not known.
        part: its first rows.
    """

    def __init__(self, rows: int | None, part: np.ndarray) -> None:
        self._made = None
        if rows is not None and len(part) < rows:
            self._made = np.empty((rows, *part.shape[1:]), part.dtype)
        self._end = 0
        self._parts: list[np.ndarray] = []  # what does not fit: rows are not its rows
        self.add(part)

    def add(self, part: np.ndarray) -> None:
        whole, end = self._made, self._end + len(part)
        if self._parts or whole is None or end > len(whole) or not _fits(part, whole):
            self._parts.append(part)
        else:
            whole[self._end : end] = part
            self._end = end

    def array(self) -> np.ndarray:
        parts = self._parts
        if self._made is not None:
            parts = [self._made[: self._end], *parts]
        try:
            return parts[0] if len(parts) == 1 else np.concatenate(parts)
        except ValueError:
            shapes = [part.shape for part in parts]
            other = next(shape for shape in shapes if shape[1:] != shapes[0][1:])
            raise InputError(
                "The batches of this dataset give arrays of different shapes, which "
                f"do not make one: {shapes[0]}, then {other}. Pad the inputs to one "
                "length, or predict batch by batch."
            ) from None


def _fits(part: np.ndarray, whole: np.ndarray) -> bool:
    return part.shape[1:] == whole.shape[1:] and part.dtype == whole.dtype
