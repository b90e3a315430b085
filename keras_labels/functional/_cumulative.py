"""P(y > k) of ordered classes -> one probability per class."""

from __future__ import annotations

from typing import Any

from keras import ops

from keras_labels.functional._arithmetic import constant, counted, has_nan
from keras_labels.functional._formulations import at_least


def of_classes(higher: Any, lowest: Any, axis: int) -> Any:
    """Return the differences of cumulative probabilities.

    A probability of "higher than k" that exceeds one of a lower k counts as the least
    of these, so that no class has less than nothing.

    Args:
        higher: P(y > k), k from 0 on.
        lowest: P(y = 0), in a column of its own: 1 - higher has fewer digits.
        axis: the class axis.
    """
    axis = counted(axis, higher)
    p = _falling(higher, axis)
    units = p.shape[axis]
    parts = [lowest]
    if units > 1:
        parts.append(_part(p, axis, 0, units - 1) - _part(p, axis, 1, units))
    made = ops.concatenate([*parts, _part(p, axis, units - 1, units)], axis=axis)
    # The minimum of a NaN and a number differs between runtimes.
    nan = has_nan(higher, axis)
    return ops.where(nan, constant(float("nan"), made), made)


def first_column(x: Any, axis: int) -> Any:
    """Return the first column of the class axis, which stays with length 1."""
    return _part(x, counted(axis, x), 0, 1)


def _falling(p: Any, axis: int) -> Any:
    """Return the running minimum, in as many steps as the length has bits."""
    units, step = p.shape[axis], 1
    while step < units:
        first, rest = _part(p, axis, 0, step), _part(p, axis, step, units)
        before = _part(p, axis, 0, units - step)
        # `ops.minimum` narrows float64 to float32 on torch.
        least = ops.where(at_least(rest, before), before, rest)
        p = ops.concatenate([first, least], axis=axis)
        step *= 2
    return p


def _part(p: Any, axis: int, start: int, stop: int) -> Any:
    return p[(slice(None),) * axis + (slice(start, stop),)]
