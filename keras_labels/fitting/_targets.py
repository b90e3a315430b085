"""What the true classes are, and the scores beside them, one row per decision."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from keras_labels.errors import InputError
from keras_labels.fitting._names import ids_of_names, marks_of_names, rows_of_names
from keras_labels.fitting._signs import left_out_by, way_out, without_signs
from keras_labels.spec import Decoding, Head, shortened


def as_targets(y_true: Any, decoding: Decoding, shape: Sequence[int]) -> np.ndarray:
    """Return true classes as ids, or as marks of labels, one row per decision.

    Args:
        y_true: for each row (and middle position) a class id, class name or boolean,
            or one number per class on the class axis: one-hot for exclusive classes,
            multi-hot for labels. Labels may also be a list of names for each row; two
            classes also -1 and 1; ordered ones a number per unit, 1 for each that the
            class is higher than.
        decoding: says the task, the class axis and the class names.
        shape: of the scores, `(rows, ..., units)`.

    Returns:
        `(n,)` int64 ids for a head of exclusive classes, `(n, labels)` bool for
        multilabel; n counts rows and middle positions. Booleans of multilabel are not
        copied where their class axis is the last.

    Raises:
        InputError: if these are no classes of the head, or their shape does not fit.
        DecodingError: if they are names and the decoding has none.

    >>> pets = Decoding(Head("binary", 1, True), class_names=["cat", "dog"])
    >>> as_targets(["dog", "cat", "dog"], pets, (3, 1)).tolist()
    [1, 0, 1]
    """
    return classes_of(flat_targets(y_true, decoding, shape), decoding)


def flat_targets(y_true: Any, decoding: Decoding, shape: Sequence[int]) -> np.ndarray:
    """Return true classes as they are given, one row per decision, unchecked.

    Returns:
        `(n,)`, or `(n, classes)` where there is a number per class; of labels that are
        said by their names `(n,)` lists of these.
    """
    head = decoding.head
    lead = list(shape)
    lead.pop(head.axis)
    if math.prod(lead) == 0:
        raise InputError(
            "There is nothing to fit on: `y_true` and the scores need a row at least. "
            f"Received scores of shape {tuple(shape)}."
        )
    if head.task == "multilabel":
        return _flat_marks(y_true, head, tuple(lead))
    y = _array(y_true)
    wide = {head.classes, head.units} - {1}
    axis = _class_axis(y.shape, head, tuple(lead), (1, *sorted(wide)))
    if axis is not None and y.shape[axis] in wide:
        return _last(y, axis)
    return y.reshape(-1)


def classes_of(flat: np.ndarray, decoding: Decoding) -> np.ndarray:
    """Return the ids or marks of `flat_targets`, or raise if they are none."""
    head = decoding.head
    if head.task == "multilabel":
        return _marks(flat, decoding)
    if flat.dtype.kind in "SUOT":
        flat = ids_of_names(flat, decoding.class_names)
    if flat.ndim == 2:
        levels = flat.shape[1] < head.classes
        return _of_levels(flat) if levels else _of_one_hot(flat)
    if flat.dtype.kind == "b" and head.classes > 2:
        raise InputError(
            f"`y_true` says True or False, and the head has {head.classes} classes. "
            "Pass ids, names or one-hot rows."
        )
    two = head.classes == 2
    return _checked_ids(without_signs(flat) if two else flat, head.classes)


def as_columns(scores: Any, head: Head) -> np.ndarray:
    """Return scores as `(n, units)`: the class axis last, middle axes among the rows.

    Args:
        scores: float or integer array `(rows, ..., units)`, the class axis as the head
            says.
        head: what emitted them.

    Returns:
        float32, or float64 where the scores are that; a view where the class axis is
        the last one already.

    Raises:
        InputError: if a score is NaN, or the head does not emit this shape.

    >>> as_columns(np.zeros((2, 3, 8, 8)), Head("multilabel", 3, True, axis=1)).shape
    (128, 3)
    """
    columns = flat_columns(scores, head)
    refuse_nan(columns)
    return columns


def flat_columns(scores: Any, head: Head) -> np.ndarray:
    """Return what `as_columns` does; a score may be NaN."""
    x = np.asarray(scores)
    fits = x.ndim > 1 and -x.ndim <= head.axis < x.ndim
    if not fits or x.shape[head.axis] != head.units:
        raise InputError(
            f"The head has {head.units} units on axis {head.axis}, and these scores "
            f"do not. Received scores of shape {x.shape}."
        )
    if x.dtype not in (np.float32, np.float64):
        x = x.astype(np.float32)
    return np.moveaxis(x, head.axis, -1).reshape(-1, head.units)


def refuse_nan(columns: np.ndarray) -> None:
    """Raise if a score is NaN."""
    # A minimum needs no array of booleans, and is NaN where any score is.
    if columns.size == 0 or not np.isnan(columns.min()):
        return
    rows = np.flatnonzero(np.isnan(columns).any(axis=1))
    raise InputError(
        f"Scores must be numbers to fit on: {len(rows)} of {len(columns)} rows hold "
        f"NaN, the first is row {rows[0]}. Drop these rows, or find what makes them."
    )


def _array(y_true: Any) -> np.ndarray:
    try:
        y = np.asarray(y_true)
        # Python objects, as of a table's column: numbers or text, where they are.
        return np.array(y.tolist()) if y.dtype.kind == "O" else y
    except ValueError:
        raise InputError(
            "`y_true` must have a regular shape: one class for each row. "
            f"Received: {y_true!r:.200}."
        ) from None


def _class_axis(
    shape: tuple[int, ...], head: Head, lead: tuple[int, ...], widths: Iterable[int]
) -> int | None:
    """Return the class axis of targets, or None where they have none."""
    if shape == lead:
        return None
    rank = len(lead) + 1
    axis = head.axis % rank
    allowed = [(*lead[:axis], width, *lead[axis:]) for width in widths]
    if shape in allowed:
        return axis
    shapes = " or ".join(map(str, dict.fromkeys([lead, *allowed])))
    raise InputError(
        f"`y_true` belongs to scores of {math.prod(lead)} decisions: its shape is "
        f"{shapes}. Received: shape {shape}."
    )


def _of_one_hot(rows: np.ndarray) -> np.ndarray:
    _refuse_odd(rows)
    ones = rows == 1
    wrong = np.flatnonzero(ones.sum(axis=1) != 1)
    if np.count_nonzero(rows) != np.count_nonzero(ones):
        raise InputError(_soft(rows[(rows != 0) & (rows != 1)]))
    if wrong.size:
        raise InputError(
            "`y_true` with a column per class is one-hot: a single 1 in each row. "
            f"{wrong.size} of {len(rows)} rows are not so, the first is row "
            f"{wrong[0]}: {rows[wrong[0]].tolist()!s:.100}. For independent labels the "
            'head has task="multilabel"; what does not count has a `sample_weight` '
            "of 0."
        )
    return np.asarray(ones.argmax(axis=1))


def _of_levels(rows: np.ndarray) -> np.ndarray:
    """Return how many units of ordered classes are to say yes."""
    _refuse_odd(rows)
    yes: np.ndarray = rows == 1
    if np.count_nonzero(rows) != np.count_nonzero(yes):
        raise InputError(_soft(rows[(rows != 0) & (rows != 1)]))
    wrong = np.flatnonzero((yes[:, 1:] > yes[:, :-1]).any(axis=1))
    if wrong.size:
        raise InputError(
            "`y_true` with a column per unit of ordered classes has a 1 for each that "
            f"the class is higher than, first. {wrong.size} of {len(rows)} rows are "
            f"not so, the first is row {wrong[0]}: {rows[wrong[0]].tolist()!s:.100}."
        )
    return np.asarray(yes.sum(axis=1))


def _checked_ids(y: np.ndarray, classes: int) -> np.ndarray:
    _refuse_odd(y)
    if y.dtype.kind == "f" and (y != np.trunc(y)).any():
        raise InputError(_soft(y[y != np.trunc(y)]))
    if y.min() < 0 or y.max() >= classes:
        outside = np.unique(y[(y < 0) | (y >= classes)]).tolist()
        raise InputError(
            f"`y_true` holds class ids from 0 to {classes - 1}. "
            f"Received also: {shortened(outside)}. {way_out(y, classes)}"
        )
    return y.astype(np.int64)


def _refuse_odd(y: np.ndarray) -> None:
    if y.dtype.kind not in "buif":
        raise InputError(
            "`y_true` holds class ids, class names, booleans, or a number per class. "
            f"Received: dtype {y.dtype}."
        )
    if y.dtype.kind == "f" and np.isnan(y.min()):
        raise InputError(
            f"`y_true` has no missing values: {np.isnan(y).sum()} of {y.size} are NaN. "
            "Drop these rows, or give them a `sample_weight` of 0."
        )


def _soft(odd: np.ndarray) -> str:
    values = np.unique(odd).tolist()
    said = (
        "`y_true` says which classes are true, not how likely they are: ids, or 0 and "
        f"1. Received also: {shortened(values)}. "
    )
    if all(value == int(value) for value in values):
        return said + left_out_by(values[0])
    return said + "Of soft targets take the most likely class, or draw one."


def _flat_marks(y_true: Any, head: Head, lead: tuple[int, ...]) -> np.ndarray:
    if (named := rows_of_names(y_true)) is not None:
        rank = len(lead) + 1
        shape = [len(named)]
        shape.insert(head.axis % rank, head.units)
        _class_axis(tuple(shape), head, lead, (head.units,))
        rows = np.empty(len(named), object)
        for at, names in enumerate(named):
            rows[at] = names
        return rows
    y = _array(y_true)
    axis = _class_axis(y.shape, head, lead, (head.units,)) if head.units > 1 else None
    if head.units > 1 and axis is None:
        raise InputError(
            f"`y_true` of labels has 0 or 1 for each of the {head.units} labels, or a "
            "list of names for each row. Received one value for each row: shape "
            f'{y.shape}. Exclusive classes are task="multiclass".'
        )
    if head.units == 1:
        _class_axis(y.shape, head, lead, (1,))
    return y.reshape(-1, 1) if axis is None else _last(y, axis)


def _marks(rows: np.ndarray, decoding: Decoding) -> np.ndarray:
    if rows.dtype.kind == "O":
        return marks_of_names(rows.tolist(), decoding.class_names)
    _refuse_odd(rows)
    if rows.dtype.kind == "b":
        return rows
    marks: np.ndarray = rows == 1
    if np.count_nonzero(rows) != np.count_nonzero(marks):
        raise InputError(_soft(rows[(rows != 0) & (rows != 1)]))
    return marks


def _last(y: np.ndarray, axis: int) -> np.ndarray:
    return np.moveaxis(y, axis, -1).reshape(-1, y.shape[axis])
