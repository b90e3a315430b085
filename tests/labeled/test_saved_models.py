"""`LabeledModel(path)` of a saved `LabeledModel`, changed by what is said."""

import keras
import numpy as np
import pytest

from keras_labels import Decoding, DecodingError, Head, LabeledModel

# Probabilities 0.2, 0.5, 0.7 and 0.95.
X = np.log(np.array([[0.25], [1.0], [7 / 3], [19.0]])).astype("float32")


@pytest.fixture
def path(tmp_path):
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")]
    )
    model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    model.optimizer.build(model.trainable_variables)  # else Keras warns as it loads
    labeled = LabeledModel(
        model,
        class_names=["ham", "spam"],
        threshold=0.9,
        inclusive=True,
        reject_below=0.6,
        name="post",
    )
    labeled.save(tmp_path / "m.keras")
    return tmp_path / "m.keras"


def test_a_saved_model_comes_back(path):
    want, found = keras.saving.load_model(path), LabeledModel(path)
    assert type(found) is LabeledModel
    assert not isinstance(found.model, LabeledModel)
    assert found.decoding == want.decoding
    assert (found.name, found.compiled) == ("post", True)
    assert found.predict_labels(X).tolist() == ["ham", None, None, "spam"]
    assert LabeledModel(str(path)).decoding == want.decoding


def test_what_is_said_changes_it_and_nothing_else(path):
    want = LabeledModel(path).decoding
    for changes in (
        {"threshold": 0.3},
        {"class_names": ["no", "yes"], "reject_below": 0.8},
        {"inclusive": False},
        {"costs": [[0, 1], [5, 0]], "inclusive": False},
    ):
        assert LabeledModel(path, **changes).decoding == want.replace(**changes)
    lower = LabeledModel(path, threshold=0.65, name="other")
    assert lower.predict_labels(X).tolist() == ["ham", None, "spam", "spam"]
    assert lower.name == "other"


def test_a_whole_decoding_takes_its_place(path):
    rule = Decoding(Head("binary", 1, from_logits=True), threshold=0.1)
    assert LabeledModel(path, decoding=rule).decoding == rule
    with pytest.raises(DecodingError, match="`decoding` says everything"):
        LabeledModel(path, decoding=rule, threshold=0.2)


def test_what_the_model_emits_is_known(path):
    said = LabeledModel(path, task="binary", from_logits=True, axis=-1)
    assert said.decoding == LabeledModel(path).decoding
    for keywords in ({"from_logits": False}, {"task": "multilabel"}, {"axis": 2}):
        name = next(iter(keywords))
        with pytest.raises(DecodingError, match=f"1 unit, logits.*Received: {name}="):
            LabeledModel(path, **keywords)
    with pytest.raises(DecodingError, match="Received: \\['heads'\\]"):
        LabeledModel(path, heads={"a": {"threshold": 0.2}})


def test_heads_are_changed_by_name(tmp_path):
    inputs = keras.Input((1,))
    a = keras.layers.Dense(3, "softmax", name="a")(inputs)
    b = keras.layers.Dense(1, "sigmoid", name="b")(inputs)
    heads = {"a": {"class_names": ["x", "y", "z"]}, "b": {"threshold": 0.2}}
    labeled = LabeledModel(keras.Model(inputs, {"a": a, "b": b}), heads=heads)
    labeled.save(path := tmp_path / "m.keras")
    assert LabeledModel(path).decoding == labeled.decoding
    changed = LabeledModel(path, heads={"b": {"threshold": 0.4}}).decoding
    assert changed == labeled.with_decoding(heads={"b": {"threshold": 0.4}}).decoding
    for wrong in ({"threshold": 0.4}, {"heads": {"b": labeled.decoding["b"]}}):
        with pytest.raises(DecodingError, match="Received: "):
            LabeledModel(path, **wrong)


def test_a_labeled_model_itself_is_changed_with_its_method(path):
    with pytest.raises(DecodingError, match="with_decoding"):
        LabeledModel(LabeledModel(path))
