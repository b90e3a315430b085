"""What a report is given -> a checked evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_labels.errors import DecodingError, InputError
from keras_labels.reports._evaluation import Evaluation
from keras_labels.spec import Decoding, Head, as_costs, check_integer


def evaluation(
    y_true: Any,
    probabilities: Any,
    decided: Any,
    decoding: Decoding,
    *,
    plain: Any = None,
    rows: Any = None,
    costs: Any = None,
    bins: int = 15,
    note: str = "",
) -> Evaluation:
    """Return checked arrays, one row per decision.

    Raises:
        InputError: if an array does not fit the head or the others.
        DecodingError: if `costs` or `bins` are none.
    """
    head = decoding.head
    p = _probabilities("probabilities", probabilities, head)
    shape = p.shape if head.task == "multilabel" else p.shape[:1]
    most = 1 if head.task == "multilabel" else head.classes - 1
    truth = _ids("y_true", y_true, shape, 0, most)
    before = None if plain is None else _probabilities("plain", plain, head)
    if before is not None and before.shape != p.shape:
        raise InputError(
            f"`plain` has the shape of `probabilities`, {p.shape}. "
            f"Received: {before.shape}."
        )
    if check_integer("bins", bins) < 1:
        raise DecodingError(f"`bins` is at least 1. Received: {bins}.")
    return Evaluation(
        truth.astype(bool) if head.task == "multilabel" else truth,
        p,
        _ids("decided", decided, shape, -1, most),
        decoding,
        before,
        _rows(rows, len(p)),
        _costs(costs, decoding),
        bins,
        note,
    )


def _probabilities(name: str, values: Any, head: Head) -> np.ndarray:
    p = np.asarray(values)
    if p.ndim != 2 or p.shape[1] != head.classes or p.dtype.kind != "f" or not len(p):
        raise InputError(
            f"`{name}` is a float array (rows, {head.classes}) of a row at least, a "
            f"column per class. Received: dtype {p.dtype}, shape {p.shape}."
        )
    low, high = p.min(), p.max()
    if not (low >= 0.0 and high <= 1.0 + 1e-6):  # the last bits of a softmax
        raise InputError(
            f"`{name}` lie between 0 and 1. Received numbers from {low} to {high}. "
            "Drop rows with NaN; of logits take predict_proba."
        )
    return p.astype(np.float32)


def _ids(
    name: str, values: Any, shape: tuple[int, ...], least: int, most: int
) -> np.ndarray:
    ids = np.asarray(values)
    if ids.shape != shape or ids.dtype.kind not in "bui":
        raise InputError(
            f"`{name}` holds class ids in the shape {shape}. "
            f"Received: dtype {ids.dtype}, shape {ids.shape}."
        )
    ids = ids.astype(np.int64)
    if ids.min() < least or ids.max() > most:
        raise InputError(
            f"`{name}` holds class ids from {least} to {most}. "
            f"Received ids from {ids.min()} to {ids.max()}."
        )
    return ids


def _rows(rows: Any, count: int) -> np.ndarray:
    numbers = np.arange(count) if rows is None else np.asarray(rows)
    if numbers.ndim not in (1, 2) or len(numbers) != count:
        raise InputError(
            f"`rows` numbers each of the {count} rows, as ({count},) or ({count}, k). "
            f"Received: shape {numbers.shape}."
        )
    return numbers


def _costs(costs: Any, decoding: Decoding) -> Any:
    if costs is None:
        return decoding.costs
    labels = decoding.head.task == "multilabel"
    yes_or_no = Head("binary", 1, from_logits=False)
    return as_costs(costs, yes_or_no if labels else decoding.head)
