"""Broken, foreign and malicious files are told in one line, and run nothing."""

import pickle
import sys
import zipfile

import numpy as np
import pytest


class Bomb:
    """Tells on the disk if it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def bomb(tmp_path):
    return np.array([Bomb(tmp_path / "exploded")], dtype=object)


def mistake(result, *parts):
    assert result.exit_code == 1
    for part in parts:
        assert part in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("size", [0, 1, 100, 0.5, 0.99])
@pytest.mark.parametrize("command", ["predict", "export", "inspect"])
def test_truncated_model(run, files, npy, tmp_path, command, size):
    whole = files["labeled"].read_bytes()
    cut = tmp_path / "cut.keras"
    cut.write_bytes(whole[: size if size >= 1 or size == 0 else int(size * len(whole))])
    args = {"predict": [npy], "export": ["-o", tmp_path / "m.onnx"], "inspect": []}
    mistake(run(command, cut, *args[command]), "cut.keras")
    assert not (tmp_path / "m.onnx").exists()


def test_archive_of_something_else(run, npy, tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    mistake(run("predict", tmp_path / "m.keras", npy), "m.keras")


@pytest.mark.parametrize("name", ["m.onnx", "m.tflite", "m.pt2", "m.xml", "m.keras"])
@pytest.mark.parametrize("command", ["predict", "inspect"])
def test_text_with_the_name_of_a_model(run, npy, tmp_path, command, name):
    (tmp_path / name).write_text("Dear Sir or Madam\n")
    args = [npy] if command == "predict" else []
    assert run(command, tmp_path / name, *args).exit_code == 1


@pytest.mark.parametrize("name", ["m.txt", "m", "m.h5"])
@pytest.mark.parametrize("command", ["predict", "inspect"])
def test_unknown_kind_of_model(run, npy, tmp_path, command, name):
    (tmp_path / name).write_text("Dear Sir or Madam\n")
    args = [npy] if command == "predict" else []
    mistake(run(command, tmp_path / name, *args), name)


def test_empty_folder_in_place_of_a_model(run, npy, tmp_path):
    (tmp_path / "model").mkdir()
    assert run("predict", tmp_path / "model", npy).exit_code == 1
    assert run("inspect", tmp_path / "model").exit_code == 1


@pytest.mark.parametrize("command", ["predict", "export", "inspect"])
def test_model_that_is_not_there(run, npy, tmp_path, command):
    args = {"predict": [npy], "export": ["-o", tmp_path / "m.onnx"], "inspect": []}
    result = run(command, tmp_path / "gone.keras", *args[command])
    mistake(result, "There is no file", "gone.keras")


def test_code_in_a_model_runs_only_if_it_is_trusted(run, files, npy):
    args = "predict", files["lambda"], npy
    mistake(run(*args), "--unsafe", "Lambda")
    trusted = run(*args, "--unsafe")
    assert trusted.exit_code == 0, trusted.output
    assert [line.split("\t")[1] for line in trusted.stdout.splitlines()] == list(
        "02100"
    )


def test_pickles_are_never_loaded(run, files, bomb, tmp_path):
    np.save(tmp_path / "x.npy", bomb)
    np.savez(tmp_path / "x.npz", x=bomb)
    (tmp_path / "plain.npy").write_bytes(pickle.dumps(bomb))
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(bomb))
    for name in ("x.npy", "x.npz", "plain.npy", "plain.npz"):
        mistake(run("predict", files["labeled"], tmp_path / name), name)
        mistake(run("predict", files["labeled"], tmp_path / name, "--unsafe"), name)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
@pytest.mark.parametrize("keep", [0, 4, 30, 0.9])
def test_truncated_arrays(run, files, x, tmp_path, name, keep):
    save = np.save if name == "x.npy" else np.savez
    save(tmp_path / name, x)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(
        whole[: int(keep if keep != 0.9 else 0.9 * len(whole))]
    )
    mistake(run("predict", files["labeled"], tmp_path / name), "Cannot read", name)


def test_arrays_with_the_ending_of_the_other_kind(run, files, x, tmp_path):
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "y.npz", x)
    (tmp_path / "x.npy").rename(tmp_path / "x.npz")
    (tmp_path / "y.npz").rename(tmp_path / "y.npy")
    for name in ("x.npz", "y.npy"):
        mistake(run("predict", files["labeled"], tmp_path / name), name)


def test_header_of_a_later_version_is_read(run, files, x, tmp_path):
    with (tmp_path / "x.npy").open("wb") as file:
        np.lib.format.write_array(file, x, version=(2, 0))
    assert run("predict", files["labeled"], tmp_path / "x.npy").exit_code == 0


def test_missing_pillow_names_the_extra(run, files, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    (tmp_path / "a.png").write_bytes(b"")
    result = run("predict", files["images"], tmp_path / "a.png")
    mistake(result, 'pip install "keras-labels[cli]"')


@pytest.mark.parametrize("shape", [(), (3,), (5, 4), (5, 3, 2), (1, 5, 3)], ids=str)
def test_arrays_of_wrong_shape(run, files, tmp_path, shape):
    np.save(tmp_path / "x.npy", np.zeros(shape, "float32"))
    mistake(run("predict", files["labeled"], tmp_path / "x.npy"), "x.npy", str(shape))


@pytest.mark.parametrize("values", [["a"], [b"a"], ["2020-01-01"]])
def test_arrays_of_no_numbers(run, files, tmp_path, values):
    array = np.array([values * 3])
    np.save(tmp_path / "x.npy", array)
    mistake(run("predict", files["labeled"], tmp_path / "x.npy"), "x.npy")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "It is empty"),
        ("\n\n", "It is empty"),
        ("1,2,3\n4,five,6\n", "'five' in line 2, field 2"),
        ("a,b,c\n1,2,3\ncat,dog,emu\n", "'cat' in line 3, field 1"),
        ("id,b,7\n1,2,3\n", "'id' in line 1, field 1"),
        ("1,2,3\n4,5\n", "Line 2 has 2"),
        ("1,2,3\n\n4,5,6,7\n", "Line 3 has 4"),
        ("1;2;3\n1;2;3\n", "'1;2;3' in line 2"),
        ("1,2\n", "(None, 3)"),
        ("1,2,3\n\x00,2,3\n", "x.csv"),
        ('1,2,3\n"1,2,3\n4,5,6\n', "x.csv"),
    ],
)
def test_csv_of_something_else(run, files, tmp_path, text, said):
    (tmp_path / "x.csv").write_text(text)
    result = run("predict", files["labeled"], tmp_path / "x.csv", "--batch-size", 1)
    assert result.exit_code == 1
    assert said in result.stderr


def test_csv_that_is_no_text(run, files, tmp_path):
    (tmp_path / "x.csv").write_bytes(b"1,2,\xff\xfe\n")
    mistake(run("predict", files["labeled"], tmp_path / "x.csv"), "x.csv")


def test_empty_folder_of_images(run, files, tmp_path):
    (tmp_path / "images").mkdir()
    mistake(run("predict", files["images"], tmp_path / "images"), "There are none in")


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_broken_image(run, files, tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    mistake(run("predict", files["images"], tmp_path / "a.png"), "a.png")


@pytest.mark.parametrize("name", ["x.txt", "x.pkl", "x", "x.json"])
def test_unknown_kind_of_data(run, files, tmp_path, name):
    (tmp_path / name).write_text("1,2,3\n")
    mistake(run("predict", files["labeled"], tmp_path / name), "Received", name)


def test_data_that_is_not_there_is_told_before_the_model_is_loaded(run, files):
    mistake(run("predict", files["labeled"], "gone.npy"), "There is no file 'gone.npy'")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a\nb\n", "Received 2"),
        (b"a\n\nc\n", "name 1 is ''"),
        (b"a\nb\na\n", "more than once"),
        (b"a\n\xff\xfe\nc\n", "Cannot read class names"),
        (None, "No such file"),
    ],
)
def test_names_that_do_not_fit(run, files, npy, tmp_path, content, said):
    names = tmp_path / "names.txt"
    if content is not None:
        names.write_bytes(content)
    mistake(run("predict", files["plain"], npy, "--class-names", names), said)


@pytest.mark.parametrize("text", ["{", '{"0": "a"}', "3", '["a", 2, "c"]', '"abc"'])
def test_json_that_holds_no_names(run, files, npy, tmp_path, text):
    (tmp_path / "names.json").write_text(text)
    args = "--class-names", tmp_path / "names.json"
    assert run("predict", files["plain"], npy, *args).exit_code == 1


@pytest.mark.parametrize("cut", ["much", "0.3,", "cat=", "0.3 cat=0.5", "1.5", "x=0.5"])
def test_thresholds_that_are_none(run, files, tmp_path, cut):
    np.save(tmp_path / "x.npy", np.zeros((1, 1), "float32"))
    args = [f"--threshold={part}" for part in cut.split()]
    mistake(run("predict", files["binary"], tmp_path / "x.npy", *args), "hreshold")


def test_head_that_cannot_be_told_names_the_options(run, files, npy):
    mistake(run("predict", files["logits"], npy), "--from-logits")


def test_head_of_a_labeled_model_is_not_said_again(run, files, npy):
    mistake(run("predict", files["labeled"], npy, "--task", "binary"), "Leave out")
    mistake(run("predict", files["labeled"], npy, "--from-logits"), "Leave out")
