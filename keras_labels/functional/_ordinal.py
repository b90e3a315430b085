"""Scores of ordered classes -> how many cuts they pass."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_labels.functional._arithmetic import (
    constant,
    dtype_of,
    has_nan,
    marked_nan,
    one_hot,
    rejected,
    total,
    widen,
)
from keras_labels.functional._corrections import corrected_probabilities
from keras_labels.functional._formulations import at_least, ids_dtype
from keras_labels.functional._threshold import is_over
from keras_labels.spec import Decoding, least_decided


def cuts_passed(scores: Any, decoding: Decoding) -> Any:
    """Return the class of each row, -1 if rejected; keeps the class axis, length 1.

    Each unit says whether the class is higher than its own. The class is the number
    of units that say yes, also where a lower one says no (Cao et al. 2020, section
    3.3: CORAL).
    """
    head, x = decoding.head, widen(scores)
    over = is_over(x, least_decided(decoding, dtype_of(x)), head.axis)
    ids = ops.cast(total(ops.cast(over, "int32"), head.axis), ids_dtype())
    if decoding.reject_below is not None:
        p = corrected_probabilities(scores, decoding)
        chosen = one_hot(ids, head.classes, head.axis)
        p = total(ops.where(chosen, p, 0.0), head.axis)
        sure = at_least(p, constant(decoding.reject_below, p))
        ids = ops.where(sure, ids, rejected(ids))
    return marked_nan(ids, has_nan(x, head.axis))
