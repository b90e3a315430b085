"""What `LabeledModel.predict_classes` costs beside what a user would write.

    KERAS_BACKEND=jax python benchmarks/predictions.py [work ...]

(a) `np.argmax(model.predict(x, verbose=0), -1)`; (b) the same with `batch_size=1024`;
(p) `np.argmax(model.predict_on_batch(x), -1)`, up to 32 rows; (c) the limit: a
hand-written compiled forward pass with the backend's argmax, over slices of the best
of some sizes. The columns are their times over ours. Memory is the peak above what
the process held before the call, each in a process of its own.
"""

import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers
from timing import BACKEND, medians, versions

import keras_labels as kl


def mlp(classes=10):
    layer = [layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(classes)]
    return keras.Sequential([keras.Input((20,)), *layer])


def cnn():
    convolutions = [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
    ]
    tail = [layers.Flatten(), layers.Dense(10)]
    return keras.Sequential([keras.Input((28, 28, 1)), *convolutions, *tail])


def mobilenet():
    return keras.applications.MobileNetV2(weights=None, classifier_activation=None)


def segmentation(classes=21):
    inputs = keras.Input((512, 512, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    # As trained: without a bias whole pixels have no score but 0 (see README.md).
    scores = layers.Conv2D(classes, 1, bias_initializer="normal")(x)
    return keras.Model(inputs, scores)


def wide():
    return segmentation(150)


def many():
    return mlp(1000)


TURN = 0.05  # seconds in which calls of a few rows are repeated
# name: model, rows, options of ours, sizes for the limit
WORKS = {
    "MLP, 1 row": (mlp, 1, {}, [1]),
    "MLP, 32 rows": (mlp, 32, {}, [32]),
    "MLP, 100,000 rows": (mlp, 100_000, {}, [1024, 4096, 16384]),
    "MLP of 1,000 classes, 50,000 rows": (many, 50_000, {}, [512, 1024, 4096]),
    "MLP, 60 calls of 1 to 299 rows": (mlp, None, {}, [512]),
    "CNN, 1 row": (cnn, 1, {}, [1]),
    "CNN, 32 rows": (cnn, 32, {}, [32]),
    "CNN, 10,000 rows": (cnn, 10_000, {}, [64, 128, 256, 1024]),
    "MobileNetV2, 1 row": (mobilenet, 1, {}, [1]),
    "MobileNetV2, 32 rows": (mobilenet, 32, {}, [8, 16, 32]),
    "segmentation (16, 512, 512, 21)": (
        segmentation,
        16,
        {"dtype": "uint8"},
        [1, 2, 4, 8],
    ),
    "segmentation (64, 512, 512, 21)": (
        segmentation,
        64,
        {"dtype": "uint8"},
        [1, 2, 4, 8],
    ),
    "segmentation (8, 512, 512, 150)": (wide, 8, {"dtype": "uint8"}, [1, 2]),
}


def limit_of(model):
    """Return a hand-written compiled forward pass with the decision in it."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        spec = tf.TensorSpec(model.inputs[0].shape, tf.float32)
        function = tf.function(
            lambda x: tf.argmax(model(x, training=False), -1, tf.int32),
            input_signature=[spec],
            autograph=False,
        ).get_concrete_function()
        return lambda x: function(x).numpy()
    if BACKEND == "jax":
        import jax
        import jax.numpy as jnp

        variables = model.variables

        @jax.jit
        def step(values, x):
            with keras.StatelessScope(zip(variables, values, strict=True)):
                return jnp.argmax(model(x, training=False), -1)

        return lambda x: np.asarray(step([v.value for v in variables], x))
    import torch

    def forward(x):
        with torch.inference_mode():
            return torch.argmax(model(torch.from_numpy(x), training=False), -1).numpy()

    return forward


def in_slices(forward, x, size):
    return np.concatenate([forward(x[i : i + size]) for i in range(0, len(x), size)])


def data_of(model, rows):
    shape = model.inputs[0].shape[1:]
    return np.random.default_rng(0).random((rows, *shape), dtype="float32")


def over_random_sizes(call, x):
    sizes = np.random.default_rng(1).integers(1, 300, 60)
    return lambda: [call(x[:size]) for size in sizes]


def ways(work):
    """Return the ways to the same ids, by name."""
    make, rows, options, sizes = WORKS[work]
    keras.utils.set_random_seed(0)
    model = make()
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    x = data_of(model, rows or 300)
    forward = limit_of(model)
    found = {
        "ours": lambda x: labeled.predict_classes(x, **options),
        "a": lambda x: np.argmax(model.predict(x, verbose=0), -1),
    }
    if rows is None or rows > 32:
        found["b"] = lambda x: np.argmax(
            model.predict(x, verbose=0, batch_size=1024), -1
        )
    else:
        found["p"] = lambda x: np.argmax(model.predict_on_batch(x), -1)
    for size in sizes:
        found[f"c{size}"] = lambda x, size=size: in_slices(forward, x, size)
    if len(model.outputs[0].shape) > 2:  # 1,024 rows of scores do not fit
        found.pop("b", None)
    if rows is None:
        return {name: over_random_sizes(call, x) for name, call in found.items()}
    return {name: lambda call=call: call(x) for name, call in found.items()}


def resident(field):
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def memory(work, way):
    """Print the peak of one call above what was held before, in MiB."""
    model = WORKS[work][0]()
    if way != "ours":
        model.predict(data_of(model, 1), verbose=0)
    call = ways(work)[way]
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak
    call()
    print(resident("VmHWM") - before)


def memory_of(work, way):
    command = [sys.executable, __file__, "--memory", work, way]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(made.stdout.split()[-1])


def time_line(work):
    start = time.perf_counter()
    took = medians(ways(work), turn=TURN)
    ours = took.pop("ours")
    limit = min(t for name, t in took.items() if name.startswith("c"))
    ratios = [took.get(name) for name in ("a", "b", "p")]
    shown = "".join(f"{t / ours:9.2f}" if t else f"{'':9}" for t in ratios)
    wall = time.perf_counter() - start
    print(
        f"{work:36}{ours:11.3f}{shown}{ours / limit:9.2f}   ({wall:.0f} s)", flush=True
    )


def memory_line(work):
    ours, keras_own = memory_of(work, "ours"), memory_of(work, "a")
    print(f"{work:36}{ours:11.0f}{keras_own:9.0f}", flush=True)


def main(chosen):
    print(f"{versions()}: milliseconds, and times over ours")
    print(f"{'':36}{'ours':>11}{'a':>9}{'b':>9}{'p':>9}{'ours/c':>9}")
    for work in chosen:
        time_line(work)
    print("\npeak memory above the baseline, MiB")
    print(f"{'':36}{'ours':>11}{'a':>9}")
    for work in chosen:
        memory_line(work)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        memory(*sys.argv[2:])
    else:
        main(sys.argv[1:] or list(WORKS))
