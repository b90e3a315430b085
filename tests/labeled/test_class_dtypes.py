"""Class ids in the dtype that the user asks for: the same ids, or an error."""

from functools import cache

import keras
import numpy as np
import pytest
import reference

from keras_labels import DecodingError, InputError, LabeledModel

INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]


def echo(units):
    """A model whose scores are its input."""
    return keras.Sequential([keras.Input((units,)), keras.layers.Identity()])


@cache  # its predictions compile once
def labeled_echo(task, units, **said):
    return LabeledModel(echo(units), task=task, from_logits=True, **said)


def rows_with_every_class(units):
    """Return logits of which row i has its highest score at i."""
    noise = np.random.default_rng(units).normal(size=(units, units))
    return (noise + 99 * np.eye(units)).astype("float32")


def logits(units):
    return np.random.default_rng(units).normal(size=(9, units)).astype("float32")


def assert_given(got, want, dtype):
    assert got.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(got.astype("int64"), want)


@pytest.mark.parametrize("units", [3, 128, 129, 200, 256, 257])
def test_every_dtype_that_holds_the_classes_and_no_other(units):
    labeled, x = labeled_echo("multiclass", units), rows_with_every_class(units)
    want = reference.argmax(x)
    assert want.max() == units - 1
    assert_given(labeled.predict_classes(x), want, "int32")
    for dtype in INTEGERS:
        if units - 1 <= np.iinfo(dtype).max:
            assert_given(labeled.predict_classes(x, dtype=dtype), want, dtype)
            continue
        with pytest.raises(
            DecodingError, match=f"{dtype} ends at .* go to {units - 1}"
        ):
            labeled.predict_classes(x, dtype=dtype)
    with pytest.raises(DecodingError, match="bool ends at 1"):
        labeled.predict_classes(x, dtype="bool")


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool"])
def test_binary_and_multilabel_in_every_dtype(dtype):
    x = logits(1)
    got = labeled_echo("binary", 1).predict_classes(x, dtype=dtype)
    assert_given(got, reference.threshold(x, 0.5, True)[:, 0], dtype)
    x = logits(2)
    got = labeled_echo("multiclass", 2).predict_classes(x, dtype=dtype)
    assert_given(got, reference.argmax(x), dtype)
    x = logits(30)
    labeled = labeled_echo("multilabel", 30, min_labels=1, max_labels=2)
    want = reference.multi_label(x, 0.5, True, low=1, high=2)
    assert_given(labeled.predict_classes(x, dtype=dtype), want, dtype)


@pytest.mark.parametrize("labels", [128, 129, 300])
def test_more_labels_than_int8_counts(labels):
    """A mark is 0 or 1, and yet the best label is found by an id of any size."""
    x = logits(labels) - np.float32(3)
    labeled = labeled_echo("multilabel", labels)
    for low, high in [(0, 1), (0, 2), (4, None)]:
        limited = labeled.with_decoding(min_labels=low, max_labels=high)
        want = reference.multi_label(x, 0.5, True, low=low, high=high)
        assert_given(limited.predict_classes(x), want, "int32")
        assert_given(limited.predict_classes(x, dtype="bool"), want, "bool")


@pytest.mark.parametrize("labels", [128, 129, 300])
def test_best_labels_among_more_than_int8_counts(labels):
    x = rows_with_every_class(labels)
    best = labeled_echo("multilabel", labels).predict_top_k(x, k=2)
    got = [[label for label, _ in row] for row in best]
    np.testing.assert_array_equal(got, reference.top_k(x, 2))


@pytest.mark.parametrize("dtype", [np.uint8, np.dtype("uint8"), bool, int, ">i2"])
def test_dtypes_are_named_as_numpy_does(dtype):
    x = logits(1)
    got = labeled_echo("binary", 1).predict_classes(x, dtype=dtype)
    assert_given(got, reference.threshold(x, 0.5, True)[:, 0], dtype)


@cache
def several():
    inputs = keras.Input((200,))
    identity = keras.layers.Identity
    kind = identity(name="kind")(inputs)
    sick = identity(name="sick")(inputs[:, :1])
    tags = identity(name="tags")(inputs[:, :5])
    outputs = {"kind": kind, "sick": sick, "tags": tags, "rest": inputs[:, :2]}
    tasks = {"kind": "multiclass", "sick": "binary", "tags": "multilabel"}
    heads = {n: {"task": task, "from_logits": True} for n, task in tasks.items()}
    return LabeledModel(keras.Model(inputs, outputs), heads=heads)


def test_several_heads():
    labeled, x = several(), rows_with_every_class(200)
    want = {
        "kind": reference.argmax(x),
        "sick": reference.threshold(x[:, :1], 0.5, True)[:, 0],
        "tags": reference.threshold(x[:, :5], 0.5, True),
    }
    for dtype in ("uint8", "int16", "int32", "uint64"):
        got = labeled.predict_classes(x, dtype=dtype)
        np.testing.assert_array_equal(got.pop("rest"), x[:, :2])
        assert set(got) == set(want)
        for name, classes in got.items():
            assert_given(classes, want[name], dtype)
    for dtype in ("int8", "bool"):  # which hold the ids of the two other heads
        with pytest.raises(DecodingError, match=r"Output 'kind': .*dtype='int16'"):
            labeled.predict_classes(x, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float16", float, complex, "str", "U5"])
def test_dtypes_of_no_integers_are_refused(dtype):
    with pytest.raises(DecodingError, match="integer dtype"):
        labeled_echo("multiclass", 3).predict_classes(logits(3), dtype=dtype)


@pytest.mark.parametrize("dtype", ["bfloat16", "no such type", object(), "M8[s]"])
def test_what_is_no_dtype_of_ids_is_refused(dtype):
    with pytest.raises(DecodingError, match="integer dtype"):
        labeled_echo("multiclass", 3).predict_classes(logits(3), dtype=dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint32", "uint64", "bool"])
def test_minus_one_needs_a_signed_dtype(dtype):
    x = logits(1)
    labeled = labeled_echo("binary", 1)
    with pytest.raises(DecodingError, match=r'invalid="mark" .* dtype=\'int8\''):
        labeled.predict_classes(x, invalid="mark", dtype=dtype)
    unsure = labeled.with_decoding(reject_below=0.8)
    with pytest.raises(DecodingError, match=r"reject_below=0\.8 .* dtype='int8'"):
        unsure.predict_classes(x, dtype=dtype)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
def test_signed_dtypes_hold_marked_and_rejected_rows(dtype):
    x = np.array([[5.0, 0, 1], [0, 0, 0], [0, np.nan, 1], [0, 1, 9]], "float32")
    labeled = labeled_echo("multiclass", 3)
    got = labeled.predict_classes(x, invalid="mark", dtype=dtype)
    assert_given(got, [0, 0, -1, 2], dtype)
    unsure = labeled.with_decoding(reject_below=0.5)
    got = unsure.predict_classes(x, invalid="mark", dtype=dtype)
    assert_given(got, [0, -1, -1, 2], dtype)
    assert_given(unsure.predict_classes(x[[0, 1, 3]], dtype=dtype), [0, -1, 2], dtype)


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int8", "uint64"])
@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_rows_with_nan_still_raise(task, dtype):
    x = np.array([[1.0], [np.nan]], "float32")
    with pytest.raises(InputError, match="NaN"):
        labeled_echo(task, 1).predict_classes(x, dtype=dtype)


def test_rows_with_nan_still_raise_among_many_classes():
    x = rows_with_every_class(200)
    x[7, 199] = np.nan
    with pytest.raises(InputError, match="NaN"):
        labeled_echo("multiclass", 200).predict_classes(x, dtype="uint8")
    with pytest.raises(InputError, match="NaN"):
        several().predict_classes(x, dtype="uint8")


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool"])
def test_no_rows_have_the_dtype_too(dtype):
    got = labeled_echo("binary", 1).predict_classes(logits(1)[:0], dtype=dtype)
    assert (got.shape, got.dtype) == ((0,), np.dtype(dtype))
    labeled = labeled_echo("multilabel", 4)
    got = labeled.predict_classes(logits(4)[:0], dtype=dtype)
    assert (got.shape, got.dtype) == ((0, 4), np.dtype(dtype))


def test_no_rows_of_several_heads_have_the_dtype_too():
    got = several().predict_classes(np.zeros((0, 200), "float32"), dtype="uint8")
    assert {str(got[name].dtype) for name in ("kind", "sick", "tags")} == {"uint8"}
    assert got["rest"].dtype == np.float32


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int8", "int64"])
def test_ids_are_the_users_to_write(dtype):
    x = logits(1)
    labeled = labeled_echo("binary", 1)
    got = labeled.predict_classes(x, dtype=dtype)
    got[:] = 0
    again = labeled.predict_classes(x, dtype=dtype)
    assert_given(again, reference.threshold(x, 0.5, True)[:, 0], dtype)


def test_batches_and_datasets_give_the_same_dtype():
    labeled, x = labeled_echo("multiclass", 129), rows_with_every_class(129)
    by_batches = labeled.predict_classes(x, dtype="uint8", batch_size=50)
    from_generator = labeled.predict_classes(
        iter([x[:43], x[43:86], x[86:]]), dtype="uint8"
    )
    assert_given(by_batches, reference.argmax(x), "uint8")
    assert_given(from_generator, reference.argmax(x), "uint8")
