"""Training through the wrapper is training of the inner model: twins stay equal."""

import keras
import numpy as np
import pytest
from twins import (
    KINDS,
    NAMES,
    PAIR,
    X,
    Y,
    assert_same_weights,
    compile_as,
    data_of,
    made,
    sequential,
    twins,
)

from keras_labels import LabeledModel

kinds = pytest.mark.parametrize("kind", KINDS)


def part(x, rows):
    return keras.tree.map_structure(lambda a: a[rows], x)


def fitted(model, x, **options):
    keras.utils.set_random_seed(5)
    return model.fit(x, Y, verbose=0, **{"epochs": 3, "batch_size": 16, **options})


def callbacks_of_users(folder):
    return [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        keras.callbacks.ReduceLROnPlateau("val_loss", patience=0, min_delta=10.0),
        keras.callbacks.EarlyStopping(
            "val_loss", patience=1, min_delta=10.0, restore_best_weights=True
        ),
        keras.callbacks.CSVLogger(str(folder / "log.csv")),
        keras.callbacks.TerminateOnNaN(),
    ]


@kinds
def test_fit_with_callbacks_gives_history_log_and_weights_of_the_twin(kind, tmp_path):
    histories, logs = [], []
    pair = twins(kind)
    for name, model in zip(("plain", "labeled"), pair, strict=True):
        folder = tmp_path / name
        folder.mkdir()
        history = fitted(
            model,
            data_of(kind),
            epochs=6,
            validation_split=0.25,
            class_weight={0: 1.0, 1: 2.0, 2: 0.5},
            callbacks=callbacks_of_users(folder),
        )
        histories.append(history)
        logs.append((folder / "log.csv").read_text())
    plain, labeled = histories
    assert labeled.history == plain.history
    assert labeled.epoch == plain.epoch == [0, 1]  # stopped early
    assert plain.history["learning_rate"][1] < plain.history["learning_rate"][0]
    assert logs[0] == logs[1]
    assert_same_weights(*pair)
    # One epoch was taken back: the best weights are those of the first.
    assert pair[1].optimizer.iterations == pair[0].optimizer.iterations
    assert float(pair[1].optimizer.learning_rate) == float(
        pair[0].optimizer.learning_rate
    )


@kinds
def test_everything_of_training_answers_as_the_twin(kind):
    plain, labeled = twins(kind)
    x = data_of(kind)
    valid = (part(x, slice(32, None)), Y[32:])
    assert (
        fitted(labeled, x, validation_data=valid).history
        == fitted(plain, x, validation_data=valid).history
    )
    batch = part(x, slice(16)), Y[:16]
    for step in ("train_on_batch", "test_on_batch"):
        keras.utils.set_random_seed(5)
        want = getattr(plain, step)(*batch, return_dict=True)
        keras.utils.set_random_seed(5)
        assert getattr(labeled, step)(*batch, return_dict=True) == want
    assert_same_weights(plain, labeled)
    assert labeled.evaluate(x, Y, verbose=0) == plain.evaluate(x, Y, verbose=0)
    want = plain.evaluate(x, Y, verbose=0, return_dict=True)
    assert labeled.evaluate(x, Y, verbose=0, return_dict=True) == want
    np.testing.assert_array_equal(
        labeled.predict(x, verbose=0), plain.predict(x, verbose=0)
    )
    np.testing.assert_array_equal(
        labeled.predict_on_batch(batch[0]), plain.predict_on_batch(batch[0])
    )


class Watch(keras.callbacks.Callback):
    """Writes down which model it sees, and when."""

    def __init__(self):
        super().__init__()
        self.seen = {}

    def _see(self, when):
        self.seen[when] = self.model

    def on_train_begin(self, logs=None):
        self._see("train")

    def on_epoch_end(self, epoch, logs=None):
        self._see("epoch")

    def on_test_begin(self, logs=None):
        self._see("test")

    def on_predict_end(self, logs=None):
        self._see("predict")


def test_callbacks_see_the_labeled_model():
    _, labeled = twins("sequential")
    first, second = Watch(), Watch()
    labeled.fit(X, Y, verbose=0, epochs=1, callbacks=[first, second])
    assert set(first.seen) == set(second.seen) == {"train", "epoch"}
    # Keras takes a lone callback as well.
    labeled.evaluate(X, Y, verbose=0, callbacks=first)
    labeled.predict(X, verbose=0, callbacks=first)
    assert set(first.seen) == {"train", "epoch", "test", "predict"}
    seen = [*first.seen.values(), *second.seen.values()]
    assert all(model is labeled for model in seen)


def test_lambda_callback_can_decide_after_every_epoch():
    _, labeled = twins("sequential")
    decided = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: decided.append(labeled.predict_classes(X))
    )
    fitted(labeled, X, callbacks=[look])
    assert len(decided) == 3
    scores = labeled.model.predict(X, verbose=0)
    np.testing.assert_array_equal(decided[-1], scores.argmax(axis=1))


def test_callbacks_stop_training():
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    _, labeled = twins("sequential")
    history = fitted(labeled, X, epochs=9, callbacks=[Stop()])
    assert history.epoch == [0, 1]
    assert labeled.stop_training is labeled.model.stop_training is True


def test_nan_terminates_training_as_on_the_twin():
    def epochs(model):
        stop = keras.callbacks.TerminateOnNaN()
        nan = np.full(len(X), np.nan)
        options = {"sample_weight": nan, "callbacks": [stop]}
        return fitted(model, X, epochs=4, **options).epoch

    plain, labeled = twins("sequential")
    assert epochs(labeled) == epochs(plain) == [0]


def test_compiling_the_wrapper_compiles_the_model():
    keras.utils.set_random_seed(3)
    labeled = LabeledModel(sequential(), class_names=NAMES)
    assert not labeled.compiled
    assert labeled.optimizer is None
    compile_as(labeled, "sequential")
    assert labeled.compiled
    assert labeled.model.compiled
    assert labeled.optimizer is labeled.model.optimizer
    assert labeled.loss is labeled.model.loss
    plain = made("sequential")
    assert fitted(labeled, X).history == fitted(plain, X).history
    assert_same_weights(labeled, plain)


def test_compiling_the_model_is_seen_by_the_wrapper():
    model = sequential()
    labeled = LabeledModel(model)
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    assert labeled.compiled
    assert labeled.loss == "sparse_categorical_crossentropy"
    assert labeled.run_eagerly is True
    labeled.run_eagerly = False
    assert model.run_eagerly is False


def test_history_is_kept_as_on_the_model():
    _, labeled = twins("functional")
    history = fitted(labeled, PAIR, epochs=1)
    assert labeled.history is labeled.model.history is history


def test_unknown_argument_of_fit_is_a_type_error():
    _, labeled = twins("sequential")
    with pytest.raises(TypeError, match="epoch_count"):
        labeled.fit(X, Y, epoch_count=3)


def test_uncompiled_wrapper_says_what_the_model_says():
    labeled = LabeledModel(sequential())
    with pytest.raises(ValueError, match="compile"):
        labeled.fit(X, Y)
