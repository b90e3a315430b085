"""How frequent the classes are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from keras_labels.errors import DecodingError
from keras_labels.spec._arguments import check_probability, shortened
from keras_labels.spec._head import Head


def as_prior(
    name: str, value: Any, head: Head, class_names: Sequence[str] | None = None
) -> tuple[float, ...]:
    """Return how frequent each class is.

    Those of exclusive classes sum to 1; counts are divided by their sum. Those of
    labels are probabilities of their own. Of a binary head one number is that of
    class 1.

    >>> as_prior("prior", [300, 100], Head("binary", units=1, from_logits=True))
    (0.75, 0.25)
    """
    if isinstance(value, Mapping):
        value = _by_name(name, value, class_names or ())
    given = tuple(value) if hasattr(value, "__len__") else (value,)
    if head.task == "binary" and len(given) == 1:
        positive = check_probability(name, given[0])
        return (1 - positive, positive)
    if head.task == "multilabel" and len(given) == head.classes:
        return tuple(check_probability(name, one) for one in given)
    try:
        numbers = tuple(float(one) for one in given)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != head.classes or not all(0 < n < math.inf for n in numbers):
        raise DecodingError(
            f"`{name}` holds how frequent each class is: {head.classes} positive "
            f"numbers, or {{name: number}} for all. Received: {value!r:.200}."
        )
    total = math.fsum(numbers)
    # One that was divided already stays as it is, bit for bit.
    return numbers if abs(total - 1) < 1e-9 else tuple(n / total for n in numbers)


def _by_name(
    name: str, value: Mapping[str, Any], class_names: Sequence[str]
) -> list[Any]:
    if set(class_names) != set(value):
        raise DecodingError(
            f"`{name}` by name takes all of {shortened(class_names)}"
            + ("" if class_names else " (pass `class_names` first)")
            + f". Received: {shortened(list(value))}."
        )
    return [value[one] for one in class_names]


def log_ratios(
    prior: Sequence[float] | None, trained: Sequence[float] | None, head: Head
) -> tuple[float, ...]:
    """Return what a prior adds to the logits: one per class, or column of scores.

    Saerens et al. 2002, eq. 2.4, in logarithms; 0 where nothing was said.
    """
    one_column = head.task != "multiclass"
    if prior is None or trained is None:
        return (0.0,) * (1 if head.task == "binary" else head.units)
    shifts = [math.log(a) - math.log(b) for a, b in zip(prior, trained, strict=True)]
    if head.task == "binary":
        return (shifts[1] - shifts[0],)
    if one_column:  # a label: the odds are corrected
        rest = zip(prior, trained, strict=True)
        absent = [math.log1p(-a) - math.log1p(-b) for a, b in rest]
        return tuple(s - a for s, a in zip(shifts, absent, strict=True))
    return tuple(shifts)
