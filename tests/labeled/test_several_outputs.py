"""Models of several outputs: dicts, lists, subclassed; some of them classifiers."""

import json

import keras
import numpy as np
import pytest
from twins import X

from keras_labels import Decoding, DecodingError, Head, HeadError, LabeledModel

SPECIES = ["ant", "bee", "cow"]
HEADS = {
    "species": {"class_names": SPECIES},
    "sick": {"threshold": 0.3, "class_names": ["no", "yes"], "from_logits": True},
}


def heads(inputs):
    dense = keras.layers.Dense
    species = dense(3, activation="softmax", name="species")(inputs)
    return species, dense(1, name="sick")(inputs), dense(4, name="box")(inputs)


def by_name():
    inputs = keras.Input((6,))
    outputs = heads(inputs)
    names = ("species", "sick", "box")
    return keras.Model(inputs, dict(zip(names, outputs, strict=True)))


def by_place():
    inputs = keras.Input((6,))
    return keras.Model(inputs, list(heads(inputs)))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.species = keras.layers.Dense(3, activation="softmax")
        self.sick = keras.layers.Dense(1)
        self.box = keras.layers.Dense(4)

    def call(self, inputs):
        return {
            "species": self.species(inputs),
            "sick": self.sick(inputs),
            "box": self.box(inputs),
        }


def by_code():
    model = Subclassed()
    model(X)
    return model


SAID = {"species": {"task": "multiclass", "from_logits": False}}
FORMS = {"names": by_name, "places": by_place, "code": by_code}


@pytest.fixture(params=FORMS)
def labeled(request):
    keras.utils.set_random_seed(1)
    said = {name: dict(keywords) for name, keywords in HEADS.items()}
    if request.param == "code":
        said["species"] |= {"task": "multiclass", "from_logits": False}
        said["sick"] |= {"task": "binary"}
    return LabeledModel(FORMS[request.param](), heads=said)


def scores_of(labeled):
    scores = labeled.predict(X, verbose=0)
    if isinstance(scores, dict):
        return scores
    return dict(zip(("species", "sick", "box"), scores, strict=True))


def test_predictions_are_dicts_by_output_and_the_rest_passes_through(labeled):
    scores = scores_of(labeled)
    classes = labeled.predict_classes(X)
    assert set(classes) == {"species", "sick", "box"}
    np.testing.assert_array_equal(classes["species"], scores["species"].argmax(1))
    p = 1 / (1 + np.exp(-scores["sick"][:, 0].astype("float64")))
    np.testing.assert_array_equal(classes["sick"], (p > 0.3).astype("int32"))
    np.testing.assert_allclose(classes["box"], scores["box"], atol=1e-5)
    proba = labeled.predict_proba(X)
    np.testing.assert_allclose(proba["species"], scores["species"], atol=1e-6)
    np.testing.assert_allclose(proba["sick"], np.stack([1 - p, p], 1), atol=1e-6)
    labels = labeled.predict_labels(X)
    assert labels["sick"].tolist() == [["no", "yes"][i] for i in classes["sick"]]
    assert labels["species"].tolist() == [SPECIES[i] for i in classes["species"]]
    np.testing.assert_allclose(labels["box"], scores["box"], atol=1e-5)


def test_one_sample_gives_predictions_by_output(labeled):
    one = labeled.predict_one(X[0])
    labels = labeled.predict_labels(X[:1])
    assert one["species"].label == labels["species"][0]
    assert one["sick"].label == labels["sick"][0]
    assert one["box"].shape == (4,)
    top = labeled.predict_top_k(X[:1], 2)
    assert top["species"][0][0][0] == one["species"].label
    assert [name for name, _ in top["sick"][0]] in (["no", "yes"], ["yes", "no"])
    json.dumps({name: top[name] for name in HEADS})


def test_k_has_to_fit_every_head(labeled):
    with pytest.raises(DecodingError, match=r"at most 2 classes\. Received: 3"):
        labeled.predict_top_k(X, 3)


def test_heads_and_decodings_are_dicts(labeled):
    assert {n: h.task for n, h in labeled.head.items()} == {
        "species": "multiclass",
        "sick": "binary",
    }
    assert labeled.class_names == {"species": tuple(SPECIES), "sick": ("no", "yes")}
    assert labeled.decoding["sick"].threshold == (0.3,)
    labeled.decoding.clear()  # a copy
    assert set(labeled.decoding) == {"species", "sick"}


def test_changes_are_said_by_output(labeled):
    changed = labeled.with_decoding(heads={"sick": {"threshold": {"yes": 0.9}}})
    assert changed.decoding["sick"].threshold == (0.9,)
    assert changed.decoding["species"] == labeled.decoding["species"]
    assert changed.model is labeled.model
    with pytest.raises(DecodingError, match=r"heads=\{'s\w*': .*\['threshold'\]"):
        labeled.with_decoding(threshold=0.9)
    with pytest.raises(DecodingError, match=r"\['s.*', 's.*'\].*\['box'\]"):
        labeled.with_decoding(heads={"box": {"threshold": 0.9}})
    with pytest.raises(DecodingError, match=r"reject_below.*\['cut'\]"):
        labeled.with_decoding(heads={"sick": {"cut": 0.9}})


def test_decoded_outputs_are_flat(labeled):
    made = labeled.decoded().predict(X, verbose=0)
    assert set(made) == {
        "species_probabilities",
        "species_classes",
        "sick_probabilities",
        "sick_classes",
        "box",
    }
    classes = labeled.predict_classes(X)
    np.testing.assert_array_equal(made["sick_classes"], classes["sick"])
    alone = labeled.decoded("classes").predict(X, verbose=0)
    assert set(alone) == {"species", "sick", "box"}
    np.testing.assert_array_equal(alone["species"], classes["species"])


def test_explanation_tells_of_every_output(labeled):
    text = labeled.explain()
    assert "output: species\n  head: multiclass, 3 units, probabilities" in text
    assert "output: sick\n  head: binary, 1 unit, logits" in text
    assert "rule: class 1 (yes) if p > 0.3, else 0" in text
    assert "output: box\n  passes through" in text


def test_undeclared_outputs_are_listed_with_what_is_known():
    with pytest.raises(HeadError) as error:
        LabeledModel(by_name())
    text = str(error.value)
    assert "heads={'species': {...}}" in text
    assert "species: multiclass, 3 units, probabilities" in text
    assert "sick: Cannot tell whether 'sick' emits logits or probabilities" in text
    assert "box: Cannot tell" in text
    with pytest.raises(HeadError, match="several outputs"):
        LabeledModel(by_name(), class_names=SPECIES)


def test_one_decoding_does_not_serve_several_outputs():
    rule = Decoding(Head("multiclass", 3, from_logits=False))
    with pytest.raises(HeadError, match="several outputs"):
        LabeledModel(by_name(), decoding=rule)


def test_decodings_are_taken_as_they_are():
    rule = Decoding(Head("multiclass", 3, from_logits=False), SPECIES)
    for given in ({"heads": {"species": rule}}, {"decoding": {"species": rule}}):
        assert LabeledModel(by_name(), **given).decoding == {"species": rule}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"specie": {}}, r"\['species', 'sick', 'box'\]. Received: \['specie'\]"),
        ({}, r"\['species', 'sick', 'box'\]. Received: \{\}"),
        ({"species": {"names": SPECIES}}, "class_names.*'names'"),
        ({"species": SPECIES}, "dict of the keywords"),
        ({"box": {}}, "'box' emits logits or probabilities"),
        ({"species": {"class_names": ["a"]}}, "one per class, 3 for this head"),
        ({"species": Decoding(Head("multiclass", 4, False))}, "'species' has 3"),
    ],
)
def test_wrong_heads_are_refused(said, message):
    with pytest.raises(ValueError, match=message):
        LabeledModel(by_name(), heads=said)


def test_heads_need_several_outputs():
    inputs = keras.Input((6,))
    model = keras.Model(inputs, heads(inputs)[0], name="one")
    with pytest.raises(DecodingError, match="'one' has one output"):
        LabeledModel(model, heads={"species": {}})


def test_heads_go_with_no_other_keyword():
    with pytest.raises(DecodingError, match=r"Received: \['heads', 'threshold'\]"):
        LabeledModel(by_name(), heads=HEADS, threshold=0.4)
    rule = Decoding(Head("multiclass", 3, from_logits=False))
    with pytest.raises(DecodingError, match=r"\['decoding', 'class_names'\]"):
        LabeledModel(by_name(), decoding=rule, class_names=SPECIES)
    with pytest.raises(DecodingError, match="is a Decoding, or a dict"):
        LabeledModel(by_name(), decoding=SPECIES)
