import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import LabelBinarizer, MultiLabelBinarizer

from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting import as_columns, as_targets
from keras_labels.spec import Decoding, Head

NAMES = ["ant", "bee", "cow", "dog"]
BINARY = Decoding(Head("binary", 1, True), NAMES[:2])
TWO_UNITS = Decoding(Head("binary", 2, True), NAMES[:2])
EXCLUSIVE = Decoding(Head("multiclass", 4, True), NAMES)
LABELS = Decoding(Head("multilabel", 4, True), NAMES)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_every_form_of_ids_is_the_same(ids):
    names = np.array(NAMES)[ids]
    one_hot = LabelBinarizer().fit(range(4)).transform(ids)
    forms = [
        ids,
        tuple(ids),
        np.array(ids, "uint8"),
        np.array(ids, "float32"),
        np.array(ids, object),
        np.array(ids)[:, None],
        list(names),
        names[:, None],
        names.astype(object),
        np.char.encode(names),
        one_hot,
        one_hot.astype("float32"),
        one_hot.astype(bool),
    ]
    for form in forms:
        got = as_targets(form, EXCLUSIVE, (len(ids), 4))
        assert got.dtype == np.int64
        assert got.tolist() == ids


@pytest.mark.parametrize("rule", [BINARY, TWO_UNITS])
def test_every_form_of_two_classes_is_the_same(rule):
    one_hot = np.array([[1, 0], [0, 1], [0, 1]])
    yes = [False, True, True]
    names = ["ant", "bee", "bee"]
    columns = ([0, 1, 1], [[0], [1], [1]], [0.0, 1.0, 1.0])
    for form in (*columns, yes, np.array(yes)[:, None], names, one_hot, one_hot > 0):
        got = as_targets(form, rule, (3, rule.head.units))
        assert got.tolist() == [0, 1, 1]


@pytest.mark.parametrize("dtype", ["int8", "int64", "float32", object])
@pytest.mark.parametrize("rule", [BINARY, TWO_UNITS])
def test_minus_one_beside_one_says_no(rule, dtype):
    for form in ([-1, 1, 1], [[-1], [1], [1]]):
        y = np.array(form, dtype)
        assert as_targets(y, rule, (3, rule.head.units)).tolist() == [0, 1, 1]


@given(st.lists(st.sets(st.sampled_from(NAMES)), min_size=1, max_size=12))
def test_every_form_of_labels_is_the_same(rows):
    want = MultiLabelBinarizer(classes=NAMES).fit_transform(rows).astype(bool)
    lists = [sorted(row) for row in rows]
    ragged = np.empty(len(rows), object)
    ragged[:] = lists
    for form in (want, want.astype(int), want.astype("float32"), want.tolist()):
        got = as_targets(form, LABELS, want.shape)
        assert got.dtype == bool
        np.testing.assert_array_equal(got, want)
    for form in (lists, list(map(tuple, lists)), rows, ragged):
        np.testing.assert_array_equal(as_targets(form, LABELS, want.shape), want)


def test_rows_of_equally_many_names_are_rows():
    got = as_targets([("ant", "bee"), ("dog", "cow")], LABELS, (2, 4))
    assert got.tolist() == [[True, True, False, False], [False, False, True, True]]
    got = as_targets(np.array([["ant"], ["dog"]]), LABELS, (2, 4))
    assert got.tolist() == [[True, False, False, False], [False, False, False, True]]


def test_one_label_takes_one_number_a_row():
    one = Decoding(Head("multilabel", 1, True))
    for form in ([1, 0], [[1], [0]], [True, False], [1.0, 0.0]):
        assert as_targets(form, one, (2, 1)).tolist() == [[True], [False]]


@pytest.mark.parametrize("axis", [-1, 1, 2])
def test_dense_targets_are_flattened_as_the_scores(axis):
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 4, size=(2, 3, 5))
    one_hot = np.moveaxis(np.eye(4)[ids], -1, axis)
    rule = Decoding(Head("multiclass", 4, True, axis=axis), NAMES)
    labels = Decoding(Head("multilabel", 4, True, axis=axis), NAMES)
    flat = ids.reshape(-1).tolist()
    for form in (ids, np.array(NAMES)[ids], one_hot):
        assert as_targets(form, rule, one_hot.shape).tolist() == flat
    marks = as_targets(one_hot, labels, one_hot.shape)
    assert marks.argmax(axis=1).tolist() == flat
    columns = as_columns(one_hot.astype("float32"), rule.head)
    assert columns.argmax(axis=1).tolist() == flat


def test_dense_rows_of_as_many_positions_as_classes_are_ids():
    rule = Decoding(Head("binary", 1, True))
    assert as_targets([[0, 1], [1, 1]], rule, (2, 2, 1)).tolist() == [0, 1, 1, 1]


def test_nothing_is_copied_that_fits():
    marks = np.zeros((5, 4), bool)
    assert np.shares_memory(as_targets(marks, LABELS, (5, 4)), marks)
    scores = np.zeros((2, 5, 4), "float32")
    assert np.shares_memory(as_columns(scores, LABELS.head), scores)


@pytest.mark.parametrize("dtype", ["float16", "int32", "uint8", "bool"])
def test_other_scores_are_widened(dtype):
    columns = as_columns(np.ones((3, 4), dtype), LABELS.head)
    assert columns.dtype == np.float32
    assert as_columns(np.ones((3, 4)), LABELS.head).dtype == np.float64


def test_scores_with_nan_are_counted():
    scores = np.zeros((6, 4), "float32")
    scores[[2, 5], [1, 3]] = np.nan
    with pytest.raises(InputError, match=r"2 of 6 rows hold NaN, the first is row 2"):
        as_columns(scores, LABELS.head)


@pytest.mark.parametrize("shape", [(4,), (3, 5), (3, 4, 5), ()])
def test_scores_of_another_shape_are_refused(shape):
    with pytest.raises(InputError, match=r"4 units on axis -1"):
        as_columns(np.zeros(shape), LABELS.head)


WRONG = [
    (BINARY, [0, 1, 1], "Received: shape .3,."),
    (BINARY, [[0, 1, 0], [0, 1, 0]], "Received: shape"),
    (BINARY, 1, "Received: shape"),
    (BINARY, None, "Received: shape"),
    (BINARY, [0, 2], r"ids from 0 to 1. Received also: \[2\]"),
    (BINARY, [1, 2], r"also: \[2\]. If the ids count from 1, pass `y_true - 1`"),
    (BINARY, [-1, -1], "-1 says no where all others are 1.*ignore_class=-1"),
    (BINARY, [-1, 0], "-1 says no where all others are 1.*ignore_class=-1"),
    (BINARY, [-2, 2], r"also: \[-2, 2\]. If these positions do not count"),
    (EXCLUSIVE, [1, 4], "count from 1, pass `y_true - 1`"),
    (EXCLUSIVE, [-1, 1], r"also: \[-1\]. If these positions do not count"),
    (EXCLUSIVE, [-1, 4], r"ids from 0 to 3. Received also: \[-1, 4\]"),
    (EXCLUSIVE, [True, False], "has 4 classes"),
    (BINARY, [0.3, 1], r"not how likely.*\[0.3\]"),
    (EXCLUSIVE, [[0.2, 0.8, 0, 0], [0, 1, 0, 0]], r"not how likely.*\[0.2, 0.8\]"),
    (EXCLUSIVE, [[1, 1, 0, 0], [0, 1, 0, 0]], "1 of 2 rows are not so.*row 0"),
    (EXCLUSIVE, [[0, 1, 0, 0], [0, 0, 0, 0]], "1 of 2 rows are not so.*row 1"),
    (LABELS, [[0.5, 0, 1, 1], [0, 0, 0, 1]], r"not how likely.*\[0.5\]"),
    (LABELS, [[2, 0, 1, 1], [0, 0, 0, 1]], r"not how likely.*\[2\]"),
    (BINARY, [np.nan, 1], "1 of 2 are NaN"),
    (EXCLUSIVE, [[np.nan, 0, 0, 1], [0, 0, 0, 1]], "1 of 8 are NaN"),
    (LABELS, [[np.nan, 0, 1, 1], [0, 0, 0, 1]], "1 of 8 are NaN"),
    (BINARY, ["ant", "fly"], r"names \['ant', 'bee'\]. Received also: \['fly'\]"),
    (BINARY, ["ant", None], "Received also"),
    (LABELS, [("ant", "fly"), ()], r"Received also: \['fly'\]"),
    (LABELS, ["ant", "bee"], r"a single name: 'ant'. Pass \[\(name,\)"),
    (LABELS, [1, 0], "one value for each row"),
    (LABELS, [("ant",), (), ()], "Received: shape"),
    (BINARY, [[1], [1, 0]], "regular shape"),
    (BINARY, [1j, 0], "dtype complex"),
    (BINARY, [None, 1], "dtype object"),
]


@pytest.mark.parametrize(("rule", "y", "said"), WRONG)
def test_what_is_no_target_is_refused(rule, y, said):
    with pytest.raises(InputError, match=said):
        as_targets(y, rule, (2, rule.head.units))


@pytest.mark.parametrize("rule", [BINARY, EXCLUSIVE, LABELS])
def test_no_rows_are_nothing_to_fit(rule):
    with pytest.raises(InputError, match="nothing to fit on"):
        as_targets([], rule, (0, rule.head.units))


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_names_need_names(task):
    rule = Decoding(Head(task, 4, True))
    with pytest.raises(DecodingError, match="the decoding has none"):
        as_targets([["ant"], ["bee"]], rule, (2, 4))
