"""Quantiles of numbers that weigh differently."""

from __future__ import annotations

import numpy as np


def quantiles(
    values: np.ndarray, shares: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return the values below which these shares of the rows lie.

    Linear between neighbors, as `numpy.quantile`; of whole weights those of rows that
    stand so often; of other weights the least value that reaches the share, which does
    not depend on their unit.

    >>> quantiles(np.array([0.0, 1.0]), np.array([0.5]), np.array([3, 1])).tolist()
    [0.0]
    """
    if weights is None:
        return np.asarray(np.quantile(values, shares))
    order = np.argsort(values, kind="stable")
    ordered, reached = values[order], np.cumsum(weights[order])
    if weights.dtype.kind != "i":
        return np.asarray(ordered[_at(reached, shares * reached[-1], "left")])
    place = shares * (reached[-1] - 1)
    first = np.floor(place)
    low = ordered[_at(reached, first, "right")]
    high = ordered[_at(reached, first + 1, "right")]
    return np.asarray(low + (high - low) * (place - first))


def _at(reached: np.ndarray, wanted: np.ndarray, side: str) -> np.ndarray:
    found = np.searchsorted(reached, wanted, side=side)  # type: ignore[call-overload]
    return np.asarray(np.minimum(found, len(reached) - 1))
