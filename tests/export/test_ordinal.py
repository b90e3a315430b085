"""Models of ordered classes in files: CORN's conditional units, made cumulative."""

from itertools import accumulate

import keras
import numpy as np

from keras_labels import LabeledModel

NAMES = ["none", "mild", "moderate", "severe"]
X = np.random.default_rng(5).normal(size=(300, 4)).astype("float32")


def test_conditional_units_are_cumulative_by_their_products(round_trip):
    """As the README says: P(y > k) is the product of P(y > j | y > j - 1)."""
    inputs = keras.Input((4,))
    logits = keras.layers.Dense(3, name="conditional")(inputs)
    parts = keras.ops.split(keras.ops.sigmoid(logits), 3, axis=-1)
    outputs = keras.ops.concatenate(
        list(accumulate(parts, keras.ops.multiply)), axis=-1
    )
    model = keras.Model(inputs, outputs)
    weights = [np.random.default_rng(6).normal(size=(4, 3)), [1.0, 0.5, 0.0]]
    model.set_weights([np.asarray(one, "float32") for one in weights])
    labeled = LabeledModel(
        model, task="ordinal", from_logits=False, class_names=NAMES, threshold=0.4
    )
    z = X.astype("float64") @ weights[0] + weights[1]
    higher = np.cumprod(1 / (1 + np.exp(-z)), axis=1)
    p = -np.diff(np.pad(higher, [(0, 0), (1, 1)], constant_values=(1, 0)), axis=1)
    clear = (np.abs(higher - 0.4) > 1e-5).all(axis=1)
    made = round_trip(labeled).predict(X)
    for found in (made["probabilities"], labeled.predict_proba(X)):
        np.testing.assert_allclose(found, p, atol=1e-5)
    for found in (made["classes"], labeled.predict_classes(X)):
        np.testing.assert_array_equal(found[clear], (higher > 0.4).sum(1)[clear])


def test_a_head_of_ordered_classes_stands_beside_others(round_trip):
    inputs = keras.Input((4,))
    outputs = {
        "size": keras.layers.Dense(3, name="size")(inputs),
        "kind": keras.layers.Dense(3, "softmax", name="kind")(inputs),
    }
    model = keras.Model(inputs, outputs)
    rng = np.random.default_rng(2)
    model.set_weights([rng.normal(size=one.shape) for one in model.weights])
    size = {"task": "ordinal", "from_logits": True, "class_names": NAMES}
    labeled = LabeledModel(model, heads={"size": size, "kind": {}})
    made, z = round_trip(labeled).predict(X), model.predict(X, verbose=0)["size"]
    clear = (np.abs(z) > 1e-4).all(axis=1)
    np.testing.assert_array_equal(made["size_classes"][clear], (z > 0).sum(1)[clear])
    assert made["size_probabilities"].shape == (300, 4)
    assert made["kind_probabilities"].shape == (300, 3)
