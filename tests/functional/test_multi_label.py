import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from scores import as_given, numpy, probability_rows, score_rows

from keras_labels import functional
from keras_labels.errors import DecodingError


@st.composite
def rules(draw, units):
    cuts = draw(st.lists(st.floats(0.01, 0.99), min_size=units, max_size=units))
    low = draw(st.integers(0, units))
    high = draw(st.one_of(st.none(), st.integers(max(low, 1), units)))
    return cuts, low, high


@given(st.data(), st.booleans())
def test_logits_agree_with_oracle(data, inclusive):
    x, seen = as_given(data.draw(score_rows(units=(1, 6))))
    cuts, low, high = data.draw(rules(seen.shape[1]))
    got = numpy(functional.multi_label(x, cuts, True, inclusive, low, high))
    want = reference.multi_label(seen, cuts, True, inclusive, low, high, found=got)
    np.testing.assert_array_equal(got, want)
    assert got.dtype == np.int32


@given(st.data())
def test_probabilities_agree_with_oracle_on_another_axis(data):
    x, seen = as_given(data.draw(probability_rows(units=(2, 5))).T[None])
    cuts, low, high = data.draw(rules(seen.shape[1]))
    got = functional.multi_label(x, cuts, min_labels=low, max_labels=high, axis=1)
    want = reference.multi_label(seen, cuts, low=low, high=high, axis=1)
    np.testing.assert_array_equal(numpy(got), want)


def test_worked_example():
    scores = np.array([[0.6, 0.1, 0.7], [0.7, 0.2, 0.1], [0.8, 0.9, 0.6]], "float32")
    got = numpy(functional.multi_label(scores))
    assert got.tolist() == [[1, 0, 1], [1, 0, 0], [1, 1, 1]]


def test_min_labels_adds_the_best_and_keeps_what_passed():
    scores = np.array([[0.2, 0.4, 0.45], [0.1, 0.1, 0.1]], "float32")
    got = functional.multi_label(scores, [0.1, 0.5, 0.5], min_labels=2)
    assert numpy(got).tolist() == [[1, 0, 1], [1, 1, 0]]


def test_max_labels_ties_keep_the_lowest():
    scores = np.array([[0.9, 0.9, 0.9]], "float32")
    got = functional.multi_label(scores, max_labels=2)
    assert numpy(got).tolist() == [[1, 1, 0]]


@pytest.mark.parametrize(
    ("low", "high"), [(-1, None), (2, 1), (0, 0), (4, None), (0, 4)]
)
def test_impossible_counts_are_refused(low, high):
    with pytest.raises(DecodingError, match="min_labels"):
        functional.multi_label(
            np.zeros((1, 3), "float32"), min_labels=low, max_labels=high
        )
