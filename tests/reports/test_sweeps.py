"""Counts along two axes give those of every pair of threshold and bound."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_labels import Decoding
from keras_labels.functional import decode
from keras_labels.reports._evaluation import Evaluation, decided_by
from keras_labels.reports._page_data import page_data
from keras_labels.reports._sweeps import offered_bounds, offered_cuts, sweep
from keras_labels.spec import Head

# Many lie on a cut, beside one, or near 0 and 1.
NEAR = [0.0, 1e-38, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]
NEAR += [float(np.nextafter(np.float32(p), np.float32(2))) for p in (0.1, 0.3, 0.7)]
probabilities = st.sampled_from(NEAR) | st.floats(0, 1, width=32)
cuts = st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]) | st.floats(0.001, 0.999)
rows = st.lists(st.tuples(probabilities, st.booleans()), min_size=1, max_size=30)


def decided(p, rule):
    made = decode(p[:, None], rule, ["classes"])["classes"]
    return np.asarray(keras.ops.convert_to_numpy(made))


@given(rows, st.lists(cuts, min_size=1, max_size=3, unique=True), cuts, st.booleans())
def test_nested_counts_are_those_of_decode(pairs, offered, bound, inclusive):
    p = np.array([one for one, _ in pairs], "float32")
    truth = np.array([yes for _, yes in pairs])
    found = sweep(p, truth, sorted(offered), [bound], inclusive=inclusive)
    for at, cut in enumerate(sorted(offered)):
        for place, reject in enumerate((None, bound)):
            head = Head("binary", 1, from_logits=False)
            rule = Decoding(
                head, threshold=cut, reject_below=reject, inclusive=inclusive
            )
            ids = decided(p, rule)
            for side, mask in (("yes", truth), ("no", ~truth)):
                over = getattr(found.over, side)[at]
                sure = getattr(found.sure_yes, side)[place]
                unsure = getattr(found.sure_no, side)[place]
                rest = found.rows[side] - over
                assert min(over, sure) == ((ids == 1) & mask).sum()
                assert min(rest, unsure) == ((ids == 0) & mask).sum()


def test_the_models_own_threshold_is_on_offer():
    p = np.linspace(0, 1, 101, dtype="float32")
    truth = p > 0.4
    found = offered_cuts(p, truth, 0.123456789)
    assert 0.123456789 in found
    assert {0.01, 0.5, 0.99} <= set(found)
    assert found == sorted(set(found))
    assert len(found) <= 202
    assert 0.87654321 in offered_bounds(p, 0.87654321, 0.0)


@pytest.mark.parametrize("p", [[0.0, 1.0], [1e-30, 1 - 1e-7], [0.5]])
def test_saturated_scores_give_thresholds_that_a_decoding_takes(p):
    p = np.array(p, "float32")
    found = offered_cuts(p, p > 0.5, None) + offered_bounds(p, None, 0.0)
    head = Head("binary", 1, from_logits=False)
    assert all(Decoding(head, threshold=cut).threshold == (cut,) for cut in found)


def test_of_a_few_positives_as_many_quantiles():
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.uniform(0, 1e-3, 10_000), rng.uniform(0.9, 1, 20)])
    truth = np.arange(10_020) >= 10_000
    found = np.array(offered_cuts(p.astype("float32"), truth, None))
    assert ((found > 0.9) & (found < 1)).sum() > 15


def test_bounds_that_reject_nothing_are_left_out():
    found = offered_bounds(np.array([0.6, 0.9], "float32"), None, 0.6)
    assert min(found) >= 0.58


def evaluation(y, p, rule):
    ids = decided_by(p, rule)
    return Evaluation(y, p, ids, rule, None, np.arange(len(p)), None, 15)


@pytest.mark.parametrize("costs", [None, [[0, 1, 5], [1, 0, 1], [2, 2, 0]]])
def test_matrix_at_every_bound(costs):
    rng = np.random.default_rng(1)
    p = rng.dirichlet([0.6] * 3, 400).astype("float32").round(2)
    y = rng.integers(0, 3, 400)
    rule = Decoding(
        Head("multiclass", 3, from_logits=False), reject_below=0.5, costs=costs
    )
    data = page_data(evaluation(y, p, rule))
    cells = np.zeros(9, int)
    add(cells, data["matrix"]["cells"], 1)
    for bound, lost in zip(data["bounds"], data["matrix"]["lost"], strict=True):
        add(cells, lost, -1)
        ids = decided_by(p, rule, reject_below=bound)
        expected = np.zeros((3, 3), int)
        np.add.at(expected, (y[ids >= 0], ids[ids >= 0]), 1)
        assert cells.reshape(3, 3).tolist() == expected.tolist()


def add(cells, pairs, sign):
    np.add.at(cells, pairs[::2], sign * np.array(pairs[1::2], int))


@settings(max_examples=25)
@given(st.integers(0, 3), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_tied_labels_are_counted_by_their_place(few, many, seed):
    few = min(few, many)
    rng = np.random.default_rng(seed)
    p = rng.random((40, 4)).astype("float32").round(1)  # with many ties
    y = rng.random((40, 4)) < 0.5
    head = Head("multilabel", 4, from_logits=False)
    rule = Decoding(head, min_labels=few, max_labels=many, threshold=0.5)
    data = page_data(evaluation(y, p, rule))
    for at in (0, 50, -1):
        cut = [question["cuts"][at] for question in data["questions"]]
        for place in (0, 60):
            bound = None if place == 0 else data["bounds"][place - 1]
            ids = decided_by(p, rule, threshold=cut, reject_below=bound)
            for k, question in enumerate(data["questions"]):
                for side, mask in (("yes", y[:, k]), ("no", ~y[:, k])):
                    counts = (ids[mask, k] == 1).sum(), (ids[mask, k] == 0).sum()
                    assert counted(question, side, at, place) == counts


def counted(question, side, at, place):
    over = question["over"][side][at]
    yes = min(over, question["sure_yes"][side][place])
    no = min(question["rows"][side] - over, question["sure_no"][side][place])
    if "forced" in question:
        yes += question["forced"]["yes"][side][place]
        no += question["forced"]["no"][side][place]
    return yes, no
