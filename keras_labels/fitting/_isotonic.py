"""Scores and outcomes -> a table that never falls."""

from __future__ import annotations

import numpy as np

from keras_labels.extras import imported
from keras_labels.spec import Table


def isotonic_table(
    scores: np.ndarray, outcomes: np.ndarray, weights: np.ndarray | None = None
) -> Table:
    """Fit the non-decreasing step between scores that is closest to the outcomes.

    By pooling adjacent violators (Zadrozny & Elkan 2002), after rows of equal score
    were averaged; between the points it is linear, as in scikit-learn. Where the fit
    stays the same only the two ends of that stretch are kept.

    Args:
        scores: finite `(n,)`; they come back as they are.
        outcomes: bool `(n,)`.
        weights: `(n,)`, how much each row counts; `None`: once.

    Returns:
        Increasing scores and their probabilities, as `Calibration` takes them.

    >>> isotonic_table(np.array([1.0, 2, 2, 3, 4, 5]), np.array([0, 0, 1, 0, 0, 1]) > 0)
    ((1.0, 2.0, 4.0, 5.0), (0.0, 0.25, 0.25, 1.0))
    """
    points, where = np.unique(scores, return_inverse=True)
    rows = np.bincount(where, weights)
    own = None if weights is None else weights[outcomes]
    share = np.bincount(where[outcomes], own, minlength=len(points)) / rows
    fit = np.asarray(
        imported("scipy.optimize", "fit").isotonic_regression(share, weights=rows).x
    )
    # Means of a block are rounded: neighbours may cross by the last bit.
    fit = np.maximum.accumulate(fit.clip(0.0, 1.0))
    change = np.diff(fit) != 0
    kept = np.concatenate([[True], change]) | np.concatenate([change, [True]])
    return tuple(points[kept].tolist()), tuple(fit[kept].tolist())
