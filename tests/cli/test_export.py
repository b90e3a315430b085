"""`export` passes on what was said, and leaves a file that decides as the model."""

import csv

import keras
import numpy as np
import pytest

from keras_labels import LabeledModel
from keras_labels.cli import _export
from keras_labels.errors import ExportError, MissingExtraError
from keras_labels.export import FORMATS, load_exported, read_decoding

ENDINGS = {
    "tf_saved_model": "",
    "onnx": ".onnx",
    "litert": ".tflite",
    "openvino": ".xml",
    "torch": ".pt2",
}
NAMES = ["ant", "bee, the", 'größe "x"']
BEST = [0, 2, 1, 0, 0]


def unless_missing(result):
    """Skip where the backend or a package for the format is not there."""
    text = result.stderr
    if "cannot export to" in text or "keras-labels[" in text or "pip install" in text:
        pytest.skip(text)
    assert result.exit_code == 0, result.output


@pytest.fixture
def said(monkeypatch):
    """Catch what the command passes on, in place of an export."""
    calls = []

    def export(self, path, format=None, outputs=(), **options):
        calls.append({"labeled": self, "path": path, "format": format, **options})
        calls[-1]["outputs"] = outputs
        return "Wrote it."

    monkeypatch.setattr(LabeledModel, "export", export)
    return calls


def test_words_of_the_command_are_those_of_the_library():
    assert {one.value for one in _export.Format} == set(FORMATS)
    from keras_labels import functional

    kinds = {one.value for one in _export.Output}
    assert kinds == {*functional.OUTPUTS, "labels"}


def test_defaults(run, files, said, tmp_path):
    result = run("export", files["labeled"], "-o", tmp_path / "m.onnx")
    assert result.exit_code == 0, result.output
    assert result.stdout == "Wrote it.\n"
    (call,) = said
    assert call["path"] == tmp_path / "m.onnx"
    assert call["format"] is None
    assert call["outputs"] == ("probabilities", "classes")
    assert call["verify"] is True


def test_everything_that_can_be_said(run, files, said, tmp_path):
    (tmp_path / "labels.txt").write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    result = run(
        *("export", files["logits"], "--format", "onnx"),
        *("--outputs", "classes", "probabilities", "labels", "--class-names"),
        *(tmp_path / "labels.txt", "-o", tmp_path / "m.onnx", "--no-verify"),
        *("--task", "multilabel", "--from-logits", "--reject-below", "0.7"),
        *("--threshold", "bee, the=0.2", "--threshold", "ant=0.3"),
    )
    assert result.exit_code == 0, result.output
    (call,) = said
    assert call["outputs"] == ("classes", "probabilities", "labels")
    assert call["format"] == "onnx"
    assert call["verify"] is False
    decoding = call["labeled"].decoding
    assert decoding.class_names == tuple(NAMES)
    assert decoding.threshold == (0.3, 0.2, 0.5)
    assert decoding.reject_below == 0.7
    assert (decoding.head.task, decoding.head.from_logits) == ("multilabel", True)


def test_samples_are_the_first_rows_of_the_data(run, files, said, x, tmp_path):
    np.save(tmp_path / "x.npy", np.repeat(x, 20, axis=0))
    args = "--samples", tmp_path / "x.npy", "-o", tmp_path / "m.onnx"
    assert run("export", files["labeled"], *args).exit_code == 0
    np.testing.assert_array_equal(said[0]["samples"], np.repeat(x, 20, axis=0)[:64])
    np.save(tmp_path / "x.npy", x[:0])
    result = run("export", files["labeled"], *args)
    assert result.exit_code == 1
    assert "It has none" in result.stderr


def test_model_may_stand_behind_the_outputs(run, files, said, tmp_path):
    out = tmp_path / "m.onnx"
    for words in (["classes", "scores"], ["classes,scores"]):
        assert run("export", "--outputs", *words, files["labeled"], "-o", out)
        assert said[-1]["outputs"] == ("classes", "scores")


@pytest.mark.parametrize("word", ["--from-logits", "--from-probabilities"])
def test_from_logits_is_said_both_ways(run, files, said, tmp_path, word):
    args = "--task", "multilabel", word, "-o", tmp_path / "m.onnx"
    assert run("export", files["logits"], *args).exit_code == 0
    head = said[0]["labeled"].decoding.head
    assert head.from_logits == (word == "--from-logits")


@pytest.mark.parametrize("error", [ExportError, MissingExtraError, OSError])
def test_error_of_the_library_is_one_line(run, files, tmp_path, monkeypatch, error):
    def export(*_, **__):
        raise error("It cannot\n  be written.")

    monkeypatch.setattr(LabeledModel, "export", export)
    result = run("export", files["labeled"], "-o", tmp_path / "m.onnx")
    assert result.exit_code == 1
    assert result.stderr == "keras-labels: It cannot be written.\n"


def test_ending_that_names_no_format(run, files, tmp_path):
    result = run("export", files["labeled"], "-o", tmp_path / "m.zip")
    assert result.exit_code == 1
    assert "m.zip" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_loss_of_the_users_own_is_not_needed(run, said, tmp_path):
    def mine(y_true, y_pred):
        return keras.ops.mean(y_pred - y_true)

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "softmax")])
    model.compile(loss=mine)
    model.save(tmp_path / "own.keras")
    result = run("export", tmp_path / "own.keras", "-o", tmp_path / "m.onnx")
    assert result.exit_code == 0, result.output
    assert said[0]["labeled"].decoding.head.task == "multiclass"


def test_layer_of_the_users_own_is_explained(run, tmp_path):
    class Mine(keras.layers.Layer):
        def call(self, x):
            return x

    keras.Sequential([keras.Input((2,)), Mine()]).save(tmp_path / "own.keras")
    result = run("export", tmp_path / "own.keras", "-o", tmp_path / "m.onnx")
    assert result.exit_code == 1
    assert "labeled.export" in result.stderr


@pytest.mark.parametrize("format", ENDINGS)
def test_written_file_decides_as_the_model(run, files, npy, x, tmp_path, format):
    (tmp_path / "labels.txt").write_text("\n".join(NAMES), encoding="utf-8")
    path = tmp_path / f"model{ENDINGS[format]}"
    result = run(
        *("export", files["plain"], "--format", format, "-o", path),
        *("--class-names", tmp_path / "labels.txt", "--reject-below", "0.6"),
        *("--outputs", "classes", "probabilities"),
    )
    unless_missing(result)
    assert str(path) in result.stdout
    assert read_decoding(path).class_names == tuple(NAMES)
    classes = load_exported(path).predict(x)["classes"].tolist()
    assert classes == [0, 2, 1, -1, -1]

    inspected = run("inspect", path)
    assert inspected.exit_code == 0, inspected.output
    for text in (format, "classes, probabilities", "multiclass", "0.6", *NAMES):
        assert text in inspected.stdout

    table = {}
    for name, file in (("keras", files["rejecting"]), ("exported", path)):
        out = tmp_path / f"{name}.csv"
        decided = run("predict", file, npy, "-o", out)
        assert decided.exit_code == 0, decided.output
        with out.open(encoding="utf-8", newline="") as opened:
            table[name] = list(csv.DictReader(opened))
    for found, expected in zip(table["exported"], table["keras"], strict=True):
        p = float(expected.pop("probability"))
        assert float(found.pop("probability")) == pytest.approx(p, rel=1e-5)
        assert found == expected


def test_heads_and_inputs_by_name_survive(run, files, npy, x, tmp_path):
    path = tmp_path / "heads"
    unless_missing(run("export", files["heads"], "-o", path))
    lines = run("predict", path, npy).stdout.splitlines()
    expected = run("predict", files["heads"], npy).stdout.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [
        line.split("\t")[:2] for line in expected
    ]
    wide = tmp_path / "wide"
    unless_missing(run("export", files["wide"], "-o", wide))
    np.savez(tmp_path / "x.npz", left=x[:, :2], right=x[:, 2:])
    result = run("predict", wide, tmp_path / "x.npz")
    assert result.exit_code == 0, result.output
    labels = [row[1] for row in csv.reader(result.stdout.splitlines(), delimiter="\t")]
    assert labels == [NAMES[i] for i in BEST]


def test_file_without_probabilities(run, files, npy, tmp_path):
    path = tmp_path / "model"
    unless_missing(run("export", files["labeled"], "--outputs", "classes", "-o", path))
    result = run("predict", path, npy)
    assert result.exit_code == 0, result.output
    rows = list(csv.reader(result.stdout.splitlines(), delimiter="\t"))
    assert [row[1:] for row in rows] == [[NAMES[i], ""] for i in BEST]


def test_file_without_classes_is_refused(run, files, npy, tmp_path):
    path = tmp_path / "model"
    outputs = "--outputs", "probabilities"
    unless_missing(run("export", files["labeled"], *outputs, "-o", path))
    result = run("predict", path, npy)
    assert result.exit_code == 1
    assert "--outputs classes" in result.stderr


def test_decisions_of_an_exported_file_are_fixed(run, files, npy, tmp_path):
    path = tmp_path / "model"
    unless_missing(run("export", files["labeled"], "-o", path))
    result = run("predict", path, npy, "--reject-below", "0.5")
    assert result.exit_code == 1
    assert "export again" in result.stderr


def test_wrong_data_for_an_exported_file_names_the_data(run, files, x, tmp_path):
    path = tmp_path / "model"
    unless_missing(run("export", files["labeled"], "-o", path))
    np.save(tmp_path / "x.npy", x[:, :2])
    result = run("predict", path, tmp_path / "x.npy")
    assert result.exit_code == 1
    assert "x.npy" in result.stderr
    assert "(5, 2)" in result.stderr


def test_nan_in_an_exported_file_is_counted(run, files, tmp_path):
    path = tmp_path / "model"
    unless_missing(run("export", files["labeled"], "--outputs", "classes", "-o", path))
    np.save(tmp_path / "x.npy", np.array([[np.nan, 0, 0], [5, 0, 0]], "float32"))
    result = run("predict", path, tmp_path / "x.npy")
    assert result.exit_code == 0
    assert "1 of 2 rows have NaN scores" in result.stderr
