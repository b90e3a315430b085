"""Four small models on real data: what they decide, and that it survives a file.

Digits with a softmax, the same with logits, breast cancer with one sigmoid unit, and a
multilabel task: which of four properties a handwritten digit has.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

import keras_labels as kl

DIGITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
]
PROPERTIES = {
    "even": {0, 2, 4, 6, 8},
    "prime": {2, 3, 5, 7},
    "has a loop": {0, 6, 8, 9},
    "five or more": {5, 6, 7, 8, 9},
}
ROWS = 5


def network(width, units, activation=None, loss=None):
    model = keras.Sequential(
        [
            keras.Input((width,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(units, activation=activation),
        ]
    )
    model.compile("adam", loss)
    return model


def digits(multilabel=False):
    data = load_digits()
    y = data.target
    if multilabel:
        y = np.array([[d in owners for owners in PROPERTIES.values()] for d in y], int)
    return train_test_split(data.data / 16, y, random_state=0)


def breast_cancer():
    data = load_breast_cancer()
    x = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    return train_test_split(x, data.target, random_state=0)


def trained_models():
    """Return title, labeled model, test data and test targets of each."""
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    tasks = [
        (
            "digits, softmax",
            digits(),
            network(64, 10, "softmax", "sparse_categorical_crossentropy"),
            {"class_names": DIGITS},
        ),
        (
            "digits, logits",
            digits(),
            network(64, 10, None, logits),
            # A digit of which the model is less sure is left undecided.
            {"class_names": DIGITS, "reject_below": 0.8},
        ),
        (
            "breast cancer, one sigmoid unit",
            breast_cancer(),
            network(30, 1, "sigmoid", "binary_crossentropy"),
            {"class_names": ["malignant", "benign"]},
        ),
        (
            "properties of a digit, multilabel",
            digits(multilabel=True),
            network(64, 4, "sigmoid", "binary_crossentropy"),
            {"class_names": list(PROPERTIES)},
        ),
    ]
    for title, (x, x_test, y, y_test), model, keywords in tasks:
        model.fit(x, y, epochs=25, batch_size=32, verbose=0)
        yield title, kl.LabeledModel(model, **keywords), x_test, y_test


def truth(labeled, y):
    """Return the name of a target, as the model would say it."""
    names = labeled.class_names
    if np.ndim(y):
        return tuple(name for name, mark in zip(names, y, strict=True) if mark)
    return names[y]


def as_text(label):
    if label is None:
        return "(rejected)"
    return label if isinstance(label, str) else ", ".join(label) or "(none)"


def show(console, title, labeled, x, y):
    """Print some decisions beside the truth, and return the test accuracy."""
    classes = labeled.predict_classes(x)
    decided = classes.reshape(len(classes), -1).min(axis=1) >= 0
    accuracy = accuracy_score(y[decided], classes[decided])
    covered = "" if decided.all() else f" of the {decided.mean():.1%} decided"
    table = Table(title=f"{title}: accuracy {accuracy:.1%}{covered}", min_width=64)
    for column in ("label", "probability", "truth"):
        table.add_column(column)
    for sample, target in zip(x[:ROWS], y[:ROWS], strict=True):
        one = labeled.predict_one(sample)
        shown = np.round(np.atleast_1d(one.probability), 3)
        table.add_row(
            as_text(one.label),
            ", ".join(map(str, shown)),
            as_text(truth(labeled, target)),
        )
    console.print(table)
    return accuracy


def answers(labeled, x):
    return [list(label or ()) for label in labeled.predict_labels(x)]


def check_files(folder):
    """Load every file, in a process that never saw the models, and say its answers."""
    found = {}
    for path in sorted(Path(folder).glob("*.keras")):
        labeled = keras.saving.load_model(path)
        found[path.stem] = answers(labeled, np.load(path.with_suffix(".npy")))
    print(json.dumps(found))


def main():
    """Train, show, save, load in a fresh process; return the accuracies."""
    keras.utils.set_random_seed(0)
    console = Console(width=88)
    accuracies, before = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (title, labeled, x, y) in enumerate(trained_models()):
            accuracies[title] = show(console, title, labeled, x, y)
            labeled.save(Path(folder, f"model{number}.keras"))
            np.save(Path(folder, f"model{number}.npy"), x)
            before[f"model{number}"] = answers(labeled, x)
        said = subprocess.run(
            [sys.executable, __file__, "--check", folder],
            capture_output=True,
            text=True,
            check=True,
        )
    after = json.loads(said.stdout.splitlines()[-1])
    rows = sum(len(labels) for labels in before.values())
    if after != before:
        raise SystemExit("The loaded models answer differently.")
    console.print(f"Saved, loaded in a fresh process: {rows} labels, all the same.")
    return accuracies


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        check_files(sys.argv[2])
    else:
        main()
