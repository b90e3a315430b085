"""Probabilities beside what came true: proper scores of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from keras_labels.fitting._reliability import paired
from keras_labels.fitting._sample import Sample


def log_loss(y_true: Any, probabilities: Any, *, sample_weight: Any = None) -> float:
    """Return the mean of -log(probability of what came true), in nats.

    As scikit-learn: probabilities are clipped to `[eps, 1 - eps]` of their dtype. Of
    labels the mean over labels too.

    Args:
        y_true: ids `(n,)`; for labels 0 and 1, `(n, labels)`.
        probabilities: `(n,)` or `(n, 1)` of class 1, or `(n, classes)`, in [0, 1].
        sample_weight: `(n,)`, how much each row counts; of labels also `(n, labels)`.

    Returns:
        A float, 0 or more.

    Raises:
        InputError: if these are no probabilities, or no classes of them.

    >>> round(log_loss([1, 0], [0.8, 0.4]), 4)
    0.367
    """
    return log_loss_of(paired(y_true, probabilities, sample_weight))


def brier_score(y_true: Any, probabilities: Any, *, sample_weight: Any = None) -> float:
    """Return the mean square of probability minus outcome.

    Of exclusive classes the sum over classes, in [0, 2] (Brier 1950, eq. 2); of a
    binary problem that of class 1, which is half of it; of labels the mean over
    labels. As scikit-learn 1.9 by default.

    Args:
        y_true: ids `(n,)`; for labels 0 and 1, `(n, labels)`.
        probabilities: `(n,)` or `(n, 1)` of class 1, or `(n, classes)`, in [0, 1].
        sample_weight: `(n,)`, how much each row counts; of labels also `(n, labels)`.

    Returns:
        A float, 0 or more.

    Raises:
        InputError: if these are no probabilities, or no classes of them.

    >>> round(brier_score([1, 0], [0.8, 0.4]), 4)
    0.1
    """
    return brier_score_of(paired(y_true, probabilities, sample_weight))


def log_loss_of(sample: Sample) -> float:
    """Return the log loss of probabilities beside ids or marks that were checked."""
    p, y, weights = sample.columns, sample.targets, sample.weights
    if y.ndim == 2:
        return _mean_of_labels(sample, log_loss_of)
    if p.shape[1] > 1:
        return _mean_of_logs(np.take_along_axis(p, y[:, None], axis=1)[:, 0], weights)
    return _mean_of_logs(np.where(y, p[:, 0], 1 - p[:, 0]), weights)


def brier_score_of(sample: Sample) -> float:
    """Return the Brier score of probabilities beside ids or marks that were checked."""
    p, y, weights = sample.columns, sample.targets, sample.weights
    if y.ndim == 2:
        return _mean_of_labels(sample, brier_score_of)
    if p.shape[1] <= 2:
        return _brier(y == 1, p[:, -1], weights)
    columns = range(p.shape[1])
    return float(np.sum([_brier(y == at, p[:, at], weights) for at in columns]))


def _mean_of_labels(sample: Sample, loss: Callable[[Sample], float]) -> float:
    """Return the mean over the labels for which any row counts."""
    labels = (sample.label(at) for at in range(sample.columns.shape[1]))
    return float(np.mean([loss(label) for label in labels if len(label)]))


def _mean_of_logs(chosen: np.ndarray, weights: np.ndarray | None) -> float:
    exact = np.issubdtype(chosen.dtype, np.floating)
    eps = np.finfo(chosen.dtype if exact else "float64").eps
    logs = np.log(chosen.astype("float64").clip(eps, 1 - eps))
    return -float(np.average(logs, weights=weights))


def _brier(y: np.ndarray, p: np.ndarray, weights: np.ndarray | None) -> float:
    return float(np.average(np.square(p.astype("float64") - y), weights=weights))
