"""Checks at the door: arguments that several specs and layers take."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from keras_labels.errors import DecodingError


def check_label_counts(
    min_labels: Any, max_labels: Any = None
) -> tuple[int, int | None]:
    """Return both as ints, or raise unless `0 <= min_labels <= max_labels >= 1`."""
    low = check_integer("min_labels", min_labels)
    high = None if max_labels is None else check_integer("max_labels", max_labels)
    most = math.inf if high is None else high
    if not (0 <= low <= most and most >= 1):
        raise DecodingError(
            "`min_labels` is 0 or more, and `max_labels` is 1 or more and not below "
            f"it. Received: min_labels={min_labels}, max_labels={max_labels}."
        )
    return low, high


def check_k(k: Any, classes: int | None = None) -> int:
    """Return k as an int, or raise unless it is between 1 and `classes`."""
    number = check_integer("k", k)
    if number < 1 or (classes is not None and number > classes):
        most = "the number of classes" if classes is None else f"{classes} classes"
        raise DecodingError(f"`k` is at least 1 and at most {most}. Received: {k!r}.")
    return number


def as_thresholds(
    value: Any, count: int | None = None, each: str = "label"
) -> tuple[float, ...]:
    """Check a threshold, or one per label, each in (0, 1); one number serves `count`.

    >>> as_thresholds(0.25, 3)
    (0.25, 0.25, 0.25)
    """
    if getattr(value, "ndim", 0) or isinstance(value, (list, tuple)):
        cuts = tuple(check_probability("threshold", t) for t in value)
    else:
        cuts = (check_probability("threshold", value),)
    if count is not None and len(cuts) == 1:
        return cuts * count
    if count is not None and len(cuts) != count:
        raise DecodingError(
            f"`threshold` is one number or one per {each}, {count} here. "
            f"Received {len(cuts)}: {shortened(cuts)}."
        )
    return cuts


def check_probability(name: str, value: Any) -> float:
    """Return the value as a float in (0, 1), or raise."""
    try:
        number = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0.0 < number < 1.0:
        raise DecodingError(
            f"`{name}` is a probability between 0 and 1, both excluded. "
            f"Received: {value!r}."
        )
    return number


def check_integer(name: str, value: Any, error: type[Exception] = DecodingError) -> int:
    """Return the value as an int, or raise."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise error(f"`{name}` is a whole number. Received: {value!r}.") from None


def check_flag(name: str, value: Any, error: type[Exception] = DecodingError) -> bool:
    """Return the value as a bool, or raise: `None` and "no" are not False."""
    if value not in (True, False):
        raise error(f"`{name}` is True or False. Received: {value!r}.")
    return bool(value)


def shortened(items: Sequence[Any], most: int = 6) -> str:
    """Return the first items as a list for a message."""
    shown = ", ".join(repr(item) for item in items[:most])
    return f"[{shown}{', ...' if len(items) > most else ''}]"
