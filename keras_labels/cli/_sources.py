"""Paths of data -> what can be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_labels.cli._csv import open_csv
from keras_labels.cli._data import Input, Source, open_arrays
from keras_labels.cli._errors import CommandError
from keras_labels.cli._image_files import ENDINGS
from keras_labels.cli._images import open_images, pixels_of
from keras_labels.cli._models import require

_ARRAYS = (".npy", ".npz")
_TEXTS = (".csv", ".tsv")


def check_data(paths: Sequence[Path]) -> None:
    """Raise if one of the paths is no data, before a model is loaded.

    Raises:
        CommandError: naming it.
    """
    for path in paths:
        require(path)
        if path.is_file() and path.suffix.lower() not in (*_ARRAYS, *_TEXTS, *ENDINGS):
            raise CommandError(
                f"Data is a file that ends in {', '.join((*_ARRAYS, *_TEXTS))} or is "
                f"an image ({', '.join(ENDINGS)}), or a folder of images. Received: "
                f"'{path}'."
            )


def open_sources(
    paths: Sequence[Path],
    inputs: Sequence[Input],
    size: tuple[int, int] | None = None,
    *,
    rescale: bool = False,
) -> list[Source]:
    """Open data of every kind.

    Args:
        paths: files and folders.
        inputs: those of the model; none if it does not say them.
        size: height and width of images, for a model that leaves them open.
        rescale: whether images have values from 0 to 1 in place of 0 to 255.

    Raises:
        CommandError: if one cannot be opened, or does not fit the inputs.
    """

    def opened(path: Path) -> Source:
        ending = "" if path.is_dir() else path.suffix.lower()
        if ending in _ARRAYS:
            return open_arrays(path, inputs)
        if ending in _TEXTS:
            return open_csv(path, inputs)
        return open_images(path, pixels_of(inputs, size, rescale=rescale))

    return [opened(path) for path in paths]


def first_rows(path: Path, inputs: Sequence[Input], most: int = 64) -> Any:
    """Read some rows of data of any kind, as a model takes them.

    Raises:
        CommandError: if there are none, or they do not fit the inputs.
    """
    check_data([path])
    (source,) = open_sources([path], inputs)
    batch = next(source.batches(most), None)
    if batch is None:
        raise CommandError(f"'{path}' must hold rows for the model. It has none.")
    return batch.x


def as_size(text: str) -> tuple[int, int]:
    """Read a size of images.

    Raises:
        CommandError: if it is none.

    >>> as_size("160x224"), as_size("64")
    ((160, 224), (64, 64))
    """
    found = re.fullmatch(r"([1-9]\d*)(?:[xX]([1-9]\d*))?", text)
    if not found:
        raise CommandError(
            "--image-size takes height and width in pixels, as 160x224, or one number "
            f"for both. Received: '{text}'."
        )
    return int(found[1]), int(found[2] or found[1])
