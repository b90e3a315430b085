"""What the portable argmax costs beside `keras.ops.argmax` and NumPy's.

    KERAS_BACKEND=tensorflow python benchmarks/argmax.py

Each line compares functions that take turns in one process (A B C A B C ...), so that
a busy machine slows all of them; the table holds medians and their ratios. Functions
run as Keras runs them: `tf.function`, `jax.jit`, torch in inference mode.
"""

import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers, ops

import keras_labels as kl
from keras_labels import functional

BACKEND = keras.backend.backend()
SHAPES = [(32, 10), (4096, 10), (1024, 1000), (64, 100_000), (4, 512, 512, 21)]
SECONDS = 3.0  # per line
MOST = 400  # turns


def compiled(function):
    """Return the function as the backend compiles it, waiting for its result."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        graph = tf.function(function, autograph=False)
        return lambda x: graph(x).numpy()
    if BACKEND == "jax":
        import jax

        jitted = jax.jit(function)
        return lambda x: jitted(x).block_until_ready()
    import torch

    return torch.inference_mode()(function)


def medians(*calls):
    """Return the median milliseconds of each call, taken in turns."""
    for call in calls:
        call()
        call()
    times = [[] for _ in calls]
    end = time.perf_counter() + SECONDS
    while len(times[0]) < 5 or (time.perf_counter() < end and len(times[0]) < MOST):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            taken.append(1e3 * (time.perf_counter() - start))
    return [statistics.median(taken) for taken in times]


def line(name, ours, native, numpy=None):
    beside = "" if numpy is None else f"{numpy:9.3f} {ours / numpy:7.2f}"
    print(f"{name:24} {ours:9.3f} {native:9.3f} {ours / native:7.2f} {beside}")


def alone(shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    tensor = ops.convert_to_tensor(x)
    # A function of one argument: tf.function spends 0.2 ms on each call with defaults.
    ours = compiled(lambda x: functional.argmax(x, axis=-1))
    native = compiled(lambda x: ops.cast(ops.argmax(x, axis=-1), "int32"))
    assert (np.asarray(ours(tensor)) == x.argmax(-1)).all()
    took = medians(lambda: ours(tensor), lambda: native(tensor), lambda: x.argmax(-1))
    line(str(shape), *took)


def small_cnn(size=96, classes=100):
    """Inverted bottlenecks in the manner of MobileNetV2, random weights."""
    inputs = keras.Input((size, size, 3))
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu6")(inputs)
    for channels, stride in [(16, 1), (24, 2), (24, 1), (32, 2), (32, 1), (64, 2)]:
        y = layers.Conv2D(4 * x.shape[-1], 1, activation="relu6")(x)
        y = layers.DepthwiseConv2D(3, stride, padding="same", activation="relu6")(y)
        y = layers.Conv2D(channels, 1)(y)
        x = layers.Add()([x, y]) if y.shape == x.shape else y
    scores = layers.Dense(classes)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, scores)


class NativeArgmax(layers.Layer):
    """What a user would write."""

    def call(self, scores):
        """Return the ids as Keras finds them."""
        return ops.cast(ops.argmax(scores, axis=-1), "int32")


def end_to_end(rows):
    cnn = small_cnn()
    images = np.random.default_rng(0).random((rows, 96, 96, 3), "float32")
    tensor = ops.convert_to_tensor(images)
    calls = []
    for layer in (kl.ArgmaxLayer(), NativeArgmax()):
        model = keras.Model(cnn.inputs, layer(cnn.outputs[0]))
        forward = compiled(lambda x, model=model: model(x, training=False))
        calls.append(lambda forward=forward: forward(tensor))
    line(f"CNN forward, {rows} rows", *medians(*calls))


def main():
    print(f"{BACKEND}, keras {keras.__version__}, milliseconds")
    header = ("functional", "ops", "ratio", "numpy", "ratio")
    print(f"{'':24} {header[0]:>9} {header[1]:>8} {header[2]:>7} {header[3]:>9} ratio")
    for shape in SHAPES:
        alone(shape)
    for rows in (1, 32):
        end_to_end(rows)


if __name__ == "__main__":
    main()
