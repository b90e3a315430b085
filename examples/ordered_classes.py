"""Ordered classes: CORAL's last layer (Cao et al. 2020), and a cut for each step."""

import keras
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

import keras_labels as kl

NAMES = ["low", "moderate", "high", "very high"]


@keras.saving.register_keras_serializable("ordered_classes")
class Steps(keras.layers.Layer):
    """One score and a bias for each step: logits of P(class > k), which never rise."""

    def __init__(self, classes, **kwargs):
        """Take the number of classes."""
        super().__init__(**kwargs)
        self.classes = classes

    def build(self, shape):
        """Make a weight for each input, and a bias for each step."""
        self.kernel = self.add_weight(shape=(shape[-1], 1), name="kernel")
        start = keras.initializers.Constant(np.linspace(2.0, -2.0, self.classes - 1))
        self.bias = self.add_weight((self.classes - 1,), start, name="bias")

    def call(self, x):
        """Return a logit for each step."""
        return keras.ops.matmul(x, self.kernel) + self.bias

    def get_config(self):
        """Return the arguments."""
        return {**super().get_config(), "classes": self.classes}


def main():
    """Train on diabetes; return the share of test rows within one class."""
    keras.utils.set_random_seed(0)
    data = load_diabetes()
    y = np.digitize(data.target, np.quantile(data.target, [0.25, 0.5, 0.75]))
    x, x_test, y, y_test = train_test_split(scale(data.data), y, random_state=0)

    inputs = keras.Input((10,))
    hidden = keras.layers.Dense(16, activation="relu")(inputs)
    model = keras.Model(inputs, Steps(len(NAMES))(hidden))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    levels = (y[:, None] > np.arange(3)).astype("float32")  # 3 yes or no a row
    model.fit(x, levels, epochs=30, batch_size=32, verbose=0)

    labeled = kl.LabeledModel(model, task="ordinal", class_names=NAMES)
    print(labeled.explain())
    print(labeled.predict_labels(x_test[:5]))
    print(labeled.predict_proba(x_test[:5]).round(2))

    careful = labeled.with_decoding(threshold={"very high": 0.3})  # misses fewer
    report = careful.report(x_test, y_test).to_dict()
    distance = report["metrics"]["mean_absolute_error"]
    print(f"a cut of 0.3 for the last step: {distance:.2f} classes away on average")
    return float(np.mean(np.abs(labeled.predict_classes(x_test) - y_test) <= 1))


if __name__ == "__main__":
    print(f"within one class: {main():.1%}")
