"""Fitted calibrations, beside scikit-learn, netcal and plain long optimizations."""

import json
import sys

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from sklearn import calibration as sklearn_calibration
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

from keras_labels import functional
from keras_labels.errors import DecodingError, InputError, MissingExtraError
from keras_labels.fitting import (
    FittingWarning,
    applied,
    brier_score,
    calibrate,
    expected_calibration_error,
    log_loss,
)
from keras_labels.spec import Calibration, Decoding, Head

ONE = Head("binary", 1, from_logits=True)
ONE_P = Head("binary", 1, from_logits=False)
TWO = Head("binary", 2, from_logits=True)
MANY = Head("multiclass", 5, from_logits=True)
MANY_P = Head("multiclass", 5, from_logits=False)
LABELS = Head("multilabel", 3, from_logits=True)
LABELS_P = Head("multilabel", 3, from_logits=False)
METHODS = {
    ONE: ("temperature", "platt", "isotonic"),
    ONE_P: ("temperature", "platt", "isotonic"),
    TWO: ("temperature", "platt", "isotonic"),
    MANY: ("temperature", "vector", "isotonic"),
    MANY_P: ("temperature", "vector", "isotonic"),
    LABELS: ("temperature", "platt", "isotonic"),
    LABELS_P: ("temperature", "platt", "isotonic"),
}
EVERY = [(head, method) for head, methods in METHODS.items() for method in methods]


def rows(head, n=2000, seed=0, dtype="float32"):
    """Overconfident scores that are also shifted, and what came true."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, head.units)) * 2
    if head.task == "multilabel":
        y = rng.random(z.shape) < reference.sigmoid(z)
    elif head.units == 1:
        y = (rng.random(n) < reference.sigmoid(z[:, 0])).astype(int)
    else:
        y = (softmax(z, axis=1).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
        y = y.clip(max=head.units - 1)
    z = 1.7 * z + 0.4 * np.arange(head.units) + 0.3
    if not head.from_logits:
        turn = reference.softmax if head.activation == "softmax" else reference.sigmoid
        z = turn(z)
    return y, z.astype(dtype)


def logits(scores, head):
    """The logits of a head, in float64: independent of the room under test."""
    if head == TWO:  # a difference of float32 is rounded to float32
        scores = scores[:, 1:] - scores[:, :1]
    x = scores.astype(float)
    if head.from_logits:
        return x
    if head.activation == "softmax":
        return np.log(np.maximum(x, np.finfo("float32").tiny))
    x = x.clip(np.finfo("float32").tiny, 1 - 2.0**-24)
    return np.log(x) - np.log1p(-x)


def best_temperature(z, y):
    """Newton's method on the log loss over beta, long, in extended precision."""
    z = z.astype(np.longdouble)
    if z.shape[1] == 1:
        z = np.concatenate([np.zeros_like(z), z], axis=1)
    beta = np.longdouble(0.1)  # convex: from the left Newton's steps stay below
    for _ in range(200):
        s = beta * z
        p = np.exp(s - s.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        mean = (p * z).sum(axis=1)
        slope = (mean - z[np.arange(len(z)), y.astype(int)]).sum()
        beta -= slope / ((p * z**2).sum(axis=1) - mean**2).sum()
    return float(1 / beta)


@pytest.mark.parametrize("head", METHODS, ids=str)
def test_temperature_is_the_most_likely_one(head):
    y, scores = rows(head)
    found = calibrate(y, scores, Decoding(head)).calibration
    z = logits(scores, head)
    columns = [(z, y)]
    if head.task == "multilabel":
        columns = [(z[:, [at]], y[:, at]) for at in range(3)]
    expected = [best_temperature(*column) for column in columns]
    np.testing.assert_allclose(found.temperature, expected, rtol=1e-9)


@pytest.mark.skipif(
    not hasattr(sklearn_calibration, "_TemperatureScaling"),
    reason="scikit-learn has temperature scaling from 1.8 on",
)
def test_temperature_is_that_of_scikit_learn():
    _TemperatureScaling = sklearn_calibration._TemperatureScaling
    y, scores = rows(MANY)
    found = calibrate(y, scores, Decoding(MANY)).calibration
    fitted = _TemperatureScaling().fit(scores.astype(float), y)
    assert 1 / found.temperature[0] == pytest.approx(float(fitted.beta_), rel=1e-6)
    y, scores = rows(ONE)
    found = calibrate(y, scores, Decoding(ONE))
    fitted = _TemperatureScaling().fit(scores[:, 0].astype(float), y)
    p = applied(scores, found.decoding)
    np.testing.assert_allclose(
        p, fitted.predict(scores[:, 0].astype(float)), rtol=0, atol=1e-6
    )


def netcal_data(units):
    rng = np.random.default_rng(20 if units == 1 else 21)
    if units == 1:
        draw = rng.random((2, 2003))
        p = draw[0] ** 2
        return (draw[1] < 0.15 + 0.7 * p).astype(int), p[:, None]
    z = 6 * rng.random((2003, 4))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    q = np.sqrt(p) / np.sqrt(p).sum(axis=1, keepdims=True)
    y = (rng.random((2003, 1)) > q.cumsum(axis=1)).sum(axis=1).clip(max=3)
    return y, p


# netcal 1.4.0: TemperatureScaling(method="mle"), weights and three transformed rows.
# Its optimizer stops at a relative 1e-5 of the weight; ours is the more likely one.
@pytest.mark.parametrize(
    ("units", "beta", "transformed"),
    [
        (1, 0.43687105, [0.2542033156357582, 0.3608080212946903, 0.13780878049839354]),
        (
            4,
            0.50879123,
            [0.39826011303243836, 0.23323548398811184, 0.32034367208381515],
        ),
    ],
)
def test_temperature_is_that_of_netcal(units, beta, transformed):
    y, p = netcal_data(units)
    head = Head("binary" if units == 1 else "multiclass", units, from_logits=False)
    found = calibrate(y, p, Decoding(head))
    assert 1 / found.calibration.temperature[0] == pytest.approx(beta, rel=1e-5)
    ours = applied(p, found.decoding)
    ours = ours[:3, 1] if units == 1 else ours[0, :3]
    np.testing.assert_allclose(ours, transformed, rtol=0, atol=3e-6)
    theirs = Decoding(
        head, calibration=Calibration("temperature", temperature=1 / beta)
    )
    assert found.after.log_loss <= log_loss(y, applied(p, theirs))


@pytest.mark.parametrize("scale", [1.0, 300.0, 1e-3])
@pytest.mark.parametrize("n", [30, 3000])
def test_platt_is_that_of_scikit_learn(scale, n):
    y, scores = rows(ONE, n)
    scores = scores * np.float32(scale)
    found = calibrate(y, scores, Decoding(ONE), method="platt")
    z = scores[:, 0].astype(float)
    fitted = _SigmoidCalibration().fit(z, y)
    p = applied(scores, found.decoding)[:, 1]
    # On tiny scores scikit-learn's steps end before the least.
    atol = 1e-6 if scale >= 1 else 2e-4
    np.testing.assert_allclose(p, fitted.predict(z), rtol=0, atol=atol)


@pytest.mark.parametrize("head", [ONE, ONE_P, TWO, LABELS, LABELS_P], ids=str)
def test_platt_has_no_slope_of_the_smoothed_loss_left(head):
    y, scores = rows(head)
    found = calibrate(y, scores, Decoding(head), method="platt").calibration
    z, outcomes = logits(scores, head), np.asarray(y).reshape(len(scores), -1)
    for at in range(z.shape[1]):
        yes = outcomes[:, at].sum()
        no = len(z) - yes
        target = np.where(outcomes[:, at], (yes + 1) / (yes + 2), 1 / (no + 2))
        p = reference.sigmoid(found.slope[at] * z[:, at] + found.intercept[at])
        assert abs(np.mean(p - target)) < 1e-9
        assert abs(np.mean((p - target) * z[:, at])) < 1e-9


@pytest.mark.parametrize("head", [MANY, MANY_P], ids=str)
def test_vector_has_no_slope_of_the_loss_left(head):
    y, scores = rows(head)
    found = calibrate(y, scores, Decoding(head), method="vector").calibration
    z = logits(scores, head)
    p = softmax(z * np.array(found.slope) + np.array(found.intercept), axis=1)
    rest = p - np.eye(5)[y]
    assert np.abs(rest.mean(axis=0)).max() < 1e-6
    assert np.abs((rest * z).mean(axis=0)).max() < 1e-6
    assert sum(found.intercept) == pytest.approx(0, abs=1e-12)


def test_vector_finds_what_was_done_to_the_logits():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(200_000, 3)) * 2
    y = (softmax(z, axis=1).cumsum(axis=1) < rng.random((len(z), 1))).sum(axis=1)
    slope, intercept = np.array([0.5, 1.0, 2.0]), np.array([1.0, -1.0, 0.0])
    head = Head("multiclass", 3, from_logits=True)
    found = calibrate(y, (z - intercept) / slope, Decoding(head), method="vector")
    np.testing.assert_allclose(found.calibration.slope, slope, rtol=0.03)
    np.testing.assert_allclose(found.calibration.intercept, intercept, atol=0.03)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("head", [ONE, ONE_P, TWO], ids=str)
def test_isotonic_is_that_of_scikit_learn(head, dtype):
    y, scores = rows(head, 700, dtype=dtype)
    # Scores that stand in several rows, and whose differences are exact.
    scores = (np.round(scores * 64) / 64).astype(dtype)
    found = calibrate(y, scores, Decoding(head), method="isotonic")
    x = (scores[:, 1] - scores[:, 0] if head == TWO else scores[:, 0]).astype(float)
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(x, y)
    between = np.linspace(x.min() - 1, x.max() + 1, 5001)
    between = np.concatenate([x, between, (x[1:] + x[:-1]) / 2])
    if not head.from_logits:
        between = between.clip(0, 1)
    one = Decoding(Head("binary", 1, head.from_logits), calibration=found.calibration)
    ours = applied(between[:, None], one)[:, 1]
    np.testing.assert_allclose(ours, fitted.predict(between), rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        applied(scores, found.decoding)[:, 1], fitted.predict(x), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("head", [MANY, MANY_P], ids=str)
def test_isotonic_of_classes_is_one_against_the_rest(head):
    y, scores = rows(head, 1500)
    found = calibrate(y, scores, Decoding(head), method="isotonic")
    p = softmax(logits(scores, head), axis=1).astype("float32").astype(float)
    if not head.from_logits:
        p = scores.astype(float)
    raw = np.stack(
        [
            IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
            .fit(p[:, at], y == at)
            .predict(p[:, at])
            for at in range(5)
        ],
        axis=1,
    )
    total = raw.sum(axis=1, keepdims=True)
    expected = np.where(total > 0, raw / np.where(total > 0, total, 1), 0.2)
    np.testing.assert_allclose(
        applied(scores, found.decoding), expected, rtol=0, atol=1e-6
    )


def test_where_all_tables_say_0_the_classes_are_even():
    tables = [([0.0, 1.0], [0.0, 0.0])] * 5
    decoding = Decoding(MANY, calibration=Calibration("isotonic", tables=tables))
    _, scores = rows(MANY, 3)
    np.testing.assert_array_equal(applied(scores, decoding), np.full((3, 5), 0.2))


@pytest.mark.parametrize("head", [ONE, ONE_P, LABELS, MANY, MANY_P], ids=str)
def test_tables_keep_the_scores_as_given_and_only_where_the_fit_changes(head):
    y, scores = rows(head, 400)
    found = calibrate(y, scores, Decoding(head), method="isotonic").calibration
    for x, p in found.tables:
        np.testing.assert_array_equal(np.array(x, "float32").astype(float), x)
        if head.task != "multiclass" or not head.from_logits:
            assert np.isin(np.array(x, "float32"), scores).all()
        flat = [p[at - 1] == p[at] == p[at + 1] for at in range(1, len(p) - 1)]
        assert not any(flat)


def test_one_score_alone_gives_a_table_of_one_point():
    found = calibrate(
        [0, 1, 1, 1], np.full((4, 1), 2.5), Decoding(ONE), method="isotonic"
    )
    assert found.calibration.tables == (((2.5,), (0.75,)),)
    np.testing.assert_allclose(applied([[-9.0], [9.0]], found.decoding)[:, 1], 0.75)


@pytest.mark.parametrize(("head", "method"), EVERY, ids=str)
def test_loss_falls_and_is_what_the_measures_say(head, method):
    y, scores = rows(head)
    decoding = Decoding(head)
    found = calibrate(y, scores, decoding, method=method)
    assert found.decoding == decoding.replace(calibration=found.calibration)
    assert found.calibration.method == method
    assert found.rows == 2000
    assert found.after.log_loss < found.before.log_loss
    assert found.after.ece < found.before.ece
    for quality, rule in ((found.before, decoding), (found.after, found.decoding)):
        p = applied(scores, rule)
        assert quality.log_loss == pytest.approx(log_loss(y, p), rel=1e-9)
        assert quality.brier_score == pytest.approx(brier_score(y, p), rel=1e-9)
        for name, strategy in (("ece", "uniform"), ("ece_equal_mass", "quantile")):
            error = expected_calibration_error(y, p, strategy=strategy)
            assert getattr(quality, name) == pytest.approx(error, abs=1e-9)


@pytest.mark.parametrize(("head", "method"), EVERY, ids=str)
def test_order_of_the_rows_does_not_matter(head, method):
    y, scores = rows(head, 500)
    order = np.random.default_rng(1).permutation(500)
    one = calibrate(y, scores, Decoding(head), method=method).calibration
    other = calibrate(
        y[order], scores[order], Decoding(head), method=method
    ).calibration
    if method == "isotonic":
        assert one == other
    for name in ("temperature", "slope", "intercept"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize(("head", "method"), EVERY, ids=str)
def test_the_graph_gives_the_probabilities_of_applied(head, method):
    y, scores = rows(head)
    rule = calibrate(y, scores, Decoding(head), method=method).decoding
    p = np.asarray(functional.decode(scores, rule, ["probabilities"])["probabilities"])
    # A step of a table between neighbors is steep; softmax gives its place in float32.
    steep = method == "isotonic" and head.task == "multiclass"
    close = np.abs(p - applied(scores, rule)) < 3e-6
    assert close.mean() > 0.99 if steep else close.all()


@pytest.mark.parametrize("head", METHODS, ids=str)
@pytest.mark.parametrize("method", [None, "temperature", "isotonic"])
def test_applied_corrects_the_prior(head, method):
    y, scores = rows(head, 300)
    share = [0.3] * 3 if head.task == "multilabel" else np.arange(1, head.classes + 1)
    trained = [0.6] * 3 if head.task == "multilabel" else np.ones(head.classes)
    decoding = Decoding(head, prior=share, trained_prior=trained)
    if method is not None:
        decoding = calibrate(y, scores, decoding, method=method).decoding
    p = applied(scores, decoding.replace(prior=None, trained_prior=None))
    ratio = np.array(decoding.prior) / np.array(decoding.trained_prior)
    if head.task == "multilabel":
        rest = (1 - p) * (0.7 / 0.4)
        expected = p * ratio / (p * ratio + rest)
    else:
        expected = p * ratio / (p * ratio).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(applied(scores, decoding), expected, rtol=0, atol=1e-6)


def test_applied_without_corrections_is_the_activation():
    for head in METHODS:
        _, scores = rows(head, 50)
        expected = reference.probabilities(scores, head.task, head.from_logits)
        np.testing.assert_allclose(
            applied(scores, Decoding(head)), expected, rtol=0, atol=1e-7
        )


def test_prior_takes_no_part_in_the_fit():
    y, scores = rows(MANY)
    plain = calibrate(y, scores, Decoding(MANY))
    prior = {"prior": [5, 4, 3, 2, 1], "trained_prior": [1] * 5}
    found = calibrate(y, scores, Decoding(MANY, **prior))
    assert found.calibration == plain.calibration
    assert (found.before, found.after) == (plain.before, plain.after)
    assert found.decoding.prior is not None


def test_calibration_is_replaced():
    y, scores = rows(ONE)
    first = calibrate(y, scores, Decoding(ONE), method="platt")
    again = calibrate(y, scores, first.decoding)
    assert again.calibration == calibrate(y, scores, Decoding(ONE)).calibration
    assert again.before == first.after


def test_two_units_are_one_column():
    y, scores = rows(TWO)
    column = scores[:, 1:] - scores[:, :1]
    for method in METHODS[TWO]:
        two = calibrate(y, scores, Decoding(TWO), method=method).calibration
        assert two == calibrate(y, column, Decoding(ONE), method=method).calibration
        p = reference.softmax(scores.astype(float)).astype("float32")
        head = Head("binary", 2, from_logits=False)
        of_two = calibrate(y, p, Decoding(head), method=method).calibration
        of_one = calibrate(y, p[:, 1:], Decoding(ONE_P), method=method).calibration
        assert of_two == of_one


def test_dense_heads_and_other_axes_are_flattened():
    y, scores = rows(MANY, 600)
    flat = calibrate(y, scores, Decoding(MANY))
    head = Head("multiclass", 5, from_logits=True, axis=1)
    dense = np.moveaxis(scores.reshape(60, 10, 5), -1, 1)
    found = calibrate(y.reshape(60, 10), dense, Decoding(head))
    assert found.calibration == flat.calibration
    assert found.rows == 600
    np.testing.assert_array_equal(
        applied(dense, found.decoding), applied(scores, flat.decoding)
    )


def test_targets_may_be_names():
    y, scores = rows(ONE)
    names = np.array(["ham", "spam"])[y]
    found = calibrate(names, scores, Decoding(ONE, ["ham", "spam"]))
    assert found.calibration == calibrate(y, scores, Decoding(ONE)).calibration


def test_a_16_bit_softmax_is_divided_by_its_sum():
    y, scores = rows(MANY_P)
    narrow = scores.astype("float16")
    divided = narrow.astype("float32")
    divided /= divided.sum(axis=1, keepdims=True)
    for method in METHODS[MANY_P]:
        found = calibrate(y, narrow, Decoding(MANY_P), method=method)
        wide = calibrate(y, divided, Decoding(MANY_P), method=method)
        assert found.calibration == wide.calibration


@pytest.mark.parametrize("head", [ONE_P, LABELS_P, MANY_P], ids=str)
def test_saturated_probabilities_have_logits(head):
    y, scores = rows(head)
    scores[::7] = np.round(scores[::7])
    if head == MANY_P:
        scores[::7] = np.eye(5, dtype="float32")[scores[::7].argmax(axis=1)]
    for method in METHODS[head]:
        found = calibrate(y, scores, Decoding(head), method=method)
        assert np.isfinite(applied(scores, found.decoding)).all()
        assert found.after.log_loss < found.before.log_loss


def fitted(y, scores, decoding, method):
    """A fit, or None where these rows have no best one."""
    try:
        return calibrate(y, scores, decoding, method=method)
    except DecodingError as error:
        if "no best fit" in str(error):
            return None
        raise


finite = st.floats(-20, 20, width=32)


@given(st.lists(st.tuples(finite, st.booleans()), min_size=4, max_size=40))
def test_fits_of_a_column_never_lose(drawn):
    z, y = (np.array(one) for one in zip(*drawn, strict=True))
    scores = z[:, None].astype("float32")
    assume(0 < y.sum() < len(y))
    for method in ("temperature", "platt", "isotonic"):
        if (found := fitted(y, scores, Decoding(ONE), method)) is None:
            continue
        p = applied(scores, found.decoding)[:, 1]
        order = np.argsort(z, kind="stable")
        assert (np.diff(p[order]) >= 0).all()
        if method == "platt":
            yes, no = y.sum(), (~y).sum()
            target = np.where(y, (yes + 1) / (yes + 2), 1 / (no + 2))
        else:
            target = y.astype(float)
        loss = [
            np.sum(np.logaddexp(0, s) - target * s)
            for s in (z, np.log(p.clip(1e-300)) - np.log1p(-p.clip(max=1 - 1e-16)))
        ]
        assert loss[1] <= loss[0] * (1 + 1e-9) + 1e-9


@given(st.integers(0, 2**32 - 1), st.integers(12, 60), st.floats(0.1, 10))
def test_fits_of_classes_never_lose(seed, n, scale):
    rng = np.random.default_rng(seed)
    scores = (rng.normal(size=(n, 3)) * scale).astype("float32")
    y = (scores + rng.normal(size=scores.shape) * scale).argmax(axis=1)
    assume(len(np.unique(y)) == 3)
    decoding = Decoding(Head("multiclass", 3, from_logits=True))
    for method in ("temperature", "vector"):
        if (found := fitted(y, scores, decoding, method)) is None:
            continue
        before = -log_softmax(scores.astype(float), axis=1)[np.arange(n), y].mean()
        assert found.after.log_loss <= before + 1e-9
        if method == "temperature":
            p = applied(scores, found.decoding)
            np.testing.assert_array_equal(p.argmax(axis=1), scores.argmax(axis=1))


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 5), st.floats(0.2, 5))
def test_temperature_undoes_a_scale(seed, scale, factor):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(80, 1)) * 2
    y = rng.random(80) < reference.sigmoid(z[:, 0] * scale)
    try:
        one = calibrate(y, z, Decoding(ONE)).calibration.temperature[0]
    except DecodingError:
        assume(False)
    other = calibrate(y, z * factor, Decoding(ONE)).calibration.temperature[0]
    assert other == pytest.approx(one * factor, rel=1e-8)


def test_result_is_plain_data_and_text():
    for head, method in EVERY:
        y, scores = rows(head, 300)
        found = calibrate(y, scores, Decoding(head), method=method)
        data = json.loads(json.dumps(found.to_dict()))
        assert Decoding.from_dict(data["decoding"]) == found.decoding
        assert data["after"]["log_loss"] == found.after.log_loss
        lines = str(found).splitlines()
        assert len({len(line) for line in lines[1:]}) == 1
        assert f"{found.before.ece:.4f}" in lines[-2]


def test_bins_are_those_of_the_errors():
    y, scores = rows(MANY)
    found = calibrate(y, scores, Decoding(MANY), bins=7)
    p = applied(scores, Decoding(MANY))
    error = expected_calibration_error(y, p, bins=7)
    assert found.before.ece == pytest.approx(error, abs=1e-12)


Z = np.array([[-3.0], [-1.0], [2.0], [4.0]])


@pytest.mark.parametrize(
    ("y", "method", "said"),
    [
        ([0, 0, 1, 1], "temperature", "every row is decided rightly"),
        ([1, 1, 0, 0], "temperature", "no more than chance"),
        ([1, 1, 1, 1], "temperature", "no row is negative"),
        ([0, 0, 0, 0], "platt", "no row is positive"),
        ([1, 1, 0, 0], "platt", "rank the classes the wrong way round"),
        ([1, 1, 1, 1], "isotonic", r"rows of every class. Received none of: \['ham'\]"),
    ],
)
def test_rows_without_a_best_fit_are_refused(y, method, said):
    with pytest.raises(DecodingError, match=said):
        calibrate(y, Z, Decoding(ONE, ["ham", "spam"]), method=method)


def test_scores_that_are_all_the_same_are_refused():
    with pytest.raises(DecodingError, match="all scores are the same"):
        calibrate([0, 1, 1], np.ones((3, 1)), Decoding(ONE), method="platt")
    with pytest.raises(DecodingError, match="no more than chance"):
        calibrate([0, 1], np.zeros((2, 1)), Decoding(ONE))


def test_classes_without_a_best_fit_are_refused():
    scores = np.eye(5)[[0, 1, 2, 3, 4, 0]] * 3
    right, wrong = [0, 1, 2, 3, 4, 0], [1, 2, 3, 4, 0, 1]
    with pytest.raises(DecodingError, match="every row is decided rightly"):
        calibrate(right, scores, Decoding(MANY))
    with pytest.raises(DecodingError, match="no more than chance"):
        calibrate(wrong, scores, Decoding(MANY))
    with pytest.raises(DecodingError, match="decide every row rightly"):
        calibrate(right, scores, Decoding(MANY), method="vector")


@pytest.mark.parametrize("method", ["vector", "isotonic"])
def test_a_class_without_rows_is_named(method):
    y, scores = rows(MANY)
    names = ["a", "b", "c", "d", "e"]
    kept = (y != 1) & (y != 3)
    with pytest.raises(DecodingError, match=r"\['b', 'd'\]"):
        calibrate(y[kept], scores[kept], Decoding(MANY, names), method=method)


@pytest.mark.parametrize("method", ["temperature", "platt"])
def test_a_label_without_both_kinds_stays_and_is_named(method):
    y, scores = rows(LABELS)
    whole = calibrate(y, scores, Decoding(LABELS), method=method).calibration
    y[:, 1] = False
    with pytest.warns(FittingWarning, match=r"1 of 3 .* 'b' \(no row is positive\)"):
        found = calibrate(y, scores, Decoding(LABELS, ["a", "b", "c"]), method=method)
    name = "temperature" if method == "temperature" else "slope"
    expected = list(getattr(whole, name))
    expected[1] = 1.0
    assert list(getattr(found.calibration, name)) == expected
    if method == "platt":
        assert found.calibration.intercept[1] == 0


def test_a_label_ranked_the_wrong_way_round_stays_and_is_named():
    y, scores = rows(LABELS)
    y[:, 2] = ~y[:, 2]
    with pytest.warns(FittingWarning, match="2 .the scores favor the true"):
        assert calibrate(y, scores, Decoding(LABELS)).calibration.temperature[2] == 1
    with pytest.warns(FittingWarning, match="2 .the scores rank the classes the wrong"):
        found = calibrate(y, scores, Decoding(LABELS), method="platt").calibration
    assert (found.slope[2], found.intercept[2]) == (1, 0)


def test_labels_that_all_cannot_be_fitted_are_refused():
    _, scores = rows(LABELS, 20)
    with pytest.raises(DecodingError, match="None of the 3 labels"):
        calibrate(np.zeros((20, 3), bool), scores, Decoding(LABELS))
    with pytest.raises(DecodingError, match=r"with and without it.*\[0, 1, 2\]"):
        calibrate(np.zeros((20, 3), bool), scores, Decoding(LABELS), method="isotonic")


@pytest.mark.parametrize("head", [ONE_P, LABELS_P, MANY_P], ids=str)
def test_logits_that_are_said_to_be_probabilities_are_refused(head):
    logit_head = {ONE_P: ONE, LABELS_P: LABELS, MANY_P: MANY}[head]
    y, scores = rows(logit_head)
    with pytest.raises(InputError, match="If these are logits the head says"):
        calibrate(y, scores, Decoding(head))


def test_a_softmax_sums_to_one():
    y, scores = rows(MANY_P)
    with pytest.raises(InputError, match="a row with sum"):
        calibrate(y, scores * np.float32(0.9), Decoding(MANY_P))


def test_infinite_logits_are_refused():
    y, scores = rows(MANY)
    scores[3, 2] = -np.inf
    with pytest.raises(InputError, match="Logits are finite"):
        calibrate(y, scores, Decoding(MANY))


@pytest.mark.parametrize(
    ("head", "method", "said"),
    [
        (MANY, "platt", "For exclusive classes take 'vector'"),
        (ONE, "vector", "for a binary head and for labels 'platt'"),
        (LABELS, "vector", "for labels 'platt'"),
        (ONE, "beta", "`method` is one of"),
    ],
)
def test_methods_belong_to_tasks(head, method, said):
    y, scores = rows(head, 20)
    with pytest.raises(DecodingError, match=said):
        calibrate(y, scores, Decoding(head), method=method)


def test_bins_are_checked_before_the_fit():
    with pytest.raises(DecodingError, match="`bins` is at least 1"):
        calibrate([0, 1], np.zeros((2, 1)), Decoding(ONE), bins=0)


def test_no_rows_are_refused():
    with pytest.raises(InputError, match="nothing to fit on"):
        calibrate([], np.zeros((0, 1)), Decoding(ONE))


def test_scipy_is_asked_for_with_the_line_that_installs_it(monkeypatch):
    y, scores = rows(ONE, 50)
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingExtraError, match=r'pip install "keras-labels\[fit\]"'):
        calibrate(y, scores, Decoding(ONE))
