"""Heads whose scores are the inputs: no decision differs, from Keras or the oracle.

Every runtime holds such scores bit for bit.
"""

import functools
from typing import NamedTuple

import numpy as np
import pytest
import reference
from export_cases import CASES, NAMES, Case, brinks, exact_scores, random_scores
from export_oracle import decided


class Run(NamedTuple):
    """What Keras, the oracle, and the file make of the same rows."""

    case: Case
    keras: dict
    oracle: dict
    file: dict


@functools.cache
def head(name):
    """Return a labeled model, its rows, and what the oracle makes of them."""
    case = CASES[name]
    scores = np.concatenate([random_scores(case), brinks(case)])
    oracle = {
        "scores": scores,
        "probabilities": reference.probabilities(scores, case.task, case.from_logits),
    }
    x = np.pad(scores, [(0, 0), (0, 1)])
    return case.labeled(exact_scores(case.units)), x, oracle


@pytest.fixture(scope="module", params=CASES)
def exact(request, round_trip, has_labels):
    labeled, x, oracle = head(request.param)
    by_keras = {
        "classes": labeled.predict_classes(x, invalid="mark"),
        "probabilities": labeled.predict_proba(x),
    }
    labels = ("labels",) if has_labels else ()
    exported = round_trip(labeled, outputs=("probabilities", "classes", *labels))
    return Run(CASES[request.param], by_keras, oracle, exported.predict(x))


def test_no_decision_of_exact_scores_differs_from_keras(exact):
    assert exact.file["classes"].dtype == np.int32
    scores = exact.oracle["scores"]
    # What lies below the smallest normal number, Keras or the file may take for 0.
    said = (reference.denormal(scores) == scores) | np.isnan(scores)
    rows = said.all(axis=1)
    assert rows.mean() > 0.9
    np.testing.assert_array_equal(
        exact.file["classes"][rows], exact.keras["classes"][rows]
    )


@pytest.mark.parametrize("by", ["keras", "file"])
def test_no_decision_of_exact_scores_differs_from_the_oracle(exact, by):
    found = getattr(exact, by)["classes"]
    want = decided(exact.oracle["scores"], exact.case, found=found)
    np.testing.assert_array_equal(found, want)


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
    found = exact.file["classes"]
    classes = decided(exact.oracle["scores"], exact.case, found=found)
    if exact.case.task == "multilabel":
        want = np.where(classes == 1, np.array(NAMES), "")
    else:
        want = np.array([*NAMES, ""])[classes]
    np.testing.assert_array_equal(np.reshape(texts, want.shape), want)
