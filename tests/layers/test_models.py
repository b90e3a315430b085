"""The layers in every kind of model, with unknown dimensions and with masks."""

import keras
import numpy as np
import pytest
import reference
from scores import numpy

import keras_labels as kl

TAGS = kl.Decoding(kl.Head("multilabel", units=3, from_logits=True))
LAYERS = {
    "threshold": lambda: kl.ThresholdLayer(from_logits=True),
    "argmax": kl.ArgmaxLayer,
    "one_hot": lambda: kl.ArgmaxLayer(output_mode="one_hot"),
    "multi_label": lambda: kl.MultiLabelLayer(from_logits=True, min_labels=1),
    "probability": kl.ProbabilityLayer,
    "top_k": lambda: kl.TopKLayer(k=2, from_logits=True),
    "decoding": lambda: kl.DecodingLayer(TAGS),
    "decoding_classes": lambda: kl.DecodingLayer(TAGS, outputs="classes"),
}
ONE_OUTPUT = [name for name in LAYERS if name not in ("top_k", "decoding")]
X = np.random.default_rng(0).normal(size=(6, 5, 3)).astype("float32")


class Subclassed(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, x):
        return self.layer(x)


def functional(layer, shape):
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


def leaves(outputs):
    return [np.asarray(out) for out in keras.tree.flatten(outputs)]


@pytest.mark.parametrize("shape", [(5, 3), (None, 3)])
@pytest.mark.parametrize("name", LAYERS)
def test_functional_model_gives_what_the_layer_gives(name, shape):
    layer = LAYERS[name]()
    model = functional(layer, shape)
    for got, want in zip(
        leaves(model.predict(X, batch_size=4, verbose=0)), leaves(layer(X)), strict=True
    ):
        np.testing.assert_allclose(got, want, atol=1e-6)
        assert got.dtype == want.dtype


@pytest.mark.parametrize("name", ONE_OUTPUT)
def test_sequential_and_subclassed_models_give_what_the_layer_gives(name):
    layer = LAYERS[name]()
    want = numpy(layer(X))
    built = keras.Sequential([keras.Input((None, 3)), layer])
    for model in (built, keras.Sequential([LAYERS[name]()]), Subclassed(layer)):
        got = model.predict(X, batch_size=4, verbose=0)
        np.testing.assert_allclose(got, want, atol=1e-6)
        assert got.dtype == want.dtype


@pytest.mark.parametrize("name", ONE_OUTPUT)
def test_time_distributed_gives_what_the_layer_gives(name):
    layer = LAYERS[name]()
    want = numpy(layer(X))
    model = functional(keras.layers.TimeDistributed(layer), (5, 3))
    got = model.predict(X, verbose=0)
    np.testing.assert_allclose(got, want, atol=1e-6)
    assert got.dtype == want.dtype


def test_a_nested_model_keeps_the_integer_dtype():
    inner = functional(kl.ArgmaxLayer(), (None, 3))
    outer = functional(inner, (None, 3))
    assert outer.outputs[0].dtype == "int32"
    np.testing.assert_array_equal(outer.predict(X, verbose=0), reference.argmax(X))


def test_a_number_of_rows_not_seen_before_needs_no_new_model():
    model = functional(kl.ArgmaxLayer(), (None, 3))
    for x in (X, X[:1], X[:4, :2], np.repeat(X, 3, axis=1)):
        np.testing.assert_array_equal(model.predict(x, verbose=0), reference.argmax(x))


def test_ids_feed_an_embedding():
    ids = functional(kl.ArgmaxLayer(), (None, 3))
    table = keras.layers.Embedding(3, 2)
    model = functional(keras.Sequential([ids, table]), (None, 3))
    want = numpy(table.embeddings)[reference.argmax(X)]
    np.testing.assert_array_equal(model.predict(X, verbose=0), want)


WORDS = np.array([[1, 2, 0, 0], [3, 1, 2, 0]])


def tagger(layer):
    """Words -> scores of each -> decision; 0 is padding."""
    words = keras.Input((None,), dtype="int32")
    scores = keras.layers.Dense(3)(keras.layers.Embedding(5, 4, mask_zero=True)(words))
    return keras.Model(words, layer(scores))


@pytest.mark.parametrize("name", LAYERS)
def test_mask_passes_unchanged(name):
    outputs = tagger(LAYERS[name]())(WORDS)
    for output in keras.tree.flatten(outputs):
        mask = numpy(keras.src.backend.get_keras_mask(output))
        np.testing.assert_array_equal(mask, WORDS != 0)


@pytest.mark.parametrize("name", LAYERS)
def test_compute_mask_gives_every_output_the_mask(name):
    layer = LAYERS[name]()
    mask = np.ones((6, 5), bool)
    masks = layer.compute_mask(X, mask)
    keras.tree.assert_same_structure(masks, layer(X))
    assert all(one is mask for one in keras.tree.flatten(masks))
    assert all(one is None for one in keras.tree.flatten(layer.compute_mask(X, None)))


def test_masked_ids_reach_a_layer_that_reads_the_mask():
    ids = tagger(kl.ArgmaxLayer(keepdims=True))
    model = functional_over(ids, keras.layers.GlobalAveragePooling1D())
    got = model.predict(WORDS, verbose=0)[:, 0]
    each = ids.predict(WORDS, verbose=0)[..., 0]
    real = WORDS != 0
    np.testing.assert_allclose(got, (each * real).sum(1) / real.sum(1), rtol=1e-6)


def functional_over(model, layer):
    floats = keras.layers.Lambda(
        lambda x: keras.ops.cast(x, "float32"), mask=lambda _, mask: mask
    )
    return keras.Model(model.inputs, layer(floats(model.outputs[0])))
