"""Scores -> 0 or 1 by a cut on the probability."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from keras_labels.functional._arithmetic import (
    constant,
    dtype_of,
    require_units,
    widen,
    without_nan,
)
from keras_labels.functional._formulations import at_least, ids_dtype
from keras_labels.functional._probabilities import finite
from keras_labels.spec import as_thresholds, least_positive


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
    least = least_positive(
        cuts, dtype_of(x), from_logits=from_logits, inclusive=inclusive
    )
    return without_nan(ops.cast(is_over(x, least, axis), ids_dtype()), x)


def is_over(x: Any, least: np.ndarray, axis: int = -1) -> Any:
    """Tell which widened scores are over their cut: the home of `p > t`.

    Args:
        x: the scores.
        least: the least score of each column that is, or of all (`cuts.least_scores`).
        axis: the class axis.
    """
    if np.isposinf(least).any():
        x = finite(x)  # no score passes, an infinite one neither
    return at_least(x, constant(least, x, axis))
