"""A prediction that fails leaves the weights, and the next prediction, as they were."""

import keras
import numpy as np
import pytest

import keras_labels as kl

DECISIONS = ("predict_proba", "predict_classes", "predict_labels", "predict_top_k")
K = {"predict_top_k": {"k": 2}}


@pytest.fixture(params=["plain", "own predict_step", "shared in a second model"])
def guarded_model(request, make_dense):
    model = make_dense(4, 3, "softmax")
    if request.param == "own predict_step":

        class Own(keras.Sequential):
            def predict_step(self, *args):
                return super().predict_step(*args)

        model = Own(model.layers)
        model.build((None, 4))
    if request.param == "shared in a second model":
        inputs = keras.Input((4,))
        model = keras.Model(inputs, model(inputs))
    return kl.LabeledModel(
        model, class_names=("a", "b", "c"), task="multiclass", from_logits=False
    )


class Unchanged:
    """Checks that weights are bit-equal afterwards and the next prediction right."""

    def __init__(self, labeled, x):
        self.labeled, self.x = labeled, x
        self.weights = [np.array(w) for w in labeled.model.get_weights()]
        self.scores = labeled.predict(x, verbose=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        weights = self.labeled.model.get_weights()
        for before, after in zip(self.weights, weights, strict=True):
            np.testing.assert_array_equal(before, after)
        ids = self.scores.argmax(axis=1)
        np.testing.assert_array_equal(self.labeled.predict_classes(self.x), ids)
        np.testing.assert_array_equal(
            self.labeled.predict(self.x, verbose=0), self.scores
        )


class MineError(Exception):
    """What a user's own code raises."""


def then_raises(x, error):
    yield x, np.zeros(len(x))
    raise error


@pytest.mark.parametrize("error", [MineError("mine"), KeyboardInterrupt("mine")])
@pytest.mark.parametrize("method", [*DECISIONS, "predict_with_targets"])
def test_generator_that_raises(guarded_model, x, method, error):
    with Unchanged(guarded_model, x), pytest.raises(type(error), match="mine"):
        getattr(guarded_model, method)(then_raises(x, error), **K.get(method, {}))


@pytest.mark.parametrize("workers", [1, 2])
def test_py_dataset_that_raises(guarded_model, x, workers):
    class Rows(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            if index == 1:
                raise MineError("mine")
            return x, x[:, 0]

    for method in (guarded_model.predict_classes, guarded_model.predict_with_targets):
        with Unchanged(guarded_model, x), pytest.raises(MineError, match="mine"):
            method(Rows(workers=workers))


class Interrupts(keras.callbacks.Callback):
    """Interrupts the second batch, when the weights are on their way."""

    def on_predict_batch_end(self, batch, logs=None):
        if batch == 1:
            raise KeyboardInterrupt("mine")


@pytest.mark.parametrize("method", [*DECISIONS, "predict"])
def test_interrupt_from_a_callback(guarded_model, x, method):
    with Unchanged(guarded_model, x), pytest.raises(KeyboardInterrupt, match="mine"):
        getattr(guarded_model, method)(
            x, batch_size=2, callbacks=[Interrupts()], verbose=0, **K.get(method, {})
        )


@pytest.mark.parametrize("method", [*DECISIONS, "predict_with_targets"])
def test_wrong_shape_in_the_second_batch(guarded_model, x, method):
    batches = ((part, x[:, 0]) for part in (x, x[:, :3]))
    with (
        Unchanged(guarded_model, x),
        pytest.raises(kl.InputError, match=r"batch 2,.*\(10, 3\)"),
    ):
        getattr(guarded_model, method)(batches, **K.get(method, {}))


def test_wrong_shape_in_predict(guarded_model, x):
    for method in (guarded_model.predict, guarded_model.predict_on_batch):
        with Unchanged(guarded_model, x), pytest.raises(Exception):  # noqa: B017, PT011
            method(x[:, :3])


def test_generator_that_raises_in_predict(guarded_model, x):
    data = then_raises(x, MineError("mine"))
    with Unchanged(guarded_model, x), pytest.raises(Exception):  # noqa: B017, PT011
        guarded_model.predict(data, verbose=0)


def test_failure_is_not_undone_into_older_weights(guarded_model, x):
    """On jax a stale state would be written back by the next callback."""

    class LooksAtTheModel(keras.callbacks.Callback):
        def on_predict_begin(self, logs=None):
            assert self.model is not None

    with pytest.raises(KeyboardInterrupt):
        guarded_model.predict(x, batch_size=2, callbacks=[Interrupts()], verbose=0)
    with pytest.raises(Exception):  # noqa: B017, PT011
        guarded_model.predict_on_batch(x[:, :3])
    new = [w + 1 for w in guarded_model.model.get_weights()]
    guarded_model.model.set_weights(new)
    guarded_model.predict(x, callbacks=[LooksAtTheModel()], verbose=0)
    guarded_model.predict_classes(x, callbacks=[LooksAtTheModel()])
    for wanted, found in zip(new, guarded_model.model.get_weights(), strict=True):
        np.testing.assert_array_equal(wanted, found)


def test_interrupt_inside_the_step(x):
    """The model itself is interrupted, as by Ctrl-C in a long step."""

    class Inner(keras.Model):
        interrupted = False

        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, inputs):
            if self.interrupted:
                raise KeyboardInterrupt("mine")
            return self.dense(inputs)

    model = Inner()
    model(x)
    model.compile(run_eagerly=True, loss="mse")
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    for method in (labeled.predict_classes, labeled.predict, labeled.predict_on_batch):
        with Unchanged(labeled, x):
            model.interrupted = True
            with pytest.raises(KeyboardInterrupt):
                method(x)
            model.interrupted = False
