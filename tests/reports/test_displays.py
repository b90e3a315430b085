"""Pictures hold the numbers that scikit-learn gives."""

import sys

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import f1_score, precision_score, recall_score

from keras_labels.errors import InputError, MissingExtraError
from keras_labels.reports import ReliabilityDisplay, ThresholdDisplay


@pytest.fixture(autouse=True)
def plt():
    """Draw into memory."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


class Labeled:
    """What a display asks of a model."""

    name = "net"

    def __init__(self, made):
        self.decoding = made.rule
        self.made = made

    def predict_with_targets(self, x, y=None, *, sample_weight, ignore_class=None):
        rows = np.arange(len(self.made.y))[x]
        weights = np.ones(len(rows)) if sample_weight is True else sample_weight
        return self.made.y[rows] if y is None else y, self.made.p[rows], weights


def test_reliability_is_that_of_scikit_learn(case):
    made = case("binary")
    ours = ReliabilityDisplay.from_predictions(
        made.y, made.p[:, 1], bins=10, name="net"
    )
    theirs = CalibrationDisplay.from_predictions(made.y, made.p[:, 1], n_bins=10)
    np.testing.assert_allclose(
        ours.line_.get_xydata(), theirs.line_.get_xydata(), rtol=1e-6
    )
    assert ours.ax_.figure is ours.figure_
    assert ours.line_.get_label() == "net"


def test_axes_and_style_are_the_callers(plt, case):
    made = case("binary")
    _, ax = plt.subplots()
    for name in ("a", "b"):
        display = ReliabilityDisplay.from_predictions(
            made.y, made.p, ax=ax, name=name, color="red"
        )
        assert display.ax_ is ax
        assert display.line_.get_color() == "red"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["Perfectly calibrated", "a", "b"]


def test_thresholds_have_the_scores_of_scikit_learn(case):
    made = case("binary", digits=2)
    display = ThresholdDisplay.from_predictions(made.y, made.p[:, 1], threshold=0.35)
    metrics = {"precision": precision_score, "recall": recall_score, "f1": f1_score}
    for name, metric in metrics.items():
        x, y = display.lines_[name].get_data()
        for cut, score in list(zip(x, y, strict=True))[::11]:
            decided = made.p[:, 1] > np.float32(cut)
            assert score == pytest.approx(
                metric(made.y, decided, zero_division=np.nan), nan_ok=True
            )
    assert display.line_ is display.lines_["f1"]
    assert 0.35 in display.thresholds


@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_displays_of_a_model(case, task):
    made = case(task, threshold=0.3)
    labeled, x = Labeled(made), np.arange(600)
    label = None if task == "binary" else "cat"
    by_data = ThresholdDisplay.from_model(labeled, x, made.y, label=label)
    read_once = ThresholdDisplay.from_model(labeled, x, label=label)
    p = made.p[:, 1 if task == "binary" else 2]
    y = made.y if task == "binary" else made.y[:, 2]
    direct = ThresholdDisplay.from_predictions(y, p, threshold=0.3)
    for display in (by_data, read_once):
        np.testing.assert_array_equal(
            display.line_.get_ydata(), direct.line_.get_ydata()
        )
        assert display.threshold == 0.3
    assert by_data.name == ("bee" if task == "binary" else "cat")
    curve = ReliabilityDisplay.from_model(labeled, x, made.y)
    np.testing.assert_array_equal(
        curve.line_.get_ydata(),
        ReliabilityDisplay.from_predictions(made.y, made.p).line_.get_ydata(),
    )
    assert curve.line_.get_label() == "net"


def test_a_column_and_a_label_by_its_number(case):
    made = case("multilabel", threshold=[0.2, 0.3, 0.4, 0.5], class_names=None)
    labeled, x = Labeled(made), np.arange(600)
    display = ThresholdDisplay.from_model(labeled, x, made.y, label=1)
    direct = ThresholdDisplay.from_predictions(
        made.y[:, 1], made.p[:, 1:2], threshold=0.3
    )
    np.testing.assert_array_equal(display.line_.get_ydata(), direct.line_.get_ydata())
    assert display.name is None
    assert display.line_.get_label() == "f1"


def test_what_cannot_be_drawn_is_said(case):
    labels = Labeled(case("multilabel"))
    classes = Labeled(case("multiclass"))
    for labeled, label in (
        (labels, None),
        (labels, "owl"),
        (classes, None),
        (labels, 9),
    ):
        with pytest.raises(InputError, match="drawn of a binary model"):
            ThresholdDisplay.from_model(labeled, [0], label=label)
    labels.decoding = {"a": labels.decoding}
    with pytest.raises(InputError, match="has several"):
        ReliabilityDisplay.from_model(labels, [0])
    with pytest.raises(InputError, match="one yes or no"):
        ThresholdDisplay.from_predictions([0, 2], [0.1, 0.2])
    with pytest.raises(InputError, match="between 0 and 1"):
        ThresholdDisplay.from_predictions([0, 1], [0.1, 2.0])


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtraError, match=r'pip install "keras-labels\[plot\]"'):
        ReliabilityDisplay.from_predictions([0, 1], [0.1, 0.9])


def test_displays_weigh(case):
    made = case("binary", digits=1)
    weights = np.random.default_rng(6).integers(0, 3, 600)
    rows = np.repeat(np.arange(600), weights)
    for display in (ReliabilityDisplay, ThresholdDisplay):
        one = display.from_predictions(made.y, made.p[:, 1], sample_weight=weights)
        other = display.from_predictions(made.y[rows], made.p[rows, 1])
        ours, theirs = one.line_.get_xydata(), other.line_.get_xydata()
        if display is ThresholdDisplay:  # both offer the even steps
            ours = ours[np.isin(ours[:, 0], theirs[:, 0])]
            theirs = theirs[np.isin(theirs[:, 0], ours[:, 0])]
            assert len(ours) > 90
        np.testing.assert_allclose(ours, theirs)
