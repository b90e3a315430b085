"""`calibrate` writes the model that the Python call makes, or nothing."""

import json
import sys

import keras
import numpy as np
import pytest

from keras_labels import LabeledModel
from keras_labels.cli import _calibrate
from keras_labels.spec import METHODS

# The models decide at cuts of their own, which are told to be tuned again.
pytestmark = pytest.mark.filterwarnings("ignore:The thresholds and `reject_below`")

RNG = np.random.default_rng(6)
Y = RNG.integers(0, 2, 300)
X = (3 * Y + 2 * RNG.normal(size=300) - 2).astype("float32")[:, None]
CLASSES = RNG.integers(0, 3, 300)
Z = (3 * np.eye(3)[CLASSES] + 3 * RNG.normal(size=(300, 3))).astype("float32")
MARKS = RNG.random((300, 3)) < (0.5, 0.2, 0.7)
Z_OF_MARKS = (2 * MARKS + 2 * RNG.normal(size=(300, 3)) - 1).astype("float32")
DATA = {
    "binary": (X, Y),
    "labeled": (Z, CLASSES),
    "multilabel": (Z_OF_MARKS, MARKS),
}


@pytest.fixture
def calibrated(run, files, tmp_path):
    """Run `calibrate`, and return the model in the file that it wrote."""

    def calibrated(model, x, y, *words):
        np.savez(tmp_path / "d.npz", x=x, y=y)
        out = tmp_path / "calibrated.keras"
        result = run("calibrate", files[model], tmp_path / "d.npz", "-o", out, *words)
        assert result.exit_code == 0, result.output
        return keras.saving.load_model(out), result

    return calibrated


def test_words_of_the_command_are_those_of_the_library():
    assert {one.value for one in _calibrate.Method} == set(METHODS)


@pytest.mark.parametrize(
    ("model", "method"),
    [
        ("binary", "temperature"),
        ("binary", "platt"),
        ("binary", "isotonic"),
        ("labeled", "temperature"),
        ("labeled", "vector"),
        ("multilabel", "platt"),
    ],
)
def test_written_file_gives_the_probabilities_of_the_python_call(
    files, calibrated, model, method
):
    x, y = DATA[model]
    made, result = calibrated(model, x, y, "--method", method)
    expected = keras.saving.load_model(files[model]).calibrate(x, y, method=method)
    assert made.decoding == expected.decoding
    assert made.decoding.calibration.method == method
    np.testing.assert_array_equal(made.predict_proba(x), expected.predict_proba(x))
    assert result.stdout.startswith(f"{expected.tuning}\n")
    assert result.stderr == ""


def test_default_keeps_every_class_of_highest_score(files, calibrated):
    before = keras.saving.load_model(files["labeled"])
    made, _ = calibrated("labeled", Z, CLASSES)
    assert made.decoding.calibration.method == "temperature"
    ids = before.predict_classes(Z)
    np.testing.assert_array_equal(made.predict_classes(Z), ids)
    assert np.abs(made.predict_proba(Z) - before.predict_proba(Z)).max() > 0.05


def test_json_and_bins(files, calibrated):
    labeled = keras.saving.load_model(files["labeled"])
    made = {}
    for bins in (5, 15):
        words = ["--json", "--bins", bins]
        made[bins] = json.loads(calibrated("labeled", Z, CLASSES, *words)[1].stdout)
        found = labeled.calibrate(Z, CLASSES, bins=bins).tuning
        assert made[bins] == json.loads(json.dumps(found.to_dict()))
    assert made[5]["after"]["ece"] != made[15]["after"]["ece"]
    assert made[5]["after"]["log_loss"] == made[15]["after"]["log_loss"]


def test_file_of_any_keras_model_and_inspect(run, calibrated, tmp_path):
    (tmp_path / "names.txt").write_text("a\nb\nc")
    names = np.array(list("abc"))[CLASSES]
    words = ["--task", "multiclass", "--from-logits"]
    words += ["--class-names", tmp_path / "names.txt"]
    made, _ = calibrated("logits", Z, names, *words)
    inner = LabeledModel(made.model, task="multiclass", from_logits=True)
    expected = inner.calibrate(Z, CLASSES).decoding.calibration
    assert made.decoding.calibration == expected
    shown = run("inspect", tmp_path / "calibrated.keras").stdout
    assert str(expected) in shown


def test_one_head_of_several(files, calibrated):
    words = ["--head", "species"]
    made, _ = calibrated("heads", Z, CLASSES, *words)
    assert made.decoding["species"].calibration is not None
    assert made.decoding["sick"].calibration is None


def test_thresholds_are_tuned_after_on_what_it_wrote(run, calibrated, tmp_path):
    made, _ = calibrated("binary", X, Y)
    data, out = tmp_path / "d.npz", tmp_path / "tuned.keras"
    result = run("tune", tmp_path / "calibrated.keras", data, "-o", out)
    assert result.exit_code == 0, result.output
    rule = keras.saving.load_model(out).decoding
    assert rule.calibration == made.decoding.calibration
    assert rule == made.tune_thresholds(X, Y).decoding


MISTAKES = {
    "platt": (["labeled", Z, CLASSES, "--method", "platt"], "platt"),
    "vector": (["binary", X, Y, "--method", "vector"], "vector"),
    "one class": (["binary", X, Y * 0], "d.npz"),
    "all right": (["labeled", np.eye(3)[CLASSES], CLASSES], "d.npz"),
    "nan": (["labeled", Z * np.where(CLASSES, 1, np.nan)[:, None], CLASSES], "NaN"),
    "width": (["labeled", X, Y], "d.npz"),
    "rows": (["labeled", Z, CLASSES[:-1]], "299"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_told_and_leaves_nothing(run, files, tmp_path, name):
    (model, x, y, *words), part = MISTAKES[name]
    np.savez(tmp_path / "d.npz", x=np.asarray(x, "float32"), y=y)
    out = tmp_path / "calibrated.keras"
    args = files[model], tmp_path / "d.npz", "-o", out, *words
    result = run("calibrate", *args)
    assert result.exit_code == 1, result.output
    assert part in result.stderr
    assert result.stdout == ""
    assert [one.name for one in tmp_path.iterdir()] == ["d.npz"]


def test_missing_package_is_not_the_fault_of_the_data(
    run, files, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    args = files["binary"], tmp_path / "d.npz", "-o", tmp_path / "c.keras"
    result = run("calibrate", *args)
    assert result.exit_code == 1
    assert 'pip install "keras-labels[fit]"' in result.stderr
    assert "d.npz" not in result.stderr
    assert not (tmp_path / "c.keras").exists()


def test_output_that_is_no_keras_file(run, files, tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    args = files["binary"], tmp_path / "d.npz", "-o", tmp_path / "c.onnx"
    result = run("calibrate", *args)
    assert result.exit_code == 1
    assert "ends in .keras" in result.stderr


@pytest.mark.parametrize("words", [["--method", "beta"], ["--bins", "0"]])
def test_wrong_usage_is_2(run, files, tmp_path, words):
    out = tmp_path / "c.keras"
    result = run("calibrate", files["binary"], tmp_path / "d.npz", "-o", out, *words)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


def test_help_has_examples(run):
    result = run("calibrate", "--help")
    assert result.exit_code == 0
    assert "\n    keras-labels calibrate " in result.stdout
    assert "\n  calibrate " in run("--help").stdout
