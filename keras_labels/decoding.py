"""The spec: what a model emits (`Head`) and how it is decided (`Decoding`)."""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from keras_labels.class_names import as_class_names
from keras_labels.errors import DecodingError, HeadError

Task = Literal["binary", "multiclass", "multilabel"]
TASKS: tuple[str, ...] = get_args(Task)
DEFAULT_THRESHOLD = 0.5
_VERSION = 1


@dataclass(frozen=True)
class Head:
    """What a model emits: a fact, said by the user or read from the model.

    Args:
        task: `"binary"` (one unit, or two under a softmax), `"multiclass"` (exclusive
            classes) or `"multilabel"` (independent labels).
        units: length of the class axis of the scores.
        from_logits: whether sigmoid or softmax has still to be applied.
        axis: the class axis of the scores; not the batch axis 0.
        evidence: sentences that say how this is known. Not part of equality.

    Raises:
        HeadError: if these do not fit together.

    >>> Head("binary", units=1, from_logits=False).classes
    2
    """

    task: Task
    units: int
    from_logits: bool
    axis: int = -1
    evidence: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise HeadError(f"`task` is one of {TASKS}. Received: {self.task!r}.")
        object.__setattr__(self, "units", check_integer("units", self.units, HeadError))
        object.__setattr__(self, "axis", check_integer("axis", self.axis, HeadError))
        object.__setattr__(self, "from_logits", bool(self.from_logits))
        object.__setattr__(self, "evidence", tuple(self.evidence))
        if self.axis == 0:
            raise HeadError("`axis` is the class axis; axis 0 holds the rows.")
        self._check_units()

    def _check_units(self) -> None:
        if self.units < 1:
            raise HeadError(f"`units` is at least 1. Received: {self.units}.")
        if self.task == "multiclass" and self.units == 1:
            raise HeadError(
                "A softmax over one unit is always 1.0, so task 'multiclass' needs two "
                "units or more. Received: units=1. For one sigmoid unit or one logit "
                'pass task="binary".'
            )
        if self.task == "binary" and self.units > 2:
            raise HeadError(
                "Task 'binary' has one unit, or two under a softmax. Received: "
                f'units={self.units}. Pass task="multiclass" for exclusive classes or '
                'task="multilabel" for independent ones.'
            )

    @property
    def classes(self) -> int:
        """Number of columns of `predict_proba`, and of class names."""
        return 2 if self.task == "binary" else self.units

    @property
    def activation(self) -> Literal["sigmoid", "softmax"]:
        """The activation that makes probabilities of this head's logits."""
        one_column = self.task == "multilabel" or self.units == 1
        return "sigmoid" if one_column else "softmax"


@dataclass(frozen=True)
class Decoding:
    """How the scores of a head become classes and labels: a decision.

    Frozen, plain data: a change makes a new one (`replace`), and `from_dict(to_dict())`
    gives an equal one.

    Args:
        head: what the model emits.
        class_names: one name per class (see `as_class_names`): `[negative, positive]`
            for a binary head, one per label for multilabel. `None`: no names.
        threshold: the cut on the probability, in (0, 1): a number, one per label, or
            `{name: value}`. Stored as a tuple: one for binary, one per label for
            multilabel, none for multiclass. Defaults to 0.5.
        inclusive: whether a probability on the cut is positive (`>=`, not `>`).
        reject_below: least probability that a decision needs, in (0, 1); a class (for
            multilabel: a label's 0 or 1) that has less becomes -1. `None`: none.
        min_labels: least number of labels of a multilabel row; the best are added.
        max_labels: largest number of labels of a multilabel row; the best are kept.

    Raises:
        DecodingError: if the decision does not fit the head.

    >>> head = Head("multilabel", units=2, from_logits=True)
    >>> Decoding(head, ["red", "round"], threshold={"round": 0.3}).threshold
    (0.5, 0.3)
    """

    head: Head
    class_names: Any = None
    threshold: Any = None
    inclusive: bool = False
    reject_below: float | None = None
    min_labels: int = 0
    max_labels: int | None = None

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "class_names", self._checked_names())
        set_field(self, "threshold", self._checked_threshold())
        set_field(self, "inclusive", bool(self.inclusive))
        if self.reject_below is not None:
            reject = check_probability("reject_below", self.reject_below)
            set_field(self, "reject_below", reject)
        low, high = check_label_counts(self.min_labels, self.max_labels)
        set_field(self, "min_labels", low)
        set_field(self, "max_labels", high)
        self._check_label_counts()
        if self.inclusive and self.head.task == "multiclass":
            raise DecodingError(
                "`inclusive` belongs to a threshold, and a multiclass head has none: "
                "the class of the highest score wins. Leave it out."
            )

    def replace(self, **changes: Any) -> Decoding:
        """Return a copy with changed fields; a partial `{name: cut}` keeps the rest."""
        known = {f.name for f in dataclasses.fields(self)}
        if unknown := sorted(set(changes) - known):
            raise DecodingError(
                f"A decoding has the fields {sorted(known)}. Received: {unknown}."
            )
        cut = changes.get("threshold")
        if isinstance(cut, Mapping) and changes.get("head", self.head) == self.head:
            names = as_class_names(changes.get("class_names", self.class_names))
            named = cut_names(self.head, names)
            changes["threshold"] = {
                **dict(zip(named, self.threshold, strict=False)),
                **cut,
            }
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return this decoding as plain data, ready for JSON."""
        head = dataclasses.asdict(self.head) | {"evidence": list(self.head.evidence)}
        names = None if self.class_names is None else list(self.class_names)
        return {
            "version": _VERSION,
            "head": head,
            "class_names": names,
            "threshold": list(self.threshold),
            "inclusive": self.inclusive,
            "reject_below": self.reject_below,
            "min_labels": self.min_labels,
            "max_labels": self.max_labels,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Decoding:
        """Make the decoding that `to_dict` described."""
        rest = dict(data)
        version = rest.pop("version", None)
        fields = {f.name for f in dataclasses.fields(cls)}
        if version != _VERSION or not {"head"} <= set(rest) <= fields:
            raise DecodingError(
                f"Cannot read this decoding: this release knows version {_VERSION} "
                f"with the fields {sorted(fields)}. Received: version {version!r} with "
                f"{sorted(rest)}. It may come from a later keras_labels."
            )
        return cls(**{**rest, "head": Head(**rest["head"])})

    def _checked_names(self) -> tuple[str, ...] | None:
        names = as_class_names(self.class_names)
        if names is None or len(names) == self.head.classes:
            return names
        expected = {
            "binary": "two for a binary head, [negative, positive]",
            "multiclass": f"one per class, {self.head.classes} for this head",
            "multilabel": f"one per label, {self.head.classes} for this head",
        }[self.head.task]
        raise DecodingError(
            f"`class_names` must hold {expected}. Received {len(names)}: "
            f"{_shortened(names)}."
        )

    def _checked_threshold(self) -> tuple[float, ...]:
        head, cut = self.head, self.threshold
        if head.task == "multiclass":
            if cut is None or (isinstance(cut, (tuple, list)) and not cut):
                return ()
            raise DecodingError(
                "A multiclass head has no threshold: the class of the highest score "
                "wins. To leave rows undecided pass `reject_below`; for independent "
                f'labels pass task="multilabel". Received: threshold={cut!r}.'
            )
        count = 1 if head.task == "binary" else head.units
        if cut is None:
            return (DEFAULT_THRESHOLD,) * count
        if isinstance(cut, Mapping):
            cut = self._threshold_by_name(cut)
        return as_thresholds(cut, count)

    def _threshold_by_name(self, cut: Mapping[str, float]) -> list[float]:
        named = cut_names(self.head, self.class_names)
        if unknown := [name for name in cut if name not in named]:
            raise DecodingError(
                f"`threshold` by name takes the names {_shortened(named)}"
                + (" (pass `class_names` first)" if not named else "")
                + f". Received: {unknown}."
            )
        return [cut.get(name, DEFAULT_THRESHOLD) for name in named]

    def _check_label_counts(self) -> None:
        low, high, units = self.min_labels, self.max_labels, self.head.units
        if self.head.task != "multilabel" and (low != 0 or high is not None):
            raise DecodingError(
                "`min_labels` and `max_labels` belong to task 'multilabel'. Received: "
                f"min_labels={low}, max_labels={high} for task {self.head.task!r}."
            )
        if low > units or (high is not None and high > units):
            raise DecodingError(
                f"A row has at most {units} labels. Received: min_labels={low}, "
                f"max_labels={high}."
            )


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


def cut_names(head: Head, class_names: Sequence[str] | None) -> tuple[str, ...]:
    """Names that a threshold belongs to: the positive class, or every label."""
    if class_names is None:
        return ()
    return tuple(class_names[1:]) if head.task == "binary" else tuple(class_names)


def as_thresholds(value: Any, count: int | None = None) -> tuple[float, ...]:
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
            f"`threshold` is one number or one per label, {count} here. "
            f"Received {len(cuts)}: {_shortened(cuts)}."
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


def _shortened(items: Sequence[Any], most: int = 6) -> str:
    shown = ", ".join(repr(item) for item in items[:most])
    return f"[{shown}{', ...' if len(items) > most else ''}]"
