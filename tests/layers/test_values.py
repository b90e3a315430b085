"""Decisions inside of models and compiled graphs, against the oracle."""

import keras
import numpy as np
import pytest
import reference
from scores import as_given, cast, numpy

import keras_labels as kl

SPAM = kl.Decoding(kl.Head("binary", units=2, from_logits=True), threshold=0.3)
EDGES = np.array(
    [
        [1.0, 1.0, 0.5],
        [-0.0, 0.0, -1.0],
        [0.0, -0.0, 0.0],
        [np.inf, np.inf, 0.0],
        [-np.inf, -np.inf, -np.inf],
        [3.4028235e38, np.inf, 0.0],
        [-1.0, 1e-40, 0.0],
        [np.nan, 1.0, 2.0],
        [np.inf, 0.0, np.nan],
        [np.nan, np.nan, np.nan],
        [0.3, 0.29999998, 0.30000004],
        [0.5, 0.50000006, 0.49999997],
    ],
    "float32",
)
# Logits one step beside log(t / (1 - t)) for t = 0.3 too.
EDGES = np.vstack([EDGES, [[-0.8472979, -0.84729785, -0.84729797]]]).astype("float32")
DECISIONS = {
    "argmax": (kl.ArgmaxLayer(), lambda x, found: reference.argmax(x, found=found)),
    "threshold": (kl.ThresholdLayer(0.3), lambda x, _: reference.threshold(x, 0.3)),
    "logit_threshold": (
        kl.ThresholdLayer(0.3, from_logits=True, inclusive=True),
        lambda x, _: reference.threshold(x, 0.3, from_logits=True, inclusive=True),
    ),
    "multi_label": (
        kl.MultiLabelLayer(0.3, min_labels=1, max_labels=2),
        lambda x, found: reference.multi_label(x, 0.3, low=1, high=2, found=found),
    ),
    "top_k": (
        kl.TopKLayer(k=2, task="multilabel"),
        lambda x, found: reference.top_k(x, 2, found=found),
    ),
}


def first(outputs):
    return outputs[0] if isinstance(outputs, (list, tuple)) else outputs


@pytest.mark.parametrize("name", DECISIONS)
@pytest.mark.parametrize("jit", [False, "auto"])
def test_predict_decides_edge_rows_as_eager_and_oracle_do(name, jit):
    layer, oracle = DECISIONS[name]
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layer(inputs))
    model.compile(jit_compile=jit)
    got = np.asarray(first(model.predict(EDGES, verbose=0, batch_size=4)))
    np.testing.assert_array_equal(got, oracle(EDGES, got))
    eager = numpy(first(layer(EDGES)))
    np.testing.assert_array_equal(eager, oracle(EDGES, eager))
    assert got.dtype == np.int32


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_16_bit_scores_are_widened_and_the_threshold_is_not_narrowed(dtype):
    x, seen = as_given(cast([[0.29999], [0.3], [0.3003]], dtype))
    want = seen.astype("float32") > np.float32(0.3)
    got = numpy(kl.ThresholdLayer(0.3, dtype=f"mixed_{dtype}")(x))
    np.testing.assert_array_equal(got, want.astype("int32"))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_float32_scores_are_not_narrowed_under_mixed_precision(policy):
    keras.config.set_dtype_policy(policy)
    try:
        layer = kl.ThresholdLayer(0.3)
        model = keras.Sequential([keras.Input((1,), dtype="float32"), layer])
        x = np.array([[0.29999], [0.30001]], "float32")
        assert numpy(layer(x)).tolist() == [[0], [1]]
        assert model.predict(x, verbose=0).tolist() == [[0], [1]]
    finally:
        keras.config.set_dtype_policy("float32")


def test_integer_scores_are_compared_with_the_whole_threshold():
    x = np.array([[0], [1], [2]], "int32")
    assert numpy(kl.ThresholdLayer(0.5)(x)).tolist() == [[0], [1], [1]]
    assert numpy(kl.ThresholdLayer(0.9, from_logits=True)(x)).tolist() == [[0]] * 3


def test_probabilities_of_a_16_bit_softmax_sum_to_1():
    p = reference.softmax(np.random.default_rng(0).normal(size=(50, 30)))
    x, _ = as_given(cast(p, "float16"))
    total = numpy(kl.ProbabilityLayer(from_logits=False)(x)).sum(-1)
    np.testing.assert_allclose(total, 1.0, atol=1e-6)


def test_two_logits_with_a_threshold_cut_the_second_probability():
    x = np.random.default_rng(0).normal(size=(200, 2)).astype("float32")
    p = reference.softmax(x.astype("float64"))[:, 1]
    made = kl.DecodingLayer(SPAM)(x)
    np.testing.assert_array_equal(numpy(made["classes"]), p > 0.3)
    np.testing.assert_allclose(numpy(made["probabilities"])[:, 1], p, atol=2e-6)


def test_rejected_rows_and_their_one_hot():
    x = np.array([[0.6, 0.4], [0.9, 0.1]], "float32")
    assert numpy(kl.ArgmaxLayer(reject_below=0.7)(x)).tolist() == [-1, 0]
    one_hot = kl.ArgmaxLayer(reject_below=0.7, output_mode="one_hot")(x)
    assert numpy(one_hot).tolist() == [[0, 0], [1, 0]]


@pytest.mark.parametrize("rows", [0, 1])
def test_keeps_the_batch_axis_of_no_row_and_of_one(rows):
    x = np.zeros((rows, 4, 3), "float32")
    assert kl.ArgmaxLayer()(x).shape == (rows, 4)
    assert kl.ThresholdLayer()(x).shape == (rows, 4, 3)
    assert kl.MultiLabelLayer(min_labels=1, max_labels=2)(x).shape == (rows, 4, 3)
    assert [out.shape for out in kl.TopKLayer(k=2)(x)] == [(rows, 4, 2)] * 2
    assert kl.ProbabilityLayer()(x).shape == (rows, 4, 3)
    assert kl.DecodingLayer(SPAM)(x[..., :2])["classes"].shape == (rows, 4)


def test_channels_first_segmentation_decodes_axis_1():
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 6)).astype("float32")
    model = keras.Sequential([keras.Input((5, None, None)), kl.ArgmaxLayer(axis=1)])
    assert model.output_shape == (None, None, None)
    np.testing.assert_array_equal(model.predict(x, verbose=0), x.argmax(1))
    one_hot = numpy(kl.ArgmaxLayer(axis=1, output_mode="one_hot")(x))
    np.testing.assert_array_equal(one_hot.argmax(1), x.argmax(1))
    np.testing.assert_array_equal(one_hot.sum(1), 1)
