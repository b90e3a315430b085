"""Maps of classes, with the class axis anywhere: a file decides as the oracle does.

The scores are a slice of the inputs, moved to the class axis: exact in every runtime.
"""

from typing import NamedTuple

import keras
import numpy as np
import pytest
import reference

from keras_labels import LabeledModel

ROWS, HEIGHT, WIDTH, UNITS = 120, 5, 6, 4
EDGES = (0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, 1e-40)


class Map(NamedTuple):
    task: str
    axis: int
    options: dict

    def classes(self, scores, found):
        """Return the oracle's classes of logits; of two right ones, those found."""
        if self.task == "multiclass":
            return reference.argmax(scores, self.axis, found=found)
        cut, low = self.options["threshold"], self.options["min_labels"]
        return reference.multi_label(
            scores, cut, True, low=low, axis=self.axis, found=found
        )


SOME = {"threshold": (0.2, 0.4, 0.5, 0.8), "min_labels": 1}
MAPS = {
    "segmentation": Map("multiclass", -1, {}),
    "channels_first": Map("multiclass", 1, {}),
    "middle_axis": Map("multiclass", 2, {}),
    "label_map": Map("multilabel", -1, SOME),
    "label_map_channels_first": Map("multilabel", 1, SOME),
}


def model_of(axis):
    """Return a model whose inputs, less their last column, are its scores."""
    inputs = keras.Input((HEIGHT, WIDTH, UNITS + 1), name="pixels")
    scores = inputs[..., :-1]
    if axis != -1:
        order = [1, 2]
        order.insert(axis - 1, 3)
        scores = keras.layers.Permute(order)(scores)
    return keras.Model(inputs, scores)


def pixels():
    rng = np.random.default_rng(5)
    x = 3 * rng.normal(size=(ROWS, HEIGHT, WIDTH, UNITS + 1))
    odd = rng.random(x.shape) < 0.1
    return np.where(odd, rng.choice(EDGES, x.shape), np.round(x, 1)).astype("float32")


@pytest.mark.parametrize("name", MAPS)
def test_every_pixel_is_decided_as_by_the_oracle(name, round_trip):
    rule = MAPS[name]
    labeled = LabeledModel(
        model_of(rule.axis),
        task=rule.task,
        from_logits=True,
        axis=rule.axis,
        **rule.options,
    )
    x = pixels()
    scores = np.moveaxis(x[..., :-1], -1, rule.axis)
    made = round_trip(labeled).predict(x)
    want = rule.classes(scores, made["classes"])
    np.testing.assert_array_equal(made["classes"], want)
    p = reference.probabilities(scores, rule.task, from_logits=True, axis=rule.axis)
    np.testing.assert_allclose(made["probabilities"], p, rtol=0, atol=1e-5)


def test_labels_of_pixels_are_the_names_of_their_classes(round_trip, has_labels):
    if not has_labels:
        pytest.skip("files of this format hold no strings")
    names = ("sky", "rock", "sea", "ice")
    labeled = LabeledModel(
        model_of(1), task="multilabel", from_logits=True, axis=1, class_names=names
    )
    x = pixels()
    labels = round_trip(labeled, outputs="labels").predict(x)["labels"]
    marks = reference.multi_label(np.moveaxis(x[..., :-1], -1, 1), 0.5, True, axis=1)
    want = np.where(marks == 1, np.reshape(names, (UNITS, 1, 1)), "")
    assert labels.shape == want.shape
    texts = [one.decode() if isinstance(one, bytes) else one for one in labels.ravel()]
    assert texts == want.ravel().tolist()
