"""A report of a small model on real data: which tumors it calls malignant, how surely.

Prints the report as text and writes it as a page, to open in any browser: report.html,
or the path that is given. report.png beside this file is a picture of that page.
"""

import sys
import tempfile
from pathlib import Path

import keras
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import keras_labels as kl


def data():
    """Return x and y, to train on, to calibrate on and to report on; 1 is malignant."""
    found = load_breast_cancer()
    x = (found.data - found.data.mean(axis=0)) / found.data.std(axis=0)
    y = 1 - found.target
    x, x_rest, y, y_rest = train_test_split(x, y, train_size=0.4, random_state=0)
    x_tune, x_test, y_tune, y_test = train_test_split(
        x_rest, y_rest, train_size=0.4, random_state=0
    )
    return (x, y), (x_tune, y_tune), (x_test, y_test)


def trained(x, y):
    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    model.fit(x, y, epochs=60, batch_size=16, verbose=0)
    return kl.LabeledModel(model, class_names=["benign", "malignant"])


def main(path=None):
    """Train, calibrate, report; return the recall on rows that were not trained on."""
    keras.utils.set_random_seed(0)
    train, tune, test = data()
    labeled = trained(*train).calibrate(*tune, method="platt")
    # A missed tumor is worse than a second look: cut low, and say when unsure.
    careful = labeled.with_decoding(threshold=0.3, reject_below=0.6)
    report = careful.report(*test, title="Malignant tumors")
    print(report)
    path = path or Path(tempfile.mkdtemp(), "report.html")
    print(f"Wrote {report.save_html(path)}")
    return report.to_dict()["metrics"]["recall"]


if __name__ == "__main__":
    main(Path(*sys.argv[1:2] or ["report.html"]))
