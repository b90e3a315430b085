"""True classes -1 and 1 of a binary model are 0 and 1, wherever they are taken."""

import json

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

import keras_labels as kl
from keras_labels import fitting
from keras_labels.cli._app import app

X = np.array([[-2.2], [-0.4], [-0.6], [1.4], [0.3], [-1.0]], "float32")
Y = np.array([0, 0, 1, 1, 0, 1])
SIGNED = 2 * Y - 1


@pytest.fixture(scope="module")
def labeled():
    layers = [keras.Input((1,)), keras.layers.Activation("sigmoid")]
    return kl.LabeledModel(keras.Sequential(layers), class_names=["ham", "spam"])


@pytest.mark.parametrize("dtype", ["int64", "float32"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda m, y: m.report(X, y).to_dict(),
        lambda m, y: m.tune_thresholds(X, y).decoding,
        lambda m, y: m.calibrate(X, y).decoding,
        lambda m, y: m.tune_rejection(X, y, coverage=0.5).decoding,
        lambda m, y: m.predict_with_targets(X, y, sample_weight=True)[2].tolist(),
        lambda m, y: fitting.log_loss(y, m.predict_proba(X)),
        lambda m, y: fitting.brier_score(y, m.predict_proba(X)),
        lambda m, y: fitting.expected_calibration_error(y, m.predict_proba(X)),
    ],
)
def test_what_is_found_is_the_same(labeled, ask, dtype):
    assert ask(labeled, SIGNED.astype(dtype)) == ask(labeled, Y)


def test_displays_are_the_same(labeled):
    pytest.importorskip("matplotlib")
    from keras_labels.reports import ThresholdDisplay

    p = labeled.predict_proba(X)
    made = [ThresholdDisplay.from_predictions(y, p) for y in (Y, SIGNED)]
    for name, scores in made[0].scores.items():
        np.testing.assert_array_equal(made[1].scores[name], scores)


def test_what_is_ignored_is_no_class(labeled):
    """-1 that was said not to count takes no part: it is not 0."""
    y = np.where([1, 0, 0, 0, 0, 1], -1, Y)
    found = labeled.report(X, y, ignore_class=-1).to_dict()
    assert found["rows"] == 4
    only = labeled.report(X, SIGNED, ignore_class=-1).to_dict()
    assert only["confusion"]["matrix"][0] == [0, 0]


@pytest.mark.parametrize("name", ["data.csv", "data.npz"])
def test_the_command_takes_them(labeled, tmp_path, name):
    path, model = tmp_path / name, tmp_path / "m.keras"
    labeled.save(model)
    said = []
    for y in (Y, SIGNED):
        if name == "data.npz":
            np.savez(path, x=X, y=y)
        else:
            rows = [f"{x},{t}" for (x,), t in zip(X, y, strict=True)]
            path.write_text("\n".join(["x,y", *rows]))
        made = CliRunner().invoke(app, ["report", str(model), str(path), "--json"])
        assert made.exit_code == 0, made.output
        said.append(json.loads(made.stdout))
    assert said[0]["confusion"] == said[1]["confusion"]
