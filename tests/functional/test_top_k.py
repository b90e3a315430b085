import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from scores import as_given, numpy, score_rows

from keras_labels import functional
from keras_labels.errors import DecodingError


@given(st.data(), st.sampled_from(["multiclass", "multilabel"]))
def test_agrees_with_oracle(data, task):
    x, seen = as_given(data.draw(score_rows(units=(2, 7))))
    k = data.draw(st.integers(1, seen.shape[1]))
    ids, p = functional.top_k(x, k, task, from_logits=True)
    want = reference.top_k(seen, k, found=numpy(ids))
    np.testing.assert_array_equal(numpy(ids), want)
    every = reference.probabilities(seen, task, from_logits=True)
    chosen = np.take_along_axis(every, np.maximum(want, 0), axis=1)
    chosen = np.where(want < 0, np.nan, chosen)
    np.testing.assert_allclose(numpy(p), chosen, rtol=0, atol=2e-6)
    assert (numpy(ids).dtype, numpy(p).dtype) == (np.int32, np.float32)


def test_ranked_on_logits_where_softmax_underflows():
    z = np.array([[0.0, -200.0, -150.0, -300.0]], "float32")
    ids, p = functional.top_k(z, 4, from_logits=True)
    assert numpy(ids).tolist() == [[0, 2, 1, 3]]
    assert numpy(p)[0, 1:].max() < 1e-30


@pytest.mark.parametrize("from_logits", [False, True])
def test_binary_ranks_both_classes(from_logits):
    p = np.array([[0.2], [0.5], [0.8]], "float32")
    scores = np.log(p / (1 - p)) if from_logits else p
    ids, got = functional.top_k(scores, 2, "binary", from_logits)
    assert numpy(ids).tolist() == [[0, 1], [0, 1], [1, 0]]
    np.testing.assert_allclose(numpy(got), [[0.8, 0.2], [0.5, 0.5], [0.8, 0.2]], 1e-6)


def test_class_axis_of_a_dense_head():
    z = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    ids, _ = functional.top_k(z, 2, from_logits=True, axis=1)
    np.testing.assert_array_equal(numpy(ids), reference.top_k(z, 2, axis=1))


@pytest.mark.parametrize("k", [0, -1, 4, 1.5, True])
def test_impossible_k_is_refused(k):
    with pytest.raises(DecodingError, match="k"):
        functional.top_k(np.zeros((1, 3), "float32"), k)
