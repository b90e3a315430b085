"""Images give the pixels, and so the decisions, that Keras would read from them."""

import keras
import numpy as np
import pytest
from PIL import Image

from keras_labels.cli._data import Input
from keras_labels.cli._images import Pixels, pixels_of, read_image, resized


def labels_of(rows):
    return [row["label"] for row in rows]


@pytest.fixture
def folder(tmp_path):
    """Images of one color, in folders, of other sizes and modes than the model's."""
    folder = tmp_path / "images"
    (folder / "b").mkdir(parents=True)
    Image.new("RGB", (9, 7), (250, 10, 10)).save(folder / "a.png")
    Image.new("RGBA", (3, 3), (10, 250, 10, 40)).save(folder / "b" / "c.PNG")
    Image.new("RGB", (20, 10), (10, 10, 250)).save(folder / "b" / "d.jpg")
    (folder / "notes.txt").write_text("no image")
    (folder / "._a.png").write_bytes(b"what macOS leaves")
    return folder


def test_folder_of_images(decide, files, folder):
    rows = decide(files["images"], folder)
    assert [row["file"] for row in rows] == [
        str(folder / name) for name in ("a.png", "b/c.PNG", "b/d.jpg")
    ]
    assert labels_of(rows) == ["red", "green", "blue"]
    assert {row["row"] for row in rows} == {""}
    assert decide(files["images"], folder, "--batch-size", 2) == rows


def test_single_image(decide, files, folder):
    assert labels_of(decide(files["images"], folder / "b" / "d.jpg")) == ["blue"]


def test_16_bits_are_not_clipped(decide, files, tmp_path):
    gray = Image.fromarray(np.full((4, 6), 64 * 257, "uint16"))
    gray.save(tmp_path / "gray.png")
    (row,) = decide(files["gray"], tmp_path / "gray.png")
    assert row["label"] == "dark"


def test_pixels_are_0_to_255_unless_rescaled(decide, files, folder):
    pixels = np.array([250, 10, 10])
    for words, scale in ((), 1), (("--rescale",), 255):
        (row,) = decide(files["images"], folder / "a.png", *words)
        e = np.exp((pixels - 250) / scale)
        assert float(row["probability"]) == pytest.approx(e[0] / e.sum(), abs=1e-5)


def test_model_of_any_size_needs_a_size(run, decide, files, folder):
    result = run("predict", files["any_size"], folder)
    assert result.exit_code == 1
    assert "--image-size" in result.stderr
    words = ("--image-size", "5x8")
    assert labels_of(decide(files["any_size"], folder, *words)) == ["0", "1", "2"]


@pytest.mark.parametrize("size", ["0x5", "5x", "big", "-3", "5x5x3"])
def test_wrong_size_is_refused(run, files, folder, size):
    result = run("predict", files["any_size"], folder, f"--image-size={size}")
    assert result.exit_code == 1
    assert f"Received: '{size}'" in result.stderr


def test_size_of_another_model_is_refused(run, files, folder):
    result = run("predict", files["images"], folder, "--image-size", "5x5")
    assert result.exit_code == 1
    assert "Received --image-size 5x5" in result.stderr


def test_images_for_a_model_of_numbers(run, files, folder):
    result = run("predict", files["labeled"], folder)
    assert result.exit_code == 1
    assert "Images are for a model of one input" in result.stderr


@pytest.mark.parametrize("size", [(5, 7), (31, 3), (40, 60), (17, 23)])
def test_images_are_resized_as_by_keras(tmp_path, size):
    pixels = np.random.default_rng(0).integers(0, 256, (17, 23, 3), "uint8")
    (tmp_path / "a").mkdir()
    Image.fromarray(pixels).save(tmp_path / "a" / "a.png")
    expected = keras.ops.convert_to_numpy(
        keras.ops.image.resize(pixels.astype("float32"), size)
    )
    found = read_image(tmp_path / "a" / "a.png", Pixels(*size))
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert found.dtype == "float32"


def test_resizing_to_the_same_size_changes_nothing():
    image = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")
    np.testing.assert_array_equal(resized(image, 4, 5), image)


@pytest.mark.parametrize(
    ("shape", "channels", "first"),
    [
        ((None, 4, 6, 1), 1, False),
        ((None, 3, 4, 6), 3, True),
        ((None, 4, 6, 4), 4, False),
    ],
)
def test_channels_as_the_model_takes_them(folder, shape, channels, first):
    pixels = pixels_of([Input("x", shape, "float32")], None)
    assert (pixels.height, pixels.width) == (4, 6)
    assert (pixels.channels, pixels.first) == (channels, first)
    assert read_image(folder / "a.png", pixels).shape == shape[1:]
