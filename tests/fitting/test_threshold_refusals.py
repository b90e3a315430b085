"""What no threshold can be tuned for, or on."""

import numpy as np
import pytest

from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting import tune_thresholds
from keras_labels.spec import Decoding, Head

PLAIN = Decoding(Head("binary", 1, from_logits=False))


@pytest.mark.parametrize(("y", "said"), [([0, 0], "positive"), ([1, 1], "negative")])
def test_a_target_of_one_class_is_refused(y, said):
    with pytest.raises(
        DecodingError, match=f"none of the 2 rows of `y_true` is {said}"
    ):
        tune_thresholds(y, np.array([[0.2], [0.6]]), PLAIN)
    rule = Decoding(Head("multilabel", 2, False))
    with pytest.raises(DecodingError, match="for none of the 2 labels"):
        tune_thresholds(np.array([y, y]).T, np.full((2, 2), 0.5), rule)


def test_a_row_of_one_is_not_enough():
    with pytest.raises(DecodingError, match="rows of both classes"):
        tune_thresholds([1], np.array([[0.4]]), PLAIN)
    with pytest.raises(InputError, match="nothing to fit on"):
        tune_thresholds([], np.zeros((0, 1)), PLAIN)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Decoding(Head("multiclass", 3, True)), "no threshold to tune.*Costs"),
        (Decoding(Head("multiclass", 2, True)), "pass threshold=0.5 first"),
        (PLAIN.replace(reject_below=0.8), "tune first.*'reject_below': 0.8"),
        (Decoding(Head("multilabel", 2, True), min_labels=1), "'min_labels': 1"),
        (Decoding(Head("multilabel", 2, True), max_labels=1), "'max_labels': 1"),
    ],
)
def test_what_is_no_plain_cut_is_refused(rule, said):
    with pytest.raises(DecodingError, match=said):
        tune_thresholds([0, 1], np.zeros((2, rule.head.units)), rule)


def test_scores_with_nan_are_refused():
    with pytest.raises(InputError, match="1 of 2 rows hold NaN"):
        tune_thresholds([0, 1], np.array([[np.nan], [0.5]]), PLAIN)


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda tp, fp, fn, tn: 0.5, "one number for each cut.*shape \\(\\)"),
        (lambda tp, fp, fn, tn: tp[:-1], "one number for each cut"),
        (lambda tp, fp, fn, tn: ["a"] * len(tp), "one number for each cut"),
        (lambda tp, fp, fn, tn: tp * np.nan, "returned NaN for 3 cuts"),
    ],
)
def test_a_function_that_returns_something_else_is_refused(returned, said):
    plain = Decoding(Head("binary", 1, from_logits=False))
    with pytest.raises(DecodingError, match=said):
        tune_thresholds([0, 1], [[0.2], [0.6]], plain, metric=returned)


WRONG = [
    ({"metric": "f2"}, "`metric` is one of .*'f2'"),
    ({"metric": None}, "`metric` is one of"),
    ({"metric": "precision"}, "pass `min_recall`"),
    ({"metric": "precision", "min_precision": 0.5}, "pass `min_recall`"),
    ({"metric": "recall"}, "pass `min_precision` or `max_false_positive_rate`"),
    ({"metric": "cost"}, "needs `false_positive_cost`"),
    ({"metric": "cost", "false_positive_cost": 1}, "Received: 1 and None"),
    (
        {"metric": "cost", "false_positive_cost": 0, "false_negative_cost": 0},
        "not both 0",
    ),
    (
        {"metric": "cost", "false_positive_cost": -1, "false_negative_cost": 1},
        "0 or more",
    ),
    ({"false_positive_cost": 1}, "belong to metric='cost'"),
    ({"beta": 2}, "belongs to metric='fbeta'"),
    ({"metric": "fbeta", "beta": 0}, "positive number"),
    ({"metric": "fbeta", "beta": "2"}, "positive number"),
    ({"min_recall": 1.5}, "`min_recall` is a rate"),
    ({"min_precision": True}, "`min_precision` is a rate"),
    ({"max_false_positive_rate": float("nan")}, "is a rate"),
    ({"average": "weighted"}, "`average` is None"),
    ({"shared": None}, "`shared` is True or False"),
    ({"bootstrap": -1}, "`bootstrap` is 0 or more"),
    ({"bootstrap": 1.5}, "`bootstrap` is a whole number"),
    ({"confidence": 95}, "`confidence` is a probability"),
    ({"seed": -1}, "`seed` is 0 or more"),
    ({"average": "micro", "min_recall": 0.5}, "Pass shared=True"),
    ({"average": "micro", "metric": lambda tp, fp, fn, tn: tp}, "Pass shared=True"),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_what_cannot_be_sought_is_refused(options, said):
    rule = Decoding(Head("multilabel", 2, from_logits=False))
    with pytest.raises(DecodingError, match=said):
        tune_thresholds([[0, 1], [1, 0]], np.full((2, 2), 0.5), rule, **options)


def test_a_function_takes_the_four_counts():
    def of_classes(y_true, y_pred):
        return 0.0

    with pytest.raises(DecodingError, match="takes the counts tp, fp, fn, tn"):
        tune_thresholds([0, 1], np.array([[0.2], [0.6]]), PLAIN, metric=of_classes)
