"""Arrays and a `Decoding` -> labels and ranked lists that people read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from keras_labels.errors import DecodingError, InputError
from keras_labels.prediction._prediction import Prediction
from keras_labels.spec import Decoding

_FEW = 64  # numbers, on which a ufunc takes longer than a list of them
_ROUNDING = 1e-3  # of a 16-bit probability


def labels(classes: np.ndarray, decoding: Decoding) -> Any:
    """Turn class ids into names.

    Args:
        classes: int32 `(rows, ...)`; multilabel `(rows, ..., labels)` of 0 and 1.
        decoding: the decoding with the names.

    Returns:
        An array of str in the shape of `classes`, `None` where the id is -1. For
        multilabel a list (nested for dense heads) of tuples of the labels that are 1,
        `None` for a row in which no label is decided.

    Raises:
        DecodingError: if the decoding has no names.
    """
    names = names_of(decoding)
    if decoding.head.task != "multilabel":
        return np.array([*names, None], dtype=object)[classes]
    marks = np.moveaxis(classes, decoding.head.axis, -1)
    return _nested(marks, 1, lambda row: _marked(row, names))


def _marked(row: np.ndarray, names: tuple[str, ...]) -> tuple[str, ...] | None:
    if (row == -1).all():
        return None
    return tuple(names[i] for i in np.flatnonzero(row == 1))


def names_of(decoding: Decoding) -> tuple[str, ...]:
    """Return the class names, or raise if there are none."""
    if decoding.class_names is None:
        raise DecodingError(
            "Labels need class names, and this decoding has none. Pass class_names=["
            f"...] ({decoding.head.classes} of them), or call predict_classes for ids."
        )
    return tuple(decoding.class_names)


def _nested(array: np.ndarray, depth: int, function: Callable[..., Any]) -> list[Any]:
    """Apply a function to the last axes, giving nested lists of the others."""
    if array.ndim == depth:
        return function(array)  # type: ignore[no-any-return]
    return [_nested(part, depth, function) for part in array]


def ranked(ids: np.ndarray, probabilities: np.ndarray, decoding: Decoding) -> list[Any]:
    """Turn ranked ids and probabilities into lists of (name or id, probability).

    Args:
        ids: int32 `(rows, ..., k)`; -1 throughout a row that has NaN.
        probabilities: float32 of the same shape.
        decoding: the decoding; without names the ids stand for them.

    Returns:
        A list of pairs for each row, in Python strings and floats; empty where the
        ids are -1. Nested for dense heads.
    """
    names = decoding.class_names or tuple(range(decoding.head.classes))
    axis = decoding.head.axis
    pairs = np.stack([np.moveaxis(ids, axis, -1), np.moveaxis(probabilities, axis, -1)])
    pairs = np.moveaxis(pairs.astype("float64"), 0, -2)

    def one(pair: np.ndarray) -> list[tuple[Any, float]]:
        return [(names[int(i)], float(p)) for i, p in pair.T if i >= 0]

    return _nested(pairs, 2, one)


def one_prediction(
    classes: np.ndarray, probabilities: np.ndarray, decoding: Decoding
) -> Prediction:
    """Make the `Prediction` of a batch of one row.

    Raises:
        InputError: if the head decides more than once for a sample (a dense head).
    """
    p = probabilities[0]
    if p.ndim != 1:
        raise InputError(
            "predict_one gives one decision for a sample, and this head gives one for "
            f"each position: shape {p.shape}. Call predict_classes(sample[None])[0]."
        )
    names = decoding.class_names
    by_class = dict(zip(names or range(len(p)), map(float, p), strict=True))
    if decoding.head.task == "multilabel":
        ids = tuple(int(i) for i in np.flatnonzero(classes[0] == 1))
        label = labels(classes, decoding)[0] if names else None
        return Prediction(label, ids, tuple(float(p[i]) for i in ids), by_class)
    class_id = int(classes[0])
    label = labels(classes, decoding)[0] if names else None
    best = p.max() if class_id < 0 else p[class_id]
    return Prediction(label, class_id, float(best), by_class)


def refuse_improbable(probabilities: np.ndarray, decoding: Decoding) -> None:
    """Raise if scores that were taken for probabilities are none.

    Raises:
        InputError: if any lies outside [0, 1] by more than rounding.
    """
    if decoding.head.from_logits or not probabilities.size:
        return
    # fmin and fmax pass over NaN, and are silent where all is NaN.
    low = np.fmin.reduce(probabilities, axis=None)
    high = np.fmax.reduce(probabilities, axis=None)
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise InputError(
            "The model was said or found to give probabilities (from_logits=False), "
            f"and these are none: they lie between {low:.3g} and {high:.3g}. If it "
            "gives logits, make the LabeledModel with from_logits=True."
        )


def refuse_undecided(classes: np.ndarray) -> None:
    """Raise if any class is -1, as it is of a row with NaN scores.

    Args:
        classes: ids or marks `(rows, ...)`.

    Raises:
        InputError: naming the rows.
    """
    few = classes.size <= _FEW
    least = min(classes.ravel().tolist(), default=0) if few else classes.min()
    if least < 0:
        refuse_invalid(classes < 0)


def refuse_invalid(invalid: np.ndarray) -> None:
    """Raise if any row is marked, naming how many and which.

    Args:
        invalid: booleans `(rows, ...)`.

    Raises:
        InputError: naming the rows.
    """
    if invalid.any():
        rows = np.flatnonzero(invalid.any(axis=tuple(range(1, invalid.ndim))))
        shown = ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
        raise InputError(
            f"{len(rows)} of {len(invalid)} rows have NaN scores, so no class can be "
            f"decided: rows {shown}. Look for NaN in the input and the weights, or "
            'pass invalid="mark" to get class -1 (label None) for them.'
        )
