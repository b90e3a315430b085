"""However a model is compiled, its decisions are those of its own `predict`."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import reference

import keras_labels as kl

BACKEND = keras.backend.backend()


def scores_and_classes(model, x):
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    scores = labeled.predict(x, batch_size=2, verbose=0)
    np.testing.assert_allclose(scores, model.predict(x, verbose=0), atol=1e-5)
    return scores, labeled.predict_classes(x, batch_size=2)


OPTIONS = {
    "not compiled": None,
    "eager": {"run_eagerly": True},
    "jit": {"jit_compile": True},
    "no jit": {"jit_compile": False},
    "steps": {"steps_per_execution": 4},
    "eager steps": {"run_eagerly": True, "steps_per_execution": 4},
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options_of_compile(make_dense, x, case):
    options = OPTIONS[case]
    if BACKEND == "torch" and case in ("jit", "steps", "eager steps"):
        pytest.skip("Keras on torch has no steps_per_execution, and dynamo is slow")
    model = make_dense(4, 3)
    if options is not None:
        model.compile(loss="mse", **options)
    scores, classes = scores_and_classes(model, x)
    np.testing.assert_array_equal(classes, reference.argmax(scores))


@pytest.mark.parametrize("steps", [1, 4])
def test_own_predict_step(x, steps):
    """A step of the user's own (here: scores of the mirrored input) is obeyed."""
    if BACKEND == "torch" and steps > 1:
        pytest.skip("Keras on torch has no steps_per_execution")

    class Mirrored(keras.Sequential):
        def predict_step(self, *args):
            *state, data = args  # jax gives the state as well
            x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
            return super().predict_step(*state, (-x,))

    model = Mirrored([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(loss="mse", steps_per_execution=steps)
    scores, classes = scores_and_classes(model, x)
    np.testing.assert_array_equal(classes, reference.argmax(scores))
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(scores, -x @ kernel + bias, atol=1e-5)
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    made = labeled.predict_classes(iter([x[:4], x[4:]]))
    np.testing.assert_array_equal(made, reference.argmax(scores))


def test_own_predict_function(x):
    """Scores of the mirrored input again, by a function of the user's own."""

    class Mirrored(keras.Sequential):
        def make_predict_function(self, force=False):
            made = super().make_predict_function(force)
            if made is not None or getattr(self, "inner", None) is not None:
                return made
            self.inner = self.predict_function

            def mirrored(*args):
                *state, data = args
                batches = (keras.tree.map_structure(lambda a: -a, one) for one in data)
                return self.inner(*state, batches)

            self.predict_function = mirrored
            return mirrored

    if BACKEND != "jax":
        pytest.skip("only on jax is the function replaced by this library")
    model = Mirrored([keras.Input((4,)), keras.layers.Dense(3)])
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    kernel, bias = model.get_weights()
    expected = reference.argmax(-x @ kernel + bias)
    np.testing.assert_array_equal(labeled.predict_classes(x), expected)
    with pytest.raises(RuntimeError, match="mine"):
        labeled.predict((_ for _ in [x] if raise_mine()), verbose=0)
    np.testing.assert_array_equal(labeled.predict_classes(x), expected)


def raise_mine():
    raise RuntimeError("mine")


REPLICAS = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)
import keras, numpy as np
import keras_labels as kl
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    x = np.random.default_rng(0).normal(size=(45, 4)).astype("float32")
    classes = labeled.predict_classes(x)
expected = labeled.predict(x, verbose=0).argmax(axis=1)
assert classes.tolist() == expected.tolist(), classes.shape
"""


@pytest.mark.skipif(BACKEND != "tensorflow", reason="strategies are tensorflow's")
def test_rows_are_not_repeated_by_the_replicas_of_a_strategy():
    made = subprocess.run(
        [sys.executable, "-c", REPLICAS], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr


def test_compiled_after_a_prediction(make_dense, x):
    model = make_dense(4, 3)
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    before = labeled.predict_classes(x)
    model.compile("sgd", "mse", run_eagerly=True)
    np.testing.assert_array_equal(labeled.predict_classes(x), before)
    model.fit(x, np.eye(3)[before] * -9, epochs=20, verbose=0)
    scores = labeled.predict(x, verbose=0)
    np.testing.assert_array_equal(labeled.predict_classes(x), reference.argmax(scores))
    assert not np.array_equal(labeled.predict_classes(x), before)


def test_training_goes_on_after_predictions(make_dense, x):
    """The same history and weights as of a twin that was never asked."""
    models = [make_dense(4, 3), None]
    models[1] = keras.models.clone_model(models[0])
    models[1].set_weights(models[0].get_weights())
    for model in models:
        model.compile("adam", "mse", steps_per_execution=1)
    labeled = kl.LabeledModel(models[0], task="multiclass", from_logits=True)
    losses = [[], []]
    for _ in range(3):
        labeled.predict(x, verbose=0)
        labeled.predict_classes(x)
        for number, model in enumerate(models):
            history = model.fit(x, x[:, :3], shuffle=False, verbose=0).history
            losses[number] += history["loss"]
    assert losses[0] == losses[1]
    for one, other in zip(*(m.get_weights() for m in models), strict=True):
        np.testing.assert_array_equal(one, other)


def test_random_layers_still_advance_in_predict(x):
    """A layer that is random in inference gives new numbers in every prediction."""

    class Noise(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seed = keras.random.SeedGenerator(1)

        def call(self, inputs):
            return inputs + keras.random.normal(inputs.shape[1:], seed=self.seed)

    model = keras.Sequential([keras.Input((4,)), Noise()])
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    first, second = (labeled.predict(x, verbose=0) for _ in range(2))
    assert not np.array_equal(first, second)
    p, q = (labeled.predict_proba(x) for _ in range(2))
    assert not np.array_equal(p, q)
