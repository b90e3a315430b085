"""Parts make the array that they were cut from, whatever is known of its rows."""

import weakref

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_labels import InputError
from keras_labels.prediction._joining import joined

LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=8)
DTYPES = st.sampled_from(["float32", "int8", "int32", "bool"])
WIDTHS = st.sampled_from([(), (1,), (3,), (2, 2)])


def array(rows, width=(2,), dtype="int32"):
    numbers = np.arange(rows * int(np.prod(width)))
    return numbers.reshape(rows, *width).astype(dtype)


def cut(whole, lengths):
    return np.split(whole, np.cumsum(lengths)[:-1])


@st.composite
def said_rows(draw, rows):
    """Say nothing of the rows, or the truth, or too few or too many."""
    return draw(st.sampled_from([None, rows, 0, 1, rows - 1, rows + 1, rows + 7]))


def assert_same(made, expected):
    assert (made.dtype, made.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(made, expected)


@given(LENGTHS, WIDTHS, DTYPES, st.data())
def test_parts_of_an_array_make_it_again(lengths, width, dtype, data):
    whole = array(sum(lengths), width, dtype)
    rows = data.draw(said_rows(len(whole)))
    parts = [part.copy() for part in cut(whole, lengths)]
    assert_same(joined(iter(parts), rows), whole)
    for part, before in zip(parts, cut(whole, lengths), strict=True):
        np.testing.assert_array_equal(part, before)


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=6), st.data())
def test_every_output_has_its_own_rows(lengths, data):
    """Of a dict with a tuple in it; a model may give more or fewer rows than it got."""
    rows = data.draw(said_rows(sum(n for n, _, _ in lengths)))
    widths, dtypes = [(), (3,), (2, 2)], ["int8", "float32", "int32"]
    ways = list(zip(*lengths, strict=True))
    wholes = list(map(array, map(sum, ways), widths, dtypes))
    columns = map(cut, wholes, ways)
    parts = [{"a": a, "b": (b, c)} for a, b, c in zip(*columns, strict=True)]
    made = joined(iter(parts), rows)
    assert list(made) == ["a", "b"]
    assert isinstance(made["b"], tuple)
    for one, whole in zip(keras.tree.flatten(made), wholes, strict=True):
        assert_same(one, whole)


@given(LENGTHS.filter(lambda lengths: len(lengths) > 1), st.data())
def test_wider_dtypes_of_later_parts_are_kept(lengths, data):
    rows = data.draw(said_rows(sum(lengths)))
    parts = cut(array(sum(lengths)), lengths)
    parts[-1] = parts[-1] + 0.5
    assert_same(joined(iter(parts), rows), np.concatenate(parts))


@given(LENGTHS.filter(lambda lengths: len(lengths) > 1), st.data())
def test_parts_of_another_shape_are_refused(lengths, data):
    rows = data.draw(said_rows(sum(lengths)))
    parts = cut(array(sum(lengths)), lengths)
    other = data.draw(st.integers(1, len(parts) - 1))
    width = data.draw(st.sampled_from([(3,), (1,), (), (2, 1)]))
    parts[other] = array(lengths[other], width)
    end = ", ".join(map(str, width)) if width else ""
    with pytest.raises(InputError, match=rf"\(\d+, 2\), then \(\d+,( {end})?\)"):
        joined(iter(parts), rows)


def test_one_output_of_another_shape_is_refused():
    parts = [{"a": array(2), "b": array(2)}, {"a": array(2), "b": array(2, (3,))}]
    with pytest.raises(InputError, match=r"different shapes.*\(2, 2\), then \(2, 3\)"):
        joined(iter(parts), 4)


@pytest.mark.parametrize("rows", [None, 0, 3])
def test_no_parts_are_none(rows):
    assert joined(iter(()), rows) is None


@pytest.mark.parametrize("rows", [None, 3, 9])
def test_one_part_is_not_copied(rows):
    only = array(3)
    assert joined(iter([only]), rows) is only


def test_parts_are_let_go_of_as_they_come():
    """Else the outputs of a large array would be held twice."""
    alive = []

    def parts():
        for _ in range(10):
            part = array(4)
            alive.append(weakref.ref(part))
            yield part
            del part
            assert sum(ref() is not None for ref in alive) <= 3

    assert len(joined(parts(), rows=40)) == 40
    assert len(alive) == 10


def test_parts_are_read_once_and_in_order():
    read = []
    parts = (read.append(n) or array(1) + n for n in range(5))
    assert_same(joined(parts, 5), np.concatenate([array(1) + n for n in range(5)]))
    assert read == [0, 1, 2, 3, 4]
