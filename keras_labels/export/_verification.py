"""A file, run again, held against Keras row by row."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_labels.errors import ExportError
from keras_labels.export._exactness import exact
from keras_labels.export._margins import margins, slack
from keras_labels.export._served import label_index, label_table
from keras_labels.spec import Decoding

_TOLERANCE = 1e-5  # of a probability
# Of models that compute in 16 bits: some roundings of a number near 1.
_TOLERANCES = {"float16": 2**-9, "bfloat16": 2**-6}
_ROUNDING = 2**-22  # of two float32 numbers near 1
_SCORES = 1e-3  # of a score, beside the largest one
_ARITHMETIC = 1e-2  # of a probability: a larger drift is another computation

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Agreement:
    """How a file agreed with Keras.

    Args:
        rows: how many rows were compared.
        decisions: how many decisions these hold.
        drift: the largest difference of a probability, from the runtime's arithmetic;
            `None` if the file gives no probabilities.
        classes: how many different decisions these are: few show little.
        near: how many decisions differ because their scores lie nearer to a cut, or
            to a tie, than the drift.
        invalid: how many rows with NaN in the input come out otherwise: some runtimes
            make a number of NaN in a layer, as OpenVINO's relu does.
    """

    rows: int
    decisions: int
    drift: float | None
    classes: int
    near: int
    invalid: int = 0

    def __str__(self) -> str:
        """Say it in a sentence."""
        parts = [f"{self.rows} rows"]
        if self.drift is not None:
            parts.append(f"probabilities drift by {self.drift:.1g}")
        differ = "none differs"
        if self.near:
            differ = f"{self.near} nearer to a cut or a tie than that differ"
        kinds = f"{self.classes} kind" + ("" if self.classes == 1 else "s")
        parts.append(f"of {self.decisions} decisions of {kinds} {differ}")
        if self.invalid:
            parts.append(
                f"{self.invalid} with NaN in the input otherwise, since a layer makes "
                "a number of it in one of the two"
            )
        return "; ".join(parts)


def tolerance_of(model: keras.Model) -> float:
    """Return how far probabilities of a file may lie from Keras'."""
    return max([_TOLERANCE, *(_TOLERANCES.get(one, 0) for one in _dtypes(model))])


def computes_in_16_bits(model: keras.Model) -> bool:
    """Tell whether any layer does, as under the policy mixed_float16."""
    return not _dtypes(model).isdisjoint(_TOLERANCES)


def _dtypes(model: keras.Model) -> set[str]:
    return {str(layer.compute_dtype) for layer in model._flatten_layers()}


def with_label_texts(
    arrays: Arrays, decoding: dict[str, Decoding]
) -> dict[str, np.ndarray]:
    """Add the labels that belong to the classes, as a file gives them."""
    made = dict(arrays)
    for prefix, rule in decoding.items():
        if rule.class_names:
            index = label_index(arrays[f"{prefix}classes"], rule)
            made[f"{prefix}labels"] = label_table(rule)[np.asarray(index)]
    return made


def compared(
    decoding: dict[str, Decoding],
    expected: Arrays,
    found: Arrays,
    tolerance: float,
    invalid: np.ndarray,
    sought: np.ndarray,
) -> Agreement:
    """Hold the outputs of a file against those of Keras.

    Args:
        decoding: by the prefix of the outputs.
        expected: what Keras gives: `probabilities`, `classes`, `scores` and `labels` of
            every head, and the outputs that pass through.
        found: the outputs of the file.
        tolerance: of the probabilities.
        invalid: which rows have NaN in the input.
        sought: which rows were made to lie near a cut.

    Raises:
        ExportError: naming the first row that differs.
    """
    _check_shapes(expected, found)

    def agreement(rows: Any) -> Agreement:
        chosen = _rows(expected, rows), _rows(found, rows)
        return _agreement(decoding, *chosen, tolerance, sought[rows])

    def agrees(row: Any) -> bool:
        try:
            agreement([row])
        except ExportError:
            return False
        return True

    whole = agreement(~invalid)
    otherwise = [row for row in np.flatnonzero(invalid) if not agrees(row)]
    return dataclasses.replace(whole, rows=len(invalid), invalid=len(otherwise))


def _rows(arrays: Arrays, rows: Any) -> dict[str, np.ndarray]:
    return {name: np.asarray(array)[rows] for name, array in arrays.items()}


def _agreement(
    decoding: dict[str, Decoding],
    expected: Arrays,
    found: Arrays,
    tolerance: float,
    sought: np.ndarray,
) -> Agreement:
    decided: set[str] = set()
    decisions = near = 0
    drifts = []
    for prefix, rule in decoding.items():
        # A row with NaN has no step, and no excuse.
        loose = np.nan_to_num(slack(expected[f"{prefix}scores"], rule, tolerance))
        if (name := f"{prefix}probabilities") in found:
            drifts.append(_drift(name, expected[name], found[name], tolerance, loose))
            decided.add(name)
        # A drift moves both of two scores; what rounding hides of it comes on top.
        # That of a unit of ordered classes may not show in any probability.
        shown = name in found and rule.head.task != "ordinal"
        drift = min(drifts[-1], tolerance) if shown else tolerance
        band = 2 * drift + _ROUNDING
        given = {f"{prefix}classes", f"{prefix}labels"} & set(found)
        if not given:
            continue
        known = exact(prefix, rule, expected, found, sought)
        if rule.head.task == "multilabel":
            known = np.expand_dims(known, rule.head.axis)
        else:
            loose = loose.squeeze(rule.head.axis)
        close = margins(expected[f"{prefix}scores"], rule) < band + 2 * loose
        close &= ~known
        for name in sorted(given):
            differ = _differing(name, expected[name], found[name])
            _require_near(name, differ, close, expected, found)
        decided |= given
        # Labels say the same as classes: they are counted once.
        decisions, near = decisions + differ.size, near + int(differ.sum())
    for name in set(found) - decided:
        _compare_scores(name, expected[name], found[name], tolerance)
    rows = len(next(iter(expected.values())))
    kinds = {int(one) for p in decoding for one in np.unique(expected[f"{p}classes"])}
    return Agreement(rows, decisions, max(drifts, default=None), len(kinds), near)


def _check_shapes(expected: Arrays, found: Arrays) -> None:
    for name, array in found.items():
        if array.shape != expected[name].shape:
            raise ExportError(
                f"The file gives '{name}' of shape {array.shape} where Keras gives "
                f"{expected[name].shape}."
            )


def _drift(
    name: str, want: np.ndarray, got: np.ndarray, tolerance: float, loose: np.ndarray
) -> float:
    """Return the largest difference, or raise if it is too large."""
    apart = np.abs(want.astype("float64") - got)
    apart = np.where(np.isnan(want) & np.isnan(got), 0, apart)
    wrong = ~(apart <= tolerance + loose)  # NaN of one alone is wrong as well
    if not wrong.any():
        return float(apart.max(initial=0))
    largest = apart[wrong].max()
    raise ExportError(
        f"The probabilities of a file lie within {tolerance:g} of Keras': "
        f"{_differs(name, wrong, want, got)} The largest drift is {largest:.2g}."
        f"{_way_out(largest)}"
    )


def _way_out(drift: float) -> str:
    if not drift <= _ARITHMETIC:  # NaN neither
        return ""
    power = math.ceil(math.log10(drift))
    return f" Pass tolerance=1e{power} if that is the arithmetic of this model."


def _differing(name: str, want: np.ndarray, got: np.ndarray) -> np.ndarray:
    if name.endswith("labels"):
        got = np.array(list(_texts(got)), dtype=str).reshape(want.shape)
    return np.asarray(want != got)


def _texts(labels: np.ndarray) -> Iterator[str]:
    for one in labels.ravel():
        yield one.decode("utf-8") if isinstance(one, bytes) else str(one)


def _require_near(
    name: str, differ: np.ndarray, near: np.ndarray, expected: Arrays, found: Arrays
) -> None:
    wrong = differ & ~near
    if wrong.any():
        raise ExportError(_first(name, wrong, expected[name], found[name]))


def _compare_scores(
    name: str, want: np.ndarray, got: np.ndarray, tolerance: float
) -> None:
    finite = np.where(np.isfinite(want), want, 0).astype("float64")
    allowed = max(_SCORES, 10 * tolerance) * np.abs(finite).max(initial=1)
    same = np.isclose(want.astype("float64"), got, rtol=0, atol=allowed, equal_nan=True)
    if not same.all():
        raise ExportError(_first(name, ~same, want, got))


def _first(name: str, wrong: np.ndarray, want: np.ndarray, got: np.ndarray) -> str:
    return f"The file does not decide as Keras does: {_differs(name, wrong, want, got)}"


def _differs(name: str, wrong: np.ndarray, want: np.ndarray, got: np.ndarray) -> str:
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    rows = int(wrong.reshape(len(wrong), -1).any(axis=1).sum())
    return (
        f"'{name}' differs in {rows} of {len(wrong)} rows, first in row {place[0]}: "
        f"{want[place]} in Keras and {got[place]} in the file."
    )
