"""Mistakes that new users made with the README open, and what they are told."""

import json

import keras
import numpy as np
import pytest

import keras_labels as kl


def scores_of(units, activation=None):
    """Return a model that gives its input, or an activation of it."""
    return keras.Sequential(
        [keras.Input((units,)), keras.layers.Activation(activation or "linear")]
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", 0.9), ("class_names", ["a", "b"]), ("decoding", None), ("head", 1)],
)
def test_decision_is_not_changed_in_place(name, value):
    labeled = kl.LabeledModel(scores_of(1, "sigmoid"))
    with pytest.raises(
        kl.DecodingError, match=f"`{name}` cannot be set.*with_decoding"
    ):
        setattr(labeled, name, value)


@pytest.mark.parametrize(("units", "shown"), [(1, 2), (3, 3), (8, 5)])
def test_top_k_shows_five_or_all(units, shown):
    labeled = kl.LabeledModel(scores_of(units, "sigmoid"))
    (best,) = labeled.predict_top_k(np.zeros((1, units)))
    assert len(best) == shown


def test_top_k_of_too_many_names_the_limit():
    labeled = kl.LabeledModel(scores_of(3, "softmax"))
    with pytest.raises(kl.DecodingError, match=r"^`k` is at least 1 and at most 3"):
        labeled.predict_top_k(np.zeros((1, 3)), k=4)


@pytest.mark.parametrize("method", ["predict_proba", "predict_one"])
@pytest.mark.parametrize("value", [-0.5, 1.5])
def test_logits_said_to_be_probabilities_are_noticed(method, value):
    model = scores_of(1)
    labeled = kl.LabeledModel(model, task="binary", from_logits=False)
    x = np.array([[value]], "float32")
    with pytest.raises(
        kl.InputError, match="make the LabeledModel with from_logits=Tr"
    ):
        getattr(labeled, method)(x[0] if method == "predict_one" else x)


def test_rounding_and_nan_are_no_mistake():
    labeled = kl.LabeledModel(scores_of(1), task="binary", from_logits=False)
    x = np.array([[1 + 1e-6], [-1e-6], [np.nan]], "float32")
    p = labeled.predict_proba(x)
    np.testing.assert_array_equal(p[:, 1], x[:, 0])


def test_prediction_is_ready_for_json():
    labeled = kl.LabeledModel(scores_of(1, "sigmoid"), class_names=["ham", "spam"])
    text = json.dumps(labeled.predict_one(np.zeros(1)).to_dict())
    assert json.loads(text) == {
        "label": "ham",
        "class_id": 0,
        "probability": 0.5,
        "probabilities": {"ham": 0.5, "spam": 0.5},
    }


def test_heads_are_a_dict():
    x = keras.Input((4,))
    heads = {n: keras.layers.Dense(2, "softmax", name=n)(x) for n in ("one", "two")}
    with pytest.raises(kl.DecodingError, match=r"heads=\{'one': \{\.\.\.\}\}"):
        kl.LabeledModel(keras.Model(x, heads), heads=["one"])


def test_model_that_ends_in_decisions_is_not_wrapped():
    decided = keras.Sequential([scores_of(3), kl.ArgmaxLayer()])
    with pytest.raises(kl.HeadError, match="ends in decisions already"):
        kl.LabeledModel(decided)
