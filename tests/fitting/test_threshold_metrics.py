"""Which cut is the best: against every cut tried, and against scikit-learn."""

import itertools

import cuts_by_force as force
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics

from keras_labels.errors import DecodingError
from keras_labels.fitting import tune_thresholds
from keras_labels.spec import Decoding, Head

NAMED = ["f1", "fbeta", "accuracy", "balanced_accuracy", "youden_j", "cost"]
bounds = st.dictionaries(
    st.sampled_from(list(force.BOUNDS)),
    st.sampled_from([0, 0.25, 0.5, 0.75, 1]),  # fractions that a float is
    max_size=2,
)


@st.composite
def columns(draw, labels=1, most=14):
    """Return (decoding, scores, marks) with ties, both classes in every column."""
    rows = draw(st.integers(2, most))
    from_logits = draw(st.booleans())
    numbers = st.integers(-30, 30) if from_logits else st.integers(0, 10)
    grid = st.lists(numbers, min_size=rows * labels, max_size=rows * labels)
    scores = np.array(draw(grid)).reshape(rows, labels) / 10
    marks = st.lists(st.booleans(), min_size=rows * labels, max_size=rows * labels)
    y = np.array(draw(marks)).reshape(rows, labels)
    assume(np.all(y.any(axis=0) & ~y.all(axis=0)))
    task = "binary" if labels == 1 else "multilabel"
    head = Head(task, labels, from_logits)
    dtype = draw(st.sampled_from(["float32", "float64"]))
    decoding = Decoding(head, inclusive=draw(st.booleans()))
    return decoding, scores.astype(dtype), y


def tuned(y, scores, decoding, metric, **options):
    options = force.OPTIONS.get(metric, {}) | options
    return tune_thresholds(y, scores, decoding, metric=metric, bootstrap=0, **options)


def is_one_of(threshold, thresholds):
    return bool(np.isclose(threshold, thresholds, rtol=1e-6, atol=0).any())


def can_cut_at_ends(decoding, scores):
    """A probability of 0 is never over a cut, one of 1 is never under it."""
    return decoding.head.from_logits or (scores.min() > 0 and scores.max() < 1)


@pytest.mark.parametrize("metric", NAMED)
@given(data=columns(), limits=bounds)
def test_the_best_of_all_cuts_is_found(metric, data, limits):
    decoding, scores, y = data
    assume(can_cut_at_ends(decoding, scores))
    args = scores[:, 0], y[:, 0], metric, decoding.head.from_logits
    want = force.best(*args, limits)
    if want is None:
        with pytest.raises(DecodingError, match=r"No cut has .* Best for '1':"):
            tuned(y, scores, decoding, metric, **limits)
        return
    got = tuned(y, scores, decoding, metric, **limits)
    np.testing.assert_allclose(got.score, want[1], rtol=1e-15)
    assert is_one_of(got.decoding.threshold[0], want[0])


@pytest.mark.parametrize(
    ("metric", "bound"),
    [
        ("precision", "min_recall"),
        ("recall", "min_precision"),
        ("recall", "max_false_positive_rate"),
    ],
)
@given(data=columns(), limit=st.sampled_from([0, 0.25, 0.5, 0.75, 1]))
def test_one_rate_is_best_within_a_bound_of_another(metric, bound, data, limit):
    decoding, scores, y = data
    assume(can_cut_at_ends(decoding, scores))
    args = scores[:, 0], y[:, 0], metric, decoding.head.from_logits
    want = force.best(*args, {bound: limit})
    assume(want is not None)
    got = tuned(y, scores, decoding, metric, **{bound: limit})
    np.testing.assert_allclose(got.score, want[1], rtol=1e-15)
    assert is_one_of(got.decoding.threshold[0], want[0])


@given(columns(labels=3), st.sampled_from(NAMED), st.sampled_from([None, "macro"]))
def test_labels_are_searched_one_by_one(data, metric, average):
    decoding, scores, y = data
    assume(can_cut_at_ends(decoding, scores))
    got = tuned(y, scores, decoding, metric, average=average)
    from_logits = decoding.head.from_logits
    want = [force.best(scores[:, j], y[:, j], metric, from_logits) for j in range(3)]
    for cut, (thresholds, _) in zip(got.cuts, want, strict=True):
        assert is_one_of(cut.threshold, thresholds)
    np.testing.assert_allclose([cut.score for cut in got.cuts], [s for _, s in want])
    np.testing.assert_allclose(got.score, np.mean([s for _, s in want]))


@given(columns(labels=2, most=7), st.sampled_from(NAMED))
def test_summed_counts_are_best_of_all_combinations(data, metric):
    """Dinkelbach's iteration finds the best, though labels do not separate in F1."""
    decoding, scores, y = data
    assume(can_cut_at_ends(decoding, scores))
    got = tuned(y, scores, decoding, metric, average="micro")
    ways = [force.cuts(column, decoding.head.from_logits) for column in scores.T]
    tried = [
        force.score(metric, y, scores >= [least for _, least in combination])
        for combination in itertools.product(*ways)
    ]
    want = min(tried) if metric == "cost" else max(tried)
    np.testing.assert_allclose(got.score, float(want), rtol=1e-14)


@given(columns(labels=2), st.sampled_from(NAMED), st.sampled_from(["macro", "micro"]))
def test_one_cut_for_all_is_the_best_of_all(data, metric, average):
    decoding, scores, y = data
    assume(can_cut_at_ends(decoding, scores))
    got = tuned(y, scores, decoding, metric, average=average, shared=True)
    tried = {}
    for threshold, least in force.cuts(scores.ravel(), decoding.head.from_logits):
        tried[threshold] = shared_score(metric, average, y, scores >= least)
    want = min(tried.values()) if metric == "cost" else max(tried.values())
    np.testing.assert_allclose(got.score, float(want), rtol=1e-11)
    equal = [t for t, found in tried.items() if found == want]
    assert is_one_of(got.decoding.threshold[0], force.nearest(equal))


def shared_score(metric, average, y, decided):
    if average == "micro":
        return force.score(metric, y, decided)
    each = zip(y.T, decided.T, strict=True)
    return sum(force.score(metric, *pair) for pair in each) / y.shape[1]


@given(columns(labels=2), st.sampled_from(["macro", "micro"]), bounds)
def test_one_cut_for_all_meets_bounds(data, average, limits):
    decoding, scores, y = data
    assume(can_cut_at_ends(decoding, scores))
    tried = []
    for _, least in force.cuts(scores.ravel(), decoding.head.from_logits):
        decided = scores >= least
        fine = True
        for name, limit in limits.items():
            rate, sign = force.BOUNDS[name]
            reached = shared_score(rate, average, y, decided)
            fine &= bool(sign * (reached - limit) >= 0)
        tried += [shared_score("f1", average, y, decided)] if fine else []
    asked = {"average": average, "shared": True, **limits}
    if not tried:
        with pytest.raises(DecodingError, match="Best for all labels together"):
            tuned(y, scores, decoding, "f1", **asked)
        return
    got = tuned(y, scores, decoding, "f1", **asked)
    np.testing.assert_allclose(got.score, float(max(tried)), rtol=1e-11)


def random_column(seed, rows=400):
    rng = np.random.default_rng(seed)
    y = rng.random(rows) < 0.3
    p = np.clip(0.35 + 0.2 * y + 0.15 * rng.normal(size=rows), 0.001, 0.999)
    return y, np.round(p, 2) if seed % 2 else p


@pytest.mark.parametrize("seed", range(4))
def test_scans_of_scikit_learn_find_the_same(seed):
    y, p = random_column(seed)
    precision, recall, _ = metrics.precision_recall_curve(y, p)
    fpr, tpr, _ = metrics.roc_curve(y, p, drop_intermediate=False)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    want = {
        ("f1",): f1.max(),
        ("youden_j",): (tpr - fpr).max(),
        ("balanced_accuracy",): ((tpr + 1 - fpr) / 2).max(),
        ("accuracy",): (tpr * y.mean() + (1 - fpr) * (1 - y.mean())).max(),
        ("precision", "min_recall", 0.8): precision[recall >= 0.8].max(),
        ("recall", "min_precision", 0.5): recall[precision >= 0.5].max(),
        ("recall", "max_false_positive_rate", 0.1): tpr[fpr <= 0.1].max(),
    }
    plain = Decoding(Head("binary", 1, from_logits=False))
    for (metric, *limit), score in want.items():
        options = {limit[0]: limit[1]} if limit else {}
        got = tuned(y, p[:, None], plain, metric, **options)
        np.testing.assert_allclose(got.score, score, rtol=1e-12, err_msg=metric)


def test_of_equally_good_cuts_the_nearest_to_half_is_taken_then_the_lower():
    logits = Decoding(Head("binary", 1, from_logits=True))
    z = np.array([[-3.0], [-2.0], [-0.5], [0.5], [2.0], [3.0]])
    got = tuned([0, 1, 0, 1, 0, 1], z, logits, "accuracy")  # of three cuts, 2/3
    assert got.decoding.threshold == (0.5,)
    z = np.array([[-3.0], [-1.0], [1.0], [3.0]])
    got = tuned([0, 1, 0, 1], z, logits, "youden_j")
    np.testing.assert_allclose(got.decoding.threshold, 1 / (1 + np.exp(2)))


@pytest.mark.parametrize(
    ("metric", "judge"),
    [
        ("f1", metrics.f1_score),
        ("fbeta", lambda y, d, **k: metrics.fbeta_score(y, d, beta=2, **k)),
        ("precision", metrics.precision_score),
        ("recall", metrics.recall_score),
    ],
)
@pytest.mark.parametrize("average", ["macro", "micro"])
@pytest.mark.parametrize("shared", [False, True])
def test_averages_are_those_of_scikit_learn(metric, judge, average, shared):
    rng = np.random.default_rng(1)
    y = rng.random((300, 3)) < [0.1, 0.4, 0.8]
    z = (rng.normal(size=y.shape) + y).astype("float32")
    rule = Decoding(Head("multilabel", 3, from_logits=True))
    limit = {"precision": {"min_recall": 0.6}, "recall": {"min_precision": 0.3}}
    if average == "micro" and not shared and metric in limit:
        return
    options = {"average": average, "shared": shared, **limit.get(metric, {})}
    got = tuned(y, z, rule, metric, **options)
    logits = np.log(got.decoding.threshold) - np.log1p(
        -np.array(got.decoding.threshold)
    )
    assert got.score == pytest.approx(judge(y, z > logits, average=average))
    assert got.score_before == pytest.approx(judge(y, z > 0, average=average))


def test_a_function_of_counts_is_a_metric():
    y, p = random_column(0)
    plain = Decoding(Head("binary", 1, from_logits=False))
    calls = []

    def matthews(tp, fp, fn, tn):
        calls.append((tp, fp, fn, tn))
        under = np.sqrt(1.0 * (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        return np.where(under > 0, (tp * tn - fp * fn) / np.maximum(under, 1), 0)

    got = tuned(y, p[:, None], plain, matthews)
    want = max(metrics.matthews_corrcoef(y, p > t) for t in np.append(p, 0))
    assert got.score == pytest.approx(want)
    assert got.metric == "matthews"
    assert len(calls[0][0]) == len(np.unique(p)) + 1
    assert all(part.dtype == np.int64 for call in calls for part in call)


def test_a_bound_that_no_cut_meets_says_what_one_could():
    y = np.array([[0, 1], [1, 0], [0, 1], [1, 1], [0, 0]])
    p = np.array([[0.9, 0.8], [0.2, 0.1], [0.7, 0.7], [0.6, 0.6], [0.5, 0.2]])
    rule = Decoding(Head("multilabel", 2, from_logits=False), ["red", "round"])
    with pytest.raises(DecodingError, match=r"precision >= 0.9\. Best for 'red': prec"):
        tuned(y, p, rule, "recall", min_precision=0.9)
    limits = {"min_recall": 1, "min_precision": 0.9}
    said = "precision 0.4 with recall >= 1.$"
    with pytest.raises(DecodingError, match=said):
        tuned(
            y[:, :1], p[:, :1], Decoding(Head("multilabel", 1, False)), "f1", **limits
        )
