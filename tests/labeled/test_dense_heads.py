"""A class for every position: segmentation and sequences."""

import keras
import numpy as np
import pytest
import reference

from keras_labels import HeadError, InputError, LabeledModel

IMAGES = np.random.default_rng(3).normal(size=(5, 4, 6, 2)).astype("float32")
PARTS = ["sky", "road", "tree"]


def segmenter(units=3, activation="softmax", **kwargs):
    layer = keras.layers.Conv2D(units, 1, activation=activation, **kwargs)
    return keras.Sequential([keras.Input((4, 6, 2)), layer])


def channels_first():
    """Made on the last axis, since tensorflow's CPU has no such convolution."""
    inputs = keras.Input((4, 6, 2))
    scores = keras.layers.Conv2D(3, 1)(inputs)
    scores = keras.layers.Permute((3, 1, 2))(scores)
    return keras.Model(inputs, keras.layers.Softmax(axis=1)(scores))


def test_segmentation_decodes_the_last_axis():
    labeled = LabeledModel(segmenter(), class_names=PARTS)
    scores = labeled.predict(IMAGES, verbose=0)
    classes = labeled.predict_classes(IMAGES)
    assert classes.dtype == np.int32
    np.testing.assert_array_equal(classes, reference.argmax(scores))
    np.testing.assert_allclose(labeled.predict_proba(IMAGES), scores, atol=1e-6)
    labels = labeled.predict_labels(IMAGES)
    assert labels.shape == (5, 4, 6)
    assert labels[1, 2, 3] == PARTS[classes[1, 2, 3]]
    best = labeled.predict_top_k(IMAGES, 2)[1][2][3]
    assert best[0] == (labels[1, 2, 3], pytest.approx(scores[1, 2, 3].max(), abs=1e-6))


@pytest.mark.parametrize("said", [{}, {"axis": 1}])
def test_channels_first_decodes_axis_one(said):
    labeled = LabeledModel(channels_first(), class_names=PARTS, **said)
    assert labeled.head.axis == 1
    scores = labeled.predict(IMAGES, verbose=0)
    assert scores.shape == (5, 3, 4, 6)
    classes = labeled.predict_classes(IMAGES)
    np.testing.assert_array_equal(classes, reference.argmax(scores, axis=1))
    assert labeled.predict_proba(IMAGES).shape == (5, 3, 4, 6)
    assert labeled.predict_labels(IMAGES)[0, 3, 5] == PARTS[classes[0, 3, 5]]
    assert labeled.decoded("classes").output.shape == (None, 4, 6)


def test_binary_mask_has_two_columns():
    labeled = LabeledModel(
        segmenter(1, None), from_logits=True, class_names=["no", "yes"], threshold=0.6
    )
    scores = labeled.predict(IMAGES, verbose=0)
    want = reference.threshold(scores, [0.6], from_logits=True)[..., 0]
    np.testing.assert_array_equal(labeled.predict_classes(IMAGES), want)
    proba = labeled.predict_proba(IMAGES)
    assert proba.shape == (5, 4, 6, 2)
    np.testing.assert_allclose(
        proba, reference.probabilities(scores, "binary", True), atol=2e-6
    )


def test_multilabel_segmentation_gives_marks():
    labeled = LabeledModel(
        segmenter(3, "sigmoid"), class_names=PARTS, threshold={"road": 0.4}
    )
    scores = labeled.predict(IMAGES, verbose=0)
    marks = labeled.predict_classes(IMAGES)
    np.testing.assert_array_equal(marks, reference.threshold(scores, [0.5, 0.4, 0.5]))
    chosen = labeled.predict_labels(IMAGES)[2][1][4]
    assert chosen == tuple(n for n, m in zip(PARTS, marks[2, 1, 4], strict=True) if m)


def test_images_of_any_size():
    layer = keras.layers.Conv2D(3, 1, activation="softmax")
    labeled = LabeledModel(keras.Sequential([keras.Input((None, None, 2)), layer]))
    assert labeled.predict_classes(IMAGES).shape == (5, 4, 6)
    assert labeled.predict_classes(IMAGES[:, :2, :3]).shape == (5, 2, 3)


def test_a_whole_image_is_no_single_decision():
    labeled = LabeledModel(segmenter(), class_names=PARTS)
    with pytest.raises(InputError, match="one for each position"):
        labeled.predict_one(IMAGES[0])


def test_axis_outside_of_the_scores_is_refused():
    for axis in (0, 4, -5):
        with pytest.raises(HeadError, match="axis"):
            LabeledModel(segmenter(), axis=axis)


TOKENS = np.array([[1, 2, 0, 0], [3, 1, 2, 4], [2, 0, 0, 0]], "int32")


def tagger(mask_zero=True):
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(5, 4, mask_zero=mask_zero)(inputs)
    x = keras.layers.GRU(6, return_sequences=True)(x)
    scores = keras.layers.TimeDistributed(keras.layers.Dense(3, activation="softmax"))
    return keras.Model(inputs, scores(x))


def test_masked_sequences_decode_every_step():
    labeled = LabeledModel(tagger(), class_names=["N", "V", "X"])
    scores = labeled.predict(TOKENS, verbose=0)
    classes = labeled.predict_classes(TOKENS)
    assert classes.shape == (3, 4)
    np.testing.assert_array_equal(classes, reference.argmax(scores))
    assert labeled.predict_labels(TOKENS).shape == (3, 4)


def test_mask_comes_out_of_the_decoded_model():
    labeled = LabeledModel(tagger(), class_names=["N", "V", "X"])
    for model in (labeled.model, labeled.decoded("classes"), labeled):
        mask = getattr(model(TOKENS), "_keras_mask", None)
        assert mask is not None, model
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(mask), TOKENS != 0)


def test_masked_training_is_that_of_the_model():
    targets = np.zeros((3, 4), "int32")
    losses = []
    for wrap in (lambda model: model, LabeledModel):
        keras.utils.set_random_seed(4)
        model = tagger()
        model.compile("sgd", "sparse_categorical_crossentropy")
        history = wrap(model).fit(TOKENS, targets, epochs=2, verbose=0)
        losses.append(history.history["loss"])
    assert losses[0] == losses[1]
