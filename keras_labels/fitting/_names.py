"""Class names in targets -> ids and marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_labels.errors import DecodingError, InputError
from keras_labels.spec import shortened


def ids_of_names(y: np.ndarray, class_names: Sequence[str] | None) -> np.ndarray:
    """Return the id of every name, in the shape of `y`; numbers stay as they are.

    >>> ids_of_names(np.array([["dog"], ["cat"]]), ("cat", "dog")).tolist()
    [[1], [0]]
    """
    values = y.reshape(-1).tolist()
    if not any(isinstance(value, (str, bytes)) for value in values):
        return y
    ids = _ids_by_name(class_names)
    found = [ids.get(_text(value), -1) for value in values]
    if -1 in found:
        _refuse_unknown({values[i] for i, at in enumerate(found) if at < 0}, ids)
    return np.array(found).reshape(y.shape)


def marks_of_names(
    rows: Sequence[Any], class_names: Sequence[str] | None
) -> np.ndarray:
    """Return `(rows, labels)` booleans of a list of names for each row.

    >>> marks_of_names([("red",), (), ("round", "red")], ("red", "round")).tolist()
    [[True, False], [False, False], [True, True]]
    """
    if any(isinstance(row, (str, bytes)) for row in rows):
        raise InputError(
            "`y_true` of labels is a list of names for each row. Received a single "
            f"name: {next(r for r in rows if isinstance(r, (str, bytes)))!r}. Pass "
            "[(name,) for name in y_true]."
        )
    ids = _ids_by_name(class_names)
    pairs = [(row, _text(name)) for row, names in enumerate(rows) for name in names]
    if unknown := {name for _, name in pairs} - set(ids):
        _refuse_unknown(unknown, ids)
    marks = np.zeros((len(rows), len(ids)), bool)
    if pairs:
        marks[[row for row, _ in pairs], [ids[name] for _, name in pairs]] = True
    return marks


def rows_of_names(y_true: Any) -> list[Any] | None:
    """Return the rows if they hold names, each a list of them, and else None.

    >>> rows_of_names([("red",), ()]), rows_of_names([[1, 0], [0, 0]])
    ([('red',), ()], None)
    """
    kind = getattr(getattr(y_true, "dtype", None), "kind", None)
    if kind is not None and kind not in "SUOT":
        return None
    rows = y_true.tolist() if hasattr(y_true, "tolist") else y_true
    if not isinstance(rows, (list, tuple)):
        return None
    rows = list(rows)
    lists = (list, tuple, set, frozenset, np.ndarray)
    inside = [row if isinstance(row, lists) else [row] for row in rows]
    values = [value for row in inside for value in row]
    if not any(isinstance(value, (str, bytes)) for value in values):
        # Rows of no label at all say so by being empty.
        return rows if rows and not values else None
    return rows


def _ids_by_name(class_names: Sequence[str] | None) -> dict[str, int]:
    if class_names is None:
        raise DecodingError(
            "`y_true` holds class names, and the decoding has none. Pass "
            "`class_names` in the order of the class ids, or `y_true` as ids."
        )
    return {name: position for position, name in enumerate(class_names)}


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _refuse_unknown(unknown: set[Any], ids: dict[str, int]) -> None:
    raise InputError(
        f"`y_true` holds the class names {shortened(list(ids))}. Received also: "
        f"{shortened(sorted(unknown, key=str))}."
    )
