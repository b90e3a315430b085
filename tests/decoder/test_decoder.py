"""A plain Keras model that ends in the decoding, on every kind of model."""

import keras
import numpy as np
import pytest
from twins import (
    KINDS,
    NAMES,
    PAIR,
    X,
    Y,
    data_of,
    functional,
    made,
    sequential,
    subclassed,
)

from keras_labels import (
    ArgmaxLayer,
    Decoding,
    DecodingError,
    Head,
    HeadError,
    LabeledModel,
    ThresholdLayer,
    append_decoding,
)
from keras_labels.decoder import DecodedModel

RULE = Decoding(Head("multiclass", 3, from_logits=False), NAMES)
LOGITS = Decoding(Head("multiclass", 3, from_logits=True), NAMES)


def rule_of(kind):
    return LOGITS if kind == "subclassed" else RULE


def two_outputs():
    inputs = keras.Input((6,))
    a = keras.layers.Dense(3, activation="softmax", name="a")(inputs)
    b = keras.layers.Dense(1, activation="sigmoid", name="b")(inputs)
    return keras.Model(inputs, {"a": a, "b": b}, name="two")


@pytest.mark.parametrize("kind", KINDS)
def test_decoding_gives_what_the_labeled_model_gives(kind):
    model, x = KINDS[kind](), data_of(kind)
    labeled = LabeledModel(model, decoding=rule_of(kind))
    plain = append_decoding(model, rule_of(kind))
    assert type(plain).__name__ == (
        "DecodedModel" if kind == "subclassed" else "Functional"
    )
    inside = "_decoded" if kind == "subclassed" else ""
    assert plain.name == f"{model.name}{inside}"
    result = plain.predict(x, verbose=0)
    assert set(result) == {"probabilities", "classes"}
    assert result["classes"].dtype == np.int32
    np.testing.assert_array_equal(result["classes"], labeled.predict_classes(x))
    np.testing.assert_allclose(
        result["probabilities"], labeled.predict_proba(x), atol=1e-6
    )


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_are_chosen_together_or_alone(kind):
    x = data_of(kind)
    labeled = LabeledModel(KINDS[kind](), decoding=rule_of(kind))
    for outputs in (("classes", "scores"), ("scores", "probabilities"), ["classes"]):
        assert set(labeled.decoded(outputs)(x)) == set(outputs)
    alone = labeled.decoded("scores").predict(x, verbose=0)
    np.testing.assert_allclose(alone, labeled.predict(x, verbose=0), atol=1e-6)
    for wrong in ("labels", ("classes", "classes"), ()):
        with pytest.raises(DecodingError, match="`outputs` names one or more"):
            labeled.decoded(wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_shared(kind):
    model, x = made(kind), data_of(kind)
    plain = append_decoding(model, rule_of(kind))
    assert [id(v) for v in plain.weights] == [id(v) for v in model.weights]
    before = plain.predict(x, verbose=0)["probabilities"]
    model.set_weights([w + 0.5 * (w > 0) for w in model.get_weights()])
    after = plain.predict(x, verbose=0)["probabilities"]
    assert np.abs(after - before).max() > 0.01
    scores = model.predict(x, verbose=0)
    np.testing.assert_array_equal(
        plain.predict(x, verbose=0)["classes"], scores.argmax(1)
    )


@pytest.mark.parametrize("kind", ["functional", "subclassed"])
def test_decoded_model_is_saved_without_optimizer_and_loads(kind, tmp_path):
    model, x = made(kind), data_of(kind)
    model.fit(x, Y, epochs=1, verbose=0)
    plain = append_decoding(model, rule_of(kind), name="served")
    plain.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert loaded.name == "served"
    assert not loaded.compiled
    assert not getattr(getattr(loaded, "model", None), "compiled", False)
    want, have = plain.predict(x, verbose=0), loaded.predict(x, verbose=0)
    np.testing.assert_array_equal(have["classes"], want["classes"])
    np.testing.assert_allclose(have["probabilities"], want["probabilities"], atol=1e-6)


def test_decoded_model_infers_even_in_training():
    plain = append_decoding(subclassed(), LOGITS)
    quiet, loud = plain(X), plain(X, training=True)
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(quiet["probabilities"]),
        keras.ops.convert_to_numpy(loud["probabilities"]),
    )


def test_layers_are_appended_as_they_are():
    model = append_decoding(sequential(), ArgmaxLayer())
    assert model.output.dtype == "int32"
    assert model.output.shape == (None,)
    binary = sequential(1, "sigmoid")
    cut = append_decoding(binary, ThresholdLayer(0.4))
    p = binary.predict(X, verbose=0)
    np.testing.assert_array_equal(cut.predict(X, verbose=0), (p > 0.4).astype("int32"))


def test_named_inputs_stay_named():
    plain = append_decoding(functional(), RULE)
    assert set(plain.input) == {"left", "right"}
    assert plain(PAIR)["classes"].shape == (48,)


def test_list_of_inputs_stays_a_list():
    left, right = keras.Input((4,)), keras.Input((2,))
    both = keras.layers.Concatenate()([left, right])
    model = keras.Model(
        [left, right], keras.layers.Dense(3, activation="softmax")(both)
    )
    plain = append_decoding(model, RULE)
    x = [PAIR["left"], PAIR["right"]]
    np.testing.assert_array_equal(
        plain.predict(x, verbose=0)["classes"], model.predict(x, verbose=0).argmax(1)
    )


def test_several_outputs_are_decoded_by_name():
    model = two_outputs()
    cut = ThresholdLayer(0.4)
    plain = append_decoding(model, {"a": RULE, "b": cut})
    scores, result = model.predict(X, verbose=0), plain.predict(X, verbose=0)
    assert set(result) == {"a_probabilities", "a_classes", "b"}
    np.testing.assert_array_equal(result["a_classes"], scores["a"].argmax(1))
    np.testing.assert_array_equal(result["b"], (scores["b"] > 0.4).astype("int32"))
    partly = append_decoding(model, {"b": cut}).predict(X, verbose=0)
    np.testing.assert_allclose(partly["a"], scores["a"], atol=1e-6)


def test_decoded_dict_keeps_its_layers_after_loading(tmp_path):
    @keras.saving.register_keras_serializable("test_decoder")
    class Two(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.a, self.b = keras.layers.Dense(3), keras.layers.Dense(2)

        def call(self, inputs):
            return {"a": self.a(inputs), "b": self.b(inputs)}

    model = Two()
    model(X)
    plain = append_decoding(model, {"a": LOGITS})
    assert isinstance(plain, DecodedModel)
    plain.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    want, have = plain.predict(X, verbose=0), loaded.predict(X, verbose=0)
    assert set(have) == set(want) == {"a_probabilities", "a_classes", "b"}
    for name, values in want.items():
        np.testing.assert_allclose(have[name], values, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "decoding", "message"),
    [
        (sequential, "argmax", "takes a decoding layer or a Decoding.*'argmax'"),
        (sequential, None, "Received: None"),
        (sequential, ArgmaxLayer, "takes a decoding layer or a Decoding"),
        (sequential, {"a": RULE}, "one output without a name.*'a'"),
        (two_outputs, RULE, r"'two' has several outputs, \['a', 'b'\]"),
        (two_outputs, {"c": RULE}, r"\['a', 'b'\].*\['c'\]"),
        (two_outputs, {}, "for none of them"),
        (two_outputs, {"b": 3}, "Received: 3"),
    ],
)
def test_what_cannot_be_appended_is_refused(model, decoding, message):
    with pytest.raises(DecodingError, match=message):
        append_decoding(model(), decoding)


def test_units_that_do_not_fit_are_refused_at_once():
    rule = Decoding(Head("multiclass", 4, from_logits=False))
    with pytest.raises(HeadError, match="4 units"):
        append_decoding(sequential(), rule)
