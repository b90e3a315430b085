"""How scores become calibrated probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Literal, get_args

from keras_labels.errors import DecodingError
from keras_labels.spec._head import Head

Method = Literal["temperature", "platt", "vector", "isotonic"]
METHODS: tuple[str, ...] = get_args(Method)
_FIELDS = {
    "temperature": ("temperature",),
    "platt": ("slope", "intercept"),
    "vector": ("slope", "intercept"),
    "isotonic": ("tables",),
}

Table = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Calibration:
    """A map that makes probabilities match frequencies: plain data, fitted elsewhere.

    The first three act on logits; of a head that gives probabilities these are
    recovered: `log(p)` of a softmax, `log(p / (1 - p))` of a sigmoid. A binary head of
    two units has one logit, the difference.

    Args:
        method: `"temperature"`: `logits / temperature` (Guo et al. 2017, eq. 9), one
            for exclusive classes and one per label for multilabel. `"platt"`: `slope *
            logit + intercept` (Platt 1999) of a binary head, or of each label.
            `"vector"`: the same for every class under a softmax (Guo et al. 2017,
            eq. 8). `"isotonic"`: a piecewise linear table per label or class, from the
            score as the model gives it (of a softmax: from its probability; the
            results are divided by their sum).
        temperature: positive numbers.
        slope: finite numbers; positive for `"platt"`, which keeps the order.
        intercept: finite numbers, as many.
        tables: for each label or class `(scores, probabilities)`: strictly increasing
            scores, and probabilities in [0, 1] that do not decrease. Outside of the
            scores the first and last probability hold.

    Raises:
        DecodingError: if these do not fit together.

    >>> Calibration("temperature", temperature=1.5).temperature
    (1.5,)
    """

    method: Method
    temperature: Any = ()
    slope: Any = ()
    intercept: Any = ()
    tables: Any = ()

    def __post_init__(self) -> None:
        check_method(self.method)
        for name in ("temperature", "slope", "intercept"):
            object.__setattr__(self, name, _numbers(name, getattr(self, name)))
        object.__setattr__(self, "tables", tuple(map(_table, self.tables)))
        given = tuple(f.name for f in fields(self)[1:] if getattr(self, f.name))
        if given != _FIELDS[self.method]:
            raise DecodingError(
                f"A calibration by {self.method!r} has {_FIELDS[self.method]}. "
                f"Received: {given}."
            )
        if len(self.slope) != len(self.intercept):
            raise DecodingError(
                "`slope` and `intercept` hold as many numbers. Received: "
                f"{len(self.slope)} and {len(self.intercept)}."
            )
        positive = self.temperature + (self.slope if self.method == "platt" else ())
        if not all(number > 0 for number in positive):
            raise DecodingError(
                f"A calibration by {self.method!r} keeps the order of the scores: its "
                f"`{_FIELDS[self.method][0]}` is positive. Received: {positive}."
            )

    def check(self, head: Head) -> None:
        """Raise unless this calibrates a head."""
        check_method(self.method, head)
        count = 1 if head.task == "binary" else head.units
        if self.method == "temperature" and head.task == "multiclass":
            count = 1
        given = getattr(self, _FIELDS[self.method][0])
        if len(given) != count:
            raise DecodingError(
                f"A calibration by {self.method!r} of this head ({head.task}, units "
                f"{head.units}) has `{_FIELDS[self.method][0]}` of length {count}. "
                f"Received: length {len(given)}."
            )

    @property
    def intervals(self) -> int:
        """How many numbers a table is looked up in for each score; 1 without tables."""
        return 1 + max((len(points) for points, _ in self.tables), default=0)

    def to_dict(self) -> dict[str, Any]:
        """Return this calibration as plain data, ready for JSON."""
        parts = {name: _plain(getattr(self, name)) for name in _FIELDS[self.method]}
        return {"method": self.method, **parts}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Make the calibration that `to_dict` described."""
        try:
            return cls(**data)
        except TypeError:
            raise DecodingError(
                f"Cannot read this calibration: {data!r:.300}. It may come from a "
                "later keras_labels."
            ) from None

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.method == "temperature":
            return f"logits / {_listed(self.temperature)}"
        if self.method == "isotonic":
            return f"a table of {sum(len(x) for x, _ in self.tables)} points"
        return f"{_listed(self.slope)} * logits + {_listed(self.intercept)}"


def check_method(method: Any, head: Head | None = None) -> None:
    """Raise unless there is such a method, and it fits the task of a head."""
    if method not in METHODS:
        raise DecodingError(f"`method` is one of {METHODS}. Received: {method!r}.")
    if head is None or method not in ("platt", "vector"):
        return
    if (head.task == "multiclass") != (method == "vector"):
        raise DecodingError(
            f"A calibration by {method!r} does not fit task {head.task!r}. For "
            "exclusive classes take 'vector', for a binary head and for labels 'platt'."
        )


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _listed(numbers: Sequence[float]) -> str:
    texts = [f"{number:.4g}" for number in numbers[:6]]
    if len(numbers) == 1:
        return texts[0]
    return f"[{', '.join(texts)}{', ...' if len(numbers) > 6 else ''}]"


def _numbers(name: str, value: Any) -> tuple[float, ...]:
    if not hasattr(value, "__len__"):
        value = (value,)
    try:
        numbers = tuple(float(one) for one in value)
    except (TypeError, ValueError):
        numbers = (math.nan,)
    if not all(map(math.isfinite, numbers)):
        raise DecodingError(f"`{name}` holds finite numbers. Received: {value!r}.")
    return numbers


def _table(table: Any) -> Table:
    try:
        scores, values = table
    except (TypeError, ValueError):
        scores, values = (), ()
    x, y = _numbers("tables", scores), _numbers("tables", values)
    rising = all(a < b for a, b in pairwise(x))
    ordered = all(a <= b for a, b in pairwise(y))
    inside = bool(y) and y[0] >= 0 and y[-1] <= 1
    if len(x) != len(y) or not (rising and ordered and inside):
        raise DecodingError(
            "A table is (scores, probabilities): as many of both, scores that increase "
            "and probabilities in [0, 1] that do not decrease. Received: "
            f"{table!r:.200}."
        )
    return x, y
