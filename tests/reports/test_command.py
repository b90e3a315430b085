"""`keras-labels report` writes what `LabeledModel.report` says."""

import json

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from keras_labels import LabeledModel
from keras_labels.cli._app import app

NAMES = ["ant", "bee", "cat"]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)).astype("float32")
Y = np.where(RNG.random(60) < 0.8, X.argmax(axis=1), 0)


@pytest.fixture
def files(tmp_path):
    """A model of three classes, and rows with their true classes."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Softmax()])
    labeled = LabeledModel(model, class_names=NAMES, reject_below=0.4)
    labeled.save(tmp_path / "m.keras")
    np.savez(tmp_path / "val.npz", x=X, y=np.array(NAMES)[Y])
    return tmp_path / "m.keras", tmp_path / "val.npz", labeled


def run(*args):
    result = CliRunner().invoke(app, ["report", *map(str, args)])
    assert "Traceback" not in result.output
    if result.exit_code == 1:
        assert len(result.stderr.splitlines()) == 1
    return result


def test_text_on_stdout(files):
    model, data, labeled = files
    result = run(model, data)
    assert result.exit_code == 0, result.output
    expected = labeled.report(X, Y, title="m.keras on val.npz")
    assert result.stdout == expected.text


def test_page_and_json(files, tmp_path):
    model, data, labeled = files
    page = tmp_path / "report.html"
    result = run(model, data, "-o", page, "--title", "Insects")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"Wrote '{page}'.\n"
    assert page.read_text("utf-8") == labeled.report(X, Y, title="Insects").to_html()
    both = run(model, data, "-o", page, "--json", "--title", "")
    assert json.loads(both.stdout) == labeled.report(X, Y).to_dict()


def test_weights_and_ignored_classes(files, tmp_path):
    model, data, labeled = files
    weights = RNG.integers(0, 3, 60)
    names = np.where(weights == 1, "void", np.array(NAMES)[Y])
    np.savez(data, x=X, y=names, sample_weight=weights)
    result = run(model, data, "--json", "--ignore-class", "void", "--title", "")
    kept = np.where(weights == 1, 0, weights)
    expected = labeled.report(X, Y, sample_weight=kept)
    assert json.loads(result.stdout) == expected.to_dict()
    result = run(model, data)
    assert result.exit_code == 1
    assert "Received also: ['void']" in result.stderr


def test_the_decision_can_be_said(files):
    model, data, labeled = files
    found = json.loads(run(model, data, "--json", "--reject-below", "0.7").stdout)
    expected = labeled.with_decoding(reject_below=0.7).report(X, Y).to_dict()
    assert found["metrics"] == expected["metrics"]


def test_fail_under_is_for_pipelines(files, tmp_path):
    model, data, labeled = files
    f1 = labeled.report(X, Y).to_dict()["metrics"]["f1"]
    assert run(model, data, "--fail-under", f"f1={f1}").exit_code == 0
    page = tmp_path / "report.html"
    low = run(model, data, "-o", page, "--fail-under", "f1=0.999", "--fail-under",
              "coverage=0.1")  # fmt: skip
    assert low.exit_code == 1
    assert low.stderr == f"keras-labels: f1 is {f1:.4f}, under 0.999.\n"
    assert page.exists()


@pytest.mark.parametrize("said", ["f2=0.9", "f1", "f1=x", "f1=1.5", "log_loss=0.1"])
def test_what_is_no_score(files, said):
    model, data, _ = files
    result = run(model, data, "--fail-under", said)
    assert result.exit_code == 2
    assert f"Received: '{said}'." in result.stderr


def test_a_score_that_the_report_has_not(files):
    model, data, _ = files
    result = run(model, data, "--fail-under", "exact_match=0.5")
    assert result.exit_code == 1
    assert "The report has no exact_match" in result.stderr


def test_mistakes_are_told_before_the_model_runs(files, tmp_path):
    model, data, _ = files
    for output, said in (
        (tmp_path / "report.pdf", "ends in .html"),
        (tmp_path / "no" / "report.html", "There is no folder"),
    ):
        result = run(model, data, "-o", output)
        assert result.exit_code == 1
        assert said in result.stderr
    assert run(model, tmp_path / "none.npz").exit_code == 1
    np.savez(tmp_path / "odd.npz", x=X, y=np.full(60, 7))
    odd = run(model, tmp_path / "odd.npz")
    assert odd.exit_code == 1
    assert "Cannot report on" in odd.stderr


def test_one_of_several_heads(tmp_path):
    x = keras.Input((3,))
    first = keras.layers.Softmax(name="first")(x)
    second = keras.layers.Activation("sigmoid", name="second")(x[:, :1])
    model = keras.Model(x, {"first": first, "second": second})
    labeled = LabeledModel(model, heads={"first": {}, "second": {}})
    labeled.save(tmp_path / "m.keras")
    np.savez(tmp_path / "val.npz", x=X, y=Y)
    result = run(
        tmp_path / "m.keras", tmp_path / "val.npz", "--head", "first", "--json"
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["task"] == "multiclass"
    unsaid = run(tmp_path / "m.keras", tmp_path / "val.npz")
    assert "--head first" in unsaid.stderr
