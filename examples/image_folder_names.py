"""Class names from the folders that `image_dataset_from_directory` reads."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

import keras_labels as kl

NAMES = {0: "zero", 1: "one", 2: "two", 3: "three"}


def write_images(folder):
    """Write real handwritten digits as `folder/<name>/<number>.png`."""
    data = load_digits(n_class=len(NAMES))
    for number, (pixels, digit) in enumerate(
        zip(data.images, data.target, strict=True)
    ):
        path = Path(folder, NAMES[digit], f"{number}.png")
        path.parent.mkdir(exist_ok=True)
        Image.fromarray((pixels * 15).astype("uint8")).save(path)


def load(folder, subset):
    return keras.utils.image_dataset_from_directory(
        folder,
        color_mode="grayscale",
        image_size=(8, 8),
        validation_split=0.25,
        subset=subset,
        seed=0,
        verbose=False,
    )


def main():
    """Train on image files; return the accuracy on the held-out ones."""
    keras.utils.set_random_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        write_images(folder)
        train, test = load(folder, "training"), load(folder, "validation")
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.Rescaling(1 / 255),
                keras.layers.Conv2D(8, 3, activation="relu"),
                keras.layers.Flatten(),
                keras.layers.Dense(len(NAMES), activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(train, epochs=15, shuffle=False, verbose=0)  # it shuffles itself

        # The folders are sorted by name, so the ids are not in the order of NAMES.
        labeled = kl.LabeledModel(model, class_names=train)
        print("names:", labeled.class_names)

        # This dataset shuffles: targets and predictions are read in one pass.
        y_true, probabilities = labeled.predict_with_targets(test)
        image = next(iter(test))[0][0]
        print("one image:", labeled.predict_one(image))
    return float(np.mean(probabilities.argmax(axis=1) == y_true))


if __name__ == "__main__":
    print(f"accuracy {main():.1%}")
