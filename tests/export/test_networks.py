"""Networks: no decision differs that lies further from another one than the drift.

A runtime's arithmetic may move the probabilities; a decision may differ only where its
scores lie nearer to a cut, or a tie, than twice the largest move.
"""

import functools
from typing import NamedTuple

import keras
import numpy as np
import pytest
from export_cases import CASES, ROWS, network
from export_oracle import margin

NETWORKS = (
    "logit",
    "probability",
    "two_logits",
    "multiclass_logits",
    "multiclass_reject",
    "multilabel_logits",
    "multilabel_best",
    "multilabel_counts",
    "ordinal_logits",
)


class Run(NamedTuple):
    """What Keras and the file make of the same rows, and how sure these are."""

    x: np.ndarray
    keras: dict
    margin: np.ndarray
    exported: object
    file: dict


@functools.cache
def network_of(name):
    """Return a labeled model, rows, and how far these are from other decisions."""
    case = CASES[name]
    labeled = case.labeled(network(case))
    x = np.random.default_rng(2).normal(size=(ROWS, 8)).astype("float32")
    scores = keras.ops.convert_to_numpy(labeled.model(x, training=False))
    return labeled, x, margin(scores, case)


@pytest.fixture(scope="module", params=NETWORKS)
def trained(request, round_trip):
    labeled, x, apart = network_of(request.param)
    by_keras = {
        "classes": labeled.predict_classes(x),
        "probabilities": labeled.predict_proba(x),
    }
    exported = round_trip(labeled)
    return Run(x, by_keras, apart, exported, exported.predict(x))


def differing(one, other):
    return (one["classes"] != other["classes"]).reshape(ROWS, -1).any(axis=1)


def band(trained):
    apart = trained.file["probabilities"] - trained.keras["probabilities"]
    drift = np.abs(apart).max()
    assert drift < 1e-5
    return trained.margin <= 2 * drift


def test_no_decision_of_a_network_differs_beyond_its_drift(trained):
    near = band(trained)
    assert not (differing(trained.file, trained.keras) & ~near).any()
    assert near.mean() < 0.01


@pytest.mark.parametrize("rows", [0, 1, 2, 1000])
def test_one_file_takes_batches_of_any_size(trained, rows):
    made = trained.exported.predict(trained.x[:rows])
    for name, whole in trained.keras.items():
        assert made[name].shape == (rows, *whole.shape[1:])
        assert made[name].dtype == whole.dtype
    clear = ~band(trained)[:rows]
    want = trained.keras["classes"][:rows]
    np.testing.assert_array_equal(made["classes"][clear], want[clear])
