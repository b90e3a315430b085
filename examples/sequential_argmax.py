"""A Sequential that ends in ArgmaxLayer: its `predict` gives class ids."""

import keras
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from keras_labels import ArgmaxLayer


def main():
    """Train without the layer, then append it; return the accuracy."""
    keras.utils.set_random_seed(0)
    wine = load_wine()
    x, x_test, y, y_test = train_test_split(wine.data, wine.target, random_state=0)
    scaler = StandardScaler().fit(x)

    model = keras.Sequential(
        [
            keras.Input((13,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(3),  # logits: an argmax needs no softmax
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    model.fit(scaler.transform(x), y, epochs=40, batch_size=8, verbose=0)

    # Integers have no gradient: append the layer after the training.
    decided = keras.Sequential([model, ArgmaxLayer()])
    classes = decided.predict(scaler.transform(x_test), verbose=0)
    print("classes:", classes[:10], classes.dtype)
    print("truth:  ", y_test[:10])
    return float(np.mean(classes == y_test))


if __name__ == "__main__":
    print(f"accuracy {main():.1%}")
