"""Calibration, priors and costs against the oracle, on every backend."""

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from scores import as_given, numpy

from keras_labels import Calibration, Decoding, Head, TopKLayer, functional
from keras_labels.spec import least_scores

TASKS = [("binary", 1), ("binary", 2), ("multilabel", 3), ("multiclass", 4)]


@st.composite
def cases(draw, tasks=tuple(TASKS), methods=("temperature", "own", "isotonic", None)):
    """Scores with a decoding that corrects them, and what the oracle needs of it."""
    task, units = draw(st.sampled_from(tasks))
    head = Head(task, units, draw(st.booleans()))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.normal(size=(60, units)) * 10.0 ** draw(st.floats(-1, 1.3))
    if not head.from_logits:
        softmax = head.activation == "softmax"
        scores = (reference.softmax if softmax else reference.sigmoid)(scores)
    scores = scores.astype("float32")
    columns = 1 if task == "binary" else units
    fitted = _fitted(draw(st.sampled_from(methods)), head, columns, rng)
    prior = {}
    if draw(st.booleans()):
        prior = {
            name: list(rng.dirichlet(np.ones(head.classes)) * 0.9 + 0.02)
            for name in ("prior", "trained_prior")
        }
    rule = Decoding(head, calibration=fitted and Calibration(**fitted), **prior)
    return scores, rule, (fitted, rule.prior, rule.trained_prior)


def _fitted(method, head, columns, rng):
    if method is None:
        return None
    if method == "temperature":
        count = 1 if head.task == "multiclass" else columns
        return {"method": method, "temperature": list(rng.uniform(0.3, 4, count))}
    if method == "isotonic":
        low, high = (-6, 6) if head.from_logits and columns < 4 else (0, 1)
        tables = [
            (
                np.sort(rng.uniform(low, high, 7).astype("float32")).tolist(),
                np.sort(np.round(rng.uniform(0, 1, 7), 1)).tolist(),
            )
            for _ in range(columns)
        ]
        return {"method": method, "tables": tables}
    slope, intercept = rng.uniform(0.2, 3, columns), rng.normal(size=columns)
    name = "vector" if head.task == "multiclass" else "platt"
    return {"method": name, "slope": list(slope), "intercept": list(intercept)}


def decoded(scores, rule):
    x, _ = as_given(scores)
    made = functional.decode(x, rule)
    return numpy(made["probabilities"]), numpy(made["classes"])


def wanted(scores, rule, parts):
    return reference.corrected(scores, rule.head.task, rule.head.from_logits, *parts)


@given(cases())
def test_probabilities_are_those_of_the_formulas(case):
    scores, rule, parts = case
    p, _ = decoded(scores, rule)
    # A table has steep steps: there a last place of the score is a step of p.
    atol = 1e-4 if rule.calibration and rule.calibration.tables else 3e-6
    np.testing.assert_allclose(p, wanted(scores, rule, parts), atol=atol)


@given(cases(tasks=[t for t in TASKS if t[0] != "multiclass"]), st.floats(0.02, 0.98))
def test_cuts_are_cuts_on_the_corrected_probability(case, cut):
    scores, rule, parts = case
    rule = rule.replace(threshold=cut)
    p = wanted(scores, rule, parts)
    p = p[:, 1] if rule.head.task == "binary" else p
    far = np.abs(p - cut) > 1e-5
    _, ids = decoded(scores, rule)
    np.testing.assert_array_equal(ids[far], (p > cut)[far])


@given(cases(tasks=[("multiclass", 4)]))
def test_the_highest_corrected_probability_wins(case):
    scores, rule, parts = case
    p = wanted(scores, rule, parts)
    ordered = np.sort(p, axis=-1)
    far = ordered[:, -1] - ordered[:, -2] > 2e-4
    _, ids = decoded(scores, rule)
    np.testing.assert_array_equal(ids[far], p.argmax(-1)[far])


@given(cases(methods=("temperature",)))
def test_a_temperature_keeps_every_argmax(case):
    scores, rule, _ = case
    rule = rule.replace(prior=None, trained_prior=None)
    plain = rule.replace(calibration=None)
    np.testing.assert_array_equal(decoded(scores, rule)[1], decoded(scores, plain)[1])


@given(cases(), st.floats(0.3, 0.95))
def test_rejection_looks_at_the_corrected_probability(case, bound):
    scores, rule, parts = case
    p = wanted(scores, rule, parts)
    _, kept = decoded(scores, rule)
    _, ids = decoded(scores, rule.replace(reject_below=bound))
    if rule.head.task == "multilabel":
        chosen = np.where(kept == 1, p, 1 - p)
    else:
        chosen = np.take_along_axis(p, kept[:, None], -1)[:, 0]
    far = np.abs(chosen - bound) > 2e-4
    want = np.where(chosen >= bound, kept, -1)
    np.testing.assert_array_equal(ids[far], want[far])


@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([None, 0.4]))
def test_the_least_expected_cost_wins(seed, from_logits, bound):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(50, 3)) * 3
    scores = (z if from_logits else reference.softmax(z)).astype("float32")
    costs = rng.uniform(1, 9, size=(3, 3)) * (1 - np.eye(3))
    head = Head("multiclass", 3, from_logits)
    p = reference.probabilities(scores, "multiclass", from_logits)
    expected = np.array(
        [[sum(r[i] * costs[i][j] for i in range(3)) for j in range(3)] for r in p]
    )
    want = expected.argmin(-1)
    chosen = np.take_along_axis(p, want[:, None], -1)[:, 0]
    ordered = np.sort(expected, axis=-1)
    far = (ordered[:, 1] - ordered[:, 0] > 1e-4) & (
        np.abs(chosen - (bound or 0)) > 1e-4
    )
    if bound:
        want = np.where(chosen >= bound, want, -1)
    _, ids = decoded(scores, Decoding(head, costs=costs, reject_below=bound))
    np.testing.assert_array_equal(ids[far], want[far])


@given(
    cases(tasks=[("binary", 1), ("multilabel", 3)]),
    st.floats(0.02, 0.98),
    st.booleans(),
)
def test_one_step_of_the_score_decides(case, cut, inclusive):
    _, rule, parts = case
    rule = rule.replace(threshold=cut, inclusive=inclusive)
    least = least_scores(rule, rule.threshold, "float32", inclusive=inclusive)
    usual = np.isfinite(least) & (least > np.finfo("float32").min)
    if not rule.head.from_logits:
        usual &= (least > 0) & (least < 1)
    below = np.nextafter(least, np.float32(-np.inf))
    rows = np.where(usual, np.stack([below, least]), np.float32(0.5))
    _, ids = decoded(rows, rule)
    ids = ids.reshape(rows.shape)
    np.testing.assert_array_equal(ids[0][usual], 0)
    np.testing.assert_array_equal(ids[1][usual], 1)
    p = wanted(rows, rule, parts)
    p = p[:, 1:] if rule.head.task == "binary" else p
    # A probability is compared with the cut rounded to float32.
    slack = 1e-12 if rule.corrects or rule.head.from_logits else 6e-8
    assert (p[0] <= cut + slack)[usual].all()
    assert (p[1] >= cut - slack)[usual].all()


FLAT = Calibration("isotonic", tables=[([-1.0, 0.0, 1.0, 2.0], [0.2, 0.3, 0.3, 0.9])])


@pytest.mark.parametrize(
    ("cut", "inclusive", "want"),
    [
        (0.3, False, [0, 0, 0, 0, 1, 1]),
        (0.3, True, [0, 0, 1, 1, 1, 1]),
        (0.1, False, [1, 1, 1, 1, 1, 1]),
        (0.2, False, [0, 0, 1, 1, 1, 1]),
        (0.2, True, [1, 1, 1, 1, 1, 1]),
        (0.9, False, [0, 0, 0, 0, 0, 0]),
        (0.9, True, [0, 0, 0, 0, 0, 1]),
        (0.95, True, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_flat_parts_and_ends_of_a_table(cut, inclusive, want):
    rule = Decoding(
        Head("binary", 1, True), threshold=cut, inclusive=inclusive, calibration=FLAT
    )
    x = np.array([[-np.inf], [-1], [0], [1], [1.5], [np.inf]], "float32")
    p, ids = decoded(x, rule)
    assert ids.tolist() == want
    np.testing.assert_allclose(p[:, 1], [0.2, 0.2, 0.3, 0.3, 0.6, 0.9], atol=1e-6)


@given(cases())
@settings(max_examples=25)
def test_nan_rows_have_no_class_and_no_probability(case):
    scores, rule, _ = case
    scores[3, 0] = np.nan
    p, ids = decoded(scores, rule)
    assert (ids[3] == -1).all()
    where = p[3] if rule.head.task != "multilabel" else p[3, :1]
    nan = np.isnan(where)
    assert nan.all() if rule.corrects else nan.any()  # as given, where nothing is done
    assert not np.isnan(np.delete(p, 3, axis=0)).any()


@given(cases(tasks=[("multiclass", 4), ("multilabel", 3)]))
@settings(max_examples=25)
def test_the_best_k_follow_the_corrected_order(case):
    scores, rule, parts = case
    p = wanted(scores, rule, parts)
    ids, best = map(numpy, TopKLayer(2, decoding=rule)(as_given(scores)[0]))
    np.testing.assert_allclose(best, -np.sort(-p, axis=-1)[:, :2], atol=2e-4)
    np.testing.assert_allclose(
        np.take_along_axis(p, ids.astype(int), -1), best, atol=2e-4
    )


@pytest.mark.parametrize("axis", [1, -2])
@given(case=cases())
@settings(max_examples=15)
def test_the_class_axis_may_lie_anywhere(axis, case):
    scores, rule, _ = case
    units = rule.head.units
    head = Head(rule.head.task, units, rule.head.from_logits, axis)
    dense = np.moveaxis(scores.reshape(6, 10, units), -1, 1)
    p, ids = decoded(dense, rule.replace(head=head))
    want_p, want_ids = decoded(scores, rule)
    np.testing.assert_allclose(
        np.moveaxis(p, 1, -1).reshape(want_p.shape), want_p, atol=1e-6
    )
    if rule.head.task == "multilabel":
        ids = np.moveaxis(ids, 1, -1)
    np.testing.assert_array_equal(ids.reshape(want_ids.shape), want_ids)


def test_labels_are_filled_up_and_cut_off_by_their_corrected_probability():
    fitted = Calibration("platt", slope=[1, 1, 1], intercept=[-3, 0, 3])
    rule = Decoding(
        Head("multilabel", 3, True), calibration=fitted, threshold=0.99, min_labels=1
    )
    x = np.array([[2.0, 0.5, 0.0]], "float32")
    assert decoded(x, rule)[1].tolist() == [[0, 0, 1]]
    rule = rule.replace(threshold=0.1, min_labels=0, max_labels=2)
    assert decoded(x, rule)[1].tolist() == [[0, 1, 1]]


def test_no_rows():
    for task, units in TASKS:
        rule = Decoding(
            Head(task, units, True),
            prior=[0.5] * (2 if task == "binary" else units),
            trained_prior=[0.2] * (2 if task == "binary" else units),
        )
        p, ids = decoded(np.zeros((0, units), "float32"), rule)
        assert p.shape == (0, rule.head.classes)
        assert len(ids) == 0


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("bound", [None, 0.99])
@pytest.mark.parametrize("cut", [0.01, 0.03, 0.5, 0.97, 0.99])
def test_probabilities_of_0_and_1_are_calibrated_before_they_are_cut(
    cut, bound, inclusive
):
    """A probability of 1 has the logit 16.6 here, which a flat slope takes to 0.965."""
    fitted = Calibration("platt", slope=0.2, intercept=0.0)
    rule = Decoding(
        Head("binary", 1, False),
        threshold=cut,
        inclusive=inclusive,
        calibration=fitted,
        reject_below=bound,
    )
    x = np.array([[0.0], [1e-30], [0.5], [1 - 2**-24], [1.0]], "float32")
    p, ids = decoded(x, rule)
    yes = p[:, 1] >= cut if inclusive else p[:, 1] > cut
    sure = np.where(yes, p[:, 1], p[:, 0]) >= (bound or 0)
    assert ids.tolist() == np.where(sure, yes, -1).tolist()
