"""An old script runs again: its `predict_classes` is put back with one line."""

import keras
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score, classification_report
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from keras_labels import restore_predict_classes


def main() -> float:
    """Train a small model, decide with the old method, return the accuracy."""
    keras.utils.set_random_seed(0)
    data = load_breast_cancer()
    x, x_test, y, y_test = train_test_split(data.data, data.target, random_state=0)
    scaler = StandardScaler().fit(x)

    model = keras.Sequential()
    model.add(keras.layers.Dense(16, activation="relu"))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(scaler.transform(x), y, epochs=20, batch_size=16, verbose=0)

    restore_predict_classes(model)  # the only new line
    y_pred = model.predict_classes(scaler.transform(x_test))  # (n, 1), as ever
    print(classification_report(y_test, y_pred, target_names=data.target_names))

    # The new way: names and cut are part of the model and of its file.
    #   labeled = keras_labels.LabeledModel(model, class_names=data.target_names)
    #   labeled.predict_classes(x_test)  # (n,)
    #   labeled.predict_labels(x_test)   # "malignant", "benign", ...
    return float(accuracy_score(y_test, y_pred))


if __name__ == "__main__":
    main()
