"""Measures of probabilities, beside scikit-learn, netcal and the formulas."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as reference_log_loss

from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting import (
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability_curve,
)


def binary():
    draw = np.random.default_rng(20).random((2, 2003))
    p = draw[0] ** 2
    return (draw[1] < 0.15 + 0.7 * p).astype(int), p


def multiclass():
    rng = np.random.default_rng(21)
    z = 6 * rng.random((2003, 4))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    q = np.sqrt(p) / np.sqrt(p).sum(axis=1, keepdims=True)
    y = (rng.random((2003, 1)) > q.cumsum(axis=1)).sum(axis=1).clip(max=3)
    return y, p


def labels():
    rng = np.random.default_rng(22)
    p = rng.random((500, 3)) ** [1, 2, 3]
    return rng.random((500, 3)) < p**2, p


def error_row_by_row(confidence, hits, edges):
    """Guo et al. 2017, eq. 3, as it is written: bins are (low, high]."""
    total = 0.0
    for low, high in itertools.pairwise(edges):
        rows = [
            (c, h)
            for c, h in zip(confidence, hits, strict=True)
            if low < c <= high or (c == low == edges[0])
        ]
        if rows:
            accuracy = np.mean([h for _, h in rows])
            total += len(rows) * abs(accuracy - np.mean([c for c, _ in rows]))
    return total / len(hits)


# netcal 1.4.0: ECE(bins, equal_intervals=...).measure(p, y), on NumPy 2.4.6.
@pytest.mark.parametrize(
    ("data", "strategy", "bins", "netcal"),
    [
        (binary, "uniform", 10, 0.08671982918665924),
        (binary, "uniform", 15, 0.08811561723091042),
        (binary, "quantile", 10, 0.08518370184700294),
        (binary, "quantile", 15, 0.08518370184700294),
        (multiclass, "uniform", 10, 0.17183477684438817),
        (multiclass, "uniform", 15, 0.17100900029504837),
        (multiclass, "quantile", 10, 0.1710090002950484),
        (multiclass, "quantile", 15, 0.1710090002950483),
    ],
)
def test_error_is_that_of_netcal(data, strategy, bins, netcal):
    found = expected_calibration_error(*data(), bins=bins, strategy=strategy)
    assert found == pytest.approx(netcal, abs=1e-12)


@pytest.mark.parametrize("bins", [1, 4, 15])
def test_error_is_the_published_formula(bins):
    edges = np.linspace(0, 1, bins + 1)
    y, p = binary()
    expected = error_row_by_row(p, y, edges)
    assert expected_calibration_error(y, p, bins=bins) == pytest.approx(expected)
    y, p = multiclass()
    expected = error_row_by_row(p.max(axis=1), p.argmax(axis=1) == y, edges)
    assert expected_calibration_error(y, p, bins=bins) == pytest.approx(expected)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_classwise_is_the_mean_over_classes(strategy):
    y, p = multiclass()
    each = [
        expected_calibration_error(y == at, p[:, at], strategy=strategy)
        for at in range(4)
    ]
    found = expected_calibration_error(y, p, strategy=strategy, kind="classwise")
    assert found == pytest.approx(np.mean(each), abs=1e-15)


@pytest.mark.parametrize("measure", [expected_calibration_error, brier_score, log_loss])
def test_labels_are_averaged(measure):
    y, p = labels()
    each = [measure(y[:, at], p[:, at]) for at in range(3)]
    assert measure(y, p) == pytest.approx(np.mean(each), abs=1e-15)


@pytest.mark.parametrize("measure", [expected_calibration_error, brier_score, log_loss])
def test_one_column_or_two_is_the_same(measure):
    y, p = binary()
    both = np.stack([1 - p, p], axis=1)
    assert measure(y, p[:, None]) == measure(y, p)
    assert measure(y, both) == pytest.approx(measure(y, p), abs=1e-14)
    assert measure(y == 1, p) == measure(y, p) == measure(y.astype(float), p)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_are_those_of_scikit_learn(dtype):
    y, p = binary()
    p = p.astype(dtype)
    assert brier_score(y, p) == pytest.approx(brier_score_loss(y, p), abs=1e-6)
    assert log_loss(y, p) == pytest.approx(reference_log_loss(y, p), abs=1e-6)
    y, p = multiclass()
    p = p.astype(dtype)
    assert brier_score(y, p) == pytest.approx(brier_score_loss(y, p), abs=1e-6)
    assert log_loss(y, p) == pytest.approx(reference_log_loss(y, p), abs=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sure_mistakes_are_clipped_as_in_scikit_learn(dtype):
    y, p = np.array([1, 0, 1]), np.array([0.0, 1.0, 1.0], dtype)
    expected = reference_log_loss(y, p)
    assert log_loss(y, p) == pytest.approx(expected, rel=1e-6)
    both = np.stack([1 - p, p], axis=1)
    assert log_loss(y, both) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_curve_is_that_of_scikit_learn(strategy):
    y, p = binary()
    accuracy, confidence = calibration_curve(y, p, n_bins=12, strategy=strategy)
    curve = reliability_curve(y, p, bins=12, strategy=strategy)
    np.testing.assert_allclose(curve.accuracy, accuracy, atol=1e-12)
    np.testing.assert_allclose(curve.confidence, confidence, atol=1e-12)
    assert curve.counts.sum() == len(y)
    assert curve.edges.shape == (13,)


def test_curve_adds_up_to_the_error():
    y, p = multiclass()
    curve = reliability_curve(y, p, bins=9)
    gaps = np.abs(curve.accuracy - curve.confidence)
    weighted = np.nansum(gaps * curve.counts) / curve.counts.sum()
    assert weighted == pytest.approx(expected_calibration_error(y, p, bins=9))
    assert np.isnan(curve.accuracy[curve.counts == 0]).all()


def test_curve_pools_labels():
    y, p = labels()
    curve = reliability_curve(y, p)
    assert curve.counts.sum() == y.size
    pooled = reliability_curve(y.reshape(-1), p.reshape(-1))
    np.testing.assert_array_equal(curve.counts, pooled.counts)
    np.testing.assert_allclose(curve.accuracy, pooled.accuracy)


def test_a_confidence_on_an_edge_belongs_below_it():
    curve = reliability_curve([1, 1, 0, 0], [0.0, 0.25, 0.5, 1.0], bins=4)
    assert curve.counts.tolist() == [2, 1, 0, 1]


def test_bins_of_equal_mass_keep_ties_together():
    p = np.array([0.2] * 50 + [0.6] * 3 + [0.9] * 47)
    curve = reliability_curve(np.ones(100, int), p, bins=10, strategy="quantile")
    # Cut at the median, 0.4; every other quantile is one of the values.
    assert curve.counts[curve.counts > 0].tolist() == [50, 50]


def test_calibrated_rows_have_no_error():
    p = np.repeat([0.0, 0.2, 0.5, 1.0], 10)
    y = np.concatenate(
        [np.zeros(10), np.arange(10) < 2, np.arange(10) < 5, np.ones(10)]
    )
    for strategy in ("uniform", "quantile"):
        found = expected_calibration_error(y, p, strategy=strategy)
        assert found == pytest.approx(0, abs=1e-15)


rows = st.lists(
    st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=1, max_size=40
)


@given(
    rows,
    st.integers(1, 20),
    st.sampled_from(["uniform", "quantile"]),
    st.randoms(use_true_random=False),
)
def test_error_is_a_share_and_knows_no_order(drawn, bins, strategy, random):
    def error(pairs):
        y, p = zip(*pairs, strict=True)
        return expected_calibration_error(y, p, bins=bins, strategy=strategy)

    found = error(drawn)
    assert 0 <= found <= 1
    random.shuffle(drawn)
    assert error(drawn) == pytest.approx(found, abs=1e-12)


@given(rows)
def test_one_bin_is_the_difference_of_the_means(drawn):
    y, p = (np.array(one, float) for one in zip(*drawn, strict=True))
    found = expected_calibration_error(y, p, bins=1)
    assert found == pytest.approx(abs(y.mean() - p.mean()), abs=1e-12)


@given(rows, st.integers(1, 20))
def test_error_is_the_formula_on_any_rows(drawn, bins):
    y, p = (np.array(one, float) for one in zip(*drawn, strict=True))
    expected = error_row_by_row(p, y, np.linspace(0, 1, bins + 1))
    assert expected_calibration_error(y, p, bins=bins) == pytest.approx(
        expected, abs=1e-12
    )


@pytest.mark.parametrize(
    ("y", "p", "said"),
    [
        ([0, 1], [0.5], "shape"),
        ([], [], "shape"),
        ([0], [[[0.5, 0.5]]], "shape"),
        ([0, 1], [0.5, 1.5], "from 0.5 to 1.5. Of logits take predict_proba"),
        ([0, 1], [0.5, np.nan], "between 0 and 1"),
        ([0, 2], [0.5, 0.5], "from 0 to 1"),
        ([0, -1], [0.5, 0.5], "from 0 to 1"),
        ([0, 0.5], [0.5, 0.5], "whole numbers"),
        (["a", "b"], [0.5, 0.5], "whole numbers"),
        ([3], [[0.2, 0.3, 0.5]], "from 0 to 2"),
        ([[0, 2]], [[0.5, 0.5]], "from 0 to 1"),
    ],
)
@pytest.mark.parametrize("measure", [expected_calibration_error, brier_score, log_loss])
def test_what_cannot_be_measured_is_refused(measure, y, p, said):
    with pytest.raises(InputError, match=said):
        measure(y, p)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bins": 0}, "`bins` is at least 1"),
        ({"bins": 2.5}, "whole number"),
        ({"strategy": "equal"}, "`strategy` is one of"),
        ({"kind": "top"}, "`kind` is one of"),
    ],
)
@pytest.mark.parametrize("measure", [expected_calibration_error, reliability_curve])
def test_unknown_ways_to_measure_are_refused(measure, changed, said):
    with pytest.raises(DecodingError, match=said):
        measure([0, 1], [0.5, 0.5], **changed)
