"""Bounds on the probability of a decision, reproduced by the decoding itself."""

import json

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from keras_labels import functional
from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting import applied, compares_probability, tune_rejection
from keras_labels.spec import Calibration, Decoding, Head

HEADS = [
    Head("binary", 1, from_logits=True),
    Head("binary", 1, from_logits=False),
    Head("binary", 2, from_logits=True),
    Head("binary", 2, from_logits=False),
    Head("multiclass", 4, from_logits=True),
    Head("multiclass", 4, from_logits=False),
    Head("multilabel", 3, from_logits=True),
    Head("multilabel", 3, from_logits=False),
]


def rows(head, n, seed, scale=2.0, dtype="float32"):
    """Scores of a head with true classes that they mostly tell."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, head.units)) * scale
    noisy = z + rng.normal(size=z.shape) * scale
    if head.task == "multilabel":
        y = noisy > 0
    elif head.units == 1:
        y = (noisy[:, 0] > 0).astype(int)
    else:
        y = noisy.argmax(axis=1)
    if not head.from_logits:
        z = (reference.softmax if head.activation == "softmax" else reference.sigmoid)(
            z
        )
    return z.astype(dtype), y


def decoded(scores, decoding):
    out = functional.decode(scores, decoding)
    return np.asarray(out["probabilities"]), np.asarray(out["classes"])


def tuned(scores, y, decoding, **goal):
    p, classes = decoded(scores, decoding)
    if not compares_probability(decoding):
        p = applied(scores, decoding)
    return tune_rejection(y, p, classes, decoding, **goal)


def counted(scores, y, decoding):
    """Coverage and error of what the decoding really accepts."""
    _, classes = decoded(scores, decoding)
    accepted = classes >= 0
    wrong = accepted & (classes != np.asarray(y))
    return accepted.mean(), wrong.sum() / accepted.sum()


@pytest.mark.parametrize("head", HEADS, ids=str)
@pytest.mark.parametrize("scale", [0.3, 2.0, 12.0])
@pytest.mark.parametrize("goal", [{"max_error": 0.2}, {"coverage": 0.7}])
def test_decode_accepts_what_was_counted(head, scale, goal):
    scores, y = rows(head, 3000, seed=1, scale=scale)
    decoding = Decoding(head)
    found = tuned(scores, y, decoding, **goal)
    assert found.decoding == decoding.replace(reject_below=found.reject_below)
    coverage, error = counted(scores, y, found.decoding)
    assert coverage == found.coverage
    assert error == pytest.approx(found.error, abs=1e-15)
    _, classes = decoded(scores, decoding)
    assert found.error_before == pytest.approx(np.mean(classes != y), abs=1e-15)
    assert found.rows == 3000


@pytest.mark.parametrize(
    "decoding",
    [
        Decoding(HEADS[0], calibration=Calibration("platt", slope=0.6, intercept=-0.4)),
        Decoding(HEADS[1], calibration=Calibration("temperature", temperature=2.5)),
        Decoding(HEADS[0], prior=[0.9, 0.1], trained_prior=[0.5, 0.5], threshold=0.2),
        Decoding(
            HEADS[0],
            calibration=Calibration(
                "isotonic", tables=[([-3.0, -1.0, 0.5, 4.0], [0.0, 0.3, 0.3, 0.97])]
            ),
        ),
        Decoding(HEADS[4], prior=[4, 3, 2, 1], trained_prior=[1, 1, 1, 1]),
        Decoding(
            HEADS[4], costs=[[0, 1, 1, 9], [1, 0, 1, 1], [5, 1, 0, 1], [1] * 3 + [0]]
        ),
        Decoding(
            HEADS[6],
            calibration=Calibration("temperature", temperature=[1, 2, 3]),
            threshold=[0.3, 0.5, 0.8],
        ),
        Decoding(HEADS[6], min_labels=1, max_labels=2),
        Decoding(HEADS[0], threshold=0.9, inclusive=True),
    ],
    ids=lambda d: f"{d.head.task}-{d.calibration}",
)
@pytest.mark.parametrize("goal", [{"max_error": 0.2}, {"coverage": 0.6}])
def test_decode_accepts_what_was_counted_after_corrections(decoding, goal):
    scores, y = rows(decoding.head, 2000, seed=3)
    found = tuned(scores, y, decoding, **goal)
    coverage, error = counted(scores, y, found.decoding)
    assert coverage == found.coverage
    assert error == pytest.approx(found.error, abs=1e-15)


@given(
    st.sampled_from(HEADS),
    st.integers(0, 2**32 - 1),
    st.integers(2, 60),
    st.floats(0.05, 4),
    st.floats(0, 0.9),
)
def test_no_bound_accepts_more_within_the_error(head, seed, n, scale, most):
    scores, y = rows(head, n, seed, scale)
    decoding = Decoding(head)
    p, classes = decoded(scores, decoding)
    if not compares_probability(decoding):
        p = applied(scores, decoding)
    if head.task == "multilabel":
        confidence = np.where(classes == 1, p, 1 - p).reshape(-1)
    else:
        confidence = p[np.arange(n), classes]
    wrong = (classes != y).reshape(-1)
    ways = [confidence >= bound for bound in np.unique(confidence)]
    within = [kept.sum() for kept in ways if wrong[kept].mean() <= most]
    if not within:
        with pytest.raises(DecodingError, match="No `reject_below` keeps the error"):
            tune_rejection(y, p, classes, decoding, max_error=most)
        return
    found = tune_rejection(y, p, classes, decoding, max_error=most)
    assert found.error <= most
    assert round(found.coverage * len(wrong)) == max(within)


@given(st.integers(0, 2**32 - 1), st.integers(1, 50), st.floats(0.01, 1))
def test_coverage_is_the_least_that_was_asked(seed, n, asked):
    scores, y = rows(HEADS[5], n, seed)
    p, classes = decoded(scores, Decoding(HEADS[5]))
    found = tune_rejection(y, p, classes, Decoding(HEADS[5]), coverage=asked)
    assert found.coverage >= asked
    fewer = [
        c for c in np.unique(p.max(axis=1)) if np.mean(p.max(axis=1) >= c) >= asked
    ]
    assert found.coverage == np.mean(p.max(axis=1) >= max(fewer))


def test_bound_lies_midway_between_neighbors():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    found = tune_rejection([0, 1, 0], p, [0, 1, 1], Decoding(HEADS[1]), max_error=0)
    assert found.reject_below == pytest.approx(0.7)
    assert (found.coverage, found.error) == (2 / 3, 0)
    assert found.error_before == pytest.approx(1 / 3)


@pytest.mark.parametrize("goal", [{"max_error": 0.4}, {"coverage": 1.0}])
def test_where_nothing_need_be_rejected_there_is_no_bound(goal):
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    decoding = Decoding(HEADS[1], reject_below=0.7)
    found = tune_rejection([0, 1, 0], p, [0, 1, 1], decoding, **goal)
    assert found.reject_below is None
    assert found.decoding.reject_below is None
    assert found.coverage == 1
    assert "nothing is rejected" in str(found)


def test_neighbors_a_last_place_apart_are_parted():
    low = np.float32(0.75)
    high = np.nextafter(low, np.float32(1))
    scores = np.array([[low], [high]], np.float32)
    found = tuned(scores, [0, 1], Decoding(HEADS[1]), max_error=0)
    assert counted(scores, [0, 1], found.decoding) == (0.5, 0)


def test_a_sure_row_can_be_accepted_alone():
    scores = np.array([[1.0], [np.nextafter(np.float32(1), np.float32(0))]], np.float32)
    found = tuned(scores, [1, 0], Decoding(HEADS[1]), max_error=0)
    assert found.reject_below < 1
    assert counted(scores, [1, 0], found.decoding) == (0.5, 0)


def test_saturated_rows_are_inseparable_without_their_logits():
    scores = np.array([[200.0], [300.0], [0.5]], np.float32)
    y, decoding = [1, 0, 1], Decoding(HEADS[0])
    p, classes = decoded(scores, decoding)
    with pytest.raises(DecodingError, match=r"the least is 0\.3333, of the 100\.00%"):
        tune_rejection(y, p, classes, decoding, max_error=0)


def test_dense_heads_and_other_axes_are_flattened():
    head = Head("multiclass", 4, from_logits=False, axis=1)
    scores, y = rows(HEADS[5], 60, seed=5)
    p, classes = decoded(scores, Decoding(HEADS[5]))
    flat = tune_rejection(y, p, classes, Decoding(HEADS[5]), coverage=0.5)
    dense = tune_rejection(
        y.reshape(20, 3),
        np.moveaxis(p.reshape(20, 3, 4), -1, 1),
        classes.reshape(20, 3),
        Decoding(head),
        coverage=0.5,
    )
    assert dense.reject_below == flat.reject_below
    assert dense.rows == 60


def test_labels_on_another_axis_are_pooled():
    head = Head("multilabel", 3, from_logits=False, axis=1)
    scores, y = rows(HEADS[7], 40, seed=5)
    p, classes = decoded(scores, Decoding(HEADS[7]))
    flat = tune_rejection(y, p, classes, Decoding(HEADS[7]), max_error=0.1)
    turned = [np.moveaxis(one.reshape(8, 5, 3), -1, 1) for one in (y, p, classes)]
    dense = tune_rejection(*turned, Decoding(head), max_error=0.1)
    assert dense.reject_below == flat.reject_below


def test_16_bit_probabilities_are_widened():
    scores, y = rows(HEADS[5], 60, seed=5)
    p, classes = decoded(scores.astype("float16"), Decoding(HEADS[5]))
    found = [
        tune_rejection(y, one, classes, Decoding(HEADS[5]), coverage=0.5)
        for one in (p.astype("float16"), p.astype("float16").astype("float32"))
    ]
    assert found[0] == found[1]


def test_names_are_taken_as_targets():
    decoding = Decoding(HEADS[1], ["ham", "spam"])
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    names = ["ham", "spam", "ham"]
    found = tune_rejection(names, p, [0, 1, 1], decoding, coverage=0.5)
    assert found.error == 0


def test_result_is_plain_data_and_text():
    scores, y = rows(HEADS[4], 1000, seed=8)
    found = tuned(scores, y, Decoding(HEADS[4]), coverage=0.8)
    data = json.loads(json.dumps(found.to_dict()))
    assert Decoding.from_dict(data["decoding"]) == found.decoding
    assert data["reject_below"] == found.reject_below
    assert f"{found.coverage:.2%}" in str(found)
    assert "1,000" in str(found)


P = np.array([[0.9, 0.1], [0.2, 0.8]])


@pytest.mark.parametrize(
    "goal", [{}, {"max_error": 0.1, "coverage": 0.9}], ids=["none", "both"]
)
def test_exactly_one_goal_is_said(goal):
    with pytest.raises(DecodingError, match="one of `max_error` and `coverage`"):
        tune_rejection([0, 1], P, [0, 1], Decoding(HEADS[1]), **goal)


@pytest.mark.parametrize(
    "goal", [{"max_error": 1}, {"max_error": -0.1}, {"coverage": 0}, {"coverage": 1.1}]
)
def test_goals_are_shares(goal):
    with pytest.raises(DecodingError, match="is a share of the"):
        tune_rejection([0, 1], P, [0, 1], Decoding(HEADS[1]), **goal)


@pytest.mark.parametrize(
    ("y", "p", "decided", "said"),
    [
        ([0, 1], P[:, :1], [0, 1], "2 columns on axis -1"),
        ([0, 1], P * 3, [0, 1], "between 0 and 1"),
        ([0, 1], P * np.nan, [0, 1], "2 of 2 rows hold NaN"),
        ([0, 1], P, [0, 1, 1], r"in the shape \(2,\)"),
        ([0, 1], P, [0.0, 1.0], "dtype float64"),
        ([0, 1], P, [0, -1], "decide without `reject_below`"),
        ([0, 1], P, [0, 2], "from 0 to 1"),
        ([0, 1, 1], P, [0, 1], "shape"),
        ([], P[:0], np.zeros(0, int), "nothing to fit on"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(y, p, decided, said):
    with pytest.raises(InputError, match=said):
        tune_rejection(y, p, decided, Decoding(HEADS[1]), coverage=0.5)
