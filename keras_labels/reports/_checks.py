"""What a report is given -> a checked evaluation."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting import Positions, as_weights, without_signs
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
    sample_weight: Any = None,
    left_out: int = 0,
) -> Evaluation:
    """Return checked arrays, one row per decision that counts.

    Raises:
        InputError: if an array does not fit the head or the others.
        DecodingError: if `costs` or `bins` are none.
    """
    head = decoding.head
    p = _columns("probabilities", probabilities, head)
    shape = p.shape if head.task == "multilabel" else p.shape[:1]
    most = 1 if head.task == "multilabel" else head.classes - 1
    truth, chosen = _ids("y_true", y_true, shape), _ids("decided", decided, shape)
    before = None if plain is None else _columns("plain", plain, head, len(p))
    if check_integer("bins", bins) < 1:
        raise DecodingError(f"`bins` is at least 1. Received: {bins}.")
    weights = as_weights(
        sample_weight, dataclasses.replace(head, axis=-1), (len(p), head.units)
    )
    places, (truth, weights) = Positions(truth, weights).chosen()
    truth = without_signs(truth) if head.task == "binary" else truth
    truth = _within("y_true", truth, 0, most)
    return Evaluation(
        truth.astype(bool) if head.task == "multilabel" else truth,
        _probable("probabilities", p[places]),
        _within("decided", chosen[places], -1, most),
        decoding,
        None if before is None else _probable("plain", before[places]),
        _rows(rows, len(p))[places],
        _costs(costs, decoding),
        bins,
        note,
        weights,
        left_out + len(p) - len(truth),
    )


def _columns(name: str, values: Any, head: Head, rows: int | None = None) -> np.ndarray:
    p = np.asarray(values)
    if p.ndim != 2 or p.shape[1] != head.classes or p.dtype.kind != "f" or not len(p):
        raise InputError(
            f"`{name}` is a float array (rows, {head.classes}) of a row at least, a "
            f"column per class. Received: dtype {p.dtype}, shape {p.shape}."
        )
    if rows not in (None, len(p)):
        raise InputError(
            f"`{name}` has the shape of `probabilities`, {(rows, head.classes)}. "
            f"Received: {p.shape}."
        )
    return p


def _probable(name: str, p: np.ndarray) -> np.ndarray:
    low, high = p.min(), p.max()
    if not (low >= 0.0 and high <= 1.0 + 1e-6):  # the last bits of a softmax
        raise InputError(
            f"`{name}` lie between 0 and 1. Received numbers from {low} to {high}. "
            "Drop rows with NaN; of logits take predict_proba."
        )
    return p.astype(np.float32)


def _ids(name: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    ids = np.asarray(values)
    if ids.shape != shape or ids.dtype.kind not in "bui":
        raise InputError(
            f"`{name}` holds class ids in the shape {shape}. "
            f"Received: dtype {ids.dtype}, shape {ids.shape}."
        )
    return ids


def _within(name: str, ids: np.ndarray, least: int, most: int) -> np.ndarray:
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
