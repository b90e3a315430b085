"""A class for every pixel: which parts of a scene are an even or an odd digit."""

import keras
import numpy as np
from sklearn.datasets import load_digits

import keras_labels as kl

NAMES = ["background", "even", "odd"]


def scenes(images, digits, count, rng):
    """Put two real digits side by side; the mask says the class of every pixel."""
    chosen = rng.integers(0, len(images), size=(count, 2))
    pixels = np.concatenate([images[chosen[:, 0]], images[chosen[:, 1]]], axis=2)
    parity = np.repeat(digits[chosen] % 2 + 1, 8, axis=1)[:, None, :]
    return pixels[..., None] / 16, np.where(pixels > 4, parity, 0)


def main():
    """Train a small convolutional network; return the accuracy of the pixels."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    data = load_digits()
    x, y = scenes(data.images[:1400], data.target[:1400], 1500, rng)
    x_test, y_test = scenes(data.images[1400:], data.target[1400:], 200, rng)

    model = keras.Sequential(
        [
            keras.Input((8, 16, 1)),
            keras.layers.Conv2D(24, 5, padding="same", activation="relu"),
            keras.layers.Conv2D(24, 5, padding="same", activation="relu"),
            keras.layers.Conv2D(len(NAMES), 1),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.003), loss)
    model.fit(x, y, epochs=8, batch_size=64, verbose=0)

    labeled = kl.LabeledModel(model, class_names=NAMES)
    classes = labeled.predict_classes(x_test)  # (200, 8, 16) int32
    print(
        "classes:", classes.shape, "probabilities:", labeled.predict_proba(x_test).shape
    )
    for truth, row in zip(y_test[0], classes[0], strict=True):
        print("".join(".eo"[c] for c in truth), " ", "".join(".eo"[c] for c in row))
    return float(np.mean(classes == y_test))


if __name__ == "__main__":
    print(f"accuracy of the pixels {main():.1%}")
