"""What datasets of small batches cost, and how costs grow with the rows.

    KERAS_BACKEND=jax python benchmarks/datasets.py

Each dataset gives batches of 32 rows of an MLP. (a) is `np.argmax(model.predict(...))`
on the same dataset; the column is its time over that of `labeled.predict_classes`. The
ladder is `predict_classes` on arrays: microseconds a row, and the peak of memory above
what was held before, over the bytes of the ids, each in a process of its own.
"""

import math
import subprocess
import sys
import time

import keras
import numpy as np
from predictions import data_of, mlp, resident
from timing import BACKEND, medians, versions

import keras_labels as kl

BATCH = 32
LADDER = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


class Sequence(keras.utils.PyDataset):
    """Rows in batches."""

    def __init__(self, x):
        super().__init__()
        self.x = x

    def __len__(self):
        return math.ceil(len(self.x) / BATCH)

    def __getitem__(self, index):
        return self.x[index * BATCH : (index + 1) * BATCH]


def tf_data(x):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(x).batch(BATCH)


def data_loader(x):
    import torch

    rows = torch.utils.data.TensorDataset(torch.from_numpy(x))
    return torch.utils.data.DataLoader(rows, batch_size=BATCH)


KINDS = {"tf.data": tf_data, "PyDataset": Sequence, "DataLoader": data_loader}


def dataset_line(name):
    model = mlp()
    x = data_of(model, 20_000)
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    data = KINDS[name](x)
    took = medians(
        {
            "ours": lambda: labeled.predict_classes(data),
            "a": lambda: np.argmax(model.predict(data, verbose=0), -1),
        },
        seconds=5,
    )
    print(f"{name:12}{took['ours']:9.1f} ms{took['a'] / took['ours']:9.2f}", flush=True)
    return took["a"] >= took["ours"]


def rung(rows):
    """Print microseconds a row, and the peak of memory over the bytes of the ids."""
    model = mlp()
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    x = data_of(model, rows)
    labeled.predict_classes(x[: min(rows, 100_000)])
    before = resident("VmRSS")
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # forget the peak
    start = time.perf_counter()
    labeled.predict_classes(x)
    took = time.perf_counter() - start
    print(1e6 * took / rows, (resident("VmHWM") - before) * 2**20 / (4 * rows))


def rung_line(rows):
    command = [sys.executable, __file__, "--rung", str(rows)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    each, memory = map(float, made.stdout.split()[-2:])
    print(f"{rows:12,}{each:9.2f} us a row{memory:9.2f} x the ids", flush=True)
    return each


def main():
    print(f"{versions()}: datasets in batches of {BATCH}, and (a) over ours")
    kinds = [name for name in KINDS if BACKEND == "torch" or name != "DataLoader"]
    faster = [dataset_line(name) for name in kinds]
    print("\nladder of rows")
    costs = [rung_line(rows) for rows in LADDER]
    slope = np.polyfit(np.log10(LADDER[2:]), np.log10(costs[2:]), 1)[0]
    print(f"slope of the cost of a row from 100,000 rows on: {slope:+.2f} a decade")
    for goal, reached in {
        "a dataset of small batches is never slower than model.predict": all(faster),
        "the cost of a row stays flat up to 10,000,000 rows": abs(slope) < 0.1,
    }.items():
        print(f"{'reached' if reached else 'NOT REACHED'}: {goal}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--rung"]:
        rung(int(sys.argv[2]))
    else:
        main()
