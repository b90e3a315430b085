import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from scores import as_given, numpy, probability_rows, score_rows

from keras_labels import Decoding, Head, functional
from keras_labels.errors import DecodingError, HeadError

CUTS = st.floats(0.01, 0.99)


def classes(x, decoding):
    return numpy(functional.decode(x, decoding, ["classes"])["classes"])


@given(score_rows(units=(1, 1)), CUTS, st.booleans())
def test_one_logit(scores, cut, inclusive):
    x, seen = as_given(scores)
    rule = Decoding(Head("binary", 1, True), threshold=cut, inclusive=inclusive)
    want = reference.threshold(seen, cut, True, inclusive)[:, 0]
    np.testing.assert_array_equal(classes(x, rule), want)


@given(st.data(), CUTS, st.booleans())
def test_one_probability(data, cut, inclusive):
    x, seen = as_given(data.draw(probability_rows(units=(1, 1), cuts=(cut,))))
    rule = Decoding(Head("binary", 1, False), threshold=cut, inclusive=inclusive)
    want = reference.threshold(seen, cut, False, inclusive)[:, 0]
    np.testing.assert_array_equal(classes(x, rule), want)


@given(score_rows(units=(2, 2)))
def test_two_logits_at_one_half_are_an_argmax(scores):
    x, seen = as_given(scores)
    rule = Decoding(Head("binary", 2, True))
    # The margin of two numbers beside the smallest normal one counts as 0, and what
    # is left of it where a backend flushes one of them first is not said.
    wide = reference.widen(seen)
    with np.errstate(over="ignore", invalid="ignore"):
        margin = np.where(wide[:, 0] == wide[:, 1], 0, wide[:, 1] - wide[:, 0])
    want = np.where(np.isnan(wide).any(1), -1, reference.flush(margin) > 0)
    said = ~((np.abs(margin) > 0) & (np.abs(margin) < 1e-37))
    np.testing.assert_array_equal(classes(x, rule)[said], want[said])
    clear = (np.abs(wide) > 1e-30).any(1)
    got = classes(x, rule)
    want = reference.argmax(seen, found=got)
    np.testing.assert_array_equal(got[clear], want[clear])


@given(score_rows(units=(2, 2), edges=()), CUTS)
def test_two_logits_cut_the_second_column(scores, cut):
    x, seen = as_given(scores)
    p = reference.probabilities(seen, "binary", from_logits=True)[:, 1]
    clear = np.abs(p - cut) > 1e-6
    got = classes(x, Decoding(Head("binary", 2, True), threshold=cut))
    np.testing.assert_array_equal(got[clear], (p > cut)[clear])


def test_two_probabilities_cut_the_second_column():
    p = np.array([[0.7, 0.3], [0.69, 0.31], [0.2, 0.8], [np.nan, 0.9]], "float32")
    rule = Decoding(Head("binary", 2, False), threshold=0.3)
    assert classes(p, rule).tolist() == [0, 1, 1, -1]


@given(score_rows(units=(2, 6)))
def test_multiclass(scores):
    x, seen = as_given(scores)
    rule = Decoding(Head("multiclass", seen.shape[1], True))
    got = classes(x, rule)
    np.testing.assert_array_equal(got, reference.argmax(seen, found=got))


@given(score_rows(units=(2, 6)))
def test_multilabel(scores):
    x, seen = as_given(scores)
    rule = Decoding(Head("multilabel", seen.shape[1], True), min_labels=1, max_labels=2)
    got = classes(x, rule)
    want = reference.multi_label(seen, 0.5, True, low=1, high=2, found=got)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("from_logits", [False, True])
def test_binary_rejects_by_the_decided_side(units, from_logits):
    p = np.array([[0.02], [0.2], [0.34], [0.62], [0.9]])
    scores = np.log(p) - np.log1p(-p) if from_logits else p
    if units == 2:
        other = np.zeros_like(p) if from_logits else 1 - p
        scores = np.concatenate([other, scores], axis=1)
    rule = Decoding(Head("binary", units, from_logits), threshold=0.3, reject_below=0.6)
    assert classes(scores.astype("float32"), rule).tolist() == [0, 0, -1, 1, 1]


def test_multilabel_rejects_per_label():
    p = np.array([[0.05, 0.45, 0.55, 0.95]], "float32")
    rule = Decoding(Head("multilabel", 4, False), reject_below=0.9)
    assert classes(p, rule).tolist() == [[0, -1, -1, 1]]


def test_outputs_come_in_the_order_asked_with_their_dtypes():
    z = np.array([[1.0, 2.0]], "float64")
    rule = Decoding(Head("multiclass", 2, True))
    made = functional.decode(z, rule, ("scores", "classes", "probabilities"))
    assert list(made) == ["scores", "classes", "probabilities"]
    assert numpy(made["classes"]).dtype == np.int32
    assert numpy(made["probabilities"]).dtype == np.float32
    np.testing.assert_array_equal(numpy(made["scores"]), z)


@pytest.mark.parametrize("units", [1, 2])
def test_dense_heads_keep_their_middle_axes(units):
    p = np.random.default_rng(0).random((2, 4, 5, units)).astype("float32")
    made = functional.decode(p, Decoding(Head("binary", units, False)))
    assert made["classes"].shape == (2, 4, 5)
    assert made["probabilities"].shape == (2, 4, 5, 2)
    np.testing.assert_array_equal(numpy(made["classes"]), p[..., -1] > 0.5)


def test_zero_rows_have_the_right_shape():
    rule = Decoding(Head("multiclass", 3, True), reject_below=0.5)
    made = functional.decode(np.zeros((0, 3), "float32"), rule)
    assert made["classes"].shape == (0,)
    assert made["probabilities"].shape == (0, 3)


def test_wrong_units_are_refused():
    with pytest.raises(HeadError, match="3 units on axis -1"):
        functional.decode(np.zeros((1, 4)), Decoding(Head("multiclass", 3, True)))


@pytest.mark.parametrize("outputs", [[], ["labels"], ["classes", "classes"], "proba"])
def test_unknown_outputs_are_refused(outputs):
    with pytest.raises(DecodingError, match="outputs"):
        functional.decode(
            np.zeros((1, 3)), Decoding(Head("multiclass", 3, True)), outputs
        )
