"""A cut on a probability -> the least score that passes it, exactly.

Of one column of scores: a binary head, or a label. Every correction of it (calibration,
prior) keeps the order, so that a decision compares the score as the model gives it.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from keras_labels.spec._decoding import Decoding
from keras_labels.spec._prior import log_ratios

# The least and the largest float32 probability that has a logit.
LEAST = float(np.finfo("float32").tiny)
LARGEST = 1.0 - 2.0**-24


def least_scores(
    decoding: Decoding,
    cuts: Any,
    dtype: str,
    *,
    inclusive: bool,
    column: int | None = None,
) -> np.ndarray:
    """Return the least score of `dtype` whose probability passes a cut.

    Args:
        decoding: of a binary head or of labels; its corrections are undone.
        cuts: probabilities in (0, 1), one per column, or any number of one `column`.
        dtype: of the scores, `"float32"` or `"float64"`.
        inclusive: whether a probability on the cut passes.
        column: the column that all cuts belong to; `None`: one each.

    Returns:
        `p > cut` is `score >= least`; -inf where every score passes, inf where none.
    """
    head, p = decoding.head, np.asarray(cuts, "float64")
    if not decoding.corrects:
        return least_positive(
            p, dtype, from_logits=head.from_logits, inclusive=inclusive
        )
    if decoding.tables:
        p = sigmoid(_logit(p) - _shift(decoding)[_at(column)]) if decoding.prior else p
        return _above(_scores_at(decoding, p, inclusive, column), dtype, inclusive)
    slope, intercept = _affine(decoding)
    z = (_logit(p) - intercept[_at(column)]) / slope[_at(column)]
    bound = z if head.from_logits else _of_recovered(z, inclusive)
    return _above(bound, dtype, inclusive)


@functools.lru_cache(maxsize=64)
def least_decided(decoding: Decoding, dtype: str) -> np.ndarray:
    """Return the least score of each column that its own threshold passes.

    Remembered, and so not to be written to, for what decides again at each call.
    """
    cuts, inclusive = decoding.threshold, decoding.inclusive
    return least_scores(decoding, cuts, dtype, inclusive=inclusive)


def least_refusing(decoding: Decoding, bound: float, dtype: str) -> np.ndarray:
    """Return the least scores whose opposite is less probable than the bound.

    `1 - p >= bound` is `score < least`.
    """
    opposite = np.full(len(decoding.threshold), 1.0 - bound)
    return least_scores(decoding, opposite, dtype, inclusive=False)


def probability_at(decoding: Decoding, scores: Any, column: int = 0) -> np.ndarray:
    """Return the probability that scores of one column stand for, in float64."""
    head, x = decoding.head, np.asarray(scores, "float64")
    if decoding.tables:
        p = np.interp(x, *decoding.tables[column])
        return sigmoid(logit(p) + _shift(decoding)[column]) if decoding.prior else p
    if not decoding.corrects:
        return sigmoid(x) if head.from_logits else x
    slope, intercept = _affine(decoding)
    z = x if head.from_logits else logit(x)
    return sigmoid(slope[column] * z + intercept[column])


def least_positive(
    cuts: Any, dtype: str, *, from_logits: bool, inclusive: bool
) -> np.ndarray:
    """Return the least score of `dtype` that is positive: `p > t` is `score >= least`.

    A probability is compared with the cut rounded to its dtype, as NumPy does. For a
    logit the real number log(t / (1 - t)) is taken in float64 and rounded to the
    neighbour that keeps `>` or `>=` exact.
    """
    p = np.asarray(cuts, "float64")
    # A cut rounded to the dtype of probabilities is on its grid: it stays.
    return _above(_logit(p) if from_logits else p.astype(dtype), dtype, inclusive)


def _above(bound: Any, dtype: str, inclusive: bool) -> np.ndarray:
    """Return the least number of `dtype` over a bound, or on it if inclusive."""
    exact = np.asarray(bound, "float64")
    up = np.array(np.inf, dtype)
    with np.errstate(over="ignore"):
        near = exact.astype(dtype)
    least = np.where(near < exact, np.nextafter(near, up), near)
    if not inclusive:
        least = np.where(least == exact, np.nextafter(least, up), least)
    # Scores up to the smallest normal number count as 0: put the cut beside them.
    tiny = np.array(np.finfo(dtype).tiny, dtype)
    beside = np.where(least <= 0, -tiny, np.nextafter(tiny, up))
    least = np.where(np.abs(least) <= tiny, beside, least)
    return np.where(np.isinf(exact), exact.astype(dtype), least)


def _logit(p: np.ndarray) -> np.ndarray:
    """Return log(p / (1 - p)) to the last place, which NumPy's log may miss."""
    exact = [math.log(t) - math.log1p(-t) for t in p.ravel()]
    return np.array(exact).reshape(p.shape)


def logit(p: Any) -> np.ndarray:
    """Return log(p / (1 - p)), infinite at 0 and 1."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p) - np.log1p(-np.asarray(p)))


def sigmoid(z: Any) -> np.ndarray:
    """Return 1 / (1 + exp(-z)), without overflow."""
    near = np.exp(-np.abs(z))
    return np.asarray(np.where(np.asarray(z) >= 0, 1 / (1 + near), near / (1 + near)))


def _of_recovered(z: np.ndarray, inclusive: bool) -> np.ndarray:
    """Return the probability of logits that were recovered from one.

    They lie between those of `LEAST` and `LARGEST`: beyond, all pass or none.
    """
    lowest, highest = logit(LEAST), logit(LARGEST)
    all_pass = z <= lowest if inclusive else z < lowest
    some_pass = z <= highest if inclusive else z < highest
    return np.where(all_pass, -np.inf, np.where(some_pass, sigmoid(z), np.inf))


def _at(column: int | None) -> Any:
    return slice(None) if column is None else column


def _shift(decoding: Decoding) -> np.ndarray:
    """Return what the prior adds to the logit of each column."""
    ratios = log_ratios(decoding.prior, decoding.trained_prior, decoding.head)
    return np.array(ratios)


def _affine(decoding: Decoding) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and intercept of the corrected logits, per column."""
    shift, calibration = _shift(decoding), decoding.calibration
    if calibration is None:
        return np.ones_like(shift), shift
    if calibration.method == "temperature":
        return 1 / np.array(calibration.temperature), shift
    return np.array(calibration.slope), np.array(calibration.intercept) + shift


def _scores_at(
    decoding: Decoding, p: np.ndarray, inclusive: bool, column: int | None
) -> np.ndarray:
    """Return where tables cross probabilities: the last score that does not pass."""
    if column is not None:
        return _crossing(decoding.tables[column], p, inclusive)
    pairs = zip(decoding.tables, p, strict=True)
    return np.array([float(_crossing(table, t, inclusive)) for table, t in pairs])


def _crossing(table: Any, p: np.ndarray, inclusive: bool) -> np.ndarray:
    """Return the score bound over which (inclusive: from which) a table passes p."""
    x, y = np.array(table[0]), np.array(table[1])
    after = np.searchsorted(y, p, side="left" if inclusive else "right")
    inside = np.clip(after, 1, max(len(y) - 1, 1))
    if len(y) > 1:
        low, high = y[inside - 1], y[inside]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (p - low) / (high - low)
        bound = x[inside - 1] + share * (x[inside] - x[inside - 1])
    else:
        bound = np.zeros_like(p)
    bound = np.where(after == 0, -np.inf, bound)
    return np.where(after == len(y), np.inf, bound)
