"""Models of text: whole in a SavedModel, and behind their text layer elsewhere."""

import keras
import numpy as np
import pytest
from keras import layers
from labelers import BACKEND, path_of

import keras_labels as kl

pytest.importorskip("tensorflow")  # the text layers of Keras are made of it
TEXTS = np.array([["good film"], ["bad one"], [""], ["good bad film"]], object)
tensorflow_only = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="strings are traced on tensorflow alone"
)
RNG = np.random.default_rng(0)


def vectorization():
    words = layers.TextVectorization(20, output_sequence_length=5, name="words")
    words.adapt(["good film", "bad film"])
    return words


def lookup():
    known = ["good film", "bad one"]
    return layers.StringLookup(vocabulary=known, num_oov_indices=0, name="words")


def model_of(layer):
    model = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            layer,
            layers.Embedding(20, 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    for one in model.layers[-1].weights + model.layers[-3].weights:
        one.assign(RNG.normal(size=one.shape))
    return model


def labeled_of(layer):
    return kl.LabeledModel(model_of(layer), class_names=["negative", "positive"])


@tensorflow_only
@pytest.mark.parametrize("samples", [None, TEXTS])
def test_a_saved_model_of_texts_is_verified(tmp_path, samples):
    labeled, path = labeled_of(vectorization()), tmp_path / "served"
    agreement = labeled.export(path, samples=samples).agreement
    assert agreement.decisions == (64 if samples is None else 4)
    exported = kl.load_exported(path)
    assert exported.inputs[0].dtype == "string"
    for given in (TEXTS, TEXTS.tolist(), TEXTS.astype(str)):
        np.testing.assert_array_equal(
            exported.predict_classes(given), labeled.predict_classes(TEXTS)
        )
    np.testing.assert_allclose(
        exported.predict_proba(TEXTS), labeled.predict_proba(TEXTS), atol=1e-6
    )
    assert exported.predict_proba(TEXTS[:0]).shape == (0, 2)
    for wrong in ([[1.0]], TEXTS[:, 0]):
        with pytest.raises(kl.InputError, match="takes strings of shape"):
            exported.predict_classes(wrong)


@tensorflow_only
def test_words_that_a_lookup_has_no_place_for_are_not_tried(tmp_path):
    labeled = labeled_of(lookup())
    assert labeled.export(tmp_path / "served").agreement.decisions == 64


@tensorflow_only
def test_texts_beside_numbers(tmp_path):
    text, age = keras.Input((1,), dtype="string", name="text"), keras.Input((2,))
    both = layers.Concatenate()(
        [layers.Flatten()(layers.Embedding(20, 4)(vectorization()(text))), age]
    )
    model = keras.Model([text, age], layers.Dense(3, "softmax")(both))
    labeled = kl.LabeledModel(model)
    labeled.export(tmp_path / "served")
    x = [TEXTS, np.ones((4, 2), "float32")]
    np.testing.assert_array_equal(
        kl.load_exported(tmp_path / "served").predict_classes(x),
        labeled.predict_classes(x),
    )


@pytest.mark.parametrize("make", [vectorization, lookup])
def test_elsewhere_the_layer_and_the_way_out_are_named(make, format, tmp_path):
    if (format, BACKEND) == ("tf_saved_model", "tensorflow"):
        pytest.skip("holds strings")
    layer = make()
    kind = type(layer).__name__
    labeled = kl.LabeledModel(model_of(layer), task="binary", from_logits=False)
    with pytest.raises(kl.ExportError, match=rf"'words' \({kind}\).*keras\.Model\("):
        labeled.export(path_of(tmp_path, format), format)


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")  # by jax
def test_what_stands_behind_the_text_layer_decides_as_the_whole(format, tmp_path):
    labeled = labeled_of(vectorization())
    model = labeled.model
    # As the error says it.
    rest = keras.Model(model.get_layer("words").output, model.layers[-1].output)
    path = path_of(tmp_path, format)
    kl.LabeledModel(rest, decoding=labeled.decoding).export(path, format)
    ids = keras.ops.convert_to_numpy(model.get_layer("words")(TEXTS))
    found = kl.load_exported(path).predict_proba(ids)
    want = keras.ops.convert_to_numpy(rest(ids))
    np.testing.assert_allclose(found[:, 1:], want, atol=1e-5)
