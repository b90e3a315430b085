"""Decisions of the front door: names, cuts, rejection, and changing them."""

import keras
import numpy as np
import pytest
import reference
from twins import NAMES, X, sequential

from keras_labels import Decoding, DecodingError, Head, HeadError, LabeledModel


def echo(units, name=None):
    """A model whose scores are its input."""
    layers = [keras.Input((units,)), keras.layers.Identity()]
    return keras.Sequential(layers, name=name)


def labeled_echo(task, units, from_logits=False, **said):
    return LabeledModel(echo(units), task=task, from_logits=from_logits, **said)


def rows(units, seed=0):
    p = np.random.default_rng(seed).random((40, units)).astype("float32")
    return p / p.sum(1, keepdims=True) if units > 1 else p


def test_two_softmax_units_with_a_threshold_cut_column_one():
    p = rows(2)
    labeled = labeled_echo("multiclass", 2, class_names=["ham", "spam"])
    np.testing.assert_array_equal(labeled.predict_classes(p), p.argmax(1))
    strict = labeled.with_decoding(threshold=0.8)
    assert strict.head.task == "binary"
    assert strict.head.units == 2
    np.testing.assert_array_equal(strict.predict_classes(p), (p[:, 1] > 0.8) * 1)
    np.testing.assert_allclose(strict.predict_proba(p), p)
    named = labeled.with_decoding(threshold={"spam": 0.8})
    assert named.decoding == strict.decoding
    assert "class 1 (spam) if p of column 1 > 0.8, else 0" in strict.explain()
    assert "binary, and it cuts the second column" in strict.explain()


def test_partial_threshold_keeps_the_other_cuts():
    names = ["red", "round", "ripe"]
    labeled = labeled_echo(
        "multilabel", 3, class_names=names, threshold=[0.2, 0.3, 0.4]
    )
    changed = labeled.with_decoding(threshold={"round": 0.9})
    assert changed.decoding.threshold == (0.2, 0.9, 0.4)
    assert labeled.decoding.threshold == (0.2, 0.3, 0.4)
    p = rows(3)
    np.testing.assert_array_equal(
        changed.predict_classes(p), reference.threshold(p, [0.2, 0.9, 0.4])
    )
    with pytest.raises(DecodingError, match=r"takes the names .*'ripe'.*\['big'\]"):
        labeled.with_decoding(threshold={"big": 0.9})


def test_names_may_come_later_and_go():
    labeled = LabeledModel(sequential())
    with pytest.raises(DecodingError, match=r"class_names=\[\.\.\.\] \(3 of them\)"):
        labeled.predict_labels(X)
    named = labeled.with_decoding(class_names=NAMES)
    classes = labeled.predict_classes(X)
    assert named.predict_labels(X).tolist() == [NAMES[i] for i in classes]
    assert named.with_decoding(class_names=None).class_names is None
    ids = [row[0][0] for row in labeled.predict_top_k(X, 1)]
    assert ids == classes.tolist()


def test_rejected_rows_have_no_class_and_no_label():
    p = rows(3)
    labeled = labeled_echo("multiclass", 3, class_names=NAMES, reject_below=0.5)
    classes = labeled.predict_classes(p)
    want = np.where(p.max(1) >= 0.5, p.argmax(1), -1)
    assert 0 < (want == -1).sum() < 40
    np.testing.assert_array_equal(classes, want)
    labels = labeled.predict_labels(p)
    assert labels.tolist() == [NAMES[i] if i >= 0 else None for i in want]
    row = p[want == -1][0]
    one = labeled.predict_one(row)
    assert (one.label, one.class_id) == (None, -1)
    assert one.probability == pytest.approx(row.max())
    assert "-1 where the decided class has less than 0.5" in labeled.explain()
    free = labeled.with_decoding(reject_below=None)
    np.testing.assert_array_equal(free.predict_classes(p), p.argmax(1))


def test_label_counts_are_kept():
    p = rows(4)
    labeled = labeled_echo("multilabel", 4, min_labels=1, max_labels=2, threshold=0.3)
    marks = labeled.predict_classes(p)
    np.testing.assert_array_equal(marks, reference.multi_label(p, [0.3], low=1, high=2))
    assert set(marks.sum(1)) == {1, 2}
    text = labeled.explain()
    assert "at least 1 label(s): the best are added" in text
    assert "at most 2 label(s): the best are kept" in text


def test_nothing_changes_without_a_change():
    labeled = labeled_echo("binary", 1, threshold=0.3, inclusive=True)
    assert labeled.with_decoding().decoding == labeled.decoding


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"treshold": 0.4}, r"class_names, threshold.*\['treshold'\]"),
        ({"from_logits": True}, r"\['from_logits'\].*is a fact"),
        ({"task": "binary"}, "is a fact"),
        ({"heads": {}}, r"\['heads'\]"),
        ({"threshold": 1.0}, "between 0 and 1"),
        ({"threshold": [0.1, 0.2]}, "1 here. Received 2"),
        ({"class_names": ["a"]}, "two for a binary head"),
        ({"reject_below": 0}, "reject_below"),
        ({"min_labels": 1}, "multilabel"),
        ({"inclusive": None}, "`inclusive` is True or False. Received: None"),
    ],
)
def test_wrong_changes_are_refused(change, message):
    labeled = labeled_echo("binary", 1)
    with pytest.raises(DecodingError, match=message):
        labeled.with_decoding(**change)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"task": "binary"}, "has one unit, or two under a softmax"),
        ({"class_names": ["a", "b"]}, "3 for this head. Received 2"),
        ({"threshold": 0.4}, "A multiclass head has no threshold"),
        ({"inclusive": True}, "belongs to a threshold"),
        ({"max_labels": 2}, "belong to task 'multilabel'"),
        ({"task": "multi"}, "`task` is one of"),
        ({"from_logits": "no"}, "`from_logits` is True or False"),
        ({"axis": 0}, "axis 0"),
        ({"axis": "last"}, "whole number"),
        ({"decoding": Decoding(Head("multiclass", 4, False))}, "for 4 units.*has 3"),
        ({"decoding": Decoding(Head("binary", 1, False))}, "for 1 units.*has 3"),
    ],
)
def test_wrong_words_are_refused_before_the_model_runs(said, message):
    with pytest.raises(ValueError, match=message):
        LabeledModel(sequential(), **said)


def test_decoding_of_a_subclassed_model_is_held_against_its_units():
    class Plain(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = keras.layers.Dense(3)

        def call(self, inputs):
            return self.head(inputs)

    model = Plain()
    model(X)
    with pytest.raises(HeadError, match=r"for 4 units.*'plain' has 3"):
        LabeledModel(model, decoding=Decoding(Head("multiclass", 4, True)))
    rule = Decoding(Head("multiclass", 3, True), NAMES)
    assert LabeledModel(model, decoding=rule).decoding is rule


def test_model_without_activation_needs_a_word():
    with pytest.raises(HeadError, match="Pass from_logits=True or from_logits=False"):
        LabeledModel(sequential(1, None))


def test_prediction_options_are_checked():
    labeled = LabeledModel(sequential(), class_names=NAMES)
    for method in (labeled.predict_classes, labeled.predict_labels):
        with pytest.raises(DecodingError, match=r"'raise' or 'mark'.*'ignore'"):
            method(X, invalid="ignore")
    for k, message in ((4, "at most 3 classes"), (0, "at least 1"), (1.5, "whole")):
        with pytest.raises(DecodingError, match=message):
            labeled.predict_top_k(X, k)


def test_errors_of_options_come_before_the_model_runs():
    labeled = LabeledModel(sequential())
    labeled.model.call = None  # nothing may call it
    with pytest.raises(DecodingError, match="class_names"):
        labeled.predict_labels(X)
    with pytest.raises(DecodingError, match="at most 3"):
        labeled.predict_top_k(X, 9)
    with pytest.raises(DecodingError, match="'mark'"):
        labeled.predict_top_k(X, 2, invalid="no")
    with pytest.raises(DecodingError, match="'mark'"):
        labeled.predict_one(X[0], invalid="no")


EXPLAINED = """\
model: pets
head: multiclass, 3 units, logits, class axis -1
  because said: task='multiclass'
  because said: from_logits=True
classes: 3, names ['ant', 'bee', 'cow']
probabilities: softmax(scores), one column per class
rule: the class of the highest score; ties go to the lowest id"""


def test_explanation_of_exclusive_classes():
    model = echo(3, "pets")
    labeled = LabeledModel(
        model, task="multiclass", from_logits=True, class_names=NAMES
    )
    assert labeled.explain() == EXPLAINED


@pytest.mark.parametrize(
    ("task", "units", "from_logits", "said", "lines"),
    [
        (
            "binary",
            1,
            True,
            {"threshold": 0.3},
            [
                "head: binary, 1 unit, logits, class axis -1",
                "classes: 2, names none",
                "probabilities: p = sigmoid(scores), shown as two columns [1 - p, p]",
                "rule: class 1 if p > 0.3, else 0",
            ],
        ),
        (
            "multilabel",
            2,
            False,
            {"inclusive": True},
            [
                "probabilities: the scores, one column per class",
                "rule: every label whose p >= 0.5",
            ],
        ),
        (
            "multilabel",
            2,
            False,
            {"class_names": ["red", "big"], "threshold": {"big": 0.25}},
            ["rule: every label whose p > its threshold: red 0.5, big 0.25"],
        ),
    ],
)
def test_explanation_of_cuts(task, units, from_logits, said, lines):
    text = labeled_echo(task, units, from_logits, **said).explain()
    assert set(lines) <= set(text.splitlines())


def test_explanation_shows_what_was_read_from_the_model():
    model = sequential(1, "sigmoid")
    model.compile("sgd", "binary_crossentropy")
    text = LabeledModel(model).explain()
    name = model.layers[-1].name
    assert f"  because layer '{name}' (Dense) ends in sigmoid" in text
    assert "  because loss 'binary_crossentropy' says from_logits=False" in text
