"""Two classes said as -1 and 1, and ids that count from 1."""

from __future__ import annotations

import numpy as np


def without_signs(y: np.ndarray) -> np.ndarray:
    """Return -1 and 1 as 0 and 1, and all other targets as they are.

    Only where both occur and nothing else: -1 beside 0 marks what is not known, and
    alone it may mark that all are so.

    >>> without_signs(np.array([-1, 1, 1])), without_signs(np.array([-1, 0, 1]))
    (array([0, 1, 1]), array([-1,  0,  1]))
    """
    if y.dtype.kind not in "if" or y.size < 2 or y.min() != -1 or y.max() != 1:
        return y
    positive = y == 1
    if np.count_nonzero(positive) + np.count_nonzero(y == -1) < y.size:
        return y
    return np.asarray(positive, np.int64)


def way_out(y: np.ndarray, classes: int) -> str:
    """Say what to pass in place of numbers that are no ids: some, of a kind."""
    outside = y[(y < 0) | (y >= classes)]
    if y.min() == 1 and y.max() == classes:
        return "If the ids count from 1, pass `y_true - 1`."
    if classes == 2 and (outside == -1).all():
        return (
            "-1 says no where all others are 1. If -1 marks what is not known, pass "
            "ignore_class=-1; of a class that none has, pass 0 for no."
        )
    return left_out_by(float(outside.min()))


def left_out_by(odd: float) -> str:
    """Say how a number in the targets takes no part."""
    return (
        f"If these positions do not count, pass ignore_class={odd:.0f}, or a "
        "`sample_weight` of 0 for them."
    )
