import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from scores import as_given, cast, numpy, score_rows

from keras_labels import functional
from keras_labels.errors import HeadError


@given(
    score_rows(units=(1, 6)), st.sampled_from(["binary", "multiclass", "multilabel"])
)
def test_logits_agree_with_oracle(scores, task):
    units = {"binary": min(scores.shape[1], 2), "multiclass": scores.shape[1] + 1}
    wide = np.concatenate([scores, scores[:, :1]], axis=1)
    x, seen = as_given(wide[:, : units.get(task)])
    got = numpy(functional.probabilities(x, task, from_logits=True))
    want = reference.probabilities(seen, task, from_logits=True)
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-6)


@given(score_rows(units=(2, 40), edges=()), st.floats(0.05, 20))
def test_temperature_agrees_with_oracle(scores, temperature):
    x, seen = as_given(scores)
    got = functional.probabilities(x, "multiclass", True, -1, temperature)
    # The quotient is rounded to float32 before the exponential: 2^-24 of its size.
    z = np.abs(seen.astype("float64")) / temperature
    atol = 2e-6 + 2**-23 * (z.max() if z.size else 0)
    want = reference.probabilities(seen, "multiclass", True, -1, temperature)
    np.testing.assert_allclose(numpy(got), want, rtol=0, atol=atol)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_narrow_softmax_rows_sum_to_one(dtype):
    rng = np.random.default_rng(0)
    p = cast(reference.softmax(rng.normal(size=(500, 10)) * 3), dtype)
    got = numpy(functional.probabilities(p, "multiclass"))
    assert np.abs(p.astype("float64").sum(1) - 1).max() > 1e-4
    assert np.abs(got.sum(1) - 1).max() < 1e-6
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, reference.probabilities(p, "multiclass"), atol=2e-6)


def test_rows_that_do_not_sum_to_one_are_shown_as_they_are():
    p = np.array([[0.12, 0.18, 0.2, 0.6]], "float32")
    np.testing.assert_array_equal(numpy(functional.probabilities(p)), p)


def test_binary_has_two_columns():
    p = np.array([[0.0128037]], "float32")
    got = numpy(functional.probabilities(p, "binary"))
    np.testing.assert_allclose(got, [[0.9871963, 0.0128037]], atol=1e-7)


def test_small_complement_keeps_its_digits():
    got = numpy(functional.probabilities(np.array([[30.0]], "float32"), "binary", True))
    np.testing.assert_allclose(got[0, 0], reference.sigmoid(-30.0), rtol=1e-5)


def test_class_axis_of_a_dense_head():
    z = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype("float32")
    got = numpy(functional.probabilities(z, "multiclass", from_logits=True, axis=1))
    want = reference.probabilities(z, "multiclass", from_logits=True, axis=1)
    np.testing.assert_allclose(got, want, atol=2e-6)


def test_softmax_over_one_unit_is_refused():
    with pytest.raises(HeadError, match=r"always 1\.0"):
        functional.probabilities(np.zeros((2, 1), "float32"), "multiclass")
