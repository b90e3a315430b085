"""Scores, what came true and a `Decoding` -> how good its probabilities are."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np

from keras_labels.fitting._applied import one_probability, probabilities_of, slices
from keras_labels.fitting._losses import brier_score_of, log_loss_of
from keras_labels.fitting._reliability import (
    Outcomes,
    Strategy,
    mean_error,
    outcomes_of,
    pooled,
)
from keras_labels.fitting._sample import Sample
from keras_labels.fitting._weights import total_of
from keras_labels.spec import Decoding


@dataclasses.dataclass(frozen=True)
class Quality:
    """How good probabilities are; less is better. Of labels the mean over them.

    Args:
        log_loss: as `log_loss` gives it.
        brier_score: as `brier_score` gives it.
        ece: `expected_calibration_error` in bins of equal width.
        ece_equal_mass: in bins of equal mass.
    """

    log_loss: float
    brier_score: float
    ece: float
    ece_equal_mass: float


def quality_of(sample: Sample, decoding: Decoding, bins: int) -> Quality:
    """Measure the probabilities of scores, a label or a slice of rows at a time."""
    if sample.targets.ndim == 1:
        return _of_ids(sample, decoding, bins)
    labels = range(sample.targets.shape[1])
    found = [_of_label(sample, decoding, bins, at) for at in labels]
    known = [dataclasses.astuple(one) for one in found if one is not None]
    return Quality(*np.mean(known, axis=0).tolist())


def _of_label(sample: Sample, decoding: Decoding, bins: int, at: int) -> Quality | None:
    """Return the quality of a label, or None where no row counts for it."""
    rows, weights = sample.of_label(at)
    y = sample.targets[rows, at].astype(np.int64)
    if not len(y):
        return None
    p = one_probability(sample.columns, decoding, at)[rows, None]
    label = Sample(p, y, weights)
    outcomes = next(outcomes_of(label, "confidence"))
    return _summed(log_loss_of(label), brier_score_of(label), outcomes, bins)


def _of_ids(sample: Sample, decoding: Decoding, bins: int) -> Quality:
    losses, outcomes = np.zeros(2), []
    for rows in slices(sample.columns):
        part = sample.at(rows)
        p = probabilities_of(part.columns, decoding)
        part = dataclasses.replace(part, columns=p)
        weight = total_of(part.weights, len(part))
        losses += weight * np.array([log_loss_of(part), brier_score_of(part)])
        outcomes.append(next(outcomes_of(part, "confidence")))
    log_loss, brier = (losses / total_of(sample.weights, len(sample))).tolist()
    return _summed(log_loss, brier, pooled(outcomes), bins)


def _summed(log_loss: float, brier: float, found: Outcomes, bins: int) -> Quality:
    uniform, quantile = (
        mean_error([found], bins, strategy) for strategy in get_args(Strategy)
    )
    return Quality(log_loss, brier, uniform, quantile)
