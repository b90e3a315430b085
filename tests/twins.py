"""Small models that can be made twice from one seed: one is wrapped, its twin not."""

import keras
import numpy as np

from keras_labels import LabeledModel

_RNG = np.random.default_rng(7)
X = _RNG.normal(size=(48, 6)).astype("float32")
Y = np.argmax(X[:, :3] + 0.3 * X[:, 3:], axis=1).astype("int32")
NAMES = ("ant", "bee", "cow")
PAIR = {"left": X[:, :4], "right": X[:, 4:]}


def dense(units, activation=None, **kwargs):
    return keras.layers.Dense(units, activation=activation, **kwargs)


def sequential(units=3, activation="softmax", dtype=None):
    kwargs = {} if dtype is None else {"dtype": dtype}
    layers = [dense(8, "relu", **kwargs), keras.layers.Dropout(0.2, **kwargs)]
    layers.append(dense(units, activation, **kwargs))
    return keras.Sequential([keras.Input((6,)), *layers])


def functional():
    """Two inputs by name."""
    left = keras.Input((4,), name="left")
    right = keras.Input((2,), name="right")
    both = keras.layers.Concatenate()([left, right])
    scores = dense(3, "softmax")(keras.layers.Dropout(0.2)(dense(8, "relu")(both)))
    return keras.Model({"left": left, "right": right}, scores)


@keras.saving.register_keras_serializable("twins")
class Subclassed(keras.Model):
    """Dropout, batch norm, and an argument that the config must hold."""

    def __init__(self, width=8, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.hidden = dense(width, "relu")
        self.norm = keras.layers.BatchNormalization()
        self.dropout = keras.layers.Dropout(0.2)
        self.head = dense(3)

    def call(self, inputs, training=None):
        x = self.norm(self.hidden(inputs), training=training)
        return self.head(self.dropout(x, training=training))

    def get_config(self):
        return {**super().get_config(), "width": self.width}


def subclassed():
    model = Subclassed()
    model(X[:1])
    return model


KINDS = {"sequential": sequential, "functional": functional, "subclassed": subclassed}


def data_of(kind):
    return PAIR if kind == "functional" else X


def made(kind):
    """Return one of the kinds, the same for every call, compiled."""
    keras.utils.set_random_seed(3)
    model = KINDS[kind]()
    compile_as(model, kind)
    return model


def compile_as(model, kind):
    model.compile(
        optimizer=keras.optimizers.Adam(0.03),
        loss=keras.losses.SparseCategoricalCrossentropy(
            from_logits=kind == "subclassed"
        ),
        metrics=["accuracy"],
        weighted_metrics=["accuracy"],
    )


def twins(kind):
    """Return a model, and the same model wrapped."""
    return made(kind), LabeledModel(made(kind), class_names=NAMES)


def trained(kind):
    _, labeled = twins(kind)
    labeled.fit(data_of(kind), Y, epochs=2, verbose=0)
    return labeled


def assert_same_weights(one, other):
    assert len(one.weights) == len(other.weights) > 0
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
