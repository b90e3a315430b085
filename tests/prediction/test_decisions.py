"""Many decisions of whole models, against the oracle on the scores they emit."""

import keras
import numpy as np
import pytest
import reference
from scores import EDGES

import keras_labels as kl

ROWS = 4000
POLICIES = ("float32", "mixed_float16", "mixed_bfloat16", "float64")
CUTS = (0.001, 0.3, 0.5, 0.71, 0.9999)


def model_of(units, policy, shape=None):
    """Return a model that gives its input as scores, in the dtype of a policy."""
    if policy == "float64" and keras.backend.backend() == "jax":
        pytest.skip("jax has no float64 by default")
    inputs = keras.Input(shape or (units,))
    outputs = keras.layers.Activation("linear", dtype=policy)(inputs)
    return keras.Model(inputs, outputs)


def logits(units, scale, shape=None):
    rng = np.random.default_rng(units)
    z = rng.normal(size=(ROWS, *(shape or (units,)))) * scale
    z[::3] = np.round(z[::3], 1)  # ties
    odd = rng.random(z.shape) < 0.02
    z = np.where(odd, rng.choice(EDGES[:-1], size=z.shape), z)
    z[5::97, 0] = np.nan
    return z.astype("float32")


def in_dtype(labeled, x):
    """Return the scores in the dtype that the model computed them in."""
    scores = np.asarray(labeled.predict(x, verbose=0, batch_size=1000))
    dtype = keras.backend.standardize_dtype(labeled.model.outputs[0].dtype)
    return keras.ops.convert_to_numpy(keras.ops.cast(scores, dtype))


def decided(labeled, x):
    return labeled.predict_classes(x, invalid="mark", batch_size=1000)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("policy", POLICIES)
class TestLogits:
    def test_multiclass(self, policy, scale):
        model = model_of(4, policy)
        labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
        x = logits(4, scale)
        scores = in_dtype(labeled, x)
        np.testing.assert_array_equal(decided(labeled, x), reference.argmax(scores))
        assert_proba(labeled, x, scores)

    def test_binary(self, policy, scale):
        model, x = model_of(1, policy), logits(1, scale)
        labeled = kl.LabeledModel(model, task="binary", from_logits=True)
        scores = in_dtype(labeled, x)
        assert_proba(labeled, x, scores)
        for cut in CUTS:
            other = labeled.with_decoding(threshold=cut)
            expected = reference.threshold(scores, [cut], from_logits=True)[:, 0]
            np.testing.assert_array_equal(decided(other, x), expected)

    def test_multilabel(self, policy, scale):
        model, x = model_of(3, policy), logits(3, scale)
        labeled = kl.LabeledModel(model, task="multilabel", from_logits=True)
        scores = in_dtype(labeled, x)
        assert_proba(labeled, x, scores)
        for low, high in ((0, None), (1, 2)):
            rule = {"threshold": CUTS[1:4], "min_labels": low, "max_labels": high}
            other = labeled.with_decoding(**rule)
            expected = reference.multi_label(
                scores, CUTS[1:4], from_logits=True, low=low, high=high
            )
            np.testing.assert_array_equal(decided(other, x), expected)

    def test_segmentation(self, policy, scale):
        model = model_of(3, policy, shape=(2, 2, 3))
        labeled = kl.LabeledModel(model, task="multiclass", from_logits=True, axis=-1)
        x = logits(3, scale, shape=(2, 2, 3))
        scores = in_dtype(labeled, x)
        np.testing.assert_array_equal(decided(labeled, x), reference.argmax(scores))


def assert_proba(labeled, x, scores):
    p = labeled.predict_proba(x, batch_size=1000)
    task = labeled.head.task
    expected = reference.probabilities(scores, task, from_logits=True)
    np.testing.assert_allclose(p, expected, atol=2e-6)
    if task == "multiclass":
        sums = p.sum(axis=-1)
        np.testing.assert_allclose(sums[~np.isnan(sums)], 1, atol=1e-6)


@pytest.mark.parametrize("policy", POLICIES)
class TestProbabilities:
    def near(self, policy, units):
        """Return probabilities, half of them a step beside a cut."""
        rng = np.random.default_rng(units)
        p = rng.random((ROWS, units)).astype("float32")
        cuts = rng.choice(CUTS, p.shape).astype("float32")
        beside = np.nextafter(cuts, rng.choice([-1, 1], p.shape).astype("float32"))
        p[::2] = np.where(rng.random(p.shape) < 0.3, cuts, beside)[::2]
        p[7::101, 0] = np.nan
        return p

    @pytest.mark.parametrize("inclusive", [False, True])
    def test_binary(self, policy, inclusive):
        model, x = model_of(1, policy), self.near(policy, 1)
        labeled = kl.LabeledModel(model, task="binary", from_logits=False)
        scores = in_dtype(labeled, x)
        for cut in CUTS:
            other = labeled.with_decoding(threshold=cut, inclusive=inclusive)
            expected = reference.threshold(scores, [cut], inclusive=inclusive)[:, 0]
            np.testing.assert_array_equal(decided(other, x), expected)

    def test_multilabel(self, policy):
        model, x = model_of(3, policy), self.near(policy, 3)
        labeled = kl.LabeledModel(
            model, task="multilabel", from_logits=False, threshold=CUTS[1:4]
        )
        expected = reference.multi_label(in_dtype(labeled, x), CUTS[1:4])
        np.testing.assert_array_equal(decided(labeled, x), expected)

    def test_multiclass(self, policy):
        model, x = model_of(3, policy), self.near(policy, 3)
        labeled = kl.LabeledModel(model, task="multiclass", from_logits=False)
        expected = reference.argmax(in_dtype(labeled, x))
        np.testing.assert_array_equal(decided(labeled, x), expected)

    def test_softmax_rows_sum_to_one(self, policy):
        if policy == "float64" and keras.backend.backend() == "jax":
            pytest.skip("jax has no float64 by default")
        layer = keras.layers.Dense(50, "softmax", dtype=policy)
        labeled = kl.LabeledModel(keras.Sequential([keras.Input((4,)), layer]))
        x = np.random.default_rng(0).normal(size=(500, 4)).astype("float32")
        sums = labeled.predict_proba(x).astype("float64").sum(axis=1)
        np.testing.assert_allclose(sums, 1, atol=1e-6)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_top_k_is_ordered_by_scores(policy):
    model, x = model_of(6, policy), logits(6, 3.0)
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    scores = in_dtype(labeled, x)
    best = labeled.predict_top_k(x, k=3, invalid="mark", batch_size=1000)
    ids = [[i for i in row if i >= 0] for row in reference.top_k(scores, 3)]
    assert [[i for i, _ in row] for row in best] == ids
    p = reference.probabilities(scores, "multiclass", from_logits=True)
    for row, pairs in enumerate(best):
        for i, probability in pairs:
            assert abs(probability - p[row, i]) < 2e-6
