"""Logits and outcomes -> the scale and shift under which they are most likely."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_labels.errors import DecodingError
from keras_labels.extras import imported
from keras_labels.fitting._weights import sums_of
from keras_labels.spec import sigmoid

# Share of a sum of products that is rounding: below it nothing was learned.
_NOISE = 1e-9


class UnfittedError(DecodingError):
    """These rows have no best calibration; `reason` says why in a few words."""

    def __init__(self, reason: str, way_out: str) -> None:
        self.reason = reason
        super().__init__(f"This calibration has no best fit: {reason}. {way_out}")


def check_both(outcomes: np.ndarray) -> None:
    """Raise unless there are rows of class 0 and of class 1."""
    positives = np.count_nonzero(outcomes)
    if 0 < positives < len(outcomes):
        return
    raise UnfittedError(
        f"no row is {'negative' if positives else 'positive'}",
        f"It takes rows of both kinds. Received: {len(outcomes)} rows, {positives} "
        "positive.",
    )


def label_temperature(
    z: np.ndarray, outcomes: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the temperature of a column of logits: Guo et al. 2017, eq. 9.

    >>> z, yes = np.array([2.0, 2.0, 2.0, -2.0]), np.array([True, True, False, False])
    >>> round(label_temperature(z, yes), 6)  # 3 of 4 are right: sigmoid(2 / T) = 0.75
    1.820478
    """
    margins = np.where(outcomes, z, -z)
    gain, size = (
        np.average(part, weights=weights) for part in (margins, np.abs(margins))
    )
    check_order(gain, size, bool(margins.min() >= 0))

    def slope(beta: float) -> float:
        slopes = margins * sigmoid(-beta * margins)
        return -float(np.average(slopes, weights=weights))

    return temperature_at_zero(slope)


def check_order(gain: float, size: float, all_right: bool) -> None:
    """Raise where the most likely temperature is infinite, or 0.

    Args:
        gain: mean logit of the true class over the mean of all.
        size: of these gains.
        all_right: whether no other class has a higher logit in any row.
    """
    if gain <= _NOISE * size:
        raise UnfittedError(
            "the scores favor the true classes no more than chance",
            "Check the order of the classes in `y_true` and `class_names`.",
        )
    if all_right:
        raise UnfittedError(
            "every row is decided rightly, so that a smaller temperature is always "
            "better",
            'Give more rows, or take method="platt" for a binary head or labels.',
        )


def temperature_at_zero(slope: Callable[[float], float]) -> float:
    """Return 1 / beta where the slope of the loss, which rises with beta, is 0."""
    low = high = 1.0
    while slope(high) < 0:
        low, high = high, high * 4
    while slope(low) > 0:
        low, high = low / 4, low
    found = imported("scipy.optimize", "fit").brentq(
        lambda t: slope(float(np.exp(t))), np.log(low), np.log(high), xtol=1e-12
    )
    return float(np.exp(-found))


def platt(
    z: np.ndarray, outcomes: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, float]:
    """Return slope and intercept of a column of logits.

    Least log loss against Platt's targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2), which
    keep the slope finite (Platt 1999; Lin, Lin & Weng 2007). By Newton steps in a
    trust region, on logits of mean 0 and deviation 1. N+ and N- are sums of weights,
    as in scikit-learn.

    >>> z = np.array([-2.0, -1.0, 1.0, 2.0])
    >>> [round(n, 3) for n in platt(z, z > 0)]
    [0.674, 0.0]
    """
    center = np.average(z, weights=weights)
    spread = np.sqrt(np.average(np.square(z - center), weights=weights))
    if not spread > _NOISE * abs(center):
        raise UnfittedError("all scores are the same", "Check what the model emits.")
    x = np.stack([(z - center) / spread, np.ones_like(z)])
    slope, intercept = _least(x, outcomes, weights)
    if not slope > _NOISE:
        raise UnfittedError(
            "the scores rank the classes the wrong way round, or not at all",
            "Check the order of the classes in `y_true` and `class_names`. Received "
            f"scores that give a slope of {slope / spread:.3g}.",
        )
    return float(slope / spread), float(intercept - slope * center / spread)


def _least(
    x: np.ndarray, outcomes: np.ndarray, weights: np.ndarray | None
) -> np.ndarray:
    """Return the factors of two rows of x whose smoothed log loss is the least."""
    each = 1.0 if weights is None else weights / weights.mean()
    yes, no = sums_of(outcomes, weights)
    targets = np.where(outcomes, (yes + 1) / (yes + 2), 1 / (no + 2))

    def loss(factors: np.ndarray) -> tuple[float, np.ndarray]:
        f = factors @ x
        value = np.mean(each * (np.logaddexp(0.0, f) - targets * f))
        return float(value), x @ (each * (sigmoid(f) - targets)) / len(targets)

    def curvature(factors: np.ndarray) -> np.ndarray:
        p = sigmoid(factors @ x)
        return np.asarray((x * (each * p * (1 - p))) @ x.T / len(targets))

    found = imported("scipy.optimize", "fit").minimize(
        loss,
        np.array([0.0, np.log((yes + 1) / (no + 1))]),
        jac=True,
        hess=curvature,
        method="trust-exact",
        options={"gtol": 1e-7, "maxiter": 100},
    )
    # Nearer, losses differ by rounding only. A Newton step squares what is missing.
    step, *_ = np.linalg.lstsq(curvature(found.x), loss(found.x)[1], rcond=None)
    return np.asarray(found.x - step)
