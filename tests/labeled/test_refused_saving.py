"""What could not be loaded again is refused when it is saved, and no file is left."""

import functools

import keras
import numpy as np
import pytest
from twins import NAMES, X, sequential

from keras_labels import LabeledModel, SaveError

SAID = {"task": "multiclass", "from_logits": False, "class_names": NAMES}


def dense():
    return keras.layers.Dense(3, activation="softmax")


def own_softmax(x):
    return keras.ops.softmax(x)


@keras.saving.register_keras_serializable("refused")
def known_softmax(x):
    return keras.ops.softmax(x)


class Base(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.head = dense()

    def call(self, inputs):
        return self.head(inputs)


class Unregistered(Base):
    pass


@keras.saving.register_keras_serializable("refused")
class NeedsLayer(keras.Model):
    """Its argument is no plain value, and there is no get_config."""

    def __init__(self, head):
        super().__init__()
        self.head = head

    def call(self, inputs):
        return self.head(inputs)


@keras.saving.register_keras_serializable("refused")
class Forgets(Base):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def get_config(self):
        return {"name": self.name}


@keras.saving.register_keras_serializable("refused")
class OnlyWholeNumbers(Base):
    """Keras builds a loaded model with floats: this one stays without weights."""

    def call(self, inputs):
        if "int" not in keras.backend.standardize_dtype(inputs.dtype):
            raise TypeError("whole numbers only")
        return self.head(keras.ops.one_hot(inputs, 5))


class OwnLayer(keras.layers.Layer):
    def call(self, inputs):
        return inputs


@keras.saving.register_keras_serializable("refused")
class ForgetfulLayer(OwnLayer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def get_config(self):
        return {"name": self.name}


@keras.saving.register_keras_serializable("refused")
class KnownLayer(OwnLayer):
    pass


def called(model, x=X):
    model(x)
    return model


def with_layer(*layers):
    return keras.Sequential([keras.Input((6,)), *layers, dense()])


REFUSED = {
    "Could not locate class 'Unregistered'": lambda: called(Unregistered()),
    "must override .*get_config": lambda: called(NeedsLayer(dense())),
    "missing 1 required .* 'width'": lambda: called(Forgets(3)),
    "has 0 of its 2 weights": lambda: called(OnlyWholeNumbers(), np.arange(5)),
    "Could not locate class 'OwnLayer'": lambda: with_layer(OwnLayer()),
    "missing 1 required .* 'factor'": lambda: with_layer(ForgetfulLayer(2)),
    "Could not locate function 'own_softmax'": lambda: with_layer(
        keras.layers.Dense(3, activation=own_softmax)
    ),
}


@pytest.mark.filterwarnings("ignore:The object being serialized")
@pytest.mark.parametrize("reason", REFUSED)
def test_unloadable_model_is_refused_and_leaves_no_file(reason, tmp_path):
    labeled = LabeledModel(REFUSED[reason](), **SAID)
    path = tmp_path / "m.keras"
    with pytest.raises(SaveError, match=reason) as error:
        labeled.save(path)
    assert "register_keras_serializable" in str(error.value)
    assert "Full object config" not in str(error.value)
    assert not path.exists()
    with pytest.raises(SaveError, match=reason):
        keras.saving.save_model(labeled, path)
    with pytest.raises(SaveError, match=reason):
        keras.models.clone_model(labeled)


def test_decoded_unloadable_model_is_refused_and_leaves_no_file(tmp_path):
    decoded = LabeledModel(called(Unregistered()), **SAID).decoded()
    path = tmp_path / "m.keras"
    with pytest.raises(SaveError, match="Could not locate class 'Unregistered'"):
        decoded.save(path)
    assert not path.exists()


def test_failed_save_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "m.keras"
    LabeledModel(sequential(), class_names=NAMES).save(path)
    before = path.read_bytes()
    with pytest.raises(SaveError):
        LabeledModel(called(Unregistered()), **SAID).save(path)
    assert path.read_bytes() == before


def test_registered_classes_and_functions_load(tmp_path):
    path = tmp_path / "m.keras"
    model = with_layer(KnownLayer(), keras.layers.Dense(3, activation=known_softmax))
    labeled = LabeledModel(model, class_names=NAMES)
    labeled.save(path)
    loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(loaded.predict_labels(X), labeled.predict_labels(X))


def test_unregistered_class_saves_where_it_is_made_known(tmp_path):
    path = tmp_path / "m.keras"
    known = {"Unregistered": Unregistered}
    labeled = LabeledModel(called(Unregistered()), **SAID)
    with keras.saving.custom_object_scope(known):
        labeled.save(path)
        loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(loaded.predict_classes(X), labeled.predict_classes(X))


@pytest.mark.filterwarnings("ignore:The object being serialized includes a .lambda")
def test_lambda_layer_is_saved_and_loads_as_keras_says(tmp_path):
    """Safe mode refuses it, with Keras' own message; the user may switch that off."""
    path = tmp_path / "m.keras"
    twice = keras.layers.Lambda(lambda x: x * 2, output_shape=(6,))
    labeled = LabeledModel(with_layer(twice), class_names=NAMES)
    labeled.save(path)
    with pytest.raises(ValueError, match="safe_mode=False"):
        keras.saving.load_model(path)
    loaded = keras.saving.load_model(path, safe_mode=False)
    np.testing.assert_array_equal(loaded.predict_labels(X), labeled.predict_labels(X))


def test_own_loss_is_saved_and_loads_without_compiling(tmp_path):
    """As for a bare model: what it was compiled with is not what it decides with."""

    def own_loss(y_true, y_pred):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

    path = tmp_path / "m.keras"
    model = sequential()
    model.compile("sgd", own_loss)
    labeled = LabeledModel(model, class_names=NAMES)
    labeled.save(path)
    loaded = keras.saving.load_model(path, compile=False)
    assert loaded.decoding == labeled.decoding
    loaded = keras.saving.load_model(path, custom_objects={"own_loss": own_loss})
    assert loaded.compiled


def test_loss_that_cannot_be_written_is_left_out_and_said(tmp_path):
    """Keras writes no `functools.partial`; the decisions do not depend on it."""
    loss = functools.partial(keras.losses.sparse_categorical_crossentropy, axis=-1)
    path = tmp_path / "m.keras"
    model = sequential()
    model.compile("sgd", loss)
    labeled = LabeledModel(model, class_names=NAMES)
    with pytest.warns(UserWarning, match=r"saved as if it was not compiled.*partial"):
        labeled.save(path)
    assert model.get_compile_config.__func__ is keras.Model.get_compile_config
    loaded = keras.saving.load_model(path)
    assert not loaded.compiled
    assert loaded.decoding == labeled.decoding
    np.testing.assert_array_equal(loaded.predict_labels(X), labeled.predict_labels(X))
    labeled.decoded().save(path)  # nothing compiled is left in it: no warning


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("suffix", [".h5", ".hdf5"])
def test_old_format_is_refused(compiled, suffix, tmp_path):
    model = sequential()
    if compiled:
        model.compile("sgd", "sparse_categorical_crossentropy")
    labeled = LabeledModel(model, class_names=NAMES)
    path = tmp_path / f"m{suffix}"
    with pytest.raises(SaveError, match=r"\.h5 format.*\.keras"):
        labeled.save(path)
    assert not path.exists()


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_old_format_is_refused_by_the_function_of_keras(tmp_path):
    labeled = LabeledModel(sequential(), class_names=NAMES)
    with pytest.raises(SaveError, match=r"\.h5 format.*\.keras"):
        keras.saving.save_model(labeled, str(tmp_path / "m.h5"))
    labeled.save(tmp_path / "m.keras")  # the refusal ends with that call
