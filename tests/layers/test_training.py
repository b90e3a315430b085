"""Training through integers is refused by name; everything else trains."""

import keras
import numpy as np
import pytest

import keras_labels as kl
from keras_labels.errors import DecodingError

BACKEND = keras.backend.backend()
X = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
IDS = (X.sum(1) > 0).astype("int32")
FLOATS = np.eye(3, dtype="float32")[IDS]
BOTH = {"scores": IDS, "classes": IDS.astype("float32")}
MODES = [
    {},
    {"jit_compile": True},
    {"jit_compile": False},
    {"run_eagerly": True},
    {"steps_per_execution": 2},
]
if BACKEND == "torch":
    MODES.pop()  # Keras: `steps_per_execution` must be 1 with torch
# Keras 3.12 wraps an error met in the build of a `fit` in another that repeats it.
REFUSED = (DecodingError, RuntimeError)
# torch.compile is slow, and warns of Keras' own code.
TRAINED = [m for m in MODES if BACKEND != "torch" or not m.get("jit_compile")]


class Subclassed(keras.Model):
    """Scores and the classes of the scores, or the classes alone."""

    def __init__(self, both=True):
        super().__init__()
        self.dense = keras.layers.Dense(3, activation="softmax")
        self.ids = kl.ArgmaxLayer(name="ids")
        self.both = both

    def call(self, x):
        scores = self.dense(x)
        classes = self.ids(scores)
        return {"scores": scores, "classes": classes} if self.both else classes


def sequential(*layers):
    layers = layers or (kl.ArgmaxLayer(name="ids"),)
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), *layers])


def functional():
    inputs = keras.Input((4,))
    scores = keras.layers.Dense(3, activation="softmax", name="scores")(inputs)
    classes = kl.ArgmaxLayer(name="ids")(scores)
    return keras.Model(inputs, {"scores": scores, "classes": classes})


def listed():
    model = functional()
    return keras.Model(model.input, [model.output["scores"], model.output["classes"]])


def compiled(model, loss, **mode):
    model.compile(keras.optimizers.SGD(0.5), loss, **mode)
    return model


def weights(model):
    model(X)
    return [keras.ops.convert_to_numpy(w) for w in model.weights]


def assert_refused(model, y, name="ids"):
    before = weights(model)
    with pytest.raises(REFUSED, match=rf"(?s)Cannot train through.*'{name}'"):
        model.fit(X, y, batch_size=8, verbose=0)
    for old, new in zip(before, weights(model), strict=True):
        np.testing.assert_array_equal(old, new)


def assert_trains(model, y):
    before = weights(model)[0]
    history = model.fit(X, y, batch_size=8, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert (weights(model)[0] != before).any()


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_a_model_that_ends_in_ids_is_not_trained_and_keeps_its_weights(mode):
    assert_refused(compiled(sequential(), "mse", **mode), IDS)
    assert_refused(compiled(Subclassed(both=False), "mse", **mode), IDS)


@pytest.mark.parametrize(
    "layer",
    [
        kl.ThresholdLayer(name="ids"),
        kl.MultiLabelLayer(name="ids"),
        kl.ArgmaxLayer(output_mode="one_hot", name="ids"),
    ],
)
def test_every_integer_layer_is_named_with_the_way_out(layer):
    model = compiled(sequential(layer), "mse")
    with pytest.raises(REFUSED) as caught:
        model.fit(X, FLOATS, verbose=0)
    said = str(caught.value)
    assert f"{type(layer).__name__} 'ids'" in said
    assert "append_decoding" in said
    assert "loss=None" in said


def test_train_on_batch_is_refused_too():
    model = compiled(sequential(), "mse")
    with pytest.raises(REFUSED, match="Cannot train through ArgmaxLayer 'ids'"):
        model.train_on_batch(X, IDS)


@pytest.mark.parametrize("make", [functional, Subclassed])
@pytest.mark.parametrize("loss", ["mse", {"scores": "mse", "classes": "mse"}])
def test_a_loss_on_the_integer_output_of_a_dict_is_refused(make, loss):
    y = {"scores": FLOATS, "classes": IDS.astype("float32")}
    assert_refused(compiled(make(), loss), y)


def test_a_loss_on_the_integer_output_of_a_list_is_refused():
    assert_refused(compiled(listed(), ["mse", "mse"]), [FLOATS, IDS])


def test_ids_inside_of_time_distributed_are_refused():
    wrapped = keras.layers.TimeDistributed(kl.ArgmaxLayer(name="ids"))
    model = sequential(keras.layers.Dense(6), keras.layers.Reshape((2, 3)), wrapped)
    assert_refused(compiled(model, "mse"), FLOATS[:, :2])


def test_ids_at_the_end_of_a_nested_model_are_refused():
    inner = sequential()
    inner.name = "decider"
    inputs = keras.Input((4,))
    assert_refused(compiled(keras.Model(inputs, inner(inputs)), "mse"), IDS, "decider")


def test_the_last_of_two_integer_layers_is_named():
    first = kl.ArgmaxLayer(name="first")
    table = keras.layers.Embedding(3, 4)
    assert_refused(
        compiled(sequential(first, table, kl.ArgmaxLayer(name="ids")), "mse"), IDS
    )


@pytest.mark.parametrize("mode", TRAINED, ids=str)
@pytest.mark.parametrize("make", [functional, Subclassed])
def test_an_integer_output_without_loss_does_not_hinder(make, mode):
    loss = {"scores": "sparse_categorical_crossentropy", "classes": None}
    assert_trains(compiled(make(), loss, **mode), BOTH)


@pytest.mark.parametrize("make", [functional, Subclassed])
def test_a_loss_that_names_only_the_float_output_trains(make):
    loss = {"scores": "sparse_categorical_crossentropy"}
    assert_trains(compiled(make(), loss), BOTH)


def test_a_list_of_losses_with_none_for_the_ids_trains():
    loss = ["sparse_categorical_crossentropy", None]
    assert_trains(compiled(listed(), loss), [IDS, IDS])


# Keras says, truly, that the layers before the ids learn nothing.
@pytest.mark.filterwarnings("ignore:Gradients do not exist")
@pytest.mark.parametrize("mode", TRAINED, ids=str)
def test_ids_in_the_middle_of_a_model_let_the_layers_after_them_train(mode):
    table = keras.layers.Embedding(3, 3)
    model = sequential(kl.ArgmaxLayer(), table, keras.layers.Dense(3))
    before = keras.ops.convert_to_numpy(table.embeddings)
    compiled(model, "mse", **mode).fit(X, FLOATS, batch_size=8, verbose=0)
    assert (keras.ops.convert_to_numpy(table.embeddings) != before).any()


def test_probabilities_train():
    model = sequential(kl.ProbabilityLayer())
    assert_trains(compiled(model, "sparse_categorical_crossentropy"), IDS)


@pytest.mark.parametrize("loss", [None, "mse"])
def test_training_true_outside_of_fit_is_inference(loss):
    model = sequential()
    if loss:
        compiled(model, loss)
    got = keras.ops.convert_to_numpy(model(X, training=True))
    np.testing.assert_array_equal(got, keras.ops.convert_to_numpy(model(X)))


def test_a_compiled_model_that_ends_in_ids_evaluates_and_predicts():
    model = compiled(sequential(), "mse")
    ids = model.predict(X, verbose=0)
    assert ids.dtype == np.int32
    want = np.mean((ids - IDS.astype("float32")) ** 2)
    assert model.evaluate(X, IDS, verbose=0) == pytest.approx(want, rel=1e-5)
    assert_refused_after_evaluation(model)


def assert_refused_after_evaluation(model):
    """The loss is built then, so that the training step itself is where it stops."""
    with pytest.raises(REFUSED, match="Cannot train through ArgmaxLayer 'ids'"):
        model.fit(X, IDS, verbose=0)


@pytest.mark.parametrize("make", [functional, Subclassed])
def test_a_new_loss_gives_a_new_verdict(make):
    model = make()
    fine = {"scores": "sparse_categorical_crossentropy", "classes": None}
    y = {"scores": FLOATS, "classes": IDS.astype("float32")}
    assert_refused(compiled(model, "mse"), y)
    assert_trains(compiled(model, fine), BOTH)
    assert_refused(compiled(model, "mse"), y)


class OwnLoss(Subclassed):
    """Uses the scores only, whatever loss it is compiled with."""

    def compute_loss(self, x, y, y_pred, sample_weight, training=True):
        return keras.losses.SparseCategoricalCrossentropy()(y, y_pred["scores"])


def test_a_compute_loss_of_the_users_is_left_alone():
    assert_trains(compiled(OwnLoss(), "mse"), IDS)


class OwnStep(Subclassed):
    """A training step for each backend, on the scores only."""

    def loss_of(self, y, y_pred):
        loss = keras.losses.SparseCategoricalCrossentropy()
        return loss(y["scores"], y_pred["scores"])

    def train_step(self, *args):
        return getattr(self, f"_{BACKEND}")(*args)

    def _tensorflow(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            loss = self.loss_of(y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}

    def _torch(self, data):
        x, y = data
        self.zero_grad()
        loss = self.loss_of(y, self(x, training=True))
        loss.backward()
        variables = self.trainable_weights
        self.optimizer.apply([v.value.grad for v in variables], variables)
        return {"loss": loss}

    def _jax(self, state, data):
        import jax

        trainable, fixed, optimizer, metrics = state
        x, y = data

        def loss_of(trainable):
            y_pred, _ = self.stateless_call(trainable, fixed, x)
            return self.loss_of(y, y_pred)

        loss, gradients = jax.value_and_grad(loss_of)(trainable)
        trainable, optimizer = self.optimizer.stateless_apply(
            optimizer, gradients, trainable
        )
        return {"loss": loss}, (trainable, fixed, optimizer, metrics)


def test_a_train_step_of_the_users_is_left_alone():
    loss = {"scores": "sparse_categorical_crossentropy", "classes": "mse"}
    model = compiled(OwnStep(), loss)
    before = weights(model)[0]
    model.fit(X, BOTH, verbose=0)
    assert (weights(model)[0] != before).any()
