import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from scores import as_given, numpy, score_rows

from keras_labels import functional
from keras_labels.errors import DecodingError, HeadError


@given(score_rows(units=(2, 12)))
def test_agrees_with_oracle(scores):
    x, seen = as_given(scores)
    got = numpy(functional.argmax(x))
    np.testing.assert_array_equal(got, reference.argmax(seen, found=got))
    assert got.dtype == np.int32


@given(score_rows(units=(2, 5)), st.sampled_from([1, 2, -1, -2]))
def test_any_axis_and_keepdims(scores, axis):
    x, seen = as_given(np.stack([scores, scores[:, ::-1]], axis=1))
    got = numpy(functional.argmax(x, axis=axis))
    want = reference.argmax(seen, axis=axis, found=got)
    np.testing.assert_array_equal(got, want)
    kept = numpy(functional.argmax(x, axis=axis, keepdims=True))
    np.testing.assert_array_equal(kept, np.expand_dims(want, axis))


@given(score_rows(units=(2, 5)))
def test_one_hot_marks_the_winner_and_nothing_in_a_nan_row(scores):
    x, seen = as_given(scores)
    got = numpy(functional.argmax(x, output_mode="one_hot"))
    want = reference.argmax(seen, found=got.argmax(-1))
    want = want[:, None] == np.arange(seen.shape[1])
    np.testing.assert_array_equal(got, want.astype(np.int32))


@pytest.mark.parametrize(
    ("row", "want"),
    [
        ([1.0, 1.0], 0),
        ([-0.0, 0.0], 0),
        ([0.0, -0.0], 0),
        ([-np.inf, -np.inf], 0),
        ([np.inf, np.inf], 0),
        ([3.4028235e38, np.inf], 1),
        ([-np.inf, -3.4028235e38], 1),
        ([np.nan, 1.0], -1),
        ([np.inf, np.nan], -1),
    ],
)
def test_edges(row, want):
    assert numpy(functional.argmax(np.array([row], "float32"))).tolist() == [want]


@pytest.mark.parametrize("row", [[0.0, 1e-40], [1e-39, 1.1754944e-38], [-1e-40, -0.0]])
def test_scores_nearer_than_the_smallest_normal_number_may_count_as_equal(row):
    (got,) = numpy(functional.argmax(np.array([row], "float32")))
    assert got in (0, 1)


@pytest.mark.parametrize(
    ("scores", "want"),
    [
        ([[0.4, 0.1, 0.5], [0.7, 0.2, 0.1], [0.3, 0.4, 0.3]], [2, 0, 1]),
        (
            [[0.12, 0.18, 0.2, 0.6], [0.7, 0.08, 0.12, 0.1], [0.15, 0.4, 0.3, 0.15]],
            [3, 0, 1],
        ),
    ],
)
def test_worked_examples(scores, want):
    assert numpy(functional.argmax(np.array(scores, "float32"))).tolist() == want


@given(score_rows(units=(2, 5), edges=()), st.floats(0.2, 0.95), st.booleans())
def test_rejected_where_the_top_probability_is_lower(scores, reject, from_logits):
    x, seen = as_given(scores)
    if not from_logits:
        x, seen = as_given(reference.softmax(seen.astype("float64")).astype("float32"))
    p = reference.probabilities(seen, "multiclass", from_logits)
    got = numpy(functional.argmax(x, from_logits=from_logits, reject_below=reject))
    top = p.max(axis=-1)
    clear = np.abs(top - reject) > 1e-6  # beside the cut exp decides, not the rule
    want = np.where(top >= reject, reference.argmax(seen), -1)
    np.testing.assert_array_equal(got[clear], want[clear])


def test_probability_on_the_rejection_bound_is_kept():
    scores = np.array([[0.7, 0.3], [np.nextafter(np.float32(0.7), 0), 0.3]], "float32")
    assert numpy(functional.argmax(scores, reject_below=0.7)).tolist() == [0, -1]


def test_one_unit_is_refused():
    with pytest.raises(HeadError, match='task="binary"'):
        functional.argmax(np.zeros((2, 1), "float32"))


def test_rejection_bound_outside_of_0_and_1_is_refused():
    with pytest.raises(DecodingError, match="reject_below"):
        functional.argmax(np.zeros((2, 2), "float32"), reject_below=1.0)
