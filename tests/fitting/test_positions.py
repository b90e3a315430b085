"""Which positions count: shapes of weights, ignored classes and masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting import (
    as_mask,
    as_weights,
    calibrate,
    joined_positions,
    positions_of,
    tune_rejection,
    tune_thresholds,
)
from keras_labels.spec import Decoding, Head

MAPS = Decoding(Head("multiclass", 3, from_logits=True))
FIRST = Decoding(Head("multiclass", 3, from_logits=True, axis=1))
LABELS = Decoding(Head("multilabel", 3, from_logits=True))
LABELS_FIRST = Decoding(Head("multilabel", 3, from_logits=True, axis=1))
ONE = Decoding(Head("binary", 1, from_logits=True), class_names=["no", "yes"])


@given(st.tuples(*[st.booleans()] * 3), st.booleans(), st.sampled_from([MAPS, FIRST]))
def test_an_axis_of_1_stands_for_all(kept, with_class_axis, rule):
    lead = (4, 2, 5)
    shape = [lead[0]] + [
        n if keep else 1 for n, keep in zip(lead[1:], kept, strict=False)
    ]
    weights = np.random.default_rng(0).random(shape)
    expected = np.broadcast_to(weights, lead).ravel()
    axis = 3 if rule is MAPS else 1
    scores = np.insert(lead, axis, 3)
    if with_class_axis:
        weights = np.expand_dims(weights, axis)
    found = as_weights(weights, rule.head, scores)
    np.testing.assert_array_equal(found, expected)


def test_missing_axes_stand_for_all():
    rows = np.arange(4)
    for weights in (rows, rows[:, None], rows[:, None, None], rows.tolist()):
        found = as_weights(weights, MAPS.head, (4, 2, 3))
        assert found.tolist() == np.repeat(rows, 2).tolist()
    assert as_weights(None, MAPS.head, (4, 2, 3)) is None


@pytest.mark.parametrize("rule", [LABELS, LABELS_FIRST])
def test_labels_may_have_their_own(rule):
    weights = np.random.default_rng(1).random((4, 5, 3))
    last = rule is LABELS
    given_as = weights if last else np.moveaxis(weights, -1, 1)
    shape = (4, 5, 3) if last else (4, 3, 5)
    found = as_weights(given_as, rule.head, shape)
    np.testing.assert_array_equal(found, weights.reshape(-1, 3))
    assert as_weights(weights[:, :, 0], rule.head, shape).shape == (20,)


@pytest.mark.parametrize(
    ("shape", "rule", "scores"),
    [
        ((3,), MAPS, (4, 2, 3)),
        ((2,), MAPS, (4, 2, 3)),
        ((4, 3), MAPS, (4, 2, 3)),
        ((4, 2, 3), MAPS, (4, 2, 3)),
        ((1, 2), MAPS, (4, 2, 3)),
        ((4, 2, 1, 1), MAPS, (4, 2, 3)),
        ((4, 2), LABELS, (4, 3)),
        ((4, 2, 2), LABELS, (4, 2, 3)),
    ],
)
def test_other_shapes_are_refused(shape, rule, scores):
    with pytest.raises(InputError, match=r"for each row, .* Received: shape"):
        as_weights(np.ones(shape), rule.head, scores)


def test_everything_that_leaves_out_is_taken_together():
    y = [[0, 1, 2, 255]]
    found = positions_of(
        y,
        MAPS,
        (1, 4, 3),
        sample_weight=[[2, 0.5, 0, 1]],
        ignore_class=(1, 255),
        mask=[[True, True, True, False]],
    )
    assert found.weights.tolist() == [2, 0, 0, 0]
    assert found.targets.tolist() == [0, 1, 2, 255]


def test_where_all_count_there_are_no_weights():
    found = positions_of(
        [[0, 1]], MAPS, (1, 2, 3), ignore_class=-1, mask=[[True, True]]
    )
    assert found.weights is None
    counted = found.counted(np.zeros((2, 3)), MAPS)
    assert counted.weights is None
    assert counted.positions == len(counted) == 2


def test_batches_are_joined_as_one():
    def part(y, **said):
        return positions_of(y, LABELS, (len(y), 3), **said)

    marks = np.eye(3)
    rows = [1, 2, 0]
    own = np.arange(9).reshape(3, 3)
    parts = [
        part(marks),
        part(marks, sample_weight=rows),
        part(marks, sample_weight=own),
    ]
    whole = joined_positions(parts)
    assert whole.targets.tolist() == np.concatenate([marks] * 3).tolist()
    expected = [np.ones((3, 3)), np.repeat(np.array(rows)[:, None], 3, axis=1), own]
    np.testing.assert_array_equal(whole.weights, np.concatenate(expected))
    assert joined_positions(parts[:1]) is parts[0]
    assert joined_positions([parts[0]] * 2).weights is None
    whole = joined_positions(parts[:2])
    assert whole.weights.tolist() == [1, 1, 1, 1, 2, 0]


def test_targets_of_two_kinds_are_refused():
    ids = positions_of([0, 1], MAPS, (2, 3))
    one_hot = positions_of(np.eye(3), MAPS, (3, 3))
    with pytest.raises(InputError, match="targets of one kind"):
        joined_positions([ids, one_hot])


def test_masks():
    lead = (2, 3)
    assert as_mask(None, lead) is None
    assert as_mask(np.ones((2, 3, 4)), lead) is None
    assert as_mask([True, False], lead).tolist() == [[True] * 3, [False] * 3]
    assert as_mask([[1, 0, 1], [0, 0, 1]], lead).dtype == bool
    with pytest.raises(InputError, match=r"of shape \(2, 3\).*mask of shape \(2, 4\)"):
        as_mask(np.ones((2, 4)), lead)


@pytest.mark.parametrize(
    ("y", "ignored"),
    [
        ([0, 1, 255, 1], 255),
        (np.array([0, 1, 255, 1], "uint8"), (255, -1)),
        (np.array([0, 1, -1, 1], "float32"), -1),
        (["no", "yes", "unsure", "yes"], "unsure"),
        ([[1, 0], [0, 1], [0, 0], [0, 1]], -1),
    ],
)
def test_every_fit_ignores_what_it_is_told_to(y, ignored):
    z = np.array([[-1.0], [2.0], [np.nan], [-2.0]])
    kept, scores = [0, 1, 1], z[[0, 1, 3]]
    for function in (tune_thresholds, calibrate):
        one = function(y, z, ONE, ignore_class=ignored)
        assert one == function(kept, scores, ONE)
        with pytest.raises(InputError):
            function(y, z, ONE)
    p = np.array([[0.8, 0.2], [0.1, 0.9], [0.5, 0.5], [0.3, 0.7]])
    decided = [0, 1, 0, 1]
    one = tune_rejection(y, p, decided, ONE, coverage=0.6, ignore_class=ignored)
    rows = [0, 1, 3]
    assert one == tune_rejection(kept, p[rows], [0, 1, 1], ONE, coverage=0.6)


def test_out_of_range_names_the_ways_out():
    z = np.zeros((2, 3))
    with pytest.raises(InputError, match="pass ignore_class=-1, or a `sample_weight`"):
        calibrate([0, -1], z, MAPS)
    with pytest.raises(InputError, match="pass ignore_class=-1, or a `sample_weight`"):
        calibrate([[0, 1, -1], [0, 0, 1]], z, LABELS)
    with pytest.raises(InputError, match=r"are NaN.* a `sample_weight` of 0"):
        calibrate([0, np.nan], z, MAPS)
    with pytest.raises(InputError, match=r"one-hot.* a `sample_weight` of 0"):
        calibrate([[0, 0, 0], [0, 0, 1]], z, MAPS)
    with pytest.raises(InputError, match="Of soft targets"):
        calibrate([0, 0.5], z, MAPS)


def test_a_class_of_ones_and_zeros_is_no_class_to_ignore():
    with pytest.raises(DecodingError, match="neither yes nor no"):
        positions_of(np.eye(3), LABELS, (3, 3), ignore_class=1)
