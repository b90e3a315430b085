"""An export, whether it succeeds or fails, leaves what a model remembers as it was."""

import contextlib

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_labels as kl

X = np.ones((1, 5, 2), "float32")


@keras.saving.register_keras_serializable("test_state")
class Noise(layers.Layer):
    """Draw a number at each call, and count the calls."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed = keras.random.SeedGenerator(3)
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x + 0.0 * keras.random.normal(ops.shape(x), seed=self.seed)


def state_of(model):
    found = [
        one.state for sub in model._flatten_layers() for one in sub._seed_generators
    ]
    found += model.non_trainable_variables
    return [ops.convert_to_numpy(one).copy() for one in found]


@pytest.mark.parametrize("verify", [True, False])
def test_seeds_and_counts_are_as_before(format, new_path, verify):
    model = keras.Sequential(
        [
            keras.Input((5, 2)),
            Noise(),
            layers.Flatten(),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(1, "sigmoid"),
        ]
    )
    labeled = kl.LabeledModel(model)
    labeled.predict_proba(X)
    before = state_of(model)
    with contextlib.suppress(kl.ExportError):  # not every format draws numbers
        labeled.export(new_path(), format, verify=verify)
    after = state_of(model)
    assert len(before) >= 4
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.isfinite(labeled.predict_proba(X)).all()
    model.compile("sgd", "binary_crossentropy")
    model.fit(X, np.ones((1, 1)), verbose=0)
    assert np.isfinite(model.predict(X, verbose=0)).all()


def test_a_stateful_model_is_refused_and_goes_on(format, new_path):
    model = keras.Sequential(
        [
            keras.Input(batch_shape=(1, None, 2)),
            layers.GRU(4, stateful=True, name="memory"),
            layers.Dense(1, "sigmoid"),
        ]
    )
    labeled = kl.LabeledModel(model)
    model(X)  # not in a compiled step, from which jax brings back no state
    state = ops.convert_to_numpy(model.layers[0].states[0])
    assert np.abs(state).max() > 0
    path = new_path()
    with pytest.raises(kl.ExportError, match=r"'memory' \(GRU\).*stateful=False"):
        labeled.export(path, format)
    assert not path.exists()
    np.testing.assert_array_equal(
        ops.convert_to_numpy(model.layers[0].states[0]), state
    )
    assert np.isfinite(model.predict(X, verbose=0)).all()
