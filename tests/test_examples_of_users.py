"""The worked examples that users start from, number by number (shared/EXAMPLES.md)."""

import keras
import numpy as np
import pytest
import reference

from keras_labels import ArgmaxLayer, HeadError, LabeledModel, ThresholdLayer

SOFTMAX = [[0.4, 0.1, 0.5], [0.7, 0.2, 0.1], [0.3, 0.4, 0.3]]
MANY = [[0.6, 0.1, 0.7], [0.7, 0.2, 0.1], [0.8, 0.9, 0.6]]
CLOTHES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt"]
CLOTHES += ["Sneaker", "Bag", "Ankle boot"]
COMMENTS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


def labeled(scores, activation, **said):
    """A labeled model that gives these scores for the rows 0, 1, ...; and the rows."""
    scores = np.asarray(scores, "float32")
    inputs = keras.Input((scores.shape[1],))
    # The activation is what the head is read from; it is undone in front of it.
    undone = {
        "sigmoid": lambda p: keras.ops.log(p) - keras.ops.log1p(-p),
        "softmax": keras.ops.log,
    }[activation]
    model = keras.Model(inputs, keras.layers.Activation(activation)(undone(inputs)))
    return LabeledModel(model, **said), scores


def given(scores, task="multiclass", from_logits=False, **said):
    """A labeled model that gives these very scores, and what to feed it."""
    scores = np.asarray(scores, "float32")
    model = keras.Sequential([keras.Input(scores.shape[1:]), keras.layers.Identity()])
    return LabeledModel(model, task=task, from_logits=from_logits, **said), scores


def test_01_one_sigmoid_unit():
    model, x = labeled([[0.4], [0.7], [0.2]], "sigmoid")
    assert model.predict_classes(x).tolist() == [0, 1, 0]


def test_02_the_same_as_a_layer_keeps_the_shape():
    made = ThresholdLayer()(np.array([[0.4], [0.7], [0.2]]))
    assert keras.ops.convert_to_numpy(made).tolist() == [[0], [1], [0]]


def test_03_a_lone_value():
    model, x = given([[0.0128037]], "binary")
    assert model.predict_classes(x).tolist() == [0]
    np.testing.assert_allclose(
        model.predict_proba(x), [[0.9871963, 0.0128037]], atol=1e-7
    )


def test_04_the_number_is_of_class_1():
    model, x = given([[0.9899]], "binary", class_names=["ham", "spam"])
    assert model.predict_labels(x).tolist() == ["spam"]
    one = model.predict_one(x[0])
    assert one.probabilities == pytest.approx({"ham": 0.0101, "spam": 0.9899}, abs=1e-6)
    assert (one.label, one.class_id) == ("spam", 1)


def test_05_softmax_rows():
    model, x = labeled(SOFTMAX, "softmax")
    assert model.predict_classes(x).tolist() == [2, 0, 1]


def test_06_softmax_rows_one_hot():
    made = ArgmaxLayer(output_mode="one_hot")(np.array(SOFTMAX))
    want = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert keras.ops.convert_to_numpy(made).tolist() == want


def test_07_rows_that_do_not_quite_sum_to_one_are_shown_as_they_are():
    rows = [[0.12, 0.18, 0.2, 0.6], [0.7, 0.08, 0.12, 0.1], [0.15, 0.4, 0.3, 0.15]]
    model, x = given(rows)
    assert model.predict_classes(x).tolist() == [3, 0, 1]
    np.testing.assert_array_equal(model.predict_proba(x), x)


def test_08_ten_classes_of_clothing():
    model, x = labeled([[0.0854] * 9 + [0.2302]], "softmax", class_names=CLOTHES)
    assert model.predict_labels(x).tolist() == ["Ankle boot"]


def test_09_multilabel():
    model, x = labeled(MANY, "sigmoid")
    assert model.head.task == "multilabel"
    want = [[1, 0, 1], [1, 0, 0], [1, 1, 1]]
    assert model.predict_classes(x).tolist() == want


def test_10_labels_of_a_comment():
    p = [[0.566, 0.342, 0.673, 0.122, 0.784, 0.108]]
    model, x = labeled(p, "sigmoid", class_names=COMMENTS)
    assert model.predict_labels(x) == [("toxic", "obscene", "insult")]


def test_11_a_business_rule_leaves_the_probability():
    model, x = given([[0.62]], "binary")
    strict = model.with_decoding(threshold=0.7)
    assert model.predict_classes(x).tolist() == [1]
    assert strict.predict_classes(x).tolist() == [0]
    np.testing.assert_array_equal(strict.predict_proba(x), model.predict_proba(x))


def test_12_exactly_on_the_cut():
    model, x = given([[0.5]], "binary")
    assert model.predict_classes(x).tolist() == [0]
    assert model.with_decoding(inclusive=True).predict_classes(x).tolist() == [1]


def linear(units, loss):
    layer = keras.layers.Dense(units, kernel_initializer="identity")
    model = keras.Sequential([keras.Input((units,)), layer])
    model.compile("sgd", loss)
    return model


LOGITS = np.array([[-2.0], [0.3], [5.0]], "float32")


def test_13_one_logit():
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    proba = LabeledModel(linear(1, loss)).predict_proba(LOGITS)
    p = reference.sigmoid(LOGITS[:, 0])
    np.testing.assert_allclose(proba, np.stack([1 - p, p], axis=1), atol=1e-6)


def test_14_several_logits():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 3.5]], "float32")
    proba = LabeledModel(linear(3, loss)).predict_proba(x)
    np.testing.assert_allclose(proba, reference.softmax(x), atol=1e-6)


def test_15_the_model_without_an_activation():
    model = linear(1, "binary_crossentropy")
    with pytest.raises(HeadError) as error:
        LabeledModel(model)
    text = str(error.value)
    assert f"'{model.layers[-1].name}'" in text
    assert "it is linear, but the loss" in text
    assert "Pass from_logits=True or from_logits=False." in text


def test_16_metrics_of_scikit_learn_take_the_predictions():
    metrics = pytest.importorskip("sklearn.metrics")
    p = np.array([[0.2], [0.9], [0.6], [0.4]])
    y = np.array([0, 1, 0, 1])
    model, x = given(p, "binary")
    proba, classes = model.predict_proba(x), model.predict_classes(x)
    want = -np.mean(np.log([0.8, 0.9, 0.4, 0.4]))
    assert metrics.log_loss(y, proba) == pytest.approx(want, abs=1e-6)
    assert metrics.confusion_matrix(y, classes).tolist() == [[1, 1], [1, 1]]
    assert "accuracy" in metrics.classification_report(y, classes)
    assert metrics.roc_auc_score(y, proba[:, 1]) == 0.75


def test_17_accuracy_of_decisions_is_not_that_of_floats():
    p, y = np.array([[0.2], [0.9]], "float32"), np.array([[0], [1]])
    floats = keras.metrics.Accuracy()
    floats.update_state(y, p)
    assert float(floats.result()) == 0.0
    model, x = given(p, "binary")
    floats.reset_state()
    floats.update_state(y[:, 0], model.predict_classes(x))
    assert float(floats.result()) == 1.0


def test_18_one_image():
    model, x = given([[0.893292]], "binary", class_names=["cat", "dog"])
    one = model.predict_one(x[0])
    assert one.label == "dog"
    assert one.probability == pytest.approx(0.893292, abs=1e-6)


def test_19_the_head_says_which_rule_holds():
    p = [[0.9, 0.8]]
    exclusive, x = labeled(p, "softmax", class_names=["dog", "cat"])
    assert exclusive.predict_labels(x).tolist() == ["dog"]
    both, x = labeled(p, "sigmoid", class_names=["dog", "cat"])
    assert both.predict_labels(x) == [("dog", "cat")]


def test_20_label_and_probability_stand_side_by_side():
    model, x = given([[0.34]], "binary", class_names=["healthy", "ill"])
    one = model.predict_one(x[0])
    assert one.label == "healthy"
    assert one.probabilities == pytest.approx({"healthy": 0.66, "ill": 0.34}, abs=1e-6)
    careful = model.with_decoding(threshold={"ill": 0.3})
    assert careful.predict_one(x[0]).label == "ill"
    assert "class 1 (ill) if p > 0.3, else 0" in careful.explain()
