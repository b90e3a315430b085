"""Checked scores and targets, and what their thresholds are to reach."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting._bootstrap import Bootstrap
from keras_labels.fitting._counts import Counts
from keras_labels.fitting._objective import Objective
from keras_labels.fitting._targets import as_columns, as_targets
from keras_labels.spec import Decoding, Head, cut_names, least_scores


@dataclass(frozen=True)
class Problem:
    """A search: the data, the decoding as it is, and what is wanted.

    Args:
        scores: `(n, columns)` float, without NaN.
        marks: `(n, columns)` bool, where a row is positive.
        decoding: the rule, whose thresholds are searched.
        objective: what they are to reach.
        bootstrap: how sure they are to be.
    """

    scores: np.ndarray
    marks: np.ndarray
    decoding: Decoding
    objective: Objective
    bootstrap: Bootstrap

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called."""
        head = self.decoding.head
        numbers = ("1",) if head.task == "binary" else map(str, range(head.units))
        return cut_names(head, self.decoding.class_names) or tuple(numbers)

    @functools.cached_property
    def support(self) -> np.ndarray:
        """How many rows of each column are positive."""
        return np.asarray(np.count_nonzero(self.marks, axis=0))

    @functools.cached_property
    def least(self) -> np.ndarray:
        """The least score of each column that passes the cut as it is."""
        return self.least_of(self.decoding.threshold)

    def least_of(self, cuts: Any) -> np.ndarray:
        """Return the least score of each column that passes its cut."""
        return least_scores(
            self.decoding,
            cuts,
            str(self.scores.dtype),
            inclusive=self.decoding.inclusive,
        )

    def column(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return copies of the scores and the marks of one column."""
        return self.scores[:, index].copy(), self.marks[:, index].copy()


def counts_of(scores: np.ndarray, marks: np.ndarray, least: Any) -> Counts:
    """Return what one cut does, `(1,)` counts: the scores from the least on pass."""
    positives = int(np.count_nonzero(marks))
    passed = (scores >= least) & ~np.isposinf(least)
    taken, tp = np.count_nonzero(passed), np.count_nonzero(passed & marks)
    found, wrong = np.array([tp]), np.array([taken - tp])
    return Counts(found, wrong, positives, len(marks) - positives)


def problem(
    y_true: Any,
    scores: Any,
    decoding: Decoding,
    objective: Objective,
    bootstrap: Bootstrap,
) -> Problem:
    """Check data and decoding.

    Raises:
        DecodingError: if the decoding has no threshold, or more than that.
        InputError: if scores or targets do not fit the decoding.
    """
    check_decoding(decoding)
    columns, flat, shape = _as_cut_columns(scores, decoding)
    marks = as_targets(y_true, flat, shape)
    if flat.head.task == "binary":
        marks = (marks == 1)[:, None]
    several = columns.shape[1] > 1
    average, shared = objective.average or "macro", several and objective.shared
    objective = dataclasses.replace(
        objective, average=average if several else None, shared=shared
    )
    return Problem(columns, marks, decoding, objective, bootstrap)


def check_decoding(decoding: Decoding) -> None:
    """Raise unless the decoding is one of plain cuts."""
    head = decoding.head
    if head.task == "multiclass":
        two = " With a threshold two units are binary: pass threshold=0.5 first."
        raise DecodingError(
            "A multiclass head has no threshold to tune: the class of the highest "
            f"score wins. Received: {head.units} exclusive classes."
            + (two if head.units == 2 else " Costs or a prior move its decisions.")
        )
    extra = {
        name: value
        for name in ("reject_below", "min_labels", "max_labels")
        if (value := getattr(decoding, name))
    }
    if extra:
        raise DecodingError(
            "Thresholds are tuned as plain cuts: tune first, then say the rest by "
            f"with_decoding(...). Received a decoding with {extra}."
        )


def _as_cut_columns(
    scores: Any, decoding: Decoding
) -> tuple[np.ndarray, Decoding, tuple[int, ...]]:
    """Return columns, the decoding of scores of their shape, and that shape."""
    head, width = decoding.head, len(decoding.threshold)
    x = np.asarray(scores)
    if x.ndim == 2 and x.shape[1] == width:
        columns = as_columns(x, Head("multilabel", width, head.from_logits))
        last = dataclasses.replace(head, axis=-1)
        return columns, decoding.replace(head=last), x.shape
    columns = as_columns(x, head)
    if head.units != width:
        raise InputError(
            "A threshold on two units cuts one column: the second logit less the "
            "first, or the second probability. Pass that column, shape "
            f"({len(columns)}, 1). Received scores of shape {x.shape}."
        )
    return columns, decoding, x.shape
