"""The command on ordered classes: `--task ordinal`, or a file that says so."""

import csv
import json

import keras
import numpy as np
import pytest
import reference

NAMES = ["none", "mild", "moderate", "severe"]
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 4, 80)
X = (Y[:, None] - np.array([0.5, 1.5, 2.5]) + RNG.normal(size=(80, 3))).astype("f4")
IDS = reference.ordinal(X, 0.5, from_logits=True)


@pytest.fixture
def files(tmp_path):
    layers = [keras.Input((3,), name="x"), keras.layers.Activation("linear")]
    keras.Sequential(layers).save(tmp_path / "m.keras")
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    np.savez(tmp_path / "rows.npz", x=X)
    np.savez(tmp_path / "val.npz", x=X, y=np.array(NAMES)[Y])
    return tmp_path


@pytest.fixture
def labeled(files, run):
    """The path of a model that says its task, as `predict`'s options would."""
    from keras_labels import LabeledModel

    model = keras.saving.load_model(files / "m.keras")
    labeled = LabeledModel(model, task="ordinal", from_logits=True, class_names=NAMES)
    labeled.save(files / "labeled.keras")
    return files / "labeled.keras"


def test_predict_decides_by_the_cuts_passed(files, run):
    out = files / "out.csv"
    options = ["--task", "ordinal", "--from-logits", "--class-names"]
    where = [files / "m.keras", files / "rows.npz", "-o", out]
    made = run("predict", *where, *options, files / "names.txt")
    assert made.exit_code == 0, made.output
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [NAMES[i] for i in IDS]
    p = reference.probabilities(X, "ordinal", True)
    got = [float(row["probability"]) for row in rows]
    np.testing.assert_allclose(got, p[np.arange(80), IDS], atol=1e-5)


def test_inspect_says_it(labeled, run):
    made = run("inspect", labeled)
    assert made.exit_code == 0, made.output
    assert "ordinal, 3 units of logits" in made.output
    assert "number of units with p > 0.5" in made.output


def test_report_tune_and_calibrate_take_names(labeled, files, run):
    made = run("report", labeled, files / "val.npz", "--json")
    assert made.exit_code == 0, made.output
    error = json.loads(made.stdout)["metrics"]["mean_absolute_error"]
    assert error == pytest.approx(np.abs(Y - IDS).mean())
    for command in (["tune", "--metric", "accuracy"], ["calibrate"]):
        out = files / "new.keras"
        made = run(command[0], labeled, files / "val.npz", *command[1:], "-o", out)
        assert made.exit_code == 0, made.output
        assert keras.saving.load_model(out).head.task == "ordinal"
