"""The fastest formulations of the rules give the oracle's ids, bit for bit."""

import contextlib
import threading
from functools import cache
from unittest.mock import patch

import keras
import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from scores import BRINKS, DTYPES, EDGES, as_given, cast, numpy

from keras_labels import Decoding, Head, functional
from keras_labels.functional import _arithmetic, _formulations, _multi_label

BACKEND = keras.backend.backend()
COMPILED = {
    "tensorflow": ("compiled", "xla"),
    "jax": ("compiled",),
    "torch": ("compiled",),
}[BACKEND]
MODES = ("eager", *COMPILED)
COUNTS = (13, 30, 97)  # 4x3+1, 6x5, 10x9+7
ROWS = 4
CUTS = (0.3, 0.5, 0.7)
SMALL = 8  # classes, from which a small test takes the ways of many classes

every_compiler = pytest.mark.parametrize("mode", COMPILED)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Let torch not wait 6 ms for a second thread at each of 10,000 small maxima."""
    if BACKEND != "torch":
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@contextlib.contextmanager
def ways_of_many_classes():
    blocks = dict.fromkeys(_formulations._IN_BLOCKS_FROM, SMALL)
    with (
        patch.dict(_formulations._IN_BLOCKS_FROM, blocks),
        patch.object(_arithmetic, "_FEW", SMALL),
        patch.object(_multi_label, "_MANY", SMALL),
    ):
        yield


def fastest(function, mode, ids="int32", small=True):
    """Return the function as a prediction runs it, compiled once for each row shape."""

    def scoped(x):
        limits = ways_of_many_classes() if small else contextlib.nullcontext()
        with limits, functional.unexported(ids, mode == "xla"):
            return function(x)

    @cache
    def compiled_for(shape, dtype):
        if mode == "eager":
            return scoped
        return compiled(scoped, shape, dtype, mode)

    return lambda x: compiled_for(tuple(x.shape[1:]), x.dtype)(x)


def compiled(function, row_shape, dtype, mode):
    if BACKEND == "tensorflow":
        import tensorflow as tf

        rows = [tf.TensorSpec((None, *row_shape), dtype)]
        jit = mode == "xla" or None
        return tf.function(function, rows, autograph=False, jit_compile=jit)
    if BACKEND == "jax":
        import jax

        return jax.jit(function)
    import torch

    return torch.inference_mode()(function)


def shared(function, small=True):
    """Return the function by mode, compiled once for all tests that ask."""
    return {mode: fastest(function, mode, small=small) for mode in MODES}


def best_five(x):
    ranks = [functional.top_k(x, k, from_logits=True) for k in (1, 2, 3, 4, 5)]
    return functional.argmax(x), ranks


def best_three(x):
    ranks = [functional.top_k(x, k, "multilabel", True) for k in (1, 3)]
    return functional.argmax(x), ranks


def best_of_many(x):
    ranks = [functional.top_k(x, k, from_logits=True) for k in (1, 5)]
    return functional.argmax(x), ranks


BEST_FIVE = shared(best_five)
BEST_THREE = shared(best_three)
BEST_OF_MANY = shared(best_of_many, small=False)


def assert_best(run, scores, task="multiclass"):
    x, seen = as_given(scores)
    winners, ranks = run(x)
    winners = numpy(winners)
    np.testing.assert_array_equal(winners, reference.argmax(seen, found=winners))
    every = reference.probabilities(seen, task, from_logits=True)
    for ids, p in ranks:
        want = reference.top_k(seen, ids.shape[-1], found=numpy(ids))
        np.testing.assert_array_equal(numpy(ids), want)
        chosen = np.take_along_axis(every, np.maximum(want, 0), axis=-1)
        chosen = np.where(want < 0, np.nan, chosen)
        np.testing.assert_allclose(numpy(p), chosen, rtol=0, atol=2e-6)


def distinct(classes, rows=ROWS):
    """Return rows without ties, zeros or odd numbers: the usual way holds."""
    every = np.arange(1, rows * classes + 1) / 8.0 - classes + 1 / 16
    mixed = np.random.default_rng(classes).permutation(every)
    return mixed.reshape(rows, classes).astype("float32")


def with_row(x, values, fill=None):
    """Put values in one row: in two blocks, two of them in one, and at the end."""
    x = x.copy()
    n = x.shape[1]
    x[1] = -np.abs(x[1]) if fill is None else fill
    x[1, [1, n // 2, n // 2 + 1, n - 1]] = values
    return x


INF, NAN = np.inf, np.nan
ODD_ROWS = {
    "tied winners": [99, 99, 99, 99],
    "tie of two blocks": [99, 90, 90, 99],
    "tie inside a block": [90, 99, 99, 95],
    "tie on the last place": [97, 98, 99, 97],
    "signed zeros": [-0.0, 0.0, -0.0, 0.0],
    "subnormal after zero": [0.0, 1e-40, -1e-40, 1e-39],
    "subnormal below zero": [-1e-40, -0.0, 1e-40, 0.0],
    "smallest normal": [-1.1754944e-38, 0.0, 1.1754944e-38, 1.2e-38],
    "infinite": [99, -INF, INF, 98],
    "infinite twice": [INF, 98, -INF, INF],
    "sum that overflows": [3e38, 2e38, 3e38, 1e38],
    "lowest": [-INF, -3.4028235e38, -INF, -3.4028235e38],
    "largest and infinite": [3.4028235e38, INF, 3.4028235e38, -INF],
    "NaN first": [NAN, 97, 98, 99],
    "NaN last": [99, 98, 97, NAN],
    "NaN beside infinite": [INF, NAN, INF, 98],
    "NaN beside zeros": [0.0, NAN, -0.0, 0.0],
}
FULL_ROWS = {
    "all tied": ([1, 1, 1, 1], 1),
    "all zero": ([0.0, -0.0, 0.0, 1e-40], -0.0),
    "all negative infinite": ([-INF] * 4, -INF),
    "all infinite": ([INF] * 4, INF),
    "all NaN": ([NAN] * 4, NAN),
    "lowest after infinite": ([-INF, -3.4028235e38, -INF, -3.4028235e38], -INF),
    "one that is finite": ([-INF, -INF, 3.0, -INF], -INF),
    "one NaN among negative infinite": ([-INF, -INF, -INF, NAN], -INF),
}


def odd_batches(classes):
    """Return batches of one odd row each: an odd row changes the way of its batch."""
    x = distinct(classes)
    yield "distinct", x
    yield "tied everywhere", np.round(x / 8)
    for name, values in ODD_ROWS.items():
        yield name, with_row(x, values)
    for name, (values, fill) in FULL_ROWS.items():
        yield name, with_row(x, values, fill)


ODD_NAMES = [name for name, _ in odd_batches(12)]


@st.composite
def batches(draw, counts=COUNTS):
    """Return scores (4, classes), of any scale, with ties and edges."""
    classes = draw(st.sampled_from(counts))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.normal(size=(ROWS, classes)) * 10.0 ** draw(st.floats(-3, 4))
    if draw(st.booleans()):
        x = np.round(x, draw(st.integers(-2, 2)))
    share = draw(st.sampled_from([0.0, 0.02, 0.3, 1.0]))
    edges = EDGES + BRINKS if draw(st.booleans()) else BRINKS
    x = np.where(rng.random(x.shape) < share, rng.choice(edges, size=x.shape), x)
    return cast(x, "float32")


@every_compiler
@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_rows(mode, name):
    assert_best(BEST_THREE[mode], dict(odd_batches(97))[name], "multilabel")


def test_odd_rows_eagerly():
    odd = np.concatenate([scores[1:2] for _, scores in odd_batches(13)])
    for scores in (odd, distinct(13, rows=len(odd))):
        assert_best(BEST_THREE["eager"], scores, "multilabel")


@every_compiler
@given(scores=batches())
@settings(max_examples=30)
def test_ranks_agree_with_oracle(mode, scores):
    assert_best(BEST_THREE[mode], scores, "multilabel")


@every_compiler
@given(scores=batches(counts=(64,)))
@settings(max_examples=20)
def test_ranks_to_the_fifth_agree_with_oracle(mode, scores):
    assert_best(BEST_FIVE[mode], scores)


@every_compiler
@pytest.mark.parametrize("rows", [0, 1])
def test_ranks_of_no_row_and_of_one(mode, rows):
    x = with_row(distinct(17), [0.0, 1e-40, -1e-40, 1e-39])
    assert_best(BEST_THREE[mode], x[1 : 1 + rows], "multilabel")


@every_compiler
@pytest.mark.parametrize("dtype", DTYPES)
def test_ranks_of_every_dtype(mode, dtype):
    x = distinct(30)
    odd = [99, INF, NAN, INF] if "int" not in dtype else [99, 0, 99, 98]
    for scores in (x, np.round(x / 8), with_row(x, odd)):
        assert_best(BEST_THREE[mode], cast(scores, dtype), "multilabel")


@every_compiler
@pytest.mark.parametrize("classes", [3000, 10_007])
def test_as_many_classes_as_are_searched_in_blocks(mode, classes):
    """Limits as they are: 3,000 divide into blocks, and 10,007 leave a rest."""
    x = distinct(classes, rows=3)
    values = [[3e4] * 4, [INF, 3e4, INF, NAN], [0.0, 1e-40, -0.0, 0.0]]
    for scores in (x, *(with_row(x, row) for row in values)):
        assert_best(BEST_OF_MANY[mode], scores)


@every_compiler
@pytest.mark.parametrize("axis", [1, -1])
def test_any_class_axis_of_three(mode, axis):
    def decide(x):
        marks = functional.multi_label(x, 0.6, True, False, 1, 3, axis)
        over = functional.threshold(x, 0.6, True, axis=axis)
        ids, _ = functional.top_k(x, 3, from_logits=True, axis=axis)
        return functional.argmax(x, axis), ids, marks, over

    run = fastest(decide, mode)
    scores = np.stack([distinct(13), np.round(distinct(13, 4)[::-1] / 8)])
    scores = np.concatenate([scores, scores + 0.5, -scores], axis=1)  # (2, 12, 13)
    broken = scores.copy()
    broken[0, 3, 5], broken[1, 7], broken[1, 2, ::2] = NAN, -0.0, -INF
    for one in (scores, broken):
        x, seen = as_given(one)
        want = (
            reference.argmax(seen, axis),
            reference.top_k(seen, 3, axis),
            reference.multi_label(seen, 0.6, True, False, 1, 3, axis),
            reference.threshold(seen, 0.6, True, axis=axis),
        )
        for got, expected in zip(run(x), want, strict=True):
            np.testing.assert_array_equal(numpy(got), expected)


LABEL_COUNTS = [(0, None), (2, None), (0, 1), (1, 3)]


def every_mark(x):
    return [
        functional.multi_label(x, _cuts(x), True, low > 0, low, high)
        for low, high in LABEL_COUNTS
    ]


def _cuts(x):
    return list(np.resize(CUTS, x.shape[-1]))


EVERY_MARK = shared(every_mark)


def assert_marked(run, scores):
    x, seen = as_given(scores)
    for (low, high), got in zip(LABEL_COUNTS, run(x), strict=True):
        want = reference.multi_label(
            seen, _cuts(x), True, low > 0, low, high, found=numpy(got)
        )
        np.testing.assert_array_equal(numpy(got), want, err_msg=f"{low}, {high}")


@every_compiler
@pytest.mark.parametrize("name", ODD_NAMES)
def test_labels_of_odd_rows(mode, name):
    assert_marked(EVERY_MARK[mode], dict(odd_batches(13))[name])


@every_compiler
@given(scores=batches(counts=(13,)))
@settings(max_examples=20)
def test_labels_agree_with_oracle(mode, scores):
    assert_marked(EVERY_MARK[mode], scores)


@every_compiler
def test_labels_of_no_row_of_one_and_of_few_labels(mode):
    assert_marked(EVERY_MARK[mode], distinct(13)[:0])
    assert_marked(EVERY_MARK[mode], distinct(13)[:1])
    few = np.array([[0.0, -1, 2, 0.0], [NAN, 1, 1, 1], [-INF] * 4], "float32")
    assert_marked(EVERY_MARK[mode], few)


def every_threshold(x):
    return [
        functional.threshold(x, _cuts(x) if several else 0.3, from_logits, inclusive)
        for several in (False, True)
        for from_logits in (False, True)
        for inclusive in (False, True)
    ]


EVERY_THRESHOLD = shared(every_threshold)


def assert_over(run, scores):
    x, seen = as_given(scores)
    got = iter(run(x))
    for cuts in (0.3, _cuts(x)):
        for from_logits in (False, True):
            for inclusive in (False, True):
                want = reference.threshold(seen, cuts, from_logits, inclusive)
                np.testing.assert_array_equal(numpy(next(got)), want)


@every_compiler
@pytest.mark.parametrize("name", ODD_NAMES)
def test_thresholds_of_odd_rows(mode, name):
    assert_over(EVERY_THRESHOLD[mode], dict(odd_batches(13))[name])


@every_compiler
@given(scores=batches(counts=(13,)))
@settings(max_examples=20)
def test_thresholds_agree_with_oracle(mode, scores):
    assert_over(EVERY_THRESHOLD[mode], scores)


@every_compiler
@pytest.mark.parametrize("dtype", DTYPES)
def test_thresholds_on_the_cut_in_every_dtype(mode, dtype):
    near = cast(np.resize([*CUTS, 0.0, 1.0], (ROWS, 13)), dtype)
    assert_over(EVERY_THRESHOLD[mode], near)
    assert_over(EVERY_THRESHOLD[mode], near[:0])


HEADS = [
    Decoding(Head("binary", 1, True), threshold=0.7),
    Decoding(Head("binary", 1, False), inclusive=True),
    Decoding(Head("binary", 1, True), reject_below=0.8),
    Decoding(Head("binary", 2, True), threshold=0.3),
    Decoding(Head("binary", 2, False), threshold=0.3, reject_below=0.75),
    Decoding(Head("multiclass", 30, True)),
    Decoding(Head("multiclass", 30, True), reject_below=0.9),
    Decoding(Head("multilabel", 13, True), min_labels=1, max_labels=2),
    Decoding(Head("multilabel", 13, False), threshold=0.2, reject_below=0.7),
]


def scores_of(head):
    """Return scores of a head: usual ones, tied ones, and one row with NaN."""
    usual = distinct(head.units, rows=8)
    if not head.from_logits:
        usual = reference.sigmoid(usual).astype("float32")
        usual = reference.softmax(usual) if head.units == 2 else usual
    broken = usual.copy()
    broken[2, -1] = NAN
    broken[4] = 1 / head.units
    broken[5, 0] = INF if head.from_logits else 1.0
    return usual, np.round(usual), broken, usual[:0]


@every_compiler
@pytest.mark.parametrize("rule", HEADS)
def test_heads_are_decided_as_outside_of_the_scope(mode, rule):
    def decide(x):
        return functional.decode(x, rule)

    run = fastest(decide, mode, ids="int8")
    for scores in scores_of(rule.head):
        x, seen = as_given(scores)
        got, want = run(x), decide(x)
        classes = numpy(got["classes"])
        np.testing.assert_array_equal(classes, numpy(want["classes"]))
        assert classes.dtype == np.int8
        p = reference.probabilities(seen, rule.head.task, rule.head.from_logits)
        np.testing.assert_allclose(numpy(got["probabilities"]), p, rtol=0, atol=2e-6)


@every_compiler
def test_improbable_winner_is_rejected(mode):
    def decide(x):
        return functional.argmax(x, from_logits=True, reject_below=0.9)

    run = fastest(decide, mode)
    for scores in (distinct(13), distinct(13) / 20, with_row(distinct(13), [INF] * 4)):
        x, seen = as_given(scores)
        top = reference.probabilities(seen, "multiclass", True).max(-1)
        assert (np.abs(top - 0.9) > 1e-6).all()
        want = np.where(top >= 0.9, reference.argmax(seen), -1)
        np.testing.assert_array_equal(numpy(run(x)), want)


def every_kind_of_id(x):
    rule = Decoding(Head("multiclass", x.shape[-1], True), reject_below=0.4)
    return [
        functional.argmax(x),
        functional.argmax(x, output_mode="one_hot"),
        functional.argmax(x, reject_below=0.4),
        functional.multi_label(x, min_labels=1, max_labels=3),
        functional.threshold(x),
        functional.decode(x, rule, ["classes"])["classes"],
    ]


@every_compiler
def test_ids_have_the_dtype_asked_for(mode):
    x = with_row(distinct(13), [NAN, 99, 0.0, 1])
    run = fastest(every_kind_of_id, mode, "int8")
    for scores in (distinct(13), x):
        given_scores, _ = as_given(scores)
        inside = [numpy(kind) for kind in run(given_scores)]
        outside = [numpy(kind) for kind in every_kind_of_id(given_scores)]
        assert {str(kind.dtype) for kind in inside} == {"int8"}
        assert {str(kind.dtype) for kind in outside} == {"int32"}
        for have, want in zip(inside, outside, strict=True):
            np.testing.assert_array_equal(have, want)


def dtype_here():
    return str(numpy(functional.argmax(distinct(13))).dtype)


def test_scope_ends_with_its_block():
    with functional.unexported("int8"):
        with functional.unexported("int16"):
            assert dtype_here() == "int16"
        assert dtype_here() == "int8"
        assert not _formulations.is_portable()
    assert dtype_here() == "int32"
    assert _formulations.is_portable()


def test_scope_ends_after_an_exception():
    with pytest.raises(ZeroDivisionError), functional.unexported("int8"):
        raise ZeroDivisionError
    assert dtype_here() == "int32"
    assert _formulations.is_portable()


def test_other_threads_are_outside_of_the_scope():
    seen = []
    thread = threading.Thread(
        target=lambda: seen.append((dtype_here(), _formulations.is_portable()))
    )
    with functional.unexported("int8"):
        thread.start()
        thread.join()
    assert seen == [("int32", True)]
