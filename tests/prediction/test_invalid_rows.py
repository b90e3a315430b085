"""NaN scores: decisions refuse or mark the rows, probabilities show them."""

import keras
import numpy as np
import pytest
import reference

import keras_labels as kl

ROWS = [2, 5, 6]
HEADS = {
    "binary": ((1,), {"task": "binary"}, ["a", "b"]),
    "binary, two units": ((2,), {"task": "binary"}, ["a", "b"]),
    "multiclass": ((3,), {"task": "multiclass"}, list("abc")),
    "multilabel": ((3,), {"task": "multilabel"}, list("abc")),
    "segmentation": ((2, 3, 3), {"task": "multiclass"}, list("abc")),
    "channels first": ((3, 2, 2), {"task": "multiclass", "axis": 1}, list("abc")),
    "dense multilabel": ((2, 3), {"task": "multilabel"}, list("abc")),
}


@pytest.fixture(params=HEADS)
def head(request, identity):
    shape, keywords, names = HEADS[request.param]
    labeled = identity(shape, **keywords, from_logits=True, class_names=names)
    z = np.random.default_rng(0).normal(size=(8, *shape)).astype("float32")
    for row in ROWS:
        z[row].flat[row % z[row].size] = np.nan
    return labeled, z


@pytest.mark.parametrize(
    "method", ["predict_classes", "predict_labels", "predict_top_k"]
)
def test_rows_are_counted_and_named(head, method):
    labeled, z = head
    options = {"k": 2} if method == "predict_top_k" else {}
    with pytest.raises(kl.InputError, match=r"3 of 8 rows have NaN.*rows 2, 5, 6\."):
        getattr(labeled, method)(z, **options, batch_size=3)


def test_marked_rows_have_no_class(head):
    labeled, z = head
    sound = [row for row in range(8) if row not in ROWS]
    classes = labeled.predict_classes(z, invalid="mark")
    np.testing.assert_array_equal(classes[sound], labeled.predict_classes(z[sound]))
    assert all((classes[row] == -1).any() for row in ROWS)


def test_probabilities_are_nan_where_no_class_is(head):
    labeled, z = head
    p = labeled.predict_proba(z)
    task, axis = labeled.head.task, labeled.head.axis
    expected = reference.probabilities(z, task, from_logits=True, axis=axis)
    np.testing.assert_allclose(p, expected, atol=2e-6)
    assert {row for row in range(8) if np.isnan(p[row]).any()} == set(ROWS)


def test_marked_rows_have_no_label(identity):
    z = np.array([[0, 1, 2], [np.nan, 1, 2]], "float32")
    names = list("abc")
    one = identity((3,), task="multiclass", from_logits=True, class_names=names)
    assert one.predict_labels(z, invalid="mark").tolist() == ["c", None]
    assert [len(row) for row in one.predict_top_k(z, 2, invalid="mark")] == [2, 0]
    many = identity((3,), task="multilabel", from_logits=True, class_names=names)
    assert many.predict_labels(z, invalid="mark") == [("b", "c"), None]
    all_nan = np.full((1, 3), np.nan, "float32")
    assert many.predict_labels(all_nan, invalid="mark") == [None]


def test_only_ten_rows_are_named(identity):
    labeled = identity((3,), task="multiclass", from_logits=True)
    with pytest.raises(kl.InputError, match=r"20 of 20 .*rows 0, 1, .*, 9, \.\.\.\."):
        labeled.predict_classes(np.full((20, 3), np.nan, "float32"))


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_rejected_is_not_invalid(identity, task):
    units = 1 if task == "binary" else 3
    keywords = {} if task == "multilabel" else {"reject_below": 0.9}
    labeled = identity((units,), task=task, from_logits=True, **keywords)
    z = np.zeros((4, units), "float32")
    classes = labeled.predict_classes(z)  # does not raise
    assert (classes == (0 if task == "multilabel" else -1)).all()
    z[3, 0] = np.nan
    with pytest.raises(kl.InputError, match=r"1 of 4 rows have NaN.*rows 3\."):
        labeled.predict_classes(z)
    assert labeled.predict_classes(z, invalid="mark")[3].min() == -1


class TestPredictOne:
    def test_raises(self, identity):
        labeled = identity((3,), task="multiclass", from_logits=True)
        with pytest.raises(kl.InputError, match="NaN scores"):
            labeled.predict_one([0.0, np.nan, 1.0])

    def test_marks(self, identity):
        labeled = identity(
            (3,), task="multiclass", from_logits=True, class_names=list("abc")
        )
        made = labeled.predict_one([0.0, np.nan, 1.0], invalid="mark")
        assert (made.label, made.class_id) == (None, -1)
        assert np.isnan(made.probability)


class TestSeveralHeads:
    @pytest.fixture
    def several(self):
        species, sick = keras.Input((3,)), keras.Input((1,))
        outputs = {
            "species": keras.layers.Activation("linear", name="species")(species),
            "sick": keras.layers.Activation("linear", name="sick")(sick),
        }
        head = {"from_logits": True}
        return kl.LabeledModel(
            keras.Model([species, sick], outputs),
            heads={
                "species": {**head, "task": "multiclass", "class_names": list("abc")},
                "sick": {**head, "task": "binary", "class_names": ["no", "yes"]},
            },
        )

    METHODS = ("predict_classes", "predict_labels", "predict_top_k")

    @pytest.mark.parametrize("method", METHODS)
    def test_the_output_is_named(self, several, method):
        z = [np.zeros((4, 3), "float32"), np.zeros((4, 1), "float32")]
        z[1][2] = np.nan
        options = {"k": 2} if method == "predict_top_k" else {}
        with pytest.raises(kl.InputError, match=r"'sick'.*1 of 4 rows.*rows 2\."):
            getattr(several, method)(z, **options)

    def test_predict_one_names_the_output(self, several):
        sample = [np.full(3, np.nan, "float32"), np.zeros(1, "float32")]
        with pytest.raises(kl.InputError, match=r"'species'.*NaN"):
            several.predict_one(sample)

    def test_only_that_output_is_marked(self, several):
        z = [np.zeros((1, 3), "float32"), np.full((1, 1), np.nan, "float32")]
        made = several.predict_labels(z, invalid="mark")
        assert {name: one.tolist() for name, one in made.items()} == {
            "species": ["a"],
            "sick": [None],
        }


@pytest.mark.parametrize("method", ["predict_classes", "predict_labels", "predict_one"])
def test_unknown_word_for_invalid(labeled, x, method):
    with pytest.raises(ValueError, match=r"`invalid` is 'raise' or 'mark'.*'drop'"):
        getattr(labeled, method)(x[0], invalid="drop")
