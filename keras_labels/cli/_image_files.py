"""Image files -> the pixels that Keras' loader makes of them, or an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from keras_labels.cli._errors import CommandError, explained
from keras_labels.extras import imported

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_FIRST_OF_SEVERAL = ("PNG", "MPO", "GIF")  # of which Keras takes the first picture
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def read_pixels(path: Path, channels: int) -> Any:
    """Read an image as float32 `(height, width, channels)` from 0 to 255.

    Args:
        path: the image.
        channels: 1 (gray), 3 (RGB) or 4 (RGBA).

    Raises:
        CommandError: if it cannot be read, or not as Keras' loader reads it.
    """
    pillow = imported("PIL.Image", "cli", "pillow")
    with (
        explained(f"Cannot read the image '{path}'"),
        pillow.open(path, formats=_FORMATS) as image,
    ):
        if reason := _misread(image, channels):
            raise CommandError(
                f"'{path}' {reason}. Convert it to an RGB or gray PNG or JPEG."
            )
        pixels = np.asarray(_converted(image, channels), dtype="float32")
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _misread(image: Any, channels: int) -> str | None:
    """Say why it is not known which pixels a model was trained on."""
    kind, mode = image.format, image.mode
    if getattr(image, "n_frames", 1) > 1 and kind not in _FIRST_OF_SEVERAL:
        return f"holds {image.n_frames} pictures"
    if kind == "BMP" and mode == "P":
        return "is a BMP with a palette, whose numbers Keras' loader takes for grays"
    if kind == "BMP" and channels == 4:
        return "is a BMP, of which Keras' loader and others read different alphas"
    opaque = "transparency" not in image.info
    if kind == "PNG" and channels == 4 and mode in ("1", "P") and opaque:
        return "has a palette without alpha, of which Keras' loader makes another one"
    if kind == "GIF" and image.tile and image.tile[0][1] != (0, 0, *image.size):
        return "is a GIF whose first picture does not fill it"
    return None


def _converted(image: Any, channels: int) -> Any:
    """Return an image in the mode of a model."""
    mode = _MODES[channels]
    pillow = imported("PIL.Image", "cli", "pillow")
    if image.mode.startswith("I"):  # 16 bits, which `convert` would clip at 255
        high = (np.asarray(image, dtype="uint32") >> 8).astype("uint8")
        return pillow.fromarray(high).convert(mode)
    if image.mode == "P" and "transparency" in image.info:
        seen = image.convert("RGBA")  # else pillow warns where several are transparent
        if image.format == "GIF":  # Keras leaves what is transparent black
            pixels = np.array(seen)
            pixels[pixels[..., 3] == 0] = 0
            seen = pillow.fromarray(pixels)
        return seen.convert(mode)
    return image.convert(mode)
