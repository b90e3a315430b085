"""One model, three outputs: two classifiers, and a number that is none."""

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import keras_labels as kl


def main():
    """Train on digits; return the accuracies of both classifiers."""
    keras.utils.set_random_seed(0)
    data = load_digits()
    x, x_test, y, y_test = train_test_split(data.data / 16, data.target, random_state=0)

    inputs = keras.Input((64,))
    hidden = keras.layers.Dense(64, activation="relu")(inputs)
    outputs = {
        "digit": keras.layers.Dense(10)(hidden),
        "loop": keras.layers.Dense(1, activation="sigmoid")(hidden),
        "ink": keras.layers.Dense(1)(hidden),  # how much of the image is black
    }
    model = keras.Model(inputs, outputs)
    losses = {
        "digit": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "loop": "binary_crossentropy",
        "ink": "mse",
    }
    model.compile("adam", losses)
    has_loop = np.isin(y, [0, 6, 8, 9]).astype("float32")
    targets = {"digit": y, "loop": has_loop[:, None], "ink": x.mean(axis=1)[:, None]}
    model.fit(x, targets, epochs=25, batch_size=32, verbose=0)

    labeled = kl.LabeledModel(
        model,
        heads={
            "digit": {"class_names": [str(digit) for digit in range(10)]},
            "loop": {"class_names": ["plain", "has a loop"], "threshold": 0.4},
        },
    )
    print(labeled.explain())
    classes = labeled.predict_classes(x_test)
    print("labels:", labeled.predict_labels(x_test[:3]))
    loop = np.isin(y_test, [0, 6, 8, 9])
    return float(np.mean(classes["digit"] == y_test)), float(
        np.mean(classes["loop"] == loop)
    )


if __name__ == "__main__":
    digit, loop = main()
    print(f"accuracy: digit {digit:.1%}, loop {loop:.1%}")
