"""A file decides as Keras does, and as the oracle does, in every row.

Exact heads: the scores are the inputs, which every runtime holds bit for bit, so that
no row may differ. Networks: a runtime's arithmetic may move the probabilities; no row
may differ that lies further from another decision than twice the largest move.
"""

import functools
from typing import NamedTuple

import keras
import numpy as np
import pytest
import reference
from scores import logits_beside

from keras_labels import LabeledModel

ROWS = 10_000
NAMES = ("Gans (weiß)", "hen", "white dove", "emu", "rhea")
CUTS = (0.1, 0.3, 0.5, 0.7, 0.9)


class Case(NamedTuple):
    task: str
    units: int
    from_logits: bool
    options: dict

    def labeled(self, model):
        names = NAMES[: max(self.units, 2)]
        return LabeledModel(
            model,
            task=self.task,
            from_logits=self.from_logits,
            class_names=names,
            **self.options,
        )


CASES = {
    "logit": Case("binary", 1, True, {"threshold": 0.3}),
    "logit_inclusive_reject": Case(
        "binary", 1, True, {"threshold": 0.3, "inclusive": True, "reject_below": 0.8}
    ),
    "probability": Case("binary", 1, False, {"threshold": 0.7}),
    "probability_inclusive": Case(
        "binary", 1, False, {"threshold": 0.7, "inclusive": True}
    ),
    "two_logits": Case("binary", 2, True, {"threshold": 0.3}),
    "two_probabilities": Case("binary", 2, False, {"threshold": 0.3}),
    "multiclass_logits": Case("multiclass", 5, True, {}),
    "multiclass_probabilities": Case("multiclass", 5, False, {}),
    "multiclass_reject": Case("multiclass", 5, False, {"reject_below": 0.4}),
    "multilabel_logits": Case("multilabel", 5, True, {"threshold": CUTS}),
    "multilabel_probabilities": Case(
        "multilabel", 5, False, {"threshold": CUTS, "inclusive": True}
    ),
    "multilabel_reject": Case(
        "multilabel", 5, True, {"threshold": CUTS, "reject_below": 0.6}
    ),
    "multilabel_best": Case(
        "multilabel", 5, True, {"threshold": CUTS, "min_labels": 1, "max_labels": 2}
    ),
    "multilabel_counts": Case(
        "multilabel", 5, True, {"threshold": CUTS, "min_labels": 2, "max_labels": 3}
    ),
}
NETWORKS = (
    "logit",
    "probability",
    "two_logits",
    "multiclass_logits",
    "multiclass_reject",
    "multilabel_logits",
    "multilabel_best",
    "multilabel_counts",
)


class Run(NamedTuple):
    """What Keras, the file, and the oracle (of exact heads) make of the same rows."""

    case: Case
    x: np.ndarray
    keras: dict
    oracle: dict
    exported: object
    file: dict


# --- the data -------------------------------------------------------------------


def random_scores(case):
    z = 3 * np.random.default_rng(0).normal(size=(ROWS, case.units))
    if not case.from_logits:
        exclusive = case.units > 1 and case.task != "multilabel"
        z = reference.softmax(z) if exclusive else reference.sigmoid(z)
    return z.astype("float32")


def brinks(case):
    """Return rows of ties and of scores on, beside and far from every cut."""
    cuts = np.ravel([case.options.get("threshold", 0.5)])
    cuts = np.append(cuts, case.options.get("reject_below", 0.5))
    cuts = np.concatenate([cuts, 1 - cuts])
    small = [0.0, -0.0, 1e-40, -1e-40, 1.1754944e-38, np.nan]
    if case.from_logits:
        beside = logits_beside(cuts).ravel()
        others = [np.inf, -np.inf, 3.4028235e38, -3.4028235e38]
    else:
        near = cuts.astype("float32")
        zero, one = np.float32(0), np.float32(1)
        beside = [*near, *np.nextafter(near, zero), *np.nextafter(near, one)]
        others = [one, np.nextafter(one, zero)]
    values = np.array([*small, *beside, *others], "float32")
    mixed = np.random.default_rng(1).choice(values, (1000, case.units))
    return np.concatenate([np.repeat(values[:, None], case.units, axis=1), mixed])


def exact_scores(units):
    """Return a model of exact scores: a slice, since a file may drop an identity."""
    inputs = keras.Input((units + 1,), name="rows")
    return keras.Model(inputs, inputs[:, :-1])


def network(case):
    keras.utils.set_random_seed(4)
    exclusive = case.units > 1 and case.task != "multilabel"
    activation = "softmax" if exclusive else "sigmoid"
    layers = [
        keras.layers.Dense(16, "relu"),
        keras.layers.Dense(case.units, None if case.from_logits else activation),
    ]
    return keras.Sequential([keras.Input((8,)), *layers])


# --- the oracle -----------------------------------------------------------------


def decided(scores, case):
    """Return the classes of float32 scores."""
    wanted, task, from_logits = case.options, case.task, case.from_logits
    cut, reject = wanted.get("threshold", 0.5), wanted.get("reject_below")
    if task == "multiclass":
        ids = reference.argmax(scores)
        if reject is None:
            return ids
        p = reference.probabilities(scores, task, from_logits).max(-1, keepdims=True)
        sure = reference.threshold(p.astype("float32"), reject, inclusive=True)
        return np.where(sure[:, 0] == 1, ids, -1)
    x, inclusive = scores, wanted.get("inclusive", False)
    if task == "multilabel":
        low, high = wanted.get("min_labels", 0), wanted.get("max_labels")
        marks = reference.multi_label(x, cut, from_logits, inclusive, low, high)
    else:
        x = one_column(scores, from_logits)
        marks = reference.threshold(x, cut, from_logits, inclusive)
    if reject is not None:
        other = -x if from_logits else 1 - x
        yes = reference.threshold(x, reject, from_logits, inclusive=True)
        no = reference.threshold(other, reject, from_logits, inclusive=True)
        marks = np.where(np.where(marks == 1, yes, no) == 1, marks, -1)
    if task == "multilabel":
        return marks
    return np.where(np.isnan(scores).any(axis=-1), -1, marks[:, 0])


def one_column(scores, from_logits):
    if scores.shape[1] == 1:
        return scores
    negative, positive = scores[:, :1], scores[:, 1:]
    if not from_logits:
        return positive
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(negative == positive, np.float32(0), positive - negative)


def margin(scores, case):
    """Return by how much a probability of a row must move for another decision."""
    p = reference.probabilities(scores, case.task, case.from_logits)
    cuts, reject = case.options.get("threshold"), case.options.get("reject_below")
    least = np.full(len(p), np.inf)
    if case.task == "binary":
        p = p[:, 1:]
    if case.task == "multiclass" or "max_labels" in case.options:
        least = np.diff(np.sort(p, axis=1), axis=1).min(axis=1)
    if cuts is not None:
        least = np.minimum(least, np.abs(p - np.array(cuts)).min(axis=1))
    if reject is not None:
        least = np.minimum(least, np.abs(p - reject).min(axis=1))
        least = np.minimum(least, np.abs(1 - p - reject).min(axis=1))
    return least


# --- the files ------------------------------------------------------------------


def by_keras(labeled, x):
    return {
        "classes": labeled.predict_classes(x, invalid="mark"),
        "probabilities": labeled.predict_proba(x),
    }


@functools.cache
def exact_head(name):
    case = CASES[name]
    labeled = case.labeled(exact_scores(case.units))
    scores = np.concatenate([random_scores(case), brinks(case)])
    oracle = {
        "classes": decided(scores, case),
        "probabilities": reference.probabilities(scores, case.task, case.from_logits),
    }
    x = np.pad(scores, [(0, 0), (0, 1)])
    return labeled, x, by_keras(labeled, x), oracle


@functools.cache
def network_of(name):
    case = CASES[name]
    labeled = case.labeled(network(case))
    x = np.random.default_rng(2).normal(size=(ROWS, 8)).astype("float32")
    scores = keras.ops.convert_to_numpy(labeled.model(x, training=False))
    return labeled, x, by_keras(labeled, x), {"margin": margin(scores, case)}


def run(case, made, round_trip, has_labels):
    labeled, x, keras_made, oracle = made
    labels = ("labels",) if has_labels else ()
    exported = round_trip(labeled, outputs=("probabilities", "classes", *labels))
    return Run(case, x, keras_made, oracle, exported, exported.predict(x))


@pytest.fixture(scope="module", params=CASES)
def exact(request, round_trip, has_labels):
    name = request.param
    return run(CASES[name], exact_head(name), round_trip, has_labels)


@pytest.fixture(scope="module", params=NETWORKS)
def trained(request, round_trip, has_labels):
    name = request.param
    return run(CASES[name], network_of(name), round_trip, has_labels)


# --- exact heads ----------------------------------------------------------------


def test_no_decision_of_exact_scores_differs_from_keras(exact):
    assert exact.file["classes"].dtype == np.int32
    np.testing.assert_array_equal(exact.file["classes"], exact.keras["classes"])


def test_no_decision_of_exact_scores_differs_from_the_oracle(exact):
    np.testing.assert_array_equal(exact.file["classes"], exact.oracle["classes"])


@pytest.mark.parametrize("by", ["keras", "oracle"])
def test_probabilities_are_the_same_and_nan_where_nan(exact, by):
    assert exact.file["probabilities"].dtype == np.float32
    want = getattr(exact, by)["probabilities"]
    np.testing.assert_allclose(exact.file["probabilities"], want, rtol=0, atol=1e-5)


def test_labels_are_the_names_of_the_classes(exact, has_labels):
    if not has_labels:
        pytest.skip("files of this format hold no strings")
    texts = [
        one.decode() if isinstance(one, bytes) else one
        for one in exact.file["labels"].ravel()
    ]
    classes = exact.oracle["classes"]
    if exact.case.task == "multilabel":
        want = np.where(classes == 1, np.array(NAMES), "")
    else:
        want = np.array([*NAMES, ""])[classes]
    np.testing.assert_array_equal(np.reshape(texts, want.shape), want)


# --- networks -------------------------------------------------------------------


def differing(one, other):
    return (one["classes"] != other["classes"]).reshape(ROWS, -1).any(axis=1)


def band(trained):
    apart = trained.file["probabilities"] - trained.keras["probabilities"]
    drift = np.abs(apart).max()
    assert drift < 1e-5
    return trained.oracle["margin"] <= 2 * drift


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
