"""A digit reader -> one .tflite file for phones, with its label file packed into it.

    pip install "keras-labels[tensorflow,litert]" scikit-learn
    python examples/export_litert.py digits
    python examples/serve_litert.py digits/digits.tflite digits/images.json

The last line, which this script runs as well, is all that a phone has: LiteRT.
"""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
from sklearn.datasets import load_digits

import keras_labels as kl

NAMES = ["zero", "one", "two", "three", "four"]


def train(x, y):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 16),
            keras.layers.Conv2D(16, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(len(NAMES), activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=8, batch_size=32, verbose=0)
    return model


def main(folder="digits"):
    """Train, export, read it as a phone does; return the model and the images."""
    keras.utils.set_random_seed(0)
    data = load_digits(n_class=len(NAMES))
    images = data.images[..., None]
    model = train(images[:700], data.target[:700])
    labeled = kl.LabeledModel(model, class_names=NAMES, reject_below=0.8)

    path = Path(folder, "digits.tflite")
    print(labeled.export(path, samples=images[:100]))
    with zipfile.ZipFile(path) as packed:
        print("packed into it:", packed.namelist())

    samples = images[700:720]
    text = json.dumps(samples.tolist())
    path.with_name("images.json").write_text(text, encoding="utf-8")
    reader = Path(__file__).with_name("serve_litert.py")
    command = [sys.executable, reader, path, path.with_name("images.json")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    print(done.stdout, end="")
    return labeled, samples


if __name__ == "__main__":
    main(*sys.argv[1:2])
