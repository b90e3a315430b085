"""Values of gaps -> the cut that is best among those that can be told."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keras_labels.fitting._cut_scale import CutScale


class Found(NamedTuple):
    """A gap (its number), and the cut on the probability that lies in it."""

    gap: int
    cut: float


def best_cut(values: np.ndarray, below: np.ndarray, scale: CutScale) -> Found | None:
    """Return the gap of the highest value that a cut can be in.

    Of gaps that are equally good the one whose cut is nearest to 0.5, then the lower.

    Args:
        values: `(gaps,)` float64, -inf where a gap may not be taken.
        below: `(gaps,)` how many scores are below each gap.
        scale: of the column.

    Returns:
        The gap and its cut, or None if none may be taken.
    """
    found = _first_real(values, below, scale)
    if found is None and values.max() > -np.inf:
        told = np.where(scale.separable(below), values, -np.inf)
        found = _first_real(told, below, scale)
    return found


def _first_real(values: np.ndarray, below: np.ndarray, scale: CutScale) -> Found | None:
    """Return the preferred one of the gaps of the highest value that have a cut."""
    gaps = np.flatnonzero((values == values.max()) & (values > -np.inf))
    cuts, real = scale.resolve(below[gaps])
    gaps, cuts = gaps[real], cuts[real]
    if gaps.size == 0:
        return None
    first = nearest_first(cuts)[0]
    return Found(int(gaps[first]), float(cuts[first]))


def nearest_first(cuts: np.ndarray) -> np.ndarray:
    """Return the order of cuts from the nearest to 0.5 on, the lower one first."""
    # Rounded: cuts of opposite logits are equally near, to the last bit or not.
    return np.lexsort((cuts, np.round(np.abs(cuts - 0.5), 12)))
