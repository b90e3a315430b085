"""`restore_predict_classes` against the formula of Keras 2.5, written out here."""

import copy
import inspect
import logging
import pickle
import runpy
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from keras_labels.errors import DecodingError
from keras_labels.integrations import remove_predict_classes, restore_predict_classes

# Keras' own Variable.__array__ predates NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

NAMES = ("predict_classes", "predict_proba")
EXAMPLE = Path(__file__).parents[2] / "examples" / "restore_predict_classes.py"


def keras_2_5_classes(scores):
    """The body of Sequential.predict_classes in Keras 2.5, after its predict."""
    if scores.shape[-1] > 1:
        return scores.argmax(axis=-1)
    return (scores > 0.5).astype("int32")


def rows(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def echo(shape):
    """A model whose scores are its input, bit for bit."""
    return keras.Sequential([keras.Input(shape), keras.layers.Identity()])


def dense(units, activation="sigmoid", dtype="float32", shape=(3,)):
    keras.utils.set_random_seed(0)
    layer = keras.layers.Dense(units, activation=activation, dtype=dtype)
    return keras.Sequential([keras.Input(shape), layer])


def sequential():
    return dense(4, "softmax")


def functional():
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(inputs))


@keras.saving.register_keras_serializable("test_legacy")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.head = keras.layers.Dense(4, activation="softmax")

    def call(self, inputs):
        return self.head(inputs)


def subclassed():
    model = Subclassed()
    model(rows(1, 3))
    return model


kinds = pytest.mark.parametrize("make", [sequential, functional, subclassed])


def is_clean(model):
    return not any(hasattr(model, name) for name in NAMES)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("shape", [(3,), (7, 3)])
@pytest.mark.parametrize("activation", ["sigmoid", None])
@pytest.mark.parametrize("units", [1, 2, 5])
def test_equals_the_formula_of_keras_2_5(units, activation, shape, dtype):
    model = restore_predict_classes(dense(units, activation, dtype, shape))
    x = 3 * rows(40, *shape)
    scores = model.predict(x, batch_size=32, verbose=0)
    expected = keras_2_5_classes(scores)
    classes = model.predict_classes(x)
    np.testing.assert_array_equal(classes, expected)
    assert classes.dtype == expected.dtype == ("int32" if units == 1 else "int64")
    assert classes.shape == (40, *shape[:-1]) + ((1,) if units == 1 else ())
    proba = model.predict_proba(x)
    assert proba.dtype == scores.dtype
    np.testing.assert_array_equal(proba, scores)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([[0.4], [0.5], [np.nextafter(np.float32(0.5), 1)]], [[0], [0], [1]]),
        ([[np.nan], [7.0], [-0.0], [np.inf]], [[0], [1], [0], [1]]),
        ([[0.3, 0.3, 0.1], [-0.0, 0.0, -1.0], [0.2, np.nan, 0.9]], [0, 0, 1]),
        ([[0.7]], [[1]]),
        ([[0.7, 0.9]], [1]),
    ],
)
def test_cut_is_strict_and_the_first_best_wins(scores, expected):
    x = np.array(scores, "float32")
    classes = restore_predict_classes(echo(x.shape[1:])).predict_classes(x)
    assert classes.tolist() == expected


def test_float16_rounds_to_the_cut_before_it_is_cut():
    layer = keras.layers.Activation("linear", dtype="float16")
    model = restore_predict_classes(keras.Sequential([layer]))
    x = np.array([[0.5001], [0.5004]], "float32")
    assert model.predict_proba(x).dtype == np.float16
    assert model.predict_classes(x).tolist() == [[0], [1]]


def test_zero_rows_end_as_predict_ends():
    with pytest.raises(Exception) as of_predict:  # noqa: PT011
        dense(4).predict(rows(0, 3), verbose=0)
    with pytest.raises(of_predict.type):
        restore_predict_classes(dense(4)).predict_classes(rows(0, 3))


@pytest.mark.parametrize(
    ("row", "warned"),
    [
        ([0.0, 1.0], False),
        ([0.5, -1e-6], True),
        ([1.001, 0.0], True),
        ([9.0, np.nan], False),  # NumPy's min and max are NaN, and NaN > 1 is False
    ],
)
def test_predict_proba_logs_the_old_warning(caplog, row, warned):
    model = restore_predict_classes(echo((2,)))
    x = np.array([[0.0, 1.0], row], "float32")
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(model.predict_proba(x), x)
        model.predict_classes(x)
    text = (
        "Network returning invalid probability values. The last layer might not "
        "normalize predictions into probabilities (like softmax or sigmoid would)."
    )
    assert caplog.messages == [text] * warned


@pytest.mark.parametrize("name", NAMES)
def test_arguments_of_old_scripts(name):
    calls = []

    class Spy(keras.Sequential):
        def predict(self, x, batch_size=None, verbose="auto", **kwargs):
            calls.append((batch_size, verbose, kwargs))
            return super().predict(x, batch_size, verbose, **kwargs)

    method = getattr(restore_predict_classes(Spy([keras.layers.Identity()])), name)
    x = rows(3, 1) * 0
    method(x)
    method(x, 8, 1)
    method(x, verbose=0, batch_size=2)
    assert calls == [(32, 0, {}), (8, 1, {}), (2, 0, {})]
    assert list(inspect.signature(method).parameters) == ["x", "batch_size", "verbose"]
    assert method.__name__ == name


@kinds
def test_one_object_changes_and_changes_back(make):
    model, other = make(), make()
    model.predict(rows(4, 3), verbose=0)
    before = set(vars(model))
    for _ in range(2):
        restore_predict_classes(restore_predict_classes(model))
        assert model.predict_classes(rows(4, 3)).shape == (4,)
        assert is_clean(other)
        assert is_clean(type(model))
        assert remove_predict_classes(remove_predict_classes(model)) is model
        assert set(vars(model)) == before


def stored_names(path):
    with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as weights:
        names = []
        h5py.File(weights).visit(names.append)
        return archive.namelist(), names


@kinds
def test_saved_file_knows_nothing_of_it(make, tmp_path):
    model, x = make(), rows(40, 3)
    model.save(tmp_path / "before.keras")
    before = model.to_json(), stored_names(tmp_path / "before.keras")
    restore_predict_classes(model).save(tmp_path / "after.keras")
    assert (model.to_json(), stored_names(tmp_path / "after.keras")) == before
    loaded = keras.saving.load_model(tmp_path / "after.keras")
    assert is_clean(loaded)
    expected = restore_predict_classes(loaded).predict_classes(x)
    np.testing.assert_array_equal(model.predict_classes(x), expected)


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@kinds
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_copies_are_clean_and_their_own(make, copied):
    model, x = restore_predict_classes(make()), rows(40, 3)
    classes = model.predict_classes(x)
    twin = copied(model)
    assert is_clean(twin)
    restore_predict_classes(twin)
    np.testing.assert_array_equal(twin.predict_classes(x), classes)
    twin.set_weights([0 * weight for weight in twin.get_weights()])
    assert not twin.predict_classes(x).any()
    np.testing.assert_array_equal(model.predict_classes(x), classes)


@pytest.mark.parametrize("make", [sequential, functional])
def test_clone_is_clean(make):
    clone = keras.models.clone_model(restore_predict_classes(make()))
    assert is_clean(clone)
    assert restore_predict_classes(clone).predict_classes(rows(2, 3)).shape == (2,)


@kinds
def test_fit_afterwards_is_followed(make):
    model, twin, x = make(), make(), rows(40, 3)
    twin.set_weights(restore_predict_classes(model).get_weights())
    y = np.arange(40) % 4
    for each in (model, twin):
        each.compile("sgd", "sparse_categorical_crossentropy")
        each.fit(x, y, epochs=3, shuffle=False, verbose=0)
    expected = keras_2_5_classes(twin.predict(x, verbose=0))
    np.testing.assert_array_equal(model.predict_classes(x), expected)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a SavedModel")
def test_saved_model_is_written_as_before(tmp_path):
    import tensorflow as tf

    model, x = restore_predict_classes(dense(4, "softmax")), rows(5, 3)
    model.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(exported.serve(x), model.predict_proba(x), rtol=1e-6)


def test_several_outputs_are_refused_at_once():
    inputs = keras.Input((3,))
    outputs = [keras.layers.Dense(2, name=name)(inputs) for name in ("sick", "species")]
    with pytest.raises(DecodingError, match=r"'sick', 'species'.*LabeledModel"):
        restore_predict_classes(keras.Model(inputs, outputs))


def test_several_outputs_of_a_subclass_are_refused_when_seen():
    class Two(keras.Model):
        outputs = 2

        def call(self, inputs):
            return {"a": inputs, "b": inputs}

    model = restore_predict_classes(Two())
    for name in NAMES:
        with pytest.raises(DecodingError, match=r"is a dict.*LabeledModel"):
            getattr(model, name)(rows(2, 3))


def test_scores_without_an_axis_of_classes_are_refused():
    flat = keras.Sequential([keras.Input((1,)), keras.layers.Reshape(())])
    model, x = restore_predict_classes(flat), np.full((2, 1), 0.7, "float32")
    assert model.predict_proba(x).shape == (2,)
    with pytest.raises(DecodingError, match=r"shape \(2,\).*Reshape"):
        model.predict_classes(x)


@pytest.mark.parametrize("name", NAMES)
def test_methods_of_its_own_are_not_replaced(name):
    own = type("Own", (keras.Sequential,), {name: lambda self, x: "own"})
    model = own([keras.layers.Dense(1)])
    with pytest.raises(DecodingError, match=rf"Own.*has a {name} of its own"):
        restore_predict_classes(model)
    assert not set(NAMES) & vars(model).keys()
    assert getattr(remove_predict_classes(model), name)(0) == "own"


@pytest.mark.parametrize("thing", [None, "model.keras", keras.Sequential, np.ones(2)])
@pytest.mark.parametrize("act", [restore_predict_classes, remove_predict_classes])
def test_other_things_are_refused(act, thing):
    with pytest.raises(DecodingError, match=r"keras\.Model only, received.*of type"):
        act(thing)


def test_example(capsys):
    assert runpy.run_path(str(EXAMPLE))["main"]() > 0.93
    assert "malignant" in capsys.readouterr().out
