"""A model that says itself what a prediction is: its scores are the ones decided."""

import keras
import numpy as np
import pytest
import reference
from keras import layers

from keras_labels import DecodingError, InputError, LabeledModel, append_decoding
from keras_labels.layers import ArgmaxLayer

X = np.array([[10.0], [60.0], [200.0], [130.0], [127.0]], "float32")


class Scaled(keras.Model):
    """Preprocesses in `predict`, as a KerasHub task does."""

    def predict(self, x, **kwargs):
        return super().predict(np.asarray(x, "float32") / 255 - 0.5, **kwargs)


class Bare(keras.Model):
    """Takes nothing but data."""

    def predict(self, x):
        return keras.ops.convert_to_numpy(self(np.asarray(x, "float32") / 255 - 0.5))


def network(cls=Scaled, units=1, activation="sigmoid"):
    inputs = keras.Input((1,))
    head = layers.Dense(units, activation)
    model = cls(inputs, head(inputs))
    rng = np.random.default_rng(0)
    kernel = np.ones((1, 1)) if units == 1 else rng.normal(size=(1, units))
    head.set_weights([kernel, np.zeros(units)])
    return model


def patched():
    """Return a plain model on which someone set a `predict`."""
    model = network(keras.Model)
    plain = model.predict
    model.predict = lambda x, **kwargs: plain(x / 255 - 0.5, **kwargs)
    return model


def batches(y=None):
    for at in range(0, len(X), 2):
        x = X[at : at + 2]
        yield (x,) if y is None else (x, y[at : at + 2])


MODELS = {"class": network, "instance": patched, "bare": lambda: network(Bare)}
ways = pytest.mark.parametrize("make", MODELS.values(), ids=list(MODELS))


@ways
def test_decisions_are_those_of_the_models_own_predict(make):
    model = make()
    labeled = LabeledModel(
        model, task="binary", from_logits=False, class_names=["dark", "light"]
    )
    own = model.predict(X)[:, 0]
    assert labeled.predict_classes(X).tolist() == (own > 0.5).astype(int).tolist()
    assert labeled.predict_classes(X).tolist() == [0, 0, 1, 1, 0]
    np.testing.assert_allclose(labeled.predict_proba(X)[:, 1], own, rtol=1e-6)
    assert labeled.predict_labels(X).tolist()[:3] == ["dark", "dark", "light"]
    assert labeled.predict_one(X[2]).label == "light"
    assert labeled.predict_top_k(X[:1])[0][0][0] == "dark"


def test_a_predict_set_later_is_seen():
    model = network(keras.Model)
    labeled = LabeledModel(model)
    assert labeled.predict_classes(X).tolist() == [1, 1, 1, 1, 1]
    plain = model.predict
    model.predict = lambda x, **kwargs: plain(x / 255 - 0.5, **kwargs)
    assert labeled.predict_classes(X).tolist() == [0, 0, 1, 1, 0]
    del model.predict
    assert labeled.predict_classes(X).tolist() == [1, 1, 1, 1, 1]


def test_logits_of_an_own_predict_are_activated_once():
    model = network(units=3, activation=None)
    labeled = LabeledModel(model, task="multiclass", from_logits=True)
    own = model.predict(X, verbose=0)
    np.testing.assert_allclose(
        labeled.predict_proba(X), reference.softmax(own), atol=1e-6
    )


@ways
def test_datasets_are_predicted_batch_by_batch_with_their_targets(make):
    labeled = LabeledModel(make(), task="binary", from_logits=False)
    assert labeled.predict_classes(batches()).tolist() == [0, 0, 1, 1, 0]
    y = np.array([0, 0, 1, 1, 1])
    y_true, p = labeled.predict_with_targets(batches(y))
    assert y_true.tolist() == y.tolist()
    assert (p[:, 1] > 0.5).tolist() == [False, False, True, True, False]
    assert labeled.report(batches(y)).to_dict()["metrics"]["accuracy"] == 0.8
    assert labeled.report(X, y).to_dict()["metrics"]["accuracy"] == 0.8


def test_tuning_cuts_the_scores_of_its_own_predict():
    labeled = LabeledModel(network(), task="binary", from_logits=False)
    tuned = labeled.tune_thresholds(X, np.array([0, 1, 1, 1, 1]), metric="accuracy")
    assert tuned.predict_classes(X).tolist() == [0, 1, 1, 1, 1]


@ways
def test_no_rows_and_one_row(make):
    labeled = LabeledModel(make(), task="binary", from_logits=False)
    assert labeled.predict_proba(X[:0]).shape == (0, 2)
    assert labeled.predict_classes(X[2:3]).tolist() == [1]


def test_options_reach_it_or_are_refused():
    labeled = LabeledModel(network(), task="binary", from_logits=False)
    seen = []

    class Count(keras.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs=None):
            del logs
            seen.append(batch)

    labeled.predict_classes(X, batch_size=2, callbacks=[Count()])
    assert seen == [0, 1, 2]
    assert len(labeled.predict_classes(X, batch_size=2, steps=2)) == 4
    for option in ({"memory_budget": 1000}, {"jit_compile": True}):
        with pytest.raises(InputError, match=f"takes no `{next(iter(option))}`"):
            labeled.predict_classes(X, **option)
    bare = LabeledModel(network(Bare), task="binary", from_logits=False)
    with pytest.raises(InputError, match="takes no `batch_size`"):
        bare.predict_classes(X, batch_size=2)


def test_progress_is_shown(capsys):
    labeled = LabeledModel(network(), task="binary", from_logits=False)
    labeled.predict_classes(X)
    assert capsys.readouterr().out == ""
    labeled.predict_classes(X, verbose=2)
    assert "1/1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "give",
    [
        lambda x, **_: np.zeros(len(x), "float32"),
        lambda x, **_: np.zeros((len(x), 2), "float32"),
        lambda x, **_: np.zeros((len(x), 1), "int64"),
        lambda x, **_: np.zeros((len(x) + 1, 1), "float32"),
        lambda x, **_: {"label": ["dark"] * len(x)},
    ],
    ids=["no unit axis", "other units", "decisions", "other rows", "other things"],
)
def test_what_is_no_score_of_the_head_is_refused(give):
    model = network(keras.Model)
    labeled = LabeledModel(model)
    model.predict = give
    with pytest.raises(InputError, match=r"gives no scores of .* for 5 rows"):
        labeled.predict_classes(X)


def test_a_graph_without_it_must_be_asked_for(tmp_path):
    labeled = LabeledModel(network(), task="binary", from_logits=False)
    with pytest.raises(DecodingError, match=r"would lack .* preprocessing=False"):
        labeled.decoded()
    with pytest.raises(DecodingError, match=r"would lack .* preprocessing=False"):
        append_decoding(network(units=2), ArgmaxLayer())
    graph = labeled.decoded("classes", preprocessing=False)
    assert graph.predict(X / 255 - 0.5, verbose=0).tolist() == [0, 0, 1, 1, 0]
    with pytest.raises(DecodingError, match="False or None"):
        labeled.decoded(preprocessing="yes")
