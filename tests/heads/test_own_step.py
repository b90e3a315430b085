"""Where `predict` runs code of the user's, its scores are not what `call` ends in."""

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import losses

from keras_labels.errors import HeadError
from keras_labels.heads import detect_head, ignored_class
from keras_labels.spec import Head

LOGITS = losses.BinaryCrossentropy(from_logits=True)


class OwnStep(keras.Model):
    def predict_step(self, *args):
        return keras.ops.sigmoid(super().predict_step(*args))


class OwnPredict(keras.Model):
    def predict(self, *args, **kwargs):
        return super().predict(*args, **kwargs) / 2


class OwnFunction(keras.Model):
    def make_predict_function(self, *args, **kwargs):
        return super().make_predict_function(*args, **kwargs)


class OwnTraining(keras.Model):
    """What happens in training and in evaluation says nothing of the scores."""

    def train_step(self, *args, **kwargs):
        return super().train_step(*args, **kwargs)

    def test_step(self, *args, **kwargs):
        return super().test_step(*args, **kwargs)


def functional(kind, activation=None, units=1, loss=LOGITS, shape=(4,)):
    inputs = keras.Input(shape)
    model = kind(inputs, L.Dense(units, activation)(inputs), name="mine")
    model.compile(loss=loss)
    return model


@pytest.mark.parametrize(
    ("kind", "name", "activation"),
    [
        (OwnPredict, "predict", None),
        *((OwnStep, "predict_step", one) for one in (None, "sigmoid", "softmax")),
        *((OwnFunction, "make_predict_function", one) for one in (None, "sigmoid")),
    ],
)
def test_neither_activation_nor_loss_tells_what_an_own_step_gives(
    kind, name, activation
):
    model = functional(kind, activation, units=3)
    with pytest.raises(HeadError) as caught:
        detect_head(model)
    assert f"has a `{name}` of its own (class {kind.__name__})" in str(caught.value)
    assert "is of what `call` gives. Pass from_logits=True or" in str(caught.value)
    assert 'task="multiclass" or task="multilabel"' in str(caught.value)
    expected = Head("multilabel", 3, from_logits=False)
    assert detect_head(model, task="multilabel", from_logits=False) == expected


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_probabilities_of_the_call_stay_probabilities_behind_an_own_predict(activation):
    """It preprocesses, or averages over crops; a step may do anything to scores."""
    model = functional(OwnPredict, activation, units=3)
    task = "multiclass" if activation == "softmax" else "multilabel"
    assert detect_head(model) == Head(task, 3, from_logits=False)


def test_class_axis_of_an_own_step_is_asked_for():
    model = functional(OwnStep, units=3, shape=(5, 4))
    with pytest.raises(HeadError, match=r"Pass axis=1 or axis=-1"):
        detect_head(model, task="multilabel", from_logits=False)
    expected = Head("multilabel", 3, from_logits=False)
    assert detect_head(model, task="multilabel", from_logits=False, axis=2) == expected


def test_own_step_of_one_object_counts():
    model = functional(keras.Model)
    assert detect_head(model) == Head("binary", 1, from_logits=True)
    model.predict_step = lambda *args: args
    with pytest.raises(HeadError, match=r"`predict_step` of its own"):
        detect_head(model)


def test_step_that_is_named_as_that_of_keras_counts():
    class Renamed(OwnStep):
        pass

    Renamed.predict_step.__module__ = keras.Model.predict_step.__module__
    with pytest.raises(HeadError, match=r"`predict_step` of its own"):
        detect_head(functional(Renamed))


def test_subclassed_model_with_an_own_step_is_not_read_by_its_loss():
    class Coded(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = L.Dense(1)

        def predict_step(self, *args):
            return keras.ops.sigmoid(super().predict_step(*args))

        def call(self, inputs):
            return self.dense(inputs)

    model = Coded()
    model(np.zeros((2, 4), "float32"))
    model.compile(loss=LOGITS)
    with pytest.raises(HeadError, match=r"`predict_step` of its own"):
        detect_head(model)


def test_keras_own_steps_are_no_own_steps():
    expected = Head("binary", 1, from_logits=True)
    assert detect_head(functional(OwnTraining)) == expected
    model = functional(keras.Model)
    model.predict(np.zeros((2, 4), "float32"), verbose=0)  # Keras makes its function
    assert detect_head(model) == expected


def test_own_step_of_a_model_inside_is_not_run():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, functional(OwnStep, "sigmoid")(inputs))
    assert detect_head(model) == Head("binary", 1, from_logits=False)


def test_ignored_class_stays():
    loss = losses.SparseCategoricalCrossentropy(True, ignore_class=255)
    assert ignored_class(functional(OwnStep, units=3, loss=loss)) == 255
