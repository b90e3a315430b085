"""Scores -> 0 or 1 by a cut on the probability."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras import ops

from keras_labels.arguments import as_thresholds
from keras_labels.functional._arithmetic import (
    constant,
    dtype_of,
    require_units,
    smallest_normal,
    widen,
    without_nan,
)
from keras_labels.functional._formulations import at_least, ids_dtype


def threshold(
    scores: Any,
    threshold: Any = 0.5,
    from_logits: bool = False,
    inclusive: bool = False,
    axis: int = -1,
) -> Any:
    """Turn every score into 1 if its probability is over the threshold, else 0.

    The rule is `p > threshold` (`p >= threshold` if inclusive). Logits are compared
    with `log(t / (1 - t))` and never pass through a sigmoid, so that nothing saturates.

    Args:
        scores: float or integer tensor of any shape, probabilities or logits.
        threshold: a float in (0, 1), or one per position of the class axis.
        from_logits: whether the scores are logits.
        inclusive: whether a probability on the cut is positive.
        axis: the class axis, along which several thresholds lie.

    Returns:
        int32 tensor of the shape of `scores`: 0 or 1, and -1 where the score is NaN.

    Raises:
        DecodingError: if a threshold is outside (0, 1) or their number does not fit.

    >>> import numpy as np
    >>> np.asarray(threshold(np.array([[0.4], [0.7], [0.2]]))).tolist()
    [[0], [1], [0]]
    """
    x = widen(scores)
    cuts = as_thresholds(threshold)
    if len(cuts) > 1:
        cuts = as_thresholds(threshold, require_units(x, axis))
    decided = ops.cast(
        is_over(x, cuts, from_logits=from_logits, inclusive=inclusive, axis=axis),
        ids_dtype(),
    )
    return without_nan(decided, x)


def is_over(
    x: Any,
    cuts: tuple[float, ...],
    *,
    from_logits: bool,
    inclusive: bool = False,
    axis: int = -1,
) -> Any:
    """Tell which widened scores are over their cut: the home of `p > t`."""
    least = least_positive(
        cuts, dtype_of(x), from_logits=from_logits, inclusive=inclusive
    )
    return at_least(x, constant(least, x, axis))


def least_positive(
    cuts: tuple[float, ...], dtype: str, *, from_logits: bool, inclusive: bool
) -> np.ndarray:
    """Return the least score of `dtype` that is positive: `p > t` is `score >= least`.

    A probability is compared with the cut rounded to its dtype, as NumPy does. For a
    logit the real number log(t / (1 - t)) is taken in float64 and rounded to the
    neighbour that keeps `>` or `>=` exact.
    """
    up = np.array(np.inf, dtype)
    if from_logits:
        exact = np.array([math.log(t) - math.log1p(-t) for t in cuts])
        near = exact.astype(dtype)
        ceiling = np.where(near < exact, np.nextafter(near, up), near)
        on_cut = ceiling == exact
        least = (
            ceiling
            if inclusive
            else np.where(on_cut, np.nextafter(ceiling, up), ceiling)
        )
    else:
        near = np.array(cuts, dtype)
        least = near if inclusive else np.nextafter(near, up)
    # Scores up to the smallest normal number count as 0: put the cut beside them.
    tiny = np.array(smallest_normal(least), dtype)
    beside = np.where(least <= 0, -tiny, np.nextafter(tiny, up))
    return np.where(np.abs(least) <= tiny, beside, least)
