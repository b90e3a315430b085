"""`LabeledModel.report` brings the arrays; its numbers are scikit-learn's."""

import keras
import numpy as np
import pytest
from keras import layers
from labelers import NAMES, binary, multiclass, multilabel, several_heads
from sklearn import metrics

import keras_labels as kl
from keras_labels.labeled import _reporting

RNG = np.random.default_rng(13)
X = RNG.normal(size=(300, 4)).astype("float32")
YES = RNG.integers(0, 2, 300)
THREE = RNG.integers(0, 3, 300)
MARKS = RNG.integers(0, 2, (300, 3))


def test_binary():
    labeled = binary(threshold=0.4)
    found = labeled.report(X, YES).to_dict()
    ids, p = labeled.predict_classes(X), labeled.predict_proba(X)
    assert found["metrics"]["f1"] == metrics.f1_score(YES, ids)
    assert found["metrics"]["log_loss"] == pytest.approx(metrics.log_loss(YES, p))
    want = metrics.confusion_matrix(YES, ids).tolist()
    assert found["confusion"]["matrix"] == want
    assert found["decoding"] == labeled.decoding.to_dict()
    assert found["before"] is None


def test_names_and_a_dataset_read_once():
    labeled = multiclass(reject_below=0.4)
    want = labeled.report(X, THREE).to_dict()
    assert labeled.report(X, np.array(NAMES)[THREE]).to_dict() == want
    reads = []

    def batches():
        for start in range(0, 300, 50):
            reads.append(start)
            yield X[start : start + 50], THREE[start : start + 50]

    assert labeled.report(batches()).to_dict()["confusion"] == want["confusion"]
    assert len(reads) == 6
    ids = labeled.predict_classes(X)
    kept = ids >= 0
    assert 0 < want["metrics"]["coverage"] == kept.mean() < 1
    got = want["metrics"]["accuracy"]
    assert got == pytest.approx(metrics.accuracy_score(THREE[kept], ids[kept]))


def test_calibrated_is_shown_beside_uncalibrated():
    labeled = multiclass()
    fitted = labeled.calibrate(X, THREE, method="vector")
    found = fitted.report(X, THREE, title="<b>").to_dict()
    after = metrics.log_loss(THREE, fitted.predict_proba(X))
    before = metrics.log_loss(THREE, labeled.predict_proba(X))
    assert found["metrics"]["log_loss"] == pytest.approx(after)
    assert found["before"]["log_loss"] == pytest.approx(before)
    assert found["title"] == "<b>"


def test_labels_and_costs():
    labeled = multilabel()
    found = labeled.report(X, MARKS, costs=[[0, 1], [3, 0]]).to_dict()
    ids = labeled.predict_classes(X)
    want = metrics.f1_score(MARKS, ids, average="macro", zero_division=0)
    assert found["metrics"]["f1"] == pytest.approx(want)
    wrong = ((ids == 1) & (MARKS == 0)).sum() + 3 * ((ids == 0) & (MARKS == 1)).sum()
    assert found["metrics"]["cost"] == wrong  # of all rows


def test_several_heads():
    labeled = several_heads()
    y = {"species": THREE, "sick": YES}
    found = labeled.report(X, y)
    assert "species" in found.text
    assert "sick" in found.text
    parts = found.to_dict()["heads"]
    ids = labeled.predict_classes(X)
    got = parts["species"]["metrics"]["accuracy"]
    assert got == pytest.approx((ids["species"] == THREE).mean())
    with pytest.raises(kl.InputError, match="no targets for the head 'sick'"):
        labeled.report(X, {"species": THREE})


def test_pixels_are_sampled_and_it_is_said(monkeypatch, tmp_path):
    inputs = keras.Input((6, 5, 3))
    outputs = layers.Conv2D(4, 1, activation="softmax")(inputs)
    labeled = kl.LabeledModel(keras.Model(inputs, outputs))
    x = RNG.normal(size=(9, 6, 5, 3)).astype("float32")
    y = RNG.integers(0, 4, (9, 6, 5))
    ids = labeled.predict_classes(x)
    whole = labeled.report(x, y)
    assert whole.to_dict()["confusion"]["matrix"] == (
        metrics.confusion_matrix(y.ravel(), ids.ravel()).tolist()
    )
    first = whole.to_dict()["mistakes"][0]
    row = tuple(first["row"])
    assert len(row) == 3
    assert ids[row] != y[row]
    assert not whole.to_dict()["notes"]
    monkeypatch.setattr(_reporting, "_MOST", 100)
    some = labeled.report(x, y)
    assert some.to_dict()["rows"] == 100
    assert "sample of 100 of 270" in some.text
    some.save_html(tmp_path / "report.html")
    assert "sample of 100 of 270" in (tmp_path / "report.html").read_text("utf-8")


def test_scores_that_are_nan_are_refused():
    x = np.where(np.arange(300)[:, None] == 7, np.nan, X).astype("float32")
    with pytest.raises(kl.InputError, match="NaN"):
        binary().report(x, YES)


def test_a_prior_is_no_part_of_the_calibration_that_is_compared():
    labeled = multiclass(prior=[1, 2, 3], trained_prior=[1, 1, 1])
    assert labeled.report(X, THREE).to_dict()["before"] is None
    fitted = labeled.calibrate(X, THREE, method="vector")
    found = fitted.report(X, THREE)
    before = metrics.log_loss(THREE, labeled.predict_proba(X))
    assert found.to_dict()["before"]["log_loss"] == pytest.approx(before)
    assert "frequent" in " ".join(found.to_dict()["rule"])


def test_one_array_is_not_the_truth_of_every_head():
    labeled = several_heads()
    with pytest.raises(kl.InputError, match=r"each head.*Received: one array"):
        labeled.report(X, YES)
    assert "species" not in labeled.report(X, YES, head="sick").text


def test_y_goes_with_arrays_and_not_with_a_dataset():
    """A dataset may shuffle: a `y` beside it would be of other rows."""
    labeled = binary()
    batches = [(X[:150], YES[:150]), (X[150:], YES[150:])]
    for call in (labeled.report, labeled.calibrate, labeled.tune_thresholds):
        with pytest.raises(kl.InputError, match="arrays without `y`"):
            call(X)
        with pytest.raises(kl.InputError, match="a dataset and `y`"):
            call((one for one in batches), YES)
