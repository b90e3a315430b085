"""A wine classifier -> one ONNX file that holds its decisions, verified.

    pip install "keras-labels[tensorflow,onnx]" scikit-learn
    python examples/export_onnx.py wine
    python examples/serve_onnx.py wine/wine.onnx wine/rows.json

The last line needs neither Keras nor this package: see serve_onnx.py.
"""

import json
import sys
from pathlib import Path

import keras
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

import keras_labels as kl

NAMES = ["barolo", "grignolino", "barbera"]


def train(x, y):
    model = keras.Sequential(
        [
            keras.Input((13,)),
            keras.layers.BatchNormalization(),  # so that the file takes raw rows
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(len(NAMES)),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    model.fit(x, y, epochs=40, batch_size=8, verbose=0)
    return model


def main(folder="wine"):
    """Train, export, read back; return the model and the rows that were held out."""
    keras.utils.set_random_seed(0)
    wine = load_wine()
    x, x_test, y, _ = train_test_split(wine.data, wine.target, random_state=0)
    labeled = kl.LabeledModel(train(x, y), class_names=NAMES, reject_below=0.8)

    path = Path(folder, "wine.onnx")
    outputs = ("probabilities", "classes", "labels")
    # Without samples the file is compared with Keras on rows that are made up.
    print(labeled.export(path, outputs=outputs, samples=x))

    # The decision without a runtime, and the file in its runtime.
    print("decides by:", kl.read_decoding(path))
    exported = kl.load_exported(path)
    print("inputs:", exported.inputs, "outputs:", exported.outputs)
    labels = exported.predict_labels(x_test)  # None where it was not sure enough
    print("labels:", labels[:8].tolist())
    same = (labels == labeled.predict_labels(x_test)).all()
    print("as the LabeledModel says:", bool(same))

    rows = json.dumps(x_test.tolist())
    path.with_name("rows.json").write_text(rows, encoding="utf-8")
    return labeled, x_test


if __name__ == "__main__":
    main(*sys.argv[1:2])
