"""Files that callbacks write while the wrapper is trained."""

import keras
import numpy as np
import pytest
from twins import (
    KINDS,
    NAMES,
    X,
    Y,
    assert_same_weights,
    data_of,
    made,
    sequential,
    twins,
)

from keras_labels import LabeledModel

ModelCheckpoint = keras.callbacks.ModelCheckpoint


def fitted(model, x=X, **options):
    """Train without shuffling, so that a run can be cut in two."""
    keras.utils.set_random_seed(5)
    return model.fit(x, Y, verbose=0, shuffle=False, batch_size=16, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_checkpoint_loads_as_labeled_model_and_goes_on_as_the_twin(kind, tmp_path):
    x = data_of(kind)
    pair = twins(kind)
    loaded = []
    for name, model in zip(("plain", "labeled"), pair, strict=True):
        path = str(tmp_path / f"{name}.keras")
        fitted(model, x, epochs=2, callbacks=[ModelCheckpoint(path)])
        keras.utils.set_random_seed(11)  # dropout seeds are drawn anew
        loaded.append(keras.saving.load_model(path))
    plain, labeled = loaded
    assert isinstance(labeled, LabeledModel)
    assert labeled.decoding == pair[1].decoding
    for one in loaded:
        assert_same_weights(one, pair[0])
        assert int(one.optimizer.iterations) == 6
    want, have = fitted(plain, x, epochs=2), fitted(labeled, x, epochs=2)
    assert have.history == want.history
    assert_same_weights(plain, labeled)


def test_best_checkpoint_holds_the_weights_of_the_best_epoch(tmp_path):
    path = str(tmp_path / "best.keras")
    best = ModelCheckpoint(path, monitor="loss", mode="max", save_best_only=True)
    kept = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: kept.append((logs["loss"], weights(labeled)))
    )
    _, labeled = twins("sequential")
    fitted(labeled, epochs=3, callbacks=[keep, best])
    losses = [loss for loss, _ in kept]
    assert losses[0] > losses[-1]
    loaded = keras.saving.load_model(path)
    assert isinstance(loaded, LabeledModel)
    for a, b in zip(kept[int(np.argmax(losses))][1], weights(loaded), strict=True):
        np.testing.assert_array_equal(a, b)


def weights(model):
    return [np.array(w) for w in model.get_weights()]


def test_weights_checkpoint_loads_into_wrapper_and_model(tmp_path):
    path = str(tmp_path / "epoch.weights.h5")
    _, labeled = twins("sequential")
    fitted(labeled, epochs=1, callbacks=[ModelCheckpoint(path, save_weights_only=True)])
    bare, wrapped = sequential(), LabeledModel(sequential())
    bare.load_weights(path)
    wrapped.load_weights(path)
    for other in (bare, wrapped):
        assert_same_weights(other, labeled)


def test_weights_checkpoint_of_the_model_loads_into_the_wrapper(tmp_path):
    path = str(tmp_path / "epoch.weights.h5")
    plain, _ = twins("sequential")
    fitted(plain, epochs=1, callbacks=[ModelCheckpoint(path, save_weights_only=True)])
    wrapped = LabeledModel(sequential())
    wrapped.load_weights(path)
    assert_same_weights(wrapped, plain)


class Cut(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("kind", ["sequential", "subclassed"])
def test_backup_goes_on_where_training_was_cut(kind, tmp_path):
    results = []
    for name, wrap in (("plain", lambda m: m), ("labeled", labeled_of)):
        backup = keras.callbacks.BackupAndRestore
        model = wrap(made(kind))
        with pytest.raises(KeyboardInterrupt):
            fitted(model, epochs=4, callbacks=[backup(tmp_path / name), Cut()])
        fresh = wrap(made(kind))
        history = fitted(fresh, epochs=4, callbacks=[backup(tmp_path / name)])
        results.append((history, fresh))
    (want, plain), (have, labeled) = results
    assert have.epoch == want.epoch == [2, 3]
    assert have.history == want.history
    assert_same_weights(plain, labeled)
    assert int(labeled.optimizer.iterations) == 12


def labeled_of(model):
    return LabeledModel(
        model, class_names=NAMES, task="multiclass", from_logits=model.name[:3] == "sub"
    )


def test_checkpoint_of_a_model_that_cannot_load_stops_at_the_first_epoch(tmp_path):
    class Local(keras.Sequential):
        pass

    model = Local([keras.Input((6,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    labeled = LabeledModel(model, class_names=NAMES)
    path = tmp_path / "m.keras"
    with pytest.raises(ValueError, match="could be saved but not loaded again"):
        fitted(labeled, epochs=2, callbacks=[ModelCheckpoint(str(path))])
    assert not path.exists()
