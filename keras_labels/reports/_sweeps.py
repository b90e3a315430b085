"""Probabilities and truth -> exact counts at every threshold and bound on offer.

Of one yes or no, the rows that are over a cut are nested: raising it only takes rows
away. So the rows over a threshold *and* over a bound are the fewer of the two sets, and
counts along each axis give those of every pair exactly:
`yes = min(over[threshold], at_least[bound])`.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_labels.spec import least_positive

_GRID = [step / 100 for step in range(1, 100)]
_NEAREST = 1e-6  # to 0 and 1: a float32 number has few digits left there


@dataclass(frozen=True)
class Sides:
    """Counts of rows (what they weigh) where the truth is yes, and where it is no."""

    yes: list[float]
    no: list[float]


@dataclass(frozen=True)
class Sweep:
    """Counts of one question along its thresholds, and along the bounds.

    Args:
        cuts: the thresholds, increasing.
        over: rows that are decided yes at each threshold.
        sure_yes: rows whose probability is at least each bound.
        sure_no: rows whose opposite is.
        rows: how many there are where the truth is yes, and no.
    """

    cuts: list[float]
    over: Sides
    sure_yes: Sides
    sure_no: Sides
    rows: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return this as plain data, ready for JSON."""
        return dataclasses.asdict(self)


def sweep(
    p: np.ndarray,
    truth: np.ndarray,
    cuts: list[float],
    bounds: list[float],
    weights: np.ndarray | None = None,
    *,
    inclusive: bool = False,
) -> Sweep:
    """Count a question at every cut and bound.

    Args:
        p: float32 `(n,)`, the probability of yes.
        truth: bool `(n,)`.
        cuts: thresholds in (0, 1).
        bounds: bounds on the probability of the decision; the first entry of the
            counts is of no bound, which comes before them.
        weights: `(n,)`, what each row counts; `None`: once.
        inclusive: whether a probability on the cut is yes.
    """
    over = _passing(cuts, inclusive=inclusive)
    sure = np.append(np.float32(-np.inf), _passing(bounds, inclusive=True))
    return Sweep(
        cuts,
        _at_least(p, truth, over, weights),
        _at_least(p, truth, sure, weights),
        # As `decode` takes the opposite: in the dtype of the probability.
        _at_least(np.float32(1) - p, truth, sure, weights),
        {"yes": _sum(truth, weights), "no": _sum(~truth, weights)},
    )


def offered_cuts(
    p: np.ndarray, truth: np.ndarray, own: float | None, most: int = 200
) -> list[float]:
    """Return thresholds worth looking at: even steps, quantiles and the model's own.

    Of the rows where the truth is yes as many quantiles as of the others, however few
    these rows are.
    """
    even = _GRID if most > len(_GRID) else _GRID[4::5]
    half = (most - len(even)) // 2
    made = [_offered(p[side], own, even, half) for side in (truth, ~truth)]
    return sorted({*made[0], *made[1]})


def offered_bounds(
    confidence: np.ndarray, own: float | None, lowest: float, most: int = 120
) -> list[float]:
    """Return bounds worth looking at: none that lies below the lowest confidence."""
    grid = _GRID if most > len(_GRID) else _GRID[4::5]
    even = [step for step in grid if step >= lowest - 0.01]
    return _offered(confidence, own, even, most - len(even))


def _offered(
    p: np.ndarray, own: float | None, even: list[float], quantiles: int
) -> list[float]:
    shares = np.linspace(0, 1, max(quantiles, 2))
    found = np.quantile(p, shares).tolist() if p.size else []
    said = set() if own is None else {own}
    return sorted({*even, *said, *map(_rounded, found)})


def _rounded(value: float) -> float:
    """Return a cut in three digits of its distance to 0 or 1, as people write it."""
    kept = min(max(value, _NEAREST), 1 - _NEAREST)
    digits = 2 - math.floor(math.log10(min(kept, 1 - kept)))
    return round(kept, digits)


def _passing(cuts: list[float], *, inclusive: bool) -> np.ndarray:
    """Return the least float32 probability that passes each cut."""
    return least_positive(cuts, "float32", from_logits=False, inclusive=inclusive)


def _sum(mask: np.ndarray, weights: np.ndarray | None) -> float:
    found: float = (mask if weights is None else weights[mask]).sum().item()
    return found


def _at_least(
    values: np.ndarray,
    truth: np.ndarray,
    least: np.ndarray,
    weights: np.ndarray | None,
) -> Sides:
    yes, no = (
        _count(values[side], least, None if weights is None else weights[side])
        for side in (truth, ~truth)
    )
    return Sides(yes, no)


def _count(
    values: np.ndarray, least: np.ndarray, weights: np.ndarray | None
) -> list[float]:
    if weights is None:
        below = np.searchsorted(np.sort(values), least, side="left")
        counts: list[float] = (len(values) - below).tolist()
        return counts
    order = np.argsort(values)
    below = np.searchsorted(values[order], least, side="left")
    from_here = np.append(weights[order][::-1].cumsum()[::-1], weights.dtype.type(0))
    sums: list[float] = from_here[below].tolist()
    return sums
