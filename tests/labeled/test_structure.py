"""Questions about structure are answered for the inner model."""

import keras
import numpy as np
import pytest
from twins import KINDS, NAMES, PAIR, X, data_of, functional, sequential, subclassed

from keras_labels import LabeledModel


def wrapped(kind):
    task = {"task": "multiclass", "from_logits": True} if kind == "subclassed" else {}
    return LabeledModel(KINDS[kind](), class_names=NAMES, **task)


def test_functional_inputs_and_outputs():
    labeled = LabeledModel(functional())
    model = labeled.model
    assert set(labeled.input) == {"left", "right"}
    assert all(a is b for a, b in zip(labeled.inputs, model.inputs, strict=True))
    assert labeled.output is model.output
    assert labeled.outputs[0] is model.outputs[0]
    assert labeled.input_shape == model.input_shape
    assert labeled.output_shape == (None, 3)
    assert labeled.input_names == ["left", "right"]
    assert labeled.output_names == model.output_names == [model.layers[-1].name]


def test_sequential_inputs_and_outputs():
    labeled = LabeledModel(sequential())
    assert labeled.input.shape == labeled.input_shape == (None, 6)
    assert labeled.output.shape == labeled.output_shape == (None, 3)
    assert len(labeled.inputs) == len(labeled.outputs) == 1
    assert labeled.output_names == [labeled.layers[-1].name]
    assert len(labeled.input_names) == 1


def test_subclassed_inputs_and_outputs_are_not_known():
    labeled = wrapped("subclassed")
    assert labeled.inputs is labeled.outputs is None
    assert labeled.input_names is labeled.output_names is None
    with pytest.raises(AttributeError, match="input"):
        _ = labeled.input


@pytest.mark.parametrize("kind", KINDS)
def test_layers_and_variables_are_those_of_the_model(kind):
    labeled = wrapped(kind)
    model = labeled.model
    assert labeled.layers == model.layers
    for index, layer in enumerate(model.layers):
        assert labeled.get_layer(index=index) is layer
        assert labeled.get_layer(layer.name) is layer
    assert [v.path for v in labeled.variables] == [v.path for v in model.variables]
    assert labeled.count_params() == model.count_params() > 0
    assert len(labeled.trainable_variables) == len(model.trainable_variables)
    assert len(labeled.non_trainable_variables) == len(model.non_trainable_variables)
    assert labeled.built


def test_unknown_layer_is_an_error():
    with pytest.raises(ValueError, match="nothing"):
        wrapped("sequential").get_layer("nothing")


@pytest.mark.parametrize("kind", KINDS)
def test_summary_is_that_of_the_model(kind):
    labeled = wrapped(kind)
    texts = []
    for model in (labeled, labeled.model):
        lines = []
        model.summary(
            print_fn=lambda text, line_break=True, lines=lines: lines.append(text)
        )
        texts.append("\n".join(lines))
    assert texts[0] == texts[1]
    assert labeled.model.name in texts[0]
    assert labeled.model.layers[-1].name in texts[0]


def test_metrics_are_those_of_the_model():
    labeled = wrapped("sequential")
    labeled.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    labeled.evaluate(X, np.zeros(len(X)), verbose=0)
    assert labeled.metrics == labeled.model.metrics
    assert labeled.metrics_names == labeled.model.metrics_names
    assert set(labeled.get_metrics_result()) == {"loss", "accuracy"}
    assert labeled.get_metrics_result() == labeled.model.get_metrics_result()
    labeled.reset_metrics()
    assert float(labeled.get_metrics_result()["loss"]) == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_call_gives_the_scores_of_the_model(kind):
    labeled = wrapped(kind)
    x = data_of(kind)
    for training in (False, None):
        want = keras.ops.convert_to_numpy(labeled.model(x, training=training))
        have = keras.ops.convert_to_numpy(labeled(x, training=training))
        np.testing.assert_array_equal(have, want)


def test_call_in_training_drops_out():
    labeled = LabeledModel(functional())
    quiet = keras.ops.convert_to_numpy(labeled(PAIR))
    loud = keras.ops.convert_to_numpy(labeled(PAIR, training=True))
    assert np.abs(quiet - loud).max() > 0.01


def test_wrapper_is_a_layer_of_another_model():
    labeled = LabeledModel(sequential())
    inputs = keras.Input((6,))
    outer = keras.Model(inputs, labeled(inputs))
    np.testing.assert_allclose(
        outer.predict(X, verbose=0), labeled.predict(X, verbose=0), atol=1e-6
    )


def test_names_of_the_wrapper():
    labeled = LabeledModel(sequential(), name="pets")
    assert labeled.name == "pets"
    assert labeled.with_decoding(reject_below=0.5).name == "pets"
    assert labeled.decoded().name == labeled.model.name


def test_wrapper_of_an_unbuilt_model_is_built_with_it():
    rule = LabeledModel(sequential()).decoding
    model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
    labeled = LabeledModel(model, decoding=rule)
    assert not labeled.built
    assert labeled.predict_classes(X).shape == (48,)
    assert labeled.built
    assert model.built


def test_subclassed_model_needs_no_training_argument():
    class Plain(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = keras.layers.Dense(3, activation="softmax")

        def call(self, inputs):
            return self.head(inputs)

    model = Plain()
    model(X)
    labeled = LabeledModel(model, task="multiclass", from_logits=False)
    scores = model.predict(X, verbose=0)
    np.testing.assert_array_equal(labeled.predict_classes(X), scores.argmax(1))
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(labeled(X, training=True)), scores, atol=1e-6
    )


def test_subclassed_twin_is_known_to_need_words():
    assert subclassed().built
