"""Decisions chosen on data: what was found is what `predict_classes` then does."""

import json

import keras
import numpy as np
import pytest
from keras import layers
from labelers import NAMES, binary, dense, multiclass, multilabel, several_heads
from sklearn import metrics

import keras_labels as kl

RNG = np.random.default_rng(11)
X = RNG.normal(size=(400, 4)).astype("float32")
YES = (X[:, 0] + RNG.normal(size=400) > 0.6).astype(int)
THREE = np.argmax(X[:, :3] + RNG.normal(size=(400, 3)), axis=-1)
MARKS = (X[:, :3] + RNG.normal(size=(400, 3)) > 0.5).astype(int)


def trained(units, activation, loss, y):
    keras.utils.set_random_seed(1)
    model = dense(units, activation)
    model.compile(keras.optimizers.Adam(0.02), loss)
    model.fit(X, y, epochs=3, verbose=0)
    return model


@pytest.fixture(scope="module")
def logit():
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model = trained(1, None, loss, YES)
    return kl.LabeledModel(model, class_names=["no", "yes"])


@pytest.fixture(scope="module")
def probability():
    model = trained(1, "sigmoid", "binary_crossentropy", YES)
    return kl.LabeledModel(model, class_names=["no", "yes"])


@pytest.fixture(scope="module")
def two_units():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return kl.LabeledModel(
        trained(2, None, loss, YES), class_names=["no", "yes"], threshold=0.5
    )


@pytest.fixture(scope="module")
def classes():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return kl.LabeledModel(trained(3, None, loss, THREE), class_names=NAMES)


@pytest.fixture(scope="module")
def labels():
    model = trained(3, "sigmoid", "binary_crossentropy", MARKS)
    return kl.LabeledModel(model, class_names=NAMES)


@pytest.mark.parametrize("kind", ["logit", "probability", "two_units"])
@pytest.mark.parametrize("inclusive", [False, True])
def test_the_score_found_is_the_score_of_the_decisions(kind, inclusive, request):
    labeled = request.getfixturevalue(kind).with_decoding(inclusive=inclusive)
    tuned = labeled.tune_thresholds(X, YES)
    assert tuned.tuning.score == metrics.f1_score(YES, tuned.predict_classes(X))
    assert tuned.tuning.score >= metrics.f1_score(YES, labeled.predict_classes(X))
    assert tuned.model is labeled.model
    assert labeled.tuning is None
    assert tuned.decoding.inclusive == inclusive
    # Of every cut that a scan of scikit-learn finds none is better.
    p = labeled.predict_proba(X)[:, 1]
    precision, recall, _ = metrics.precision_recall_curve(YES, p)
    with np.errstate(invalid="ignore"):
        best = np.nanmax(2 * precision * recall / (precision + recall))
    assert tuned.tuning.score == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize(
    "given",
    [
        lambda y: y,
        lambda y: y[:, None],
        lambda y: y.astype(bool),
        lambda y: np.array(["no", "yes"])[y],
        lambda y: ["yes" if one else "no" for one in y],
        lambda y: np.eye(2)[y],
    ],
    ids=["ids", "column", "booleans", "names", "list", "one_hot"],
)
def test_targets_come_in_every_form(given, logit):
    want = logit.tune_thresholds(X, YES, bootstrap=0).decoding
    assert logit.tune_thresholds(X, given(YES), bootstrap=0).decoding == want


def test_a_dataset_is_read_once(logit):
    reads = []

    def batches():
        for start in range(0, 400, 64):
            reads.append(start)
            yield X[start : start + 64], YES[start : start + 64]

    tuned = logit.tune_thresholds(batches(), bootstrap=0)
    want = logit.tune_thresholds(X, YES, bootstrap=0)
    assert tuned.tuning.score == want.tuning.score
    assert reads == list(range(0, 400, 64))


def test_labels_have_a_cut_each(labels):
    tuned = labels.tune_thresholds(X, MARKS)
    got = metrics.f1_score(MARKS, tuned.predict_classes(X), average="macro")
    assert tuned.tuning.score == pytest.approx(got, abs=1e-12)
    assert [cut.label for cut in tuned.tuning.cuts] == list(NAMES)
    assert all(cut.low <= cut.high for cut in tuned.tuning.cuts)
    micro = labels.tune_thresholds(X, MARKS, average="micro")
    got = metrics.f1_score(MARKS, micro.predict_classes(X), average="micro")
    assert micro.tuning.score == pytest.approx(got, abs=1e-12)
    shared = labels.tune_thresholds(X, MARKS, average="micro", shared=True)
    assert len(set(shared.decoding.threshold)) == 1
    assert shared.tuning.score <= micro.tuning.score
    names = [tuple(np.array(NAMES)[row == 1]) for row in MARKS]
    assert labels.tune_thresholds(X, names).decoding == tuned.decoding


def test_a_recall_floor_is_kept(probability):
    tuned = probability.tune_thresholds(X, YES, metric="precision", min_recall=0.95)
    assert metrics.recall_score(YES, tuned.predict_classes(X)) >= 0.95
    with pytest.raises(kl.DecodingError, match="min_recall"):
        probability.tune_thresholds(X, YES, metric="precision")


@pytest.mark.parametrize("method", ["temperature", "platt", "isotonic"])
@pytest.mark.parametrize("kind", ["logit", "probability", "two_units", "labels"])
def test_calibration_lowers_the_log_loss_of_its_data(kind, method, request):
    labeled = request.getfixturevalue(kind)
    y = MARKS if kind == "labels" else YES
    fitted = labeled.calibrate(X, y, method=method)
    p = fitted.predict_proba(X)
    flat = p.ravel() if kind == "labels" else p[:, 1]
    assert fitted.tuning.after.log_loss <= fitted.tuning.before.log_loss + 1e-3
    if kind != "labels":
        got = metrics.log_loss(YES, p)
        assert got == pytest.approx(fitted.tuning.after.log_loss, abs=1e-5)
    assert ((flat >= 0) & (flat <= 1)).all()
    tuned = fitted.tune_thresholds(X, y, bootstrap=0)
    score = {"average": "macro"} if kind == "labels" else {}
    got = metrics.f1_score(y, tuned.predict_classes(X), **score)
    assert tuned.tuning.score == pytest.approx(got, abs=1e-12)
    assert tuned.decoding.calibration == fitted.decoding.calibration


@pytest.mark.parametrize("method", ["temperature", "vector", "isotonic"])
def test_calibration_of_exclusive_classes(classes, method):
    fitted = classes.calibrate(X, THREE, method=method)
    after = metrics.log_loss(THREE, fitted.predict_proba(X))
    assert after == pytest.approx(fitted.tuning.after.log_loss, abs=1e-5)
    assert after <= metrics.log_loss(THREE, classes.predict_proba(X)) + 1e-9
    same = fitted.predict_classes(X) == classes.predict_classes(X)
    assert same.all() or method != "temperature"
    assert "calibrated by" in fitted.explain()


@pytest.mark.parametrize("goal", [{"max_error": 0.2}, {"coverage": 0.7}])
@pytest.mark.parametrize("kind", ["logit", "probability", "two_units", "classes"])
def test_rejection_reaches_its_goal(kind, goal, request):
    labeled = request.getfixturevalue(kind)
    y = THREE if kind == "classes" else YES
    tuned = labeled.tune_rejection(X, y, **goal)
    ids = tuned.predict_classes(X)
    kept = ids >= 0
    found = tuned.tuning
    assert kept.mean() == found.coverage
    assert (ids[kept] != y[kept]).mean() == found.error
    assert found.error <= goal.get("max_error", 1)
    assert found.coverage >= goal.get("coverage", 0)


def test_rejection_of_labels_counts_each(labels):
    tuned = labels.tune_rejection(X, MARKS, max_error=0.1)
    ids = tuned.predict_classes(X)
    kept = ids >= 0
    assert kept.mean() == pytest.approx(tuned.tuning.coverage)
    assert (ids[kept] != MARKS[kept]).mean() == pytest.approx(tuned.tuning.error)


def test_what_was_found_is_plain_and_prints(logit, classes):
    for tuned in (
        logit.tune_thresholds(X, YES),
        classes.calibrate(X, THREE),
        classes.tune_rejection(X, THREE, coverage=0.5),
    ):
        plain = json.loads(json.dumps(tuned.tuning.to_dict(), allow_nan=False))
        assert kl.Decoding.from_dict(plain["decoding"]) == tuned.decoding
        assert len(str(tuned.tuning).splitlines()) >= 3


def test_one_head_of_several():
    labeled = several_heads()
    y = {"species": THREE, "sick": YES}
    tuned = labeled.tune_thresholds(X, y, head="sick")
    want = metrics.f1_score(YES, tuned.predict_classes(X)["sick"])
    assert tuned.tuning.score == want
    assert tuned.decoding["species"] == labeled.decoding["species"]
    assert labeled.tune_thresholds(X, YES, head="sick").decoding == tuned.decoding
    fitted = tuned.calibrate(X, y, head="species", method="vector")
    assert fitted.decoding["sick"] == tuned.decoding["sick"]
    assert fitted.decoding["species"].calibration.method == "vector"
    for head in (None, "weight"):
        with pytest.raises(
            kl.DecodingError, match=r"one is tuned at a time.*'species'"
        ):
            labeled.tune_thresholds(X, y, head=head)
    with pytest.raises(kl.InputError, match="no targets for the head 'sick'"):
        labeled.tune_thresholds(X, {"species": THREE}, head="sick")


def test_a_class_map():
    inputs = keras.Input((6, 5, 3))
    outputs = layers.Conv2D(1, 1, activation="sigmoid")(inputs)
    model = keras.Model(inputs, outputs)
    model.set_weights([np.full((1, 1, 3, 1), 0.7), np.full(1, 0.2)])
    labeled = kl.LabeledModel(model)
    x = RNG.normal(size=(9, 6, 5, 3)).astype("float32")
    y = (x.sum(-1) > 0).astype(int)
    tuned = labeled.tune_thresholds(x, y)
    got = metrics.f1_score(y.ravel(), tuned.predict_classes(x).ravel())
    assert tuned.tuning.score == got
    assert tuned.decoding.head == labeled.decoding.head
    with pytest.warns(kl.fitting.FittingWarning, match="tune them again"):
        fitted = tuned.calibrate(x, y, method="platt")
    assert fitted.predict_proba(x).shape == (9, 6, 5, 2)


def test_saved_decisions_come_back(logit, tmp_path):
    tuned = logit.calibrate(X, YES, method="isotonic").tune_thresholds(X, YES)
    tuned.save(tmp_path / "tuned.keras")
    again = keras.saving.load_model(tmp_path / "tuned.keras")
    assert again.decoding == tuned.decoding
    np.testing.assert_array_equal(again.predict_classes(X), tuned.predict_classes(X))


@pytest.mark.parametrize(
    ("make", "call", "message"),
    [
        (multiclass, lambda m: m.tune_thresholds(X, THREE), "multiclass"),
        (binary, lambda m: m.tune_thresholds(X, YES, metric="f2"), "f2"),
        (
            lambda: binary(reject_below=0.6),
            lambda m: m.tune_thresholds(X, YES),
            "reject_below",
        ),
        (
            lambda: multilabel(max_labels=1),
            lambda m: m.tune_thresholds(X, MARKS),
            "max_labels",
        ),
        (binary, lambda m: m.calibrate(X, YES, method="vector"), "vector"),
        (multiclass, lambda m: m.calibrate(X, THREE, method="platt"), "platt"),
        (binary, lambda m: m.tune_rejection(X, YES), "max_error.*coverage"),
        (binary, lambda m: m.tune_thresholds(X, YES, head="sick"), "one head"),
    ],
)
def test_what_cannot_be_tuned_says_why(make, call, message):
    labeled = make()
    labeled._predictor = None  # it is told before the model runs
    with pytest.raises(kl.DecodingError, match=message):
        call(labeled)


def test_targets_of_one_class_say_so():
    with pytest.raises(kl.DecodingError, match="none of the 400 rows"):
        binary().tune_thresholds(X, YES * 0)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, YES[:-1], "400"),
        (X, ["yes", "maybe"] * 200, "maybe"),
        (X, YES + 1, "2"),
        (X, YES + 0.5, "0.5|1.5"),
        (np.where(X > 2, np.nan, X), YES, "NaN"),
        (X[:0], YES[:0], "row"),
        (X, None, "dataset"),
    ],
    ids=["rows", "name", "id", "soft", "nan", "none", "no_y"],
)
def test_data_that_does_not_fit_says_why(x, y, message):
    with pytest.raises(kl.InputError, match=message):
        binary().tune_thresholds(x, y)
