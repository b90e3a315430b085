"""Impossible use is refused when the layer is built, and the message names it."""

import keras
import numpy as np
import pytest

import keras_labels as kl
from keras_labels.errors import DecodingError, HeadError

SPAM = kl.Decoding(kl.Head("binary", units=1, from_logits=False))
SEVERAL = {
    "threshold": kl.ThresholdLayer,
    "argmax": kl.ArgmaxLayer,
    "multi_label": kl.MultiLabelLayer,
    "probability": kl.ProbabilityLayer,
    "top_k": kl.TopKLayer,
}


@pytest.mark.parametrize("mode", ["int", "one_hot"])
def test_argmax_over_one_unit_points_to_the_threshold_layer(mode):
    layer = kl.ArgmaxLayer(output_mode=mode, name="ids")
    with pytest.raises(DecodingError, match=r"'ids'.*ThresholdLayer\(\)"):
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(1), layer])
    with pytest.raises(DecodingError, match=r"from_logits=True"):
        layer(np.zeros((2, 1), "float32"))


def test_argmax_over_one_unit_of_another_axis_is_refused():
    with pytest.raises(DecodingError, match=r"axis 1 of .* holds one"):
        kl.ArgmaxLayer(axis=1)(keras.KerasTensor((None, 1, 3)))


@pytest.mark.parametrize(
    "cut", [0, 1, 0.0, 1.0, -0.1, 1.5, np.nan, np.inf, "0.5", None]
)
@pytest.mark.parametrize("layer", [kl.ThresholdLayer, kl.MultiLabelLayer])
def test_threshold_outside_of_0_and_1_is_refused(layer, cut):
    with pytest.raises(DecodingError, match="`threshold`"):
        layer(cut)
    with pytest.raises(DecodingError, match="`threshold`"):
        layer([0.5, cut])


@pytest.mark.parametrize("layer", [kl.ThresholdLayer, kl.MultiLabelLayer])
def test_wrong_number_of_thresholds_is_refused(layer):
    with pytest.raises(DecodingError, match=r"3 here.*Received 2"):
        layer([0.2, 0.3])(keras.KerasTensor((None, 3)))
    with pytest.raises(DecodingError, match="2 here"):
        layer([0.2, 0.3, 0.4], axis=1)(np.zeros((5, 2, 3), "float32"))


@pytest.mark.parametrize("layer", [kl.ProbabilityLayer, kl.TopKLayer])
def test_softmax_over_one_unit_is_refused(layer):
    layer = layer(task="multiclass")
    with pytest.raises(HeadError, match='task="binary"'):
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(1), layer])


def test_three_units_are_not_binary():
    with pytest.raises(HeadError, match='task="multiclass"'):
        kl.ProbabilityLayer("binary")(keras.KerasTensor((None, 3)))


@pytest.mark.parametrize("name", SEVERAL)
def test_class_axis_of_unknown_length_is_refused(name):
    layer = SEVERAL[name](name="cut")
    with pytest.raises(DecodingError, match=r"'cut' needs a class axis of known"):
        layer(keras.KerasTensor((None, 5, None)))


@pytest.mark.parametrize("name", SEVERAL)
def test_scores_without_a_class_axis_are_refused(name):
    layer = SEVERAL[name](name="cut")
    with pytest.raises(DecodingError, match=r"'cut' decodes scores of shape \(rows"):
        layer(np.zeros(3, "float32"))
    with pytest.raises(DecodingError, match=r"'cut'.*class axis at 2"):
        SEVERAL[name](axis=2, name="cut")(np.zeros((2, 3), "float32"))


@pytest.mark.parametrize("name", SEVERAL)
def test_the_axis_of_rows_is_not_a_class_axis(name):
    with pytest.raises(DecodingError, match="axis 0 holds the rows"):
        SEVERAL[name](axis=0)
    with pytest.raises(DecodingError, match=r"axis 0 holds the rows|class axis at -2"):
        SEVERAL[name](axis=-2)(np.zeros((3, 3), "float32"))


@pytest.mark.parametrize("k", [0, -1, 1.5, "2", True, None])
def test_k_that_is_no_positive_whole_number_is_refused(k):
    with pytest.raises(DecodingError, match="`k`"):
        kl.TopKLayer(k=k)


def test_k_above_the_number_of_classes_is_refused():
    with pytest.raises(DecodingError, match="at most 3 classes"):
        kl.TopKLayer(k=4)(keras.KerasTensor((None, 3)))


def test_label_counts_that_do_not_fit_are_refused():
    with pytest.raises(DecodingError, match="`min_labels`"):
        kl.MultiLabelLayer(min_labels=3, max_labels=2)
    with pytest.raises(DecodingError, match="at most 3 labels"):
        kl.MultiLabelLayer(min_labels=4)(keras.KerasTensor((None, 3)))


def test_arguments_of_argmax_that_do_not_fit_are_refused():
    with pytest.raises(DecodingError, match="'int' or 'one_hot'"):
        kl.ArgmaxLayer(output_mode="multi_hot")
    with pytest.raises(DecodingError, match="`keepdims`"):
        kl.ArgmaxLayer(output_mode="one_hot", keepdims=True)
    with pytest.raises(DecodingError, match="`reject_below`"):
        kl.ArgmaxLayer(reject_below=1.0)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_temperature_that_is_not_positive_is_refused(temperature):
    with pytest.raises(DecodingError, match="`temperature`"):
        kl.ProbabilityLayer(temperature=temperature)


def test_temperature_of_probabilities_is_refused():
    with pytest.raises(DecodingError, match="from_logits=False"):
        kl.ProbabilityLayer(from_logits=False, temperature=2.0)


def test_unknown_task_is_refused_when_the_layer_is_made():
    for layer in (kl.ProbabilityLayer, kl.TopKLayer):
        with pytest.raises(HeadError, match="`task`"):
            layer(task="regression")


def test_decoding_layer_with_other_units_than_its_head_is_refused():
    layer = kl.DecodingLayer(SPAM, name="spam")
    with pytest.raises(HeadError, match="'spam' decodes 1 units on axis -1"):
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(2), layer])


@pytest.mark.parametrize("outputs", ["labels", (), ("classes", "classes"), ("ids",)])
def test_unknown_outputs_of_a_decoding_layer_are_refused(outputs):
    with pytest.raises(DecodingError, match="`outputs`"):
        kl.DecodingLayer(SPAM, outputs=outputs)


def test_decoding_layer_without_a_decoding_is_refused():
    with pytest.raises(DecodingError, match=r"takes a Decoding.*type str"):
        kl.DecodingLayer("binary")
