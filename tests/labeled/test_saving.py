"""What is saved comes back: decisions, compile state, optimizer, copies."""

import copy
import json
import pickle

import keras
import numpy as np
import pytest
from twins import KINDS, NAMES, X, Y, assert_same_weights, data_of, sequential, trained

from keras_labels import LabeledModel


@pytest.fixture(scope="module", params=KINDS)
def saved(request, tmp_path_factory):
    """A trained model of each kind, its file, and its data."""
    keras.utils.set_random_seed(0)
    labeled = trained(request.param).with_decoding(reject_below=0.45)
    labeled.name = "pets"
    path = str(tmp_path_factory.mktemp("saved") / "m.keras")
    labeled.save(path)
    return labeled, path, data_of(request.param)


def assert_same(loaded, labeled, x):
    assert type(loaded) is LabeledModel
    assert loaded.decoding == labeled.decoding
    assert loaded.head.evidence == labeled.head.evidence
    assert loaded.explain() == labeled.explain()
    assert_same_weights(loaded, labeled)
    np.testing.assert_array_equal(loaded.predict_classes(x), labeled.predict_classes(x))
    np.testing.assert_allclose(
        loaded.predict_proba(x), labeled.predict_proba(x), atol=1e-6
    )


def test_file_comes_back_compiled(saved):
    labeled, path, x = saved
    loaded = keras.saving.load_model(path)
    assert_same(loaded, labeled, x)
    assert loaded.name == labeled.name
    assert loaded.model.name == labeled.model.name
    assert loaded.compiled
    assert loaded.get_compile_config() == labeled.get_compile_config()
    assert int(loaded.optimizer.iterations) == int(labeled.optimizer.iterations) == 4
    for a, b in zip(
        loaded.optimizer.variables, labeled.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(np.array(a.value), np.array(b.value))
    assert loaded.evaluate(x, Y, verbose=0) == labeled.evaluate(x, Y, verbose=0)


def test_compile_false_is_obeyed(saved):
    labeled, path, x = saved
    loaded = keras.saving.load_model(path, compile=False)
    assert not loaded.compiled
    assert not loaded.model.compiled
    assert loaded.optimizer is None
    assert_same(loaded, labeled, x)


def test_copies_are_equal_and_have_weights_of_their_own(saved):
    labeled, _, x = saved
    for made in (copy.deepcopy(labeled), pickle.loads(pickle.dumps(labeled))):
        assert_same(made, labeled, x)
        assert made.model is not labeled.model
        made.set_weights([w * 0 for w in made.get_weights()])
        assert float(np.abs(labeled.get_weights()[0]).sum()) > 0


def test_clone_has_the_decisions_and_fresh_weights(saved):
    labeled, _, x = saved
    clone = keras.models.clone_model(labeled)
    assert type(clone) is LabeledModel
    assert clone.decoding == labeled.decoding
    assert np.abs(clone.get_weights()[0] - labeled.get_weights()[0]).max() > 0.01
    clone.set_weights(labeled.get_weights())
    assert_same(clone, labeled, x)


def test_json_has_the_decisions(saved):
    labeled, _, x = saved
    made = keras.models.model_from_json(labeled.to_json())
    made.set_weights(labeled.get_weights())
    assert_same(made, labeled, x)
    assert (
        json.loads(labeled.to_json())["registered_name"] == "keras_labels>LabeledModel"
    )


def test_weight_files_are_those_of_the_model(saved, tmp_path):
    labeled, _, _ = saved
    path = str(tmp_path / "w.weights.h5")
    other = copy.deepcopy(labeled)
    for source, target in ((labeled, other.model), (labeled.model, other)):
        other.set_weights([w * 0 for w in other.get_weights()])
        source.save_weights(path)
        target.load_weights(path)
        assert_same_weights(other, labeled)


def test_config_can_be_taken_twice(saved):
    labeled, _, _ = saved
    first = json.dumps(labeled.get_config())
    LabeledModel.from_config(labeled.get_config())
    assert json.dumps(labeled.get_config()) == first


def test_model_function_and_method_write_the_same(saved, tmp_path):
    labeled, _, x = saved
    path = str(tmp_path / "m.keras")
    keras.saving.save_model(labeled, path)
    assert_same(keras.saving.load_model(path), labeled, x)


def test_folder_in_place_of_a_file(saved, tmp_path):
    labeled, _, x = saved
    path = str(tmp_path / "folder")
    labeled.save(path, zipped=False)
    assert_same(keras.saving.load_model(path), labeled, x)


def test_compile_arguments_are_saved_once(saved):
    labeled, _, _ = saved
    assert labeled.to_json().count('"compile_config"') == 1


def test_model_from_a_path_can_be_labeled(tmp_path):
    path = tmp_path / "inner.keras"
    model = sequential()
    model.save(path)
    for given in (path, str(path)):
        labeled = LabeledModel(given, class_names=NAMES)
        np.testing.assert_allclose(
            labeled.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-6
        )


def test_a_labeled_model_is_not_wrapped_again():
    labeled = LabeledModel(sequential())
    with pytest.raises(ValueError, match="with_decoding"):
        LabeledModel(labeled)


def test_model_that_was_predicted_with_saves_the_same_file(tmp_path):
    labeled = LabeledModel(sequential(), class_names=NAMES)
    labeled.save(tmp_path / "before.keras")
    labeled.predict_labels(X)
    labeled.predict_top_k(X, 2)
    labeled.predict_proba(X)
    labeled.save(tmp_path / "after.keras")
    sizes = [p.stat().st_size for p in sorted(tmp_path.iterdir())]
    assert sizes[0] == sizes[1]
