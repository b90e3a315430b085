"""Decisions of a tuned decoding: they reach its score, exactly."""

import warnings

import cuts_by_force as force
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scores import as_given, numpy
from sklearn.isotonic import IsotonicRegression

from keras_labels import functional
from keras_labels.errors import InputError
from keras_labels.fitting import FittingWarning, tune_thresholds
from keras_labels.spec import Calibration, Decoding, Head

PLAIN = Decoding(Head("binary", 1, from_logits=False))
LOGIT = Decoding(Head("binary", 1, from_logits=True))
TINY = float(np.finfo("float32").tiny)
LOGITS = (-np.inf, -800, -40, -1e-40, -0.0, 0.0, TINY, 1e-40, 0.5, 36, 37, 40, 1e38)
BESIDE = [float(np.nextafter(np.float32(0.3), np.float32(side))) for side in (0, 1)]
CHANCES = (0.0, 1e-40, TINY, 1e-12, *BESIDE, 0.3, 0.5, 1 - 2**-24, 1.0)


@st.composite
def corrections(draw, head):
    """Return the keywords of a calibration or a prior of a head of one column each."""
    count = head.units
    positive = st.floats(0.05, 20)
    kind = draw(st.sampled_from(["none", "temperature", "platt", "isotonic"]))
    found = {}

    def some(numbers):
        return [draw(numbers) for _ in range(count)]

    if kind == "temperature":
        found["calibration"] = Calibration(kind, temperature=some(positive))
    elif kind == "platt":
        shifts = some(st.floats(-5, 5))
        found["calibration"] = Calibration(kind, slope=some(positive), intercept=shifts)
    elif kind == "isotonic":
        tables = [table(draw(st.integers(0, 99)), head) for _ in range(count)]
        found["calibration"] = Calibration(kind, tables=tables)
    if draw(st.booleans()):
        shares = st.floats(0.01, 0.99)
        prior = some(shares) if head.task == "multilabel" else draw(shares)
        trained = [0.5] * count if head.task == "multilabel" else 0.5
        found |= {"prior": prior, "trained_prior": trained}
    return found


def table(seed, head):
    """Return an isotonic table as a fit gives it: plateaus, 0 and 1 at the ends."""
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=30) if head.from_logits else rng.random(30), 2)
    fit = IsotonicRegression().fit(x, rng.random(30) < 1 / (1 + np.exp(-4 * x)))
    return fit.X_thresholds_, np.clip(fit.y_thresholds_, 0, 1)


@st.composite
def problems(draw, labels=(1, 2)):
    """Return (decoding, scores, marks), among them scores that no cut separates."""
    rows, units = draw(st.sampled_from([4, 16])), draw(st.sampled_from(labels))
    head = Head("binary" if units == 1 else "multilabel", units, draw(st.booleans()))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.normal(size=(rows, units)) * draw(st.sampled_from([0.01, 1, 30]))
    if not head.from_logits:
        scores = 1 / (1 + np.exp(-scores))
    odd = rng.random(scores.shape) < draw(st.sampled_from([0, 0.4, 1]))
    edges = LOGITS if head.from_logits else CHANCES
    scores = np.where(odd, rng.choice(edges, size=scores.shape), scores)
    dtype = draw(st.sampled_from(["float32", "float64"]))
    y = rng.random(scores.shape) < 0.5
    assume(np.all(y.any(axis=0) & ~y.all(axis=0)))
    decoding = Decoding(head, inclusive=draw(st.booleans()), **draw(corrections(head)))
    return decoding, scores.astype(dtype), y


def decided(scores, decoding):
    classes = numpy(functional.decode(scores, decoding, ["classes"])["classes"])
    return classes.reshape(len(classes), -1) == 1


def mean_f1(y, decided):
    return np.mean(
        [force.score("f1", *pair) for pair in zip(y.T, decided.T, strict=True)]
    )


@given(problems())
def test_decisions_reach_the_score(data):
    decoding, scores, y = data
    x, seen = as_given(scores)
    got = tune_thresholds(y, seen, decoding, bootstrap=0)
    reached = mean_f1(y, decided(x, got.decoding).astype(bool))
    assert got.score == pytest.approx(float(reached), rel=1e-15)
    assert got.score_before == pytest.approx(float(mean_f1(y, decided(x, decoding))))
    assert got.score >= got.score_before


@given(problems(labels=(2,)), st.sampled_from(["macro", "micro"]), st.booleans())
def test_decisions_reach_the_score_of_all_labels(data, average, shared):
    decoding, scores, y = data
    x, seen = as_given(scores)
    options = {"average": average, "shared": shared, "bootstrap": 0}
    got = tune_thresholds(y, seen, decoding, **options)
    marks = decided(x, got.decoding)
    micro = average == "micro"
    reached = force.score("f1", y, marks) if micro else mean_f1(y, marks)
    assert got.score == pytest.approx(float(reached), rel=1e-15)
    assert len(set(got.decoding.threshold)) == 1 or not shared


@given(problems(labels=(1,)), st.data())
def test_no_other_threshold_does_better(data, draw):
    decoding, scores, y = data
    x, seen = as_given(scores)
    got = tune_thresholds(y, seen, decoding, bootstrap=0)
    p = numpy(functional.decode(x, decoding, ["probabilities"])["probabilities"])
    near = [float(one) for one in p[:, 1].astype(float) if 0 < one < 1]
    steps = [float(np.nextafter(t, side)) for t in near for side in (0.0, 1.0)]
    others = draw.draw(st.lists(st.floats(1e-9, 1 - 1e-9), max_size=4))
    for t in [*near, *steps, *others, 5e-324, 1 - 2**-53]:
        if 0 < t < 1:
            marks = decided(x, decoding.replace(threshold=t))
            assert got.score >= float(mean_f1(y, marks)) - 1e-15, t


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_cut_beside_a_sample_scores_the_same_under_both_rules(inclusive):
    """FACTS 47: scikit-learn's cut lies on a sample, and `>` and `>=` disagree."""
    y, p = [0, 0, 1, 1], np.array([[0.1], [0.4], [0.35], [0.8]])
    rule = PLAIN.replace(inclusive=inclusive)
    got = tune_thresholds(y, p, rule, bootstrap=0)
    assert got.score == 0.8
    assert got.decoding.threshold == pytest.approx((0.225,))
    for either in (False, True):
        marks = decided(p, got.decoding.replace(inclusive=either))
        assert marks[:, 0].tolist() == [False, True, True, True]


def test_logits_that_no_threshold_separates_are_passed_over():
    """Near 1 float64 has no cut between these logits, so the next best gap it is."""
    z = np.array([[40.0], [50.0], [36.0], [-1.0]])
    rule = Decoding(Head("binary", 1, from_logits=True))
    got = tune_thresholds([0, 1, 0, 0], z, rule, bootstrap=0)
    assert got.score == pytest.approx(2 / 3)
    assert decided(z, got.decoding)[:, 0].tolist() == [True, True, False, False]


@pytest.mark.parametrize("inclusive", [False, True])
def test_neighboring_float32_numbers_are_separated(inclusive):
    """Their middle rounds to one of them: with the other rule it must be the other."""
    rule = PLAIN.replace(inclusive=inclusive)
    for start in np.linspace(0.01, 0.9, 50, dtype="float32"):
        above = np.nextafter(start, np.float32(1))
        p = np.array([[start], [above]])
        got = tune_thresholds([0, 1], p, rule, bootstrap=0)
        assert got.score == 1.0
        assert decided(p, got.decoding)[:, 0].tolist() == [False, True]


def test_equal_scores_give_the_better_end():
    rule = Decoding(Head("binary", 1, from_logits=True))
    got = tune_thresholds([0, 1, 1], np.full((3, 1), 2.5), rule, bootstrap=0)
    assert got.score == pytest.approx(0.8)
    assert got.decoding.threshold[0] == pytest.approx(1 / (1 + np.exp(-1.5)))


def test_a_label_of_one_class_keeps_its_threshold():
    y = np.array([[0, 1, 1], [0, 0, 1], [0, 1, 1]])
    p = np.array([[0.1, 0.3, 0.7], [0.2, 0.1, 0.8], [0.9, 0.4, 0.6]])
    rule = Decoding(Head("multilabel", 3, False), ["red", "round", "big"], 0.65)
    said = r"2 of 3 labels have no positive or no negative.*\['red', 'big'\]"
    with pytest.warns(FittingWarning, match=said):
        got = tune_thresholds(y, p, rule)
    assert got.decoding.threshold == pytest.approx((0.65, 0.2, 0.65))
    assert [cut.kept for cut in got.cuts] == [True, False, True]
    assert [cut.support for cut in got.cuts] == [0, 2, 3]
    assert got.cuts[2].score == got.cuts[2].score_before == pytest.approx(0.8)
    assert got.score == pytest.approx((0 + 1 + 0.8) / 3)
    assert str(got).count("kept") == 2


def test_a_label_of_one_class_counts_in_sums():
    y = np.array([[0, 1], [0, 0], [0, 1]])
    p = np.array([[0.1, 0.3], [0.2, 0.1], [0.9, 0.4]])
    rule = Decoding(Head("multilabel", 2, False))
    for options in ({"average": "micro"}, {"average": "micro", "metric": "accuracy"}):
        with pytest.warns(FittingWarning):
            got = tune_thresholds(y, p, rule, **options)
        metric = options.get("metric", "f1")
        assert got.decoding.threshold[0] == 0.5
        assert got.score == float(force.score(metric, y, decided(p, got.decoding)))
    with pytest.warns(FittingWarning, match="take the cut of the others"):
        got = tune_thresholds(y, p, rule, shared=True)
    assert not any(cut.kept for cut in got.cuts)


def test_two_units_are_tuned_by_their_column():
    rng = np.random.default_rng(0)
    y = rng.random(60) < 0.4
    z = rng.normal(size=(60, 2)).astype("float32") + np.stack([~y, y], axis=1)
    z = z.astype("float32")
    rule = Decoding(Head("binary", 2, from_logits=True), threshold=0.5)
    got = tune_thresholds(y, z[:, 1:] - z[:, :1], rule, bootstrap=0)
    assert got.score == pytest.approx(
        float(mean_f1(y[:, None], decided(z, got.decoding)))
    )
    with pytest.raises(InputError, match=r"Pass that column, shape \(60, 1\)"):
        tune_thresholds(y, z, rule)


def test_dense_scores_are_rows():
    rng = np.random.default_rng(0)
    y = rng.random((3, 2, 4, 5)) < 0.4
    z = (rng.normal(size=y.shape) + y).astype("float32")
    rule = Decoding(Head("multilabel", 2, from_logits=True, axis=1))
    got = tune_thresholds(y, z, rule)
    marks = numpy(functional.decode(z, got.decoding, ["classes"])["classes"]) == 1
    flat = [np.moveaxis(part, 1, -1).reshape(-1, 2) for part in (y, marks)]
    assert got.score == pytest.approx(float(mean_f1(*flat)))
    assert got.rows == 60
    same = tune_thresholds(flat[0], np.moveaxis(z, 1, -1).reshape(-1, 2), rule)
    assert same == got


def test_nothing_warns_of_numbers_at_the_ends():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rule, edges in ((LOGIT, LOGITS), (PLAIN, CHANCES)):
            scores = np.array(edges, "float32")[:, None]
            for option in (False, True):
                y = np.arange(len(edges)) % 2
                tune_thresholds(y, scores, rule.replace(inclusive=option))
