"""What a model emits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from keras_labels.errors import HeadError
from keras_labels.spec._arguments import check_flag, check_integer

Task = Literal["binary", "multiclass", "multilabel", "ordinal"]
TASKS: tuple[str, ...] = get_args(Task)


@dataclass(frozen=True)
class Head:
    """What a model emits: a fact, said by the user or read from the model.

    Args:
        task: `"binary"` (one unit, or two under a softmax), `"multiclass"` (exclusive
            classes), `"multilabel"` (independent labels) or `"ordinal"` (ordered
            classes, one more than units: unit k gives P(y > k), as CORAL's do).
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
        said = check_flag("from_logits", self.from_logits, HeadError)
        object.__setattr__(self, "from_logits", said)
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

    def __str__(self) -> str:
        """Say it in a few words."""
        units = f"{self.units} unit" + ("" if self.units == 1 else "s")
        kind = "logits" if self.from_logits else "probabilities"
        return f"{self.task}, {units}, {kind}"

    @property
    def classes(self) -> int:
        """Number of columns of `predict_proba`, and of class names."""
        if self.task == "ordinal":
            return self.units + 1
        return 2 if self.task == "binary" else self.units

    @property
    def activation(self) -> Literal["sigmoid", "softmax"]:
        """The activation that makes probabilities of this head's logits."""
        one_column = self.task in ("multilabel", "ordinal") or self.units == 1
        return "sigmoid" if one_column else "softmax"
