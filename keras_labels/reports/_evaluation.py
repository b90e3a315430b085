"""What a report is made of: checked arrays, and the questions that they answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np

from keras_labels.fitting import Sample
from keras_labels.functional import decode
from keras_labels.spec import Decoding, Head


@dataclass(frozen=True)
class Question:
    """A yes or no that probabilities answer: a class against the rest, or a label.

    Args:
        name: of the class or label.
        probability: float32 `(n,)` of yes, of the rows that count for it.
        truth: bool `(n,)`.
        weights: what each row weighs; `None`: all count once.
        rows: which rows these are.
    """

    name: str
    probability: np.ndarray
    truth: np.ndarray
    weights: np.ndarray | None
    rows: Any


@dataclass(frozen=True)
class Evaluation:
    """Probabilities and decisions of one head beside the truth.

    Args:
        truth: ids `(n,)`; of labels bool `(n, labels)`.
        probabilities: float32 `(n, classes)`, corrected.
        decided: ids `(n,)`, or 0 and 1 `(n, labels)`; -1 where rejected.
        decoding: how they were decided.
        plain: probabilities without the calibration, or `None`.
        rows: numbers of the rows, `(n,)` or `(n, k)`.
        costs: `costs[i][j]` of deciding j where i is true, or `None`.
        bins: of reliability curves.
        note: what the reader must know of the data.
        weights: int64 or float64 `(n,)` above 0, `(n, labels)` of 0 or more where
            labels have their own; `None`: each row counts once.
        left_out: how many positions do not count, beside the rows that do.
    """

    truth: np.ndarray
    probabilities: np.ndarray
    decided: np.ndarray
    decoding: Decoding
    plain: np.ndarray | None
    rows: np.ndarray
    costs: tuple[tuple[float, ...], ...] | None
    bins: int
    note: str = ""
    weights: np.ndarray | None = None
    left_out: int = 0

    @property
    def task(self) -> str:
        """What is asked: of ordered classes as of others, which one it is."""
        task = self.decoding.head.task
        return "multiclass" if task == "ordinal" else task

    @property
    def names(self) -> tuple[str, ...]:
        """The class names; of nameless classes their ids."""
        ids = range(self.decoding.head.classes)
        return self.decoding.class_names or tuple(str(i) for i in ids)

    @property
    def accepted(self) -> np.ndarray:
        """Which decisions were taken."""
        return self.decided >= 0

    @cached_property
    def decision_weights(self) -> np.ndarray | None:
        """What each decision weighs, in the shape of `decided`."""
        if self.weights is None or self.weights.ndim == self.decided.ndim:
            return self.weights
        return np.broadcast_to(self.weights[:, None], self.decided.shape)

    @cached_property
    def counts(self) -> np.ndarray:
        """Which decisions count: of a row that does, labels of no weight do not."""
        weights = self.decision_weights
        return np.ones(self.decided.shape, bool) if weights is None else weights > 0

    @property
    def total(self) -> Any:
        """What all decisions weigh together: their number, without weights."""
        weights = self.decision_weights
        return self.decided.size if weights is None else weights.sum().item()

    def weight_of(self, decisions: np.ndarray) -> Any:
        """Return what some of the decisions weigh together."""
        weights = self.decision_weights
        if weights is None:
            return int(np.count_nonzero(decisions))
        return weights[decisions].sum().item()

    @cached_property
    def unrejected(self) -> np.ndarray:
        """Decisions without the bound on their probability."""
        if self.accepted.all():
            return self.decided
        return np.where(self.accepted, self.decided, self._decoded)

    @cached_property
    def in_doubt(self) -> int:
        """How many rows the probabilities alone would decide otherwise.

        Of a head of logits the decision may have seen digits that a float32
        probability has lost.
        """
        differs = self.decided != decided_by(self.probabilities, self.decoding)
        differs &= self.counts
        return int(differs.reshape(len(differs), -1).any(axis=1).sum())

    @cached_property
    def confidence(self) -> np.ndarray:
        """The float32 probability of what was decided, rejected or not."""
        p, ids = self.probabilities, self.unrejected
        if self.task == "multiclass":
            return np.take_along_axis(p, ids[:, None], axis=1)[:, 0]
        yes = p[:, 1] if self.task == "binary" else p
        return np.where(ids == 1, yes, 1 - yes)

    @cached_property
    def questions(self) -> list[Question]:
        """One for a binary head; one per class or label of the others."""
        p, y = self.probabilities, self.truth
        columns = [1] if self.task == "binary" else range(p.shape[1])
        found, sample = [], Sample(p, y, self.weights)
        for k in columns:
            rows, weights = sample.of_label(k)
            marks = y[rows] == k if y.ndim == 1 else y[rows, k]
            found.append(Question(self.names[k], p[rows, k], marks, weights, rows))
        return found

    @cached_property
    def _decoded(self) -> np.ndarray:
        """Decisions by the probabilities alone, without a bound."""
        return decided_by(self.probabilities, self.decoding, reject_below=None)


def decided_by(p: np.ndarray, decoding: Decoding, **changes: Any) -> np.ndarray:
    """Decide on corrected probabilities, one column per class, by the rule itself."""
    head = decoding.head
    units = 1 if head.task == "binary" else head.units
    given = Head(head.task, units, from_logits=False)
    none = {"calibration": None, "prior": None, "trained_prior": None}
    rule = decoding.replace(head=given, **none, **changes)
    scores = p[:, 1:] if head.task == "binary" else p
    if head.task == "ordinal":
        scores = higher_than(p)
    made = decode(scores, rule, ["classes"])["classes"]
    return np.asarray(keras.ops.convert_to_numpy(made)).astype(np.int64)


def higher_than(p: np.ndarray) -> np.ndarray:
    """Return P(y > k) of the probabilities of ordered classes, one column per class."""
    above = np.cumsum(p[:, :0:-1], axis=1, dtype="float64")[:, ::-1]
    return np.asarray(np.minimum(above, 1.0), p.dtype)
