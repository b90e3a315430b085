"""Labels, ranked lists and single predictions: plain Python, ready for JSON."""

import json

import numpy as np
import pytest
import reference

import keras_labels as kl

NAMES = ["a", "b", "c"]


def test_labels_are_an_array_of_str_in_the_shape_of_the_classes(identity):
    labeled = identity((2, 3), task="multiclass", from_logits=True, class_names=NAMES)
    z = np.random.default_rng(0).normal(size=(4, 2, 3)).astype("float32")
    made = labeled.predict_labels(z)
    assert made.shape == (4, 2)
    assert made.tolist() == np.array(NAMES)[reference.argmax(z)].tolist()
    assert all(type(name) is str for name in made.flat)


def test_multilabel_rows_are_tuples(identity):
    labeled = identity((3,), task="multilabel", from_logits=True, class_names=NAMES)
    z = np.array([[1, -1, 1], [-1, -1, -1], [1, 1, 1]], "float32")
    assert labeled.predict_labels(z) == [("a", "c"), (), ("a", "b", "c")]


@pytest.mark.parametrize("axis", [-1, 1])
def test_dense_multilabel_is_nested(identity, axis):
    shape = (2, 3) if axis == -1 else (3, 2)
    labeled = identity(
        shape, task="multilabel", from_logits=True, axis=axis, class_names=NAMES
    )
    z = np.array([[[1, -1, 1], [-1, -1, -1]]], "float32")
    given = z if axis == -1 else np.moveaxis(z, -1, 1)
    assert labeled.predict_labels(given) == [[("a", "c"), ()]]


def test_rejected_has_no_label(identity):
    labeled = identity(
        (3,), task="multiclass", from_logits=True, class_names=NAMES, reject_below=0.9
    )
    z = np.array([[9, 0, 0], [0, 0, 0]], "float32")
    assert labeled.predict_labels(z).tolist() == ["a", None]
    made = labeled.predict_one(z[1])
    assert (made.label, made.class_id) == (None, -1)
    np.testing.assert_allclose(made.probability, 1 / 3, atol=1e-6)


def test_labels_without_names_say_how_to_get_them(identity):
    labeled = identity((3,), task="multiclass", from_logits=True)
    with pytest.raises(kl.DecodingError, match=r"class_names=.*3 of them"):
        labeled.predict_labels("not even looked at")


class TestTopK:
    def test_pairs_are_plain_python(self, identity):
        labeled = identity((3,), task="multiclass", from_logits=True, class_names=NAMES)
        (row,) = labeled.predict_top_k(np.array([[0.0, 2.0, 1.0]]), k=2)
        assert [name for name, _ in row] == ["b", "c"]
        assert [(type(name), type(p)) for name, p in row] == [(str, float)] * 2
        expected = reference.softmax(np.array([0.0, 2.0, 1.0]))
        np.testing.assert_allclose([p for _, p in row], expected[[1, 2]], atol=2e-6)

    def test_ids_stand_for_missing_names(self, identity):
        labeled = identity((3,), task="multiclass", from_logits=True)
        (row,) = labeled.predict_top_k(np.array([[0.0, 2.0, 1.0]]), k=3)
        assert [i for i, _ in row] == [1, 2, 0]
        assert all(type(i) is int for i, _ in row)

    def test_ties_keep_the_order_of_ids(self, identity):
        labeled = identity((3,), task="multiclass", from_logits=True)
        (row,) = labeled.predict_top_k(np.zeros((1, 3)), k=3)
        assert [i for i, _ in row] == [0, 1, 2]

    def test_one_unit_has_two_classes(self, identity):
        labeled = identity((1,), task="binary", from_logits=False)
        (row,) = labeled.predict_top_k(np.array([[0.25]]), k=2)
        assert row == [(0, 0.75), (1, 0.25)]

    @pytest.mark.parametrize("axis", [-1, 1])
    def test_dense_head_is_nested(self, identity, axis):
        shape = (2, 3) if axis == -1 else (3, 2)
        labeled = identity(shape, task="multiclass", from_logits=True, axis=axis)
        z = np.random.default_rng(0).normal(size=(4, 2, 3)).astype("float32")
        given = z if axis == -1 else np.moveaxis(z, -1, 1)
        made = labeled.predict_top_k(given, k=2)
        ids = [[[i for i, _ in place] for place in row] for row in made]
        assert ids == [[reference.order(place)[:2] for place in row] for row in z]

    def test_k_above_the_classes_is_refused(self, identity):
        labeled = identity((3,), task="multiclass", from_logits=True)
        with pytest.raises(kl.DecodingError, match=r"at most 3 classes.*Received: 4"):
            labeled.predict_top_k(np.zeros((1, 3)), k=4)


class TestOne:
    def test_fields_are_plain_python(self, identity):
        labeled = identity((3,), task="multiclass", from_logits=True, class_names=NAMES)
        made = labeled.predict_one(np.array([0.0, 2.0, 1.0]))
        p = reference.softmax(np.array([0.0, 2.0, 1.0]))
        assert (made.label, made.class_id) == ("b", 1)
        np.testing.assert_allclose(made.probability, p[1], atol=2e-6)
        assert list(made.probabilities) == NAMES
        np.testing.assert_allclose(list(made.probabilities.values()), p, atol=2e-6)

    def test_binary(self, identity):
        labeled = identity(
            (1,), task="binary", from_logits=False, class_names=["no", "yes"]
        )
        made = labeled.predict_one([0.25])
        assert (made.label, made.class_id, made.probability) == ("no", 0, 0.75)
        assert made.probabilities == {"no": 0.75, "yes": 0.25}

    def test_multilabel(self, identity):
        labeled = identity((3,), task="multilabel", from_logits=False)
        made = labeled.predict_one([0.75, 0.25, 0.875])
        assert (made.label, made.class_id) == (None, (0, 2))
        assert made.probability == (0.75, 0.875)
        assert made.probabilities == {0: 0.75, 1: 0.25, 2: 0.875}

    def test_dense_head_is_refused(self, identity):
        labeled = identity((2, 3), task="multiclass", from_logits=True)
        with pytest.raises(kl.InputError, match=r"each position.*predict_classes"):
            labeled.predict_one(np.zeros((2, 3)))


@pytest.mark.parametrize("names", [NAMES, None])
@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_json_takes_them(identity, task, names):
    labeled = identity((3,), task=task, from_logits=True, class_names=names)
    z = np.array([[0.0, 2.0, 1.0]])
    best = labeled.predict_top_k(z, k=2)
    assert json.loads(json.dumps(best)) == [[list(pair) for pair in best[0]]]
    made = labeled.predict_one(z[0])
    plain = made.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert list(plain) == ["label", "class_id", "probability", "probabilities"]
    assert list(plain["probabilities"]) == [str(name) for name in names or range(3)]
    assert list(plain["probabilities"].values()) == list(made.probabilities.values())


def test_json_holds_lists_and_no_nan(identity):
    tags = identity((3,), task="multilabel", from_logits=False, class_names=NAMES)
    made = tags.predict_one([0.75, 0.25, 0.875]).to_dict()
    assert made["label"] == ["a", "c"]
    assert (made["class_id"], made["probability"]) == ([0, 2], [0.75, 0.875])
    labeled = identity((3,), task="multiclass", from_logits=True, class_names=NAMES)
    nan = labeled.predict_one([np.nan, 0.0, 0.0], invalid="mark")
    plain = nan.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert (plain["label"], plain["class_id"]) == (None, -1)
    assert plain["probability"] is None
    assert plain["probabilities"] == dict.fromkeys(NAMES)
    assert nan.confidences() == {}


def test_numpy_numbers_are_plain_in_json():
    p = np.float32([0.25, 0.75])
    made = kl.Prediction(
        "b", np.int32(1), p[1], dict(zip(["a", "b"], p, strict=True))
    ).to_dict()
    assert json.loads(json.dumps(made)) == made


@pytest.mark.parametrize("names", [NAMES, None])
def test_confidences_are_what_a_label_of_gradio_takes(identity, names):
    labeled = identity((3,), task="multiclass", from_logits=False, class_names=names)
    p = np.array([[0.25, 0.625, 0.125], [0.5, 0.0, 0.5]])
    keys = names or ["0", "1", "2"]
    want = [dict(zip(keys, row, strict=True)) for row in p.tolist()]
    assert [labeled.predict_one(row).confidences() for row in p] == want
    several = [dict(pairs) for pairs in labeled.predict_top_k(p, k=3)]
    assert [{str(k): v for k, v in row.items()} for row in several] == want
