"""Checked scores and targets, and what their thresholds are to reach."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting._bootstrap import Bootstrap
from keras_labels.fitting._counts import Counts
from keras_labels.fitting._objective import Objective
from keras_labels.fitting._positions import counted
from keras_labels.fitting._sample import Sample
from keras_labels.fitting._targets import flat_columns
from keras_labels.fitting._weights import sums_of
from keras_labels.spec import Decoding, Head, cut_names, least_scores, marks_of_order


class Column(NamedTuple):
    """Copies of one column, of the rows that count for it, and which these are."""

    scores: np.ndarray
    marks: np.ndarray
    weights: np.ndarray | None
    rows: Any


@dataclass(frozen=True)
class Problem:
    """A search: the data, the decoding as it is, and what is wanted.

    Args:
        sample: `(n, columns)` scores, and marks bool where a row is positive.
        decoding: the rule, whose thresholds are searched.
        objective: what they are to reach.
        bootstrap: how sure they are to be.
    """

    sample: Sample
    decoding: Decoding
    objective: Objective
    bootstrap: Bootstrap

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns are called."""
        head = self.decoding.head
        first = 0 if head.task == "multilabel" else 1
        numbers = map(str, range(first, head.classes))
        return cut_names(head, self.decoding.class_names) or tuple(numbers)

    @functools.cached_property
    def sides(self) -> np.ndarray:
        """What the positive rows of each column weigh, and the others, `(2, n)`."""
        rows, marks = len(self.sample), self.sample.targets
        if self.sample.weights is None:
            positives = np.count_nonzero(marks, axis=0)
            return np.stack([positives, rows - positives])
        columns = map(self.column, range(len(self.names)))
        pairs = [sums_of(column.marks, column.weights) for column in columns]
        return np.array(pairs).T

    @property
    def support(self) -> np.ndarray:
        """How many rows of each column are positive, or what they weigh."""
        return np.asarray(self.sides[0])

    @property
    def one_sided(self) -> np.ndarray:
        """Which columns have no positive or no negative rows."""
        return np.asarray((self.sides == 0).any(axis=0))

    @functools.cached_property
    def least(self) -> np.ndarray:
        """The least score of each column that passes the cut as it is."""
        return self.least_of(self.decoding.threshold)

    def least_of(self, cuts: Any) -> np.ndarray:
        """Return the least score of each column that passes its cut."""
        return least_scores(
            self.decoding,
            cuts,
            str(self.sample.columns.dtype),
            inclusive=self.decoding.inclusive,
        )

    def column(self, index: int) -> Column:
        """Return one column."""
        rows, weights = self.sample.of_label(index)
        scores, marks = self.sample.columns, self.sample.targets
        return Column(
            np.array(scores[rows, index]), np.array(marks[rows, index]), weights, rows
        )


def counts_of(column: Column, least: Any) -> Counts:
    """Return what one cut does, `(1,)` counts: the scores from the least on pass."""
    passed = (column.scores >= least) & ~np.isposinf(least)
    marks, weights = column.marks, column.weights
    tp, fp = sums_of(marks[passed], None if weights is None else weights[passed])
    fn, tn = sums_of(marks[~passed], None if weights is None else weights[~passed])
    return Counts(np.array([tp]), np.array([fp]), tp + fn, fp + tn)


def problem(
    y_true: Any,
    scores: Any,
    decoding: Decoding,
    objective: Objective,
    bootstrap: Bootstrap,
    **counting: Any,
) -> Problem:
    """Check data and decoding; `counting` are `sample_weight` and `ignore_class`.

    Raises:
        DecodingError: if the decoding has no threshold, or more than that.
        InputError: if scores, targets or weights do not fit the decoding.
    """
    check_decoding(decoding)
    columns, flat, shape = _as_cut_columns(scores, decoding)
    sample: Sample = counted(y_true, columns, flat, shape, **counting)
    if flat.head.task == "binary":
        sample = dataclasses.replace(sample, targets=(sample.targets == 1)[:, None])
    elif flat.head.task == "ordinal":
        marks = marks_of_order(sample.targets, flat.head.units)
        sample = dataclasses.replace(sample, targets=marks)
    several = columns.shape[1] > 1
    average, shared = objective.average or "macro", several and objective.shared
    objective = dataclasses.replace(
        objective, average=average if several else None, shared=shared
    )
    return Problem(sample, decoding, objective, bootstrap)


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
        columns = flat_columns(x, Head("multilabel", width, head.from_logits))
        last = dataclasses.replace(head, axis=-1)
        return columns, decoding.replace(head=last), x.shape
    columns = flat_columns(x, head)
    if head.units != width:
        raise InputError(
            "A threshold on two units cuts one column: the second logit less the "
            "first, or the second probability. Pass that column, shape "
            f"({len(columns)}, 1). Received scores of shape {x.shape}."
        )
    return columns, decoding, x.shape
