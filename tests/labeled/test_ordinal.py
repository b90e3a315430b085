"""Models of K - 1 cumulative units: predictions, files, and what data says of them."""

import dataclasses

import keras
import numpy as np
import pytest
import reference
from sklearn import metrics

import keras_labels as kl
from keras_labels import fitting

NAMES = ["none", "mild", "moderate", "severe"]
CUTS = (0.5, 0.4, 0.3)
RNG = np.random.default_rng(7)
Y = RNG.integers(0, 4, 400)
# Logits of P(y > k) that know something of y, and rise in some rows.
X = (Y[:, None] - np.array([0.5, 1.5, 2.5]) + RNG.normal(size=(400, 3))).astype("f4")


def coral():
    """Return logits of one score and three biases, as CORAL's last layer gives them."""
    inputs = keras.Input((2,))
    score = keras.layers.Dense(1, use_bias=False)(inputs)
    outputs = keras.layers.Dense(3)(score)
    model = keras.Model(inputs, outputs)
    model.set_weights(
        [np.array([[2.0], [-1.0]]), np.ones((1, 3)), np.array([1.0, 0.0, -2.0])]
    )
    return model


def of(kind="linear", **options):
    """Return a labeled model whose scores are its rows."""
    layers = [keras.Input((3,)), keras.layers.Activation(kind)]
    options = {"class_names": NAMES, "task": "ordinal", **options}
    if kind == "linear":
        options.setdefault("from_logits", True)
    return kl.LabeledModel(keras.Sequential(layers), **options)


def test_classes_labels_and_probabilities_are_those_of_the_oracle():
    labeled = kl.LabeledModel(
        coral(), task="ordinal", from_logits=True, class_names=NAMES, threshold=CUTS
    )
    x = RNG.normal(size=(50, 2)).astype("float32")
    scores = labeled.predict(x, verbose=0)
    ids = reference.ordinal(scores, CUTS, from_logits=True)
    assert len(np.unique(ids)) == 4
    np.testing.assert_array_equal(labeled.predict_classes(x), ids)
    assert labeled.predict_labels(x).tolist() == [NAMES[i] for i in ids]
    p = reference.probabilities(scores, "ordinal", from_logits=True)
    np.testing.assert_allclose(labeled.predict_proba(x), p, atol=2e-6)
    one = labeled.predict_one(x[0])
    assert (one.class_id, one.label) == (ids[0], NAMES[ids[0]])
    assert list(one.probabilities) == NAMES
    assert one.probability == pytest.approx(p[0, ids[0]], abs=2e-6)
    best = [row[0][0] for row in labeled.predict_top_k(x, k=2)]
    assert best == [NAMES[i] for i in p.argmax(axis=1)]


def test_a_saved_model_decides_the_same(tmp_path):
    labeled = of(threshold=CUTS, reject_below=0.4)
    labeled.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert loaded.decoding == labeled.decoding
    np.testing.assert_array_equal(loaded.predict_classes(X), labeled.predict_classes(X))
    np.testing.assert_array_equal(loaded.predict_proba(X), labeled.predict_proba(X))


def test_sigmoid_units_are_probabilities():
    labeled = of("sigmoid")
    assert not labeled.head.from_logits
    np.testing.assert_array_equal(
        labeled.predict_classes(X),
        reference.ordinal(reference.sigmoid(X).astype("f4"), 0.5),
    )


def test_a_softmax_gives_no_cumulative_probabilities():
    with pytest.raises(kl.HeadError, match="softmax, whose units are exclusive"):
        of("softmax")


def test_it_is_never_guessed():
    layers = [keras.Input((3,)), keras.layers.Activation("sigmoid")]
    assert kl.LabeledModel(keras.Sequential(layers)).head.task == "multilabel"


def test_it_is_explained():
    text = of(threshold={"severe": 0.3}).explain()
    assert "head: ordinal, 3 units, logits" in text
    assert "classes: 4, names ['none', 'mild', 'moderate', 'severe']" in text
    assert "P(y > k) = sigmoid(scores), one column per class: the differences" in text
    assert "number of units with p > its threshold: mild 0.5, mod" in text


@pytest.mark.parametrize(
    "form",
    [
        Y,
        np.array(NAMES)[Y],
        np.eye(4)[Y],
        Y[:, None] > np.arange(3),
        (Y[:, None] > np.arange(3)).astype("f4"),
    ],
    ids=["ids", "names", "one-hot", "levels", "float levels"],
)
def test_every_form_of_targets_is_the_same(form):
    head = kl.Head("ordinal", 3, True)
    rule = kl.Decoding(head, NAMES)
    assert fitting.as_targets(form, rule, X.shape).tolist() == Y.tolist()


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([[1, 0, 1], [0, 0, 0]], "first. 1 of 2 rows are not so, the first is row 0"),
        ([[0.5, 0, 0], [0, 0, 0]], "not how likely"),
        ([4, 0], "ids from 0 to 3"),
        ([1, 4], "count from 1"),
    ],
)
def test_what_is_no_ordered_target_is_refused(y, said):
    rule = kl.Decoding(kl.Head("ordinal", 3, True), NAMES)
    with pytest.raises(kl.InputError, match=said):
        fitting.as_targets(y, rule, (2, 3))


def questions(labeled):
    """Return each unit's question as a model of labels, and its marks."""
    head = dataclasses.replace(labeled.head, task="multilabel")
    return kl.Decoding(head, NAMES[1:]), Y[:, None] > np.arange(3)


@pytest.mark.parametrize("options", [{}, {"metric": "accuracy"}, {"shared": True}])
def test_each_cut_is_tuned_as_the_question_that_it_answers(options):
    tuned = of().tune_thresholds(X, Y, bootstrap=20, **options)
    rule, marks = questions(tuned)
    want = fitting.tune_thresholds(marks, X, rule, bootstrap=20, **options)
    assert tuned.decoding.threshold == want.decoding.threshold
    assert tuned.tuning.cuts == want.cuts
    assert [cut.label for cut in tuned.tuning.cuts] == NAMES[1:]


@pytest.mark.parametrize("method", ["temperature", "platt", "isotonic"])
def test_each_unit_is_calibrated(method):
    fitted = of().calibrate(X, Y, method=method)
    rule, marks = questions(fitted)
    want = fitting.calibrate(marks, X, rule, method=method)
    assert fitted.decoding.calibration == want.calibration
    p = reference.corrected(X, "ordinal", True, want.calibration.to_dict())
    np.testing.assert_allclose(fitted.predict_proba(X), p, atol=3e-6)
    assert fitted.tuning.after.log_loss == pytest.approx(
        metrics.log_loss(Y, p, labels=range(4)), rel=1e-6
    )


def test_vector_scaling_belongs_to_exclusive_classes():
    with pytest.raises(kl.DecodingError, match="'vector' does not fit task 'ordinal'"):
        of().calibrate(X, Y, method="vector")


def test_a_rejection_keeps_the_error_of_what_is_accepted():
    sure = of().tune_rejection(X, Y, max_error=0.2)
    decided = sure.predict_classes(X)
    kept = decided >= 0
    assert 0 < kept.mean() < 1
    assert np.mean(decided[kept] != Y[kept]) == pytest.approx(sure.tuning.error)
    assert sure.tuning.error <= 0.2
    assert kept.mean() == pytest.approx(sure.tuning.coverage)


@pytest.mark.parametrize("levels", [False, True])
def test_weights_and_ignored_classes_leave_rows_out(levels):
    counts = Y != 1
    y = Y[:, None] > np.arange(3) if levels else Y
    y = y.astype("int64")
    want = of().tune_thresholds(X[counts], y[counts], bootstrap=0).decoding
    assert of().tune_thresholds(X, y, bootstrap=0, ignore_class=1).decoding == want
    weights = counts.astype("f4")
    found = of().tune_thresholds(X, y, bootstrap=0, sample_weight=weights)
    assert found.decoding == want
    fitted = of().calibrate(X[counts], y[counts]).decoding
    assert of().calibrate(X, y, ignore_class="mild").decoding == fitted


def test_dense_heads_decide_at_every_position():
    layers = [keras.Input((5, 3)), keras.layers.Activation("linear")]
    labeled = kl.LabeledModel(
        keras.Sequential(layers),
        task="ordinal",
        from_logits=True,
        axis=-1,
        class_names=NAMES,
    )
    x = X.reshape(80, 5, 3)
    want = reference.ordinal(x, 0.5, True)
    np.testing.assert_array_equal(labeled.predict_classes(x), want)
    whole = labeled.tune_thresholds(x, Y.reshape(80, 5), bootstrap=0).decoding
    assert whole.threshold == of().tune_thresholds(X, Y, bootstrap=0).decoding.threshold


def test_a_report_counts_classes_and_how_far_they_miss():
    labeled = of(threshold=CUTS, reject_below=0.4)
    decided = reference.ordinal(X, CUTS, True)
    found = labeled.report(X, Y).to_dict()
    assert found["task"] == "ordinal"
    got = labeled.predict_classes(X)
    kept = got >= 0
    assert 0 < kept.sum() < len(kept)
    np.testing.assert_array_equal(got[kept], decided[kept])
    want = metrics.confusion_matrix(Y[kept], decided[kept], labels=range(4))
    assert found["confusion"]["matrix"] == want.tolist()
    rejected = np.bincount(Y[~kept], minlength=4)
    assert found["confusion"]["rejected"] == rejected.tolist()
    error = metrics.mean_absolute_error(Y[kept], decided[kept])
    assert found["metrics"]["mean_absolute_error"] == pytest.approx(error)
    assert "“mild” 0.5, “moderate” 0.4, “severe” 0.3" in found["rule"][0]


@pytest.mark.parametrize("weighted", [False, True])
def test_a_report_weighs_and_ignores(weighted):
    weights = RNG.random(len(Y)) if weighted else None
    kept = Y != 2
    found = of().report(X, Y, sample_weight=weights, ignore_class="moderate").to_dict()
    own = None if weights is None else weights[kept]
    decided = reference.ordinal(X, 0.5, True)
    error = metrics.mean_absolute_error(Y[kept], decided[kept], sample_weight=own)
    assert found["metrics"]["mean_absolute_error"] == pytest.approx(error)
    assert found["rows"] == kept.sum()


def test_a_page_moves_the_bound_alone():
    report = of(reject_below=0.4).report(X, Y)
    page = report.to_html()
    assert 'data-task="multiclass"' in page
    assert "ordinal, 400 rows, 4 classes" in page
    assert "mean distance of these, in classes" in report.text


def test_a_display_of_a_cut_is_that_of_its_question():
    pytest.importorskip("matplotlib")
    x = -np.sort(-X, axis=1)  # so that no unit is held down
    drawn = kl.reports.ThresholdDisplay.from_model(of(), x, Y, label="moderate")
    p = reference.sigmoid(x[:, 1]).astype("f4")
    want = kl.reports.ThresholdDisplay.from_predictions(Y > 1, p)
    assert drawn.name == "moderate"
    assert len(drawn.thresholds) == len(want.thresholds)
    np.testing.assert_allclose(
        np.nanmax(drawn.scores["f1"]), np.nanmax(want.scores["f1"]), atol=1e-6
    )
