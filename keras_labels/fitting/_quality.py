"""Scores, what came true and a `Decoding` -> how good its probabilities are."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np

from keras_labels.fitting._applied import one_probability, probabilities_of, slices
from keras_labels.fitting._losses import brier_score_of, log_loss_of
from keras_labels.fitting._reliability import Strategy, mean_error, pairs
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


def quality_of(
    columns: np.ndarray, targets: np.ndarray, decoding: Decoding, bins: int
) -> Quality:
    """Measure the probabilities of scores, a label or a slice of rows at a time."""
    if targets.ndim == 1:
        return _of_ids(columns, targets, decoding, bins)
    labels = [
        _of_label(columns, targets, decoding, bins, at)
        for at in range(targets.shape[1])
    ]
    means = np.mean([dataclasses.astuple(one) for one in labels], axis=0)
    return Quality(*means.tolist())


def _of_label(
    columns: np.ndarray, targets: np.ndarray, decoding: Decoding, bins: int, at: int
) -> Quality:
    p = one_probability(columns, decoding, at)[:, None]
    y = targets[:, at].astype(np.int64)
    confidence, hits = next(pairs(y, p, "confidence"))
    return _summed(log_loss_of(y, p), brier_score_of(y, p), confidence, hits, bins)


def _of_ids(
    columns: np.ndarray, ids: np.ndarray, decoding: Decoding, bins: int
) -> Quality:
    losses, confidences, hits = np.zeros(2), [], []
    for part in slices(columns):
        y, p = ids[part], probabilities_of(columns[part], decoding)
        losses += len(y) * np.array([log_loss_of(y, p), brier_score_of(y, p)])
        confidence, hit = next(pairs(y, p, "confidence"))
        confidences.append(confidence)
        hits.append(hit)
    log_loss, brier = (losses / len(ids)).tolist()
    return _summed(
        log_loss, brier, np.concatenate(confidences), np.concatenate(hits), bins
    )


def _summed(
    log_loss: float, brier: float, confidence: np.ndarray, hits: np.ndarray, bins: int
) -> Quality:
    problem = [(confidence, hits)]
    uniform, quantile = (
        mean_error(problem, bins, strategy) for strategy in get_args(Strategy)
    )
    return Quality(log_loss, brier, uniform, quantile)
