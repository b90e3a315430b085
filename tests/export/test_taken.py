"""The rows that a file is compared on hold what the layers behind the inputs take."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_labels as kl
from keras_labels.export._samples import random_samples
from keras_labels.export._signature import signature_of
from keras_labels.export._taken import values_taken


def ended(tensor):
    """Return scores of a tensor of any rank."""
    if len(tensor.shape) > 2:
        tensor = layers.GlobalAveragePooling1D()(tensor)
    return layers.Dense(1, "sigmoid")(tensor)


def one_hot(x):
    return layers.Flatten()(ops.one_hot(ops.cast(x, "int32"), 9))


def rows_of_a_table(x):
    table = ops.convert_to_tensor(np.eye(9, 4, dtype="float32"))
    return ops.take(table, ops.cast(x, "int32"), axis=0)


def reshaped(x):
    x = layers.Reshape((2, 3))(layers.Dropout(0.5)(layers.Identity()(x)))
    return layers.Embedding(9, 4)(ops.reshape(layers.Permute((2, 1))(x), (-1, 6)))


def nested(x):
    inner = keras.Sequential([keras.Input((6,)), layers.Embedding(9, 4)])
    tensor = keras.Input((6,))
    return keras.Model(tensor, inner(tensor))(x)


@keras.saving.register_keras_serializable("test_taken")
class Places(layers.Layer):
    """Words and where they stand, as transformers embed them."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.words, self.places = layers.Embedding(20, 4), layers.Embedding(9, 4)

    def build(self, shape):
        self.words.build(shape)
        self.places.build(shape)
        self.built = True

    def call(self, x):
        return self.words(x) + self.places(ops.arange(x.shape[1]))


BODIES = {
    "embedding": layers.Embedding(9, 4),
    "smallest_of_two": lambda x: layers.Embedding(20, 4)(x) + layers.Embedding(9, 4)(x),
    "encoding": layers.CategoryEncoding(9, "multi_hot"),
    "one_hot": one_hot,
    "rows_of_a_table": rows_of_a_table,
    "reshaped": reshaped,
    "nested": nested,
    "places": Places(),
}


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize("name", BODIES)
def test_ids_that_the_layers_hold_are_found(name, dtype):
    x = keras.Input((6,), dtype=dtype)
    model = keras.Model(x, ended(BODIES[name](x)))
    (taken,) = values_taken(model)
    np.testing.assert_array_equal(taken, np.arange(9))
    made = random_samples(model, signature_of(model))
    assert made.dtype == dtype
    assert set(np.unique(made)) == set(range(9))


@pytest.mark.parametrize("name", ["embedding", "one_hot"])
def test_ids_behind_an_input_of_floats_are_verified(name, new_path):
    x = keras.Input((6,))  # float32, as Keras makes it
    labeled = kl.LabeledModel(keras.Model(x, ended(BODIES[name](x))))
    agreement = labeled.export(new_path()).agreement
    assert (agreement.rows, agreement.invalid) == (64, 0)


def test_numbers_stay_numbers():
    x = keras.Input((6,))
    for body in (layers.Dense(4), layers.Rescaling(0.1), layers.BatchNormalization()):
        model = keras.Model(x, ended(body(x)))
        assert values_taken(model) == [None]
        made = random_samples(model, signature_of(model))
        assert np.isnan(made[-1]).all()
        assert not np.array_equal(made[0], np.round(made[0]))


def test_each_input_has_values_of_its_own():
    inputs = {n: keras.Input((2,), name=n) for n in ("few", "many", "weights")}
    few = layers.Flatten()(layers.Embedding(3, 4)(inputs["few"]))
    many = layers.CategoryEncoding(300, "count")(
        inputs["many"], count_weights=inputs["weights"]
    )
    model = keras.Model(inputs, ended(layers.Concatenate()([few, many])))
    sizes = [None if one is None else len(one) for one in values_taken(model)]
    assert sizes == [3, 300, None]
    made = random_samples(model, signature_of(model))
    assert made["few"].max() == 2
    assert made["many"].max() > 200
    assert np.isnan(made["weights"][-1]).all()


def test_what_is_looked_up_behind_numbers_is_left_alone():
    x = keras.Input((6,))
    bins = layers.Embedding(9, 4)(layers.Discretization([0.0, 1.0])(x))
    assert values_taken(keras.Model(x, ended(bins))) == [None]


def test_places_in_a_picture_are_no_ids_of_it():
    class Patches(layers.Layer):
        def __init__(self):
            super().__init__()
            self.parts, self.places = layers.Conv1D(4, 2), layers.Embedding(5, 4)

        def call(self, x):
            return self.parts(x) + self.places(ops.arange(5))

    x = keras.Input((6, 1))
    assert values_taken(keras.Model(x, ended(Patches()(x)))) == [None]


@keras.saving.register_keras_serializable("test_taken")
class Words(keras.Model):
    """A subclassed model, of which nothing says that it takes ids."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.words, self.head = layers.Embedding(9, 4), layers.Dense(1)

    def call(self, x):
        return self.head(ops.mean(self.words(x), axis=1))


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="jax clips ids in silence")
def test_rows_that_do_not_fit_name_the_way_out(new_path):
    model = Words()
    model(np.zeros((1, 6), "float32"))
    labeled = kl.LabeledModel(model, task="binary", from_logits=True)
    with pytest.raises(kl.ExportError, match=r"does not take the rows.*samples=x"):
        labeled.export(new_path())
    rows = np.random.default_rng(0).integers(0, 9, (8, 6)).astype("float32")
    assert labeled.export(new_path(), samples=rows).agreement.decisions == 8
