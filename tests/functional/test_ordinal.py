"""Ordered classes from K - 1 cumulative units, against the oracle."""

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from scores import as_given, numpy, probability_rows, score_rows

from keras_labels import Decoding, DecodingError, Head, functional

CUTS = st.floats(0.01, 0.99)


def made(x, rule, output):
    return numpy(functional.decode(x, rule, [output])[output])


def rule_of(units, from_logits, **options):
    return Decoding(Head("ordinal", units, from_logits), **options)


@given(score_rows(units=(1, 6)), CUTS, st.booleans())
def test_logits_pass_cuts(scores, cut, inclusive):
    x, seen = as_given(scores)
    units = seen.shape[1]
    cuts = np.linspace(cut, 0.99, units)
    rule = rule_of(units, True, threshold=cuts, inclusive=inclusive)
    want = reference.ordinal(seen, cuts, True, inclusive)
    np.testing.assert_array_equal(made(x, rule, "classes"), want)


@given(st.data(), CUTS, st.booleans())
def test_probabilities_pass_cuts(data, cut, inclusive):
    x, seen = as_given(data.draw(probability_rows(units=(1, 6), cuts=(cut,))))
    rule = rule_of(seen.shape[1], False, threshold=cut, inclusive=inclusive)
    want = reference.ordinal(seen, cut, False, inclusive)
    np.testing.assert_array_equal(made(x, rule, "classes"), want)


@given(score_rows(units=(1, 9)))
def test_probabilities_of_logits_are_differences(scores):
    x, seen = as_given(scores)
    p = made(x, rule_of(seen.shape[1], True), "probabilities")
    want = reference.probabilities(seen, "ordinal", from_logits=True)
    np.testing.assert_allclose(p, want, rtol=0, atol=2e-6)
    known = p[~np.isnan(p).any(axis=1)]
    assert (known >= 0).all()
    np.testing.assert_allclose(known.sum(axis=1), 1, atol=2e-6)


@given(probability_rows(units=(1, 6)))
def test_probabilities_are_differences_that_are_never_negative(scores):
    x, seen = as_given(scores)
    p = made(x, rule_of(seen.shape[1], False), "probabilities")
    want = reference.probabilities(seen, "ordinal")
    np.testing.assert_allclose(p, want, rtol=0, atol=2e-6)
    assert (p[~np.isnan(p)] >= 0).all()


def test_a_row_that_rises_counts_every_unit_and_holds_the_probability_down():
    x = np.array([[0.9, 0.2, 0.6], [0.1, 0.8, 0.9]], "float32")
    rule = rule_of(3, False)
    assert made(x, rule, "classes").tolist() == [2, 2]
    want = [[0.1, 0.7, 0, 0.2], [0.9, 0, 0, 0.1]]
    np.testing.assert_allclose(made(x, rule, "probabilities"), want, atol=1e-7)


def test_small_probabilities_of_the_lowest_class_keep_their_digits():
    p = made(np.array([[30.0, 20.0]], "float32"), rule_of(2, True), "probabilities")
    np.testing.assert_allclose(p[0, 0], reference.sigmoid(-30.0), rtol=1e-5)


def test_the_decided_class_has_the_bound_or_is_rejected():
    x = np.array([[0.9, 0.2], [0.9, 0.45], [0.1, 0.05], [np.nan, 0.1]], "float32")
    rule = rule_of(2, False, reject_below=0.6)
    assert made(x, rule, "classes").tolist() == [1, -1, 0, -1]


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_dense_heads_keep_their_axes(axis):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    head = Head("ordinal", x.shape[axis], True, axis=axis)
    found = functional.decode(x, Decoding(head))
    want = reference.ordinal(x, 0.5, True, axis=axis)
    np.testing.assert_array_equal(numpy(found["classes"]), want)
    p = reference.probabilities(x, "ordinal", True, axis)
    np.testing.assert_allclose(numpy(found["probabilities"]), p, atol=2e-6)


@pytest.mark.parametrize("rows", [0, 1])
def test_no_row_and_one_keep_their_shape(rows):
    found = functional.decode(np.zeros((rows, 3), "float32"), rule_of(3, True))
    assert found["classes"].shape == (rows,)
    assert found["probabilities"].shape == (rows, 4)


@pytest.mark.parametrize("fitted", ["temperature", "platt", "isotonic"])
@pytest.mark.parametrize("from_logits", [True, False])
def test_calibration_is_of_each_unit(fitted, from_logits):
    from keras_labels import Calibration

    table = ((-3.0, 0.2, 3.0), (0.1, 0.3, 0.95))
    parts = {
        "temperature": {"temperature": [2.0, 0.5, 1.0]},
        "platt": {"slope": [1.0, 2.0, 0.5], "intercept": [0.5, -1.0, 0.0]},
        "isotonic": {"tables": [table] * 3},
    }[fitted]
    z = np.random.default_rng(1).normal(size=(60, 3)).astype("float32")
    x = z if from_logits else reference.sigmoid(z).astype("float32")
    rule = rule_of(3, from_logits, calibration=Calibration(fitted, **parts))
    data = {"method": fitted, **parts}
    want = reference.corrected(x, "ordinal", from_logits, data)
    np.testing.assert_allclose(made(x, rule, "probabilities"), want, atol=2e-6)
    higher = reference.corrected(x, "multilabel", from_logits, data)
    clear = (np.abs(higher - 0.5) > 1e-5).all(axis=1)
    decided = made(x, rule, "classes")
    np.testing.assert_array_equal(decided[clear], (higher > 0.5).sum(axis=1)[clear])


def test_the_best_are_ranked_by_their_probabilities():
    x = np.array([[0.9, 0.55, 0.5], [np.nan, 0, 0]], "float32")
    ids, p = map(numpy, functional.top_k(x, 3, task="ordinal"))
    assert ids.tolist() == [[3, 1, 0], [-1, -1, -1]]
    np.testing.assert_allclose(p[0], [0.5, 0.35, 0.1], atol=1e-7)


def test_what_a_head_of_cuts_is():
    head = Head("ordinal", 3, from_logits=True)
    assert (head.classes, head.activation) == (4, "sigmoid")
    names = ["none", "mild", "moderate", "severe"]
    rule = Decoding(head, names, threshold={"severe": 0.3})
    assert rule.threshold == (0.5, 0.5, 0.3)
    assert Decoding.from_dict(rule.to_dict()) == rule
    assert "number of units with p > its threshold: mild 0.5" in str(rule)
    assert "number of units with p > 0.5" in str(Decoding(head))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"class_names": ["a", "b", "c"]}, "one more than units, 4 for this head"),
        ({"threshold": [0.1, 0.2]}, "one number or one per unit, 3 here"),
        ({"costs": np.ones((4, 4)) - np.eye(4)}, "`costs` does not move"),
        ({"prior": [1] * 4, "trained_prior": [2] * 4}, "`prior` does not move"),
        ({"min_labels": 1}, "belong to task 'multilabel'"),
    ],
)
def test_what_does_not_fit_is_refused(options, said):
    with pytest.raises(DecodingError, match=said):
        rule_of(3, True, **options)
