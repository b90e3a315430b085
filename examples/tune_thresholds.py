"""Thresholds chosen on validation data, held out, and decided again by an ONNX file.

    pip install "keras-labels[tensorflow,onnx,fit]" scikit-learn
    python examples/tune_thresholds.py

Breast cancer with a floor for the recall; and digits as a rare class: is it an 8?
"""

import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
from sklearn import metrics
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split

import keras_labels as kl


def three_parts(x, y):
    """Return rows to train on, to choose on, and to judge by."""
    train, rest, y_train, y_rest = train_test_split(
        x, y, test_size=0.6, stratify=y, random_state=0
    )
    choose, judge, y_choose, y_judge = train_test_split(
        rest, y_rest, test_size=0.5, stratify=y_rest, random_state=0
    )
    return (train, y_train), (choose, y_choose), (judge, y_judge)


def trained(x, y, epochs):
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(x, y, epochs=epochs, verbose=0)
    return model


def recall_floor():
    """Miss at most one malignant tumor in fifty, at the best precision."""
    data = load_breast_cancer()
    train, choose, judge = three_parts(data.data, 1 - data.target)
    names = ["benign", "malignant"]
    labeled = kl.LabeledModel(trained(*train, epochs=60), class_names=names)
    tuned = labeled.tune_thresholds(*choose, metric="precision", min_recall=0.98)
    print(tuned.tuning)
    recalls = {}
    for name, model in (("0.5", labeled), ("tuned", tuned)):
        x, y = judge
        recalls[name] = metrics.recall_score(y, model.predict_classes(x))
        precision = metrics.precision_score(y, model.predict_classes(x))
        print(f"held out, {name}: recall {recalls[name]:.3f} precision {precision:.3f}")
    return recalls


def rare_class(folder):
    """Find the eights: one row in ten. 0.5 misses many of them."""
    data = load_digits()
    train, choose, judge = three_parts(data.data, (data.target == 8).astype(int))
    names = ["another digit", "an 8"]
    labeled = kl.LabeledModel(trained(*train, epochs=15), class_names=names)
    tuned = labeled.calibrate(*choose, method="platt").tune_thresholds(*choose)
    print(tuned.explain())
    x, y = judge
    f1 = {
        "0.5": metrics.f1_score(y, labeled.predict_classes(x)),
        "tuned": metrics.f1_score(y, tuned.predict_classes(x)),
    }
    print("held out, f1:", {name: round(value, 3) for name, value in f1.items()})

    tuned.export(Path(folder, "eights.onnx"), samples=x)
    file = kl.load_exported(Path(folder, "eights.onnx"))
    same = bool((file.predict_classes(x) == tuned.predict_classes(x)).all())
    print("the ONNX file decides alike:", same, "at", file.decoding.threshold)
    return f1, same


def main(folder=None):
    """Return recalls, f1 scores, and whether the file decides alike."""
    keras.utils.set_random_seed(0)
    np.set_printoptions(precision=3)
    if folder is not None:
        return recall_floor(), *rare_class(folder)
    with tempfile.TemporaryDirectory() as scratch:
        return recall_floor(), *rare_class(scratch)


if __name__ == "__main__":
    main(*sys.argv[1:2])
