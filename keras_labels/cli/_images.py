"""Images -> batches of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_labels.cli._data import Batch, Input, Source
from keras_labels.cli._errors import CommandError
from keras_labels.cli._image_files import ENDINGS, read_pixels
from keras_labels.extras import imported

_CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class Pixels:
    """What a model takes of an image.

    Args:
        height: of the image.
        width: of the image.
        channels: 1 (gray), 3 (RGB) or 4 (RGBA).
        first: whether the channels come before height and width.
        rescale: whether values are 0 to 1 in place of 0 to 255.
    """

    height: int
    width: int
    channels: int = 3
    first: bool = False
    rescale: bool = False


def pixels_of(
    inputs: Sequence[Input], size: tuple[int, int] | None, *, rescale: bool = False
) -> Pixels:
    """Find out what a model takes of an image.

    Args:
        inputs: those of the model; none if it does not say them.
        size: height and width, for a model that leaves them open.
        rescale: whether values are 0 to 1 in place of 0 to 255.

    Raises:
        CommandError: if it takes no images, or their size is not known.
    """
    shape = inputs[0].shape if len(inputs) == 1 else (None, None, None, 3)
    if len(inputs) > 1 or len(shape) != 4 or not {shape[1], shape[3]} & {*_CHANNELS}:
        received = ", ".join(f"{one.name} {one.shape}" for one in inputs)
        raise CommandError(
            "Images are for a model of one input (rows, height, width, channels) with "
            f"1, 3 or 4 channels. This one takes {received}."
        )
    first = shape[3] not in _CHANNELS
    height, width = shape[2:] if first else shape[1:3]
    said = size or (height, width)
    if None in said or (height or said[0], width or said[1]) != said:
        raise CommandError(
            f"The size of the images must be that of the model, which takes {shape}. "
            f"Received --image-size {'x'.join(map(str, size)) if size else 'not'}. "
            "Pass --image-size HEIGHTxWIDTH where the model leaves them open (None)."
        )
    channels = shape[1] if first else shape[3]
    return Pixels(said[0], said[1], channels, first, rescale)  # type: ignore[arg-type]


def open_images(path: Path, pixels: Pixels) -> Source:
    """Open an image, or all images in a folder and the folders in it.

    Args:
        path: the image or folder.
        pixels: what the model takes of an image.

    Raises:
        CommandError: if there is no image.
        MissingExtraError: if pillow is not installed.
    """
    imported("PIL.Image", "cli", "pillow")
    files = [path] if path.is_file() else _images_in(path)
    if not files:
        raise CommandError(
            f"A folder of data holds images ({', '.join(ENDINGS)}). There are none in "
            f"'{path}'."
        )
    row_bytes = 4 * pixels.height * pixels.width * pixels.channels

    def read(size: int) -> Iterator[Batch]:
        for start in range(0, len(files), size):
            some = files[start : start + size]
            x = np.stack([read_image(file, pixels) for file in some])
            yield Batch(x, [(str(file), None) for file in some])

    return Source(path, len(files), row_bytes, read)


def read_image(path: Path, pixels: Pixels) -> Any:
    """Read an image as float32, resized as Keras' `image_dataset_from_directory` does.

    Raises:
        CommandError: if it cannot be read, or not as Keras reads it.
    """
    array = read_pixels(path, pixels.channels)
    array = resized(array, pixels.height, pixels.width)
    if pixels.rescale:
        array = array / np.float32(255)
    return array.transpose(2, 0, 1) if pixels.first else array


def resized(image: Any, height: int, width: int) -> Any:
    """Resize float32 `(height, width, channels)`: bilinear, half-pixel centers.

    Pillow's own bilinear filter averages when it shrinks. That of Keras, which read the
    training data most often, does not: the model knows the pixels that this gives.
    """
    for axis, size in ((1, width), (0, height)):  # in the order of tensorflow
        length = image.shape[axis]
        if length == size:
            continue
        scale = np.float32(length) / np.float32(size)
        at = (np.arange(size, dtype="float32") + np.float32(0.5)) * scale
        at = np.maximum(at - np.float32(0.5), 0)
        low = np.minimum(at.astype("int64"), length - 1)
        high = np.minimum(low + 1, length - 1)
        part = (at - low).astype("float32").reshape((-1, 1) if axis else (-1, 1, 1))
        start, stop = np.take(image, low, axis), np.take(image, high, axis)
        image = start + (stop - start) * part
    return image


def _images_in(folder: Path) -> list[Path]:
    found = [p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS]
    # macOS writes "._cat.png" beside "cat.png", which is no image.
    return sorted(p for p in found if p.is_file() and not p.name.startswith("."))
