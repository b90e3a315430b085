"""Probabilities beside what came true: proper scores of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_labels.fitting._reliability import paired


def log_loss(y_true: Any, probabilities: Any) -> float:
    """Return the mean of -log(probability of what came true), in nats.

    As scikit-learn: probabilities are clipped to `[eps, 1 - eps]` of their dtype. Of
    labels the mean over labels too.

    Args:
        y_true: ids `(n,)`; for labels 0 and 1, `(n, labels)`.
        probabilities: `(n,)` or `(n, 1)` of class 1, or `(n, classes)`, in [0, 1].

    Returns:
        A float, 0 or more.

    Raises:
        InputError: if these are no probabilities, or no classes of them.

    >>> round(log_loss([1, 0], [0.8, 0.4]), 4)
    0.367
    """
    return log_loss_of(*paired(y_true, probabilities))


def brier_score(y_true: Any, probabilities: Any) -> float:
    """Return the mean square of probability minus outcome.

    Of exclusive classes the sum over classes, in [0, 2] (Brier 1950, eq. 2); of a
    binary problem that of class 1, which is half of it; of labels the mean over
    labels. As scikit-learn 1.9 by default.

    Args:
        y_true: ids `(n,)`; for labels 0 and 1, `(n, labels)`.
        probabilities: `(n,)` or `(n, 1)` of class 1, or `(n, classes)`, in [0, 1].

    Returns:
        A float, 0 or more.

    Raises:
        InputError: if these are no probabilities, or no classes of them.

    >>> round(brier_score([1, 0], [0.8, 0.4]), 4)
    0.1
    """
    return brier_score_of(*paired(y_true, probabilities))


def log_loss_of(y: np.ndarray, p: np.ndarray) -> float:
    """Return the log loss of ids or marks that were checked."""
    if y.ndim == 2:
        columns = range(p.shape[1])
        return float(np.mean([_log_loss(y[:, at], p[:, at]) for at in columns]))
    if p.shape[1] == 1:
        return _log_loss(y, p[:, 0])
    return _mean_of_logs(np.take_along_axis(p, y[:, None], axis=1)[:, 0])


def brier_score_of(y: np.ndarray, p: np.ndarray) -> float:
    """Return the Brier score of ids or marks that were checked."""
    columns = range(p.shape[1])
    if y.ndim == 2:
        return float(np.mean([_brier(y[:, at], p[:, at]) for at in columns]))
    if p.shape[1] <= 2:
        return _brier(y == 1, p[:, -1])
    return float(np.sum([_brier(y == at, p[:, at]) for at in columns]))


def _log_loss(y: np.ndarray, p: np.ndarray) -> float:
    return _mean_of_logs(np.where(y, p, 1 - p))


def _mean_of_logs(chosen: np.ndarray) -> float:
    exact = np.issubdtype(chosen.dtype, np.floating)
    eps = np.finfo(chosen.dtype if exact else "float64").eps
    return -float(np.log(chosen.astype("float64").clip(eps, 1 - eps)).mean())


def _brier(y: np.ndarray, p: np.ndarray) -> float:
    return float(np.square(p.astype("float64") - y).mean())
