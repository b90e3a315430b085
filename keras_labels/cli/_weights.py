"""Where the weights of rows are -> the weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_labels.cli._csv import read_column
from keras_labels.cli._data import array_names, read_array
from keras_labels.cli._errors import CommandError, explained
from keras_labels.cli._models import require

FILES = (".npy", ".csv", ".tsv")  # of values that stand beside the rows
_ARRAY = "sample_weight"


def is_file(name: str | None) -> bool:
    """Tell the name of a file from that of a column or an array."""
    return name is not None and Path(name).suffix.lower() in FILES


def weights_said(path: Path, said: str | None, inputs: Sequence[str]) -> str | None:
    """Return where the weights are: what was said, or the array of that name."""
    if said is not None or path.suffix.lower() != ".npz" or _ARRAY in inputs:
        return said
    return _ARRAY if _ARRAY in array_names(path) else None


def read_weights(path: Path, name: str) -> Any:
    """Read the weights of the rows of a file.

    Raises:
        CommandError: if there are none, or they are no numbers.
    """
    if is_file(name):
        require(Path(name))
        if Path(name).suffix.lower() == ".npy":
            with explained(f"Cannot read '{name}'"), Path(name).open("rb") as file:
                return np.lib.format.read_array(file, allow_pickle=False)
        texts = read_column(Path(name))
        return _numbers(texts[not _is_number(texts[0]) :], f"'{name}'")
    if path.suffix.lower() in FILES[1:]:
        return _numbers(read_column(path, name), f"column '{name}' of '{path}'")
    if path.suffix.lower() != ".npz":
        raise CommandError(
            f"'{path}' holds rows and no weights. Pass these in a file of their own: "
            f"--sample-weight w.npy. Received: --sample-weight {name}."
        )
    return read_array(path, name, "the weights", "--sample-weight")


def _numbers(texts: Sequence[str], where: str) -> Any:
    odd = next((text for text in texts if not _is_number(text)), None)
    if odd is not None:
        raise CommandError(
            f"Weights are numbers of 0 or more. Received {odd[:40]!r} in {where}."
        )
    return np.array([float(text) for text in texts])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
