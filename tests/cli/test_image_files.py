"""Image files of every kind give the pixels of Keras' loader, or an error."""

import warnings

import keras
import numpy as np
import pytest
from PIL import Image

from keras_labels.cli._errors import CommandError
from keras_labels.cli._image_files import read_pixels

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (8, 8, 3), "uint8")
ALPHA = RNG.integers(0, 256, (8, 8, 1), "uint8")
DEEP = RNG.integers(0, 2**16, (8, 8)).astype("uint16")
COLOR = Image.fromarray(RGB)
FEW = COLOR.quantize(16)
OTHER = Image.fromarray(255 - RGB)
TRANSPARENT = Image.fromarray(np.concatenate([RGB, ALPHA], axis=2))
MODES = {1: "grayscale", 3: "rgb", 4: "rgba"}
# name: image, how it is saved, and for how many channels Keras reads it as well.
READ = {
    "deep.png": (Image.fromarray(DEEP), {}, (1, 3, 4)),
    "gray.png": (Image.fromarray(RGB[..., 0]), {}, (1, 3, 4)),
    "color.png": (COLOR, {}, (3, 4)),
    "transparent.png": (TRANSPARENT, {}, (3, 4)),
    "bits.png": (Image.fromarray(RGB[..., 0] > 127), {}, (1, 3)),
    "palette.png": (FEW, {}, (3,)),
    "four.png": (COLOR.quantize(4), {"bits": 2}, (3,)),
    "one_clear.png": (FEW, {"transparency": 3}, (3, 4)),
    "clear.png": (FEW, {"transparency": bytes(range(0, 256, 16))}, (3, 4)),
    "palette.gif": (FEW, {}, (3,)),
    "clear.gif": (FEW, {"transparency": 3}, (3,)),
    "moving.gif": (FEW, {"save_all": True, "append_images": [OTHER.quantize(9)]}, (3,)),
    "moving.png": (COLOR, {"save_all": True, "append_images": [OTHER]}, (3, 4)),
    "color.bmp": (COLOR, {}, (3,)),
    "gray.bmp": (Image.fromarray(RGB[..., 0]), {}, (3,)),
}
REFUSED = {
    "moving.webp": (COLOR, {"save_all": True, "append_images": [OTHER]}, 3, "holds 2"),
    "palette.bmp": (FEW, {}, 3, "a BMP with a palette"),
    "alpha.bmp": (TRANSPARENT, {}, 4, "different alphas"),
    "palette.png": (FEW, {}, 4, "palette without alpha"),
    "pages.png": (COLOR, {"format": "TIFF", "save_all": True}, 3, "cannot identify"),
}


def loaded_by_keras(folder, channels):
    images = keras.utils.image_dataset_from_directory(
        folder,
        labels=None,
        color_mode=MODES[channels],
        image_size=(8, 8),
        verbose=False,
    )
    return np.asarray(next(iter(images)))[0]


def test_the_high_byte_of_16_bits_is_read(tmp_path):
    READ["deep.png"][0].save(tmp_path / "deep.png")
    for channels in MODES:
        found = read_pixels(tmp_path / "deep.png", channels)
        want = np.repeat((DEEP // 256)[..., None], min(channels, 3), axis=-1)
        np.testing.assert_array_equal(found[..., :3], want)
        assert found.shape == (8, 8, channels)
        assert found.dtype == "float32"


@pytest.mark.parametrize("name", READ)
def test_pixels_are_those_of_keras(tmp_path, name):
    pytest.importorskip("tensorflow")  # Keras' loader is made of it
    image, options, channels = READ[name]
    image.save(tmp_path / name, **options)
    for count in channels:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            want = loaded_by_keras(tmp_path, count)
        np.testing.assert_array_equal(read_pixels(tmp_path / name, count), want)


def test_colors_are_as_gray_as_those_of_keras(tmp_path):
    pytest.importorskip("tensorflow")
    COLOR.save(tmp_path / "color.png")
    found = read_pixels(tmp_path / "color.png", 1)
    # Their sums of three colors are rounded otherwise.
    np.testing.assert_allclose(found, loaded_by_keras(tmp_path, 1), atol=1)


@pytest.mark.parametrize("name", REFUSED)
def test_what_keras_reads_otherwise_is_refused(tmp_path, name):
    image, options, channels, said = REFUSED[name]
    image.save(tmp_path / name, **options)
    with pytest.raises(CommandError, match=rf"{name}.*{said}"):
        read_pixels(tmp_path / name, channels)


def test_a_gif_that_is_not_filled_is_refused(tmp_path):
    FEW.save(tmp_path / "a.gif")
    content = bytearray((tmp_path / "a.gif").read_bytes())
    content[6:10] = bytes([12, 0, 12, 0])  # width and height of the whole
    (tmp_path / "a.gif").write_bytes(content)
    with pytest.raises(CommandError, match="does not fill it"):
        read_pixels(tmp_path / "a.gif", 3)
