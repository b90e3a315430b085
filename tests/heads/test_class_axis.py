"""The class axis is followed from the layer that makes it, or asked for."""

import functools

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import losses, ops

from keras_labels import LabeledModel
from keras_labels.errors import HeadError, HeadWarning
from keras_labels.heads import detect_head
from keras_labels.spec import Head

FIRST = {"data_format": "channels_first"}


def graph(function, shape=(4, 8, 6)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, function(inputs))


# Each moves the units of a (8, 6, 3) map to the axis that stands beside it.
MOVES = {
    "batch norm": (L.BatchNormalization(), 3),
    "Permute": (L.Permute((3, 1, 2)), 1),
    "ops.transpose": (lambda x: ops.transpose(x, (0, 1, 3, 2)), 2),
    "ops.swapaxes": (lambda x: ops.swapaxes(x, 1, -1), 1),
    "ops.moveaxis": (lambda x: ops.moveaxis(x, -1, 1), 1),
    "ops.moveaxis of two": (lambda x: ops.moveaxis(x, (3, 1), (1, 3)), 1),
    "Reshape": (L.Reshape((48, 3)), 2),
    "Permute, Reshape": (lambda x: L.Reshape((3, 48))(L.Permute((3, 1, 2))(x)), 1),
    "expand_dims": (lambda x: ops.expand_dims(x, 1), 4),
    "squeeze": (lambda x: ops.squeeze(ops.expand_dims(x, 1), 1), 3),
    "UpSampling": (L.UpSampling2D(2), 3),
    "pooling": (L.MaxPooling2D(2), 3),
    "global pooling": (L.GlobalAveragePooling2D(), 1),
    "ops.mean": (lambda x: ops.mean(x, axis=1), 2),
    "x[:, 0]": (lambda x: x[:, 0], 2),
    "x[..., None]": (lambda x: x[..., None], 3),
    "x[..., None, :]": (lambda x: x[..., None, :], 4),
    "Cropping": (L.Cropping2D(1), 3),
    "ZeroPadding": (L.ZeroPadding2D(1), 3),
    "Concatenate beside": (lambda x: L.Concatenate(axis=1)([x, x]), 3),
    "ops.stack": (lambda x: ops.stack([x, x], axis=1), 4),
    "Add": (lambda x: L.Add()([x, x * 2.0]), 3),
    "Add to features": (lambda x: L.Add()([x, L.Conv2D(1, 1)(x)]), 3),
    "TimeDistributed Permute": (L.TimeDistributed(L.Permute((2, 1))), 2),
    "regrouped and back": (lambda x: L.Reshape((8, 6, 3))(L.Reshape((144,))(x)), 3),
}


@pytest.mark.parametrize("name", MOVES)
def test_axis_moves_with_the_layers(name):
    step, axis = MOVES[name]
    model = graph(lambda x: L.Activation("sigmoid")(step(L.Conv2D(3, 1)(x))), (8, 6, 2))
    head = detect_head(model)
    assert head == Head("multilabel", 3, False, detect_head(model, axis=axis).axis)


@pytest.mark.parametrize(
    ("equation", "shape", "axis"),
    [
        ("abc,cd->abd", (5, 3), 2),
        ("abc,cd->adb", (3, 5), 1),
        ("abc,bd->adc", (3, 4), 1),
        ("...c,cd->...d", 3, 2),
        ("abc,c->abc", (5, 4), None),
        ("abc,cde->abde", (5, 3, 3), None),
    ],
)
def test_units_of_an_einsum_are_the_letters_of_its_kernel(equation, shape, axis):
    layer = L.EinsumDense(equation, shape, activation="sigmoid")
    model = graph(layer, (5, 4))
    if axis is None:  # it makes no units, or two axes of them
        with pytest.raises(HeadError, match=r"which axis.*Pass axis=1 or"):
            detect_head(model)
    else:
        assert detect_head(model).units == 3
        assert detect_head(model) == detect_head(model, axis=axis)


LOST = {
    "Flatten": L.Flatten(),
    "merged": L.Reshape((8, 18)),
    "pooled away": lambda x: ops.mean(x, axis=-1),
    "pooled": L.MaxPooling2D(2, **FIRST),
    "upsampled": L.UpSampling2D(2, **FIRST),
    "unit taken": lambda x: x[..., 0],
    "added to its transpose": lambda x: L.Add()([x, ops.swapaxes(x, 1, 3)]),
    "own layer": L.Lambda(lambda x: x),
    "own activation": L.Activation(lambda x: x),
}


@pytest.mark.parametrize("name", LOST)
def test_axis_that_is_lost_is_asked_for(name):
    step = LOST[name]
    shape = (3, 6, 2) if name.startswith("added") else (8, 6, 2)
    model = graph(lambda x: L.Activation("sigmoid")(step(L.Conv2D(3, 1)(x))), shape)
    with pytest.raises(HeadError, match=r"Cannot tell which axis of .*Pass axis="):
        detect_head(model)
    assert detect_head(model, axis=-1).units == model.output_shape[-1]


def test_heads_side_by_side_are_one_head_of_more_labels():
    model = graph(
        lambda x: L.Concatenate()([L.Dense(1, "sigmoid")(x) for _ in range(3)]), (4,)
    )
    assert detect_head(model) == Head("multilabel", 3, from_logits=False)


def test_softmaxes_of_several_steps_are_one_softmax_head():
    model = graph(
        lambda x: L.Concatenate(axis=1)([L.Dense(3, "softmax")(x)] * 2), (5, 4)
    )
    assert detect_head(model) == Head("multiclass", 3, from_logits=False)


# What a loss tells.


def coded(loss):
    model = keras.Sequential([keras.Input((3, 5, 3)), L.Lambda(lambda x: x)])
    model.compile(loss=loss)
    return model


@pytest.mark.parametrize("axis", [1, 2, -1, -2, -3])
@pytest.mark.parametrize(
    "loss",
    [
        losses.SparseCategoricalCrossentropy,
        losses.CategoricalCrossentropy,
        losses.CategoricalFocalCrossentropy,
        functools.partial(functools.partial, losses.categorical_crossentropy),
    ],
)
def test_axis_of_a_categorical_loss_is_evidence(loss, axis):
    head = detect_head(coded(loss(from_logits=True, axis=axis)))
    assert head == detect_head(coded(loss(from_logits=True)), axis=axis)
    assert head.evidence[-1].endswith(f"is over axis {axis}")


@pytest.mark.parametrize("axis", [1, -1])
def test_axis_of_a_binary_loss_is_none(axis):
    """It is the axis of a mean."""
    model = coded(losses.BinaryCrossentropy(from_logits=True, axis=axis))
    with pytest.raises(HeadError, match=r"Pass axis=1 or axis=2 or axis=-1"):
        detect_head(model)


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "ce"])
def test_named_loss_is_over_the_last_axis(loss):
    assert detect_head(coded(loss)) == Head("multiclass", 3, from_logits=False)


def test_loss_over_another_axis_than_the_units_is_asked_about():
    """A head that points at a step: Dense(2), turned, and a softmax over the steps."""
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model = graph(lambda x: L.Permute((2, 1))(L.Dense(2)(x)), (7, 4))
    model.compile(loss=loss)
    with pytest.raises(HeadError, match=r"units are on axis 1, but the loss .*axis 2"):
        detect_head(model)
    assert detect_head(model, axis=-1) == Head("multiclass", 7, from_logits=True)


def test_softmax_wins_over_the_axis_of_the_loss_and_warns():
    model = graph(L.Softmax(axis=1), (3, 5))
    model.compile(loss=losses.CategoricalCrossentropy())
    with pytest.warns(HeadWarning, match=r"softmax over axis 1, but the loss"):
        assert detect_head(model).axis == 1
    assert detect_head(model, axis=1).axis == 1


# Uses in the wild.


def test_summed_segmentation_maps_with_the_channels_first():
    """As in the 3D U-Net of Isensee et al. 2017: maps of each level are summed."""

    def sums(x):
        total = None
        for level in (4, 2, 1):
            x_level = L.MaxPooling3D(level, **FIRST)(x)
            one = L.Conv3D(3, 1, **FIRST)(x_level)
            total = one if total is None else L.Add()([total, one])
            total = L.UpSampling3D(2, **FIRST)(total) if level > 1 else total
        return L.Activation("sigmoid")(total)

    model = graph(sums, (2, 8, 8, 8))
    assert detect_head(model) == Head("multilabel", 3, from_logits=False, axis=1)
    if keras.backend.backend() != "tensorflow":  # its CPU kernels want channels last
        x = np.zeros((1, 2, 8, 8, 8), "float32")
        classes = LabeledModel(model).predict_classes(x)
        assert classes.shape == (1, 3, 8, 8, 8)


@pytest.mark.parametrize(
    ("form", "axis"), [("channels_first", 1), ("channels_last", -1)]
)
def test_attention_gates_of_a_u_net(form, axis):
    """As in Oktay et al. 2018: a sigmoid gate of one channel multiplies features."""
    channels = 1 if form == "channels_first" else 3

    def gated(x):
        down = L.MaxPooling2D(2, data_format=form)(x)
        up = L.UpSampling2D(2, data_format=form)(L.Conv2D(4, 1, data_format=form)(down))
        both = L.Add()([L.Conv2D(4, 1, data_format=form)(x), up])
        gate = L.Conv2D(1, 1, activation="sigmoid", data_format=form)(both)
        joined = L.Concatenate(axis=channels)([L.Multiply()([x, gate]), up])
        scores = L.Conv2D(3, 1, data_format=form)(joined)
        return L.Softmax(axis=channels)(L.BatchNormalization(axis=channels)(scores))

    model = graph(gated, (2, 8, 8) if form == "channels_first" else (8, 8, 2))
    assert detect_head(model) == Head("multiclass", 3, from_logits=False, axis=axis)


def test_boxes_of_a_detector_have_the_axis_of_their_softmax():
    """As in SSD's Keras ports: flat maps of each level, joined, regrouped to boxes."""

    def boxes(x):
        levels = [L.Conv2D(4 * 3, 1)(x), L.Conv2D(4 * 3, 1)(L.MaxPooling2D(2)(x))]
        flat = L.Concatenate(axis=1)([L.Flatten()(level) for level in levels])
        return L.Reshape((-1, 3))(flat)

    model = graph(lambda x: L.Activation("softmax")(boxes(x)), (8, 8, 2))
    assert detect_head(model) == Head("multiclass", 3, from_logits=False)
    model = graph(lambda x: L.Activation("sigmoid")(boxes(x)), (8, 8, 2))
    with pytest.raises(HeadError, match=r"which axis.*Pass axis=1 or axis=-1"):
        detect_head(model)


def test_classes_taken_out_of_a_grid_of_boxes():
    """As in YOLO: (grid, grid, boxes, 5 + classes), of which the classes are taken."""
    model = graph(
        lambda x: ops.softmax(L.Reshape((4, 4, 2, 8))(L.Conv2D(16, 1)(x))[..., 5:]),
        (4, 4, 2),
    )
    assert detect_head(model) == Head("multiclass", 3, from_logits=False)
