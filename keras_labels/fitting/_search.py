"""Values of gaps -> the cut that is best among those that can be told."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keras_labels.fitting._cut_scale import CutScale

_SOME = 4096  # gaps that are looked at, where no cut is in the best


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
    # Beyond these there are no cuts, as between logits over 37.
    least, most = scale.reachable()
    first, end = np.searchsorted(below, [least, most + 1])
    values, below = values[first:end], below[first:end]
    for number in (1, _SOME, len(values)):
        gaps = _highest(values, number)
        cuts, real = scale.resolve(below[gaps])
        if real.any():
            gaps, cuts = gaps[real], cuts[real]
            top = values[gaps] == values[gaps].max()
            gaps, cuts = gaps[top], cuts[top]
            best = nearest_first(cuts)[0]
            return Found(int(first + gaps[best]), float(cuts[best]))
    return None


def nearest_first(cuts: np.ndarray) -> np.ndarray:
    """Return the order of cuts from the nearest to 0.5 on, the lower one first."""
    # Rounded: cuts of opposite logits are equally near, to the last bit or not.
    return np.lexsort((cuts, np.round(np.abs(cuts - 0.5), 12)))


def _highest(values: np.ndarray, most: int) -> np.ndarray:
    """Return the gaps of the highest values, with all that are as good as the last."""
    most = min(most, len(values))
    level = values.max() if most == 1 else np.partition(values, -most)[-most]
    return np.flatnonzero((values >= level) & (values > -np.inf))
