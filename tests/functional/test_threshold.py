import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from scores import as_given, logits_beside, numpy, probability_rows, score_rows

from keras_labels import functional
from keras_labels.errors import DecodingError

CUTS = [n / 100 for n in range(1, 100)]
cuts = st.one_of(
    st.sampled_from(CUTS),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.sampled_from([1e-300, 1e-40, 1 - 2**-53]),
)


@given(score_rows(units=(1, 5)), cuts, st.booleans())
def test_logits_agree_with_oracle(scores, cut, inclusive):
    x, seen = as_given(scores)
    got = numpy(functional.threshold(x, cut, from_logits=True, inclusive=inclusive))
    want = reference.threshold(seen, cut, from_logits=True, inclusive=inclusive)
    np.testing.assert_array_equal(got, want)
    assert got.dtype == np.int32


@given(st.data(), cuts, st.booleans())
def test_probabilities_agree_with_oracle(data, cut, inclusive):
    x, seen = as_given(data.draw(probability_rows(cuts=(cut,))))
    got = numpy(functional.threshold(x, cut, inclusive=inclusive))
    np.testing.assert_array_equal(
        got, reference.threshold(seen, cut, inclusive=inclusive)
    )


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_one_step_beside_every_cut(dtype, inclusive):
    """A plain cast of log(t / (1 - t)), and a sigmoid, are wrong on some of these."""
    for cut in CUTS:
        x, seen = as_given(logits_beside([cut], dtype))
        got = functional.threshold(x, cut, from_logits=True, inclusive=inclusive)
        want = reference.threshold(seen, cut, from_logits=True, inclusive=inclusive)
        np.testing.assert_array_equal(numpy(got), want)


@given(st.data())
def test_one_threshold_per_label_on_any_axis(data):
    scores = data.draw(score_rows(units=(2, 5)))
    per_label = data.draw(
        st.lists(cuts, min_size=scores.shape[1], max_size=scores.shape[1])
    )
    x, seen = as_given(scores.T[None])
    got = functional.threshold(x, per_label, from_logits=True, axis=1)
    want = reference.threshold(seen, per_label, from_logits=True, axis=1)
    np.testing.assert_array_equal(numpy(got), want)


@pytest.mark.parametrize(
    ("scores", "inclusive", "want"),
    [
        ([[0.4], [0.7], [0.2]], False, [[0], [1], [0]]),
        ([[0.5]], False, [[0]]),
        ([[0.5]], True, [[1]]),
    ],
)
def test_worked_examples(scores, inclusive, want):
    got = functional.threshold(np.array(scores, "float32"), inclusive=inclusive)
    assert numpy(got).tolist() == want


def test_integer_scores_do_not_truncate_the_cut():
    got = functional.threshold(np.array([[0], [1]]), 0.5)
    assert numpy(got).tolist() == [[0], [1]]


@pytest.mark.parametrize("cut", [0, 1, -0.1, 1.5, float("nan"), "0.5", None, [0.5, 2]])
def test_cut_outside_of_0_and_1_is_refused(cut):
    with pytest.raises(DecodingError, match="between 0 and 1"):
        functional.threshold(np.zeros((1, 2), "float32"), cut)


def test_number_of_cuts_must_fit():
    with pytest.raises(DecodingError, match=r"one per label, 3 here\. Received 2"):
        functional.threshold(np.zeros((1, 3), "float32"), [0.1, 0.2])
