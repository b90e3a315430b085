"""Scores and what came true -> a `Decoding` whose probabilities can be believed."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting._applied import (
    class_probabilities,
    columns_of,
    one_logit,
    one_score,
    slices,
)
from keras_labels.fitting._calibration_fit import CalibrationFit
from keras_labels.fitting._classes import class_temperature, vector
from keras_labels.fitting._isotonic import isotonic_table
from keras_labels.fitting._positions import counted
from keras_labels.fitting._quality import quality_of
from keras_labels.fitting._sample import Sample
from keras_labels.fitting._scaling import (
    UnfittedError,
    check_both,
    label_temperature,
    platt,
)
from keras_labels.fitting._thresholds import FittingWarning
from keras_labels.spec import (
    Calibration,
    Decoding,
    Head,
    Method,
    as_labels,
    check_integer,
    check_method,
    marks_of_order,
    shortened,
)


def calibrate(
    y_true: Any,
    scores: Any,
    decoding: Decoding,
    *,
    method: Method = "temperature",
    bins: int = 15,
    sample_weight: Any = None,
    ignore_class: Any = None,
) -> CalibrationFit:
    """Fit a calibration on rows that the model was not trained on.

    A calibration that the decoding has is replaced. Its prior stays and takes no part:
    rows are taken to be as frequent as in training, and both qualities are measured
    without it. Thresholds stay too, and cut the new probabilities: tune them after.

    A label that these rows say nothing of (no positive or no negative row; for
    `"temperature"` also all decided rightly, or no better than chance; for `"platt"`
    ranked the wrong way round) stays uncalibrated, and a warning names it.

    Args:
        y_true: a class for each row, as `as_targets` takes it.
        scores: what the model emits, `(rows, ..., units)`, as the decoding's head says.
        decoding: how these scores are decided.
        method: `"temperature"`, `"platt"` (binary, multilabel), `"vector"` (multiclass)
            or `"isotonic"`; see `Calibration`.
        bins: of the calibration errors.
        sample_weight: how much each row counts, as in scikit-learn; 0 leaves it out. A
            number for each row, or position of a dense head, or label of a row.
        ignore_class: the id or name in `y_true` of positions that do not count, or
            several; of labels a number that says neither yes nor no, such as -1.

    Returns:
        A `CalibrationFit`; its `decoding` is the one given, with the calibration.

    Raises:
        InputError: if targets or scores do not fit the head or each other, or a logit
            is infinite.
        DecodingError: if the method does not fit the head, or the rows hold no best
            calibration: a class without rows, every row decided rightly (an infinite
            scale is the most likely one), or scores no better than chance.
        MissingExtraError: without SciPy.

    Warns:
        FittingWarning: if a label stays uncalibrated.

    >>> binary = Decoding(Head("binary", units=1, from_logits=True))
    >>> z = [[2.0], [2.0], [2.0], [-2.0]]
    >>> print(calibrate([1, 1, 0, 0], z, binary).calibration)
    logits / 1.82
    """
    check_calibration(decoding, method=method, bins=bins)
    sample = counted(
        y_true,
        columns_of(scores, decoding.head),
        decoding,
        np.shape(scores),
        sample_weight=sample_weight,
        ignore_class=ignore_class,
    )
    _check_scores(sample.columns, decoding.head)
    asked = sample
    if decoding.head.task == "ordinal":  # each unit answers a question of its own
        marks = marks_of_order(sample.targets, decoding.head.units)
        asked = dataclasses.replace(sample, targets=marks)
    found = _FITS[method](asked, as_labels(decoding))
    plain = decoding.replace(prior=None, trained_prior=None)
    return CalibrationFit(
        decoding.replace(calibration=found),
        found,
        quality_of(sample, plain, bins),
        quality_of(sample, plain.replace(calibration=found), bins),
        len(sample),
    )


def _temperature(sample: Sample, decoding: Decoding) -> Calibration:
    if decoding.head.task == "multiclass":
        found = [class_temperature(sample, decoding.head)]
    else:
        found = _by_column(sample, decoding, label_temperature, 1.0)
    return Calibration("temperature", temperature=found)


def _platt(sample: Sample, decoding: Decoding) -> Calibration:
    found = _by_column(sample, decoding, platt, (1.0, 0.0))
    slope, intercept = zip(*found, strict=True)
    return Calibration("platt", slope=slope, intercept=intercept)


def _vector(sample: Sample, decoding: Decoding) -> Calibration:
    _check_classes(sample, decoding)
    slope, intercept = vector(sample, decoding.head)
    return Calibration("vector", slope=slope, intercept=intercept)


def _isotonic(sample: Sample, decoding: Decoding) -> Calibration:
    head, columns = decoding.head, sample.columns
    _check_classes(sample, decoding)
    if head.task == "multiclass":
        p = np.empty_like(columns)
        for part in slices(columns):
            p[part] = class_probabilities(columns[part], head)
        tables = [
            isotonic_table(p[:, at], sample.targets == at, sample.weights)
            for at in range(head.units)
        ]
    else:
        tables = [
            isotonic_table(one_score(columns, head, at)[rows], outcomes, weights)
            for at, (rows, outcomes, weights) in enumerate(_outcomes(sample))
        ]
    return Calibration("isotonic", tables=tables)


_FITS: dict[str, Callable[[Sample, Decoding], Calibration]] = {
    "temperature": _temperature,
    "platt": _platt,
    "vector": _vector,
    "isotonic": _isotonic,
}
Fit = Callable[[np.ndarray, np.ndarray, np.ndarray | None], Any]


def _outcomes(
    sample: Sample,
) -> Iterator[tuple[Any, np.ndarray, np.ndarray | None]]:
    """Return rows, outcomes and weights of class 1, or of each label."""
    targets = sample.targets
    if targets.ndim == 1:
        yield slice(None), targets == 1, sample.weights
        return
    for at in range(targets.shape[1]):
        rows, weights = sample.of_label(at)
        yield rows, targets[rows, at], weights


def _by_column(
    sample: Sample, decoding: Decoding, fit: Fit, identity: Any
) -> list[Any]:
    """Fit one column of logits, or those of every label."""
    found, left = [], {}
    for at, (rows, outcomes, weights) in enumerate(_outcomes(sample)):
        z = one_logit(sample.columns, decoding.head, at)[rows]
        if decoding.head.task == "binary":
            check_both(outcomes)
            return [fit(z, outcomes, weights)]
        one, reason = _fitted(z, outcomes, weights, fit)
        found.append(identity if reason else one)
        if reason:
            left[_name(decoding, at)] = reason
    _tell_left(left, decoding.head.units)
    return found


def _fitted(
    z: np.ndarray, outcomes: np.ndarray, weights: np.ndarray | None, fit: Fit
) -> tuple[Any, str]:
    """Return what was fitted, and why it was not."""
    try:
        check_both(outcomes)
        return fit(z, outcomes, weights), ""
    except UnfittedError as error:
        return None, error.reason


def _tell_left(left: dict[Any, str], labels: int) -> None:
    reasons = [f"{name!r} ({reason})" for name, reason in left.items()]
    listed = "; ".join(reasons[:6]) + ("; ..." if len(reasons) > 6 else "")
    if len(left) == labels:
        raise DecodingError(
            f"None of the {labels} labels can be calibrated on these rows: {listed}. "
            "Give more rows."
        )
    if left:
        warnings.warn(
            f"{len(left)} of {labels} labels stay uncalibrated: {listed}.",
            FittingWarning,
            stacklevel=5,
        )


def check_calibration(decoding: Decoding, *, method: str, bins: int) -> None:
    """Raise what `calibrate` would of these arguments, before there is data."""
    check_method(method, decoding.head)
    if check_integer("bins", bins) < 1:
        raise DecodingError(f"`bins` is at least 1. Received: {bins}.")


def _check_scores(columns: np.ndarray, head: Head) -> None:
    low, high = columns.min(), columns.max()
    if head.from_logits:
        if np.isinf(low) or np.isinf(high):
            raise InputError(
                "Logits are finite to fit on. Received: infinite ones. Leave out the "
                "rows that hold them."
            )
        return
    sums = columns.sum(axis=1) if head.activation == "softmax" else np.ones(1)
    farthest = sums[np.abs(sums - 1).argmax()]
    # A 16-bit softmax sums to 1 within 4e-3.
    if low < 0 or high > 1 + 1e-6 or abs(farthest - 1) > 1e-2:
        raise InputError(
            "The head gives probabilities, which lie between 0 and 1"
            + (" and sum to 1" if head.activation == "softmax" else "")
            + f". Received: scores from {low} to {high}"
            + (f", a row with sum {farthest}" if head.activation == "softmax" else "")
            + ". If these are logits the head says from_logits=True."
        )


def _check_classes(sample: Sample, decoding: Decoding) -> None:
    """Raise unless every class has rows, and every label rows of both kinds."""
    head, targets = decoding.head, sample.targets
    if targets.ndim == 2:
        alone = [bool(y.all() or not y.any()) for _, y, _ in _outcomes(sample)]
        absent = np.flatnonzero(alone)
    else:
        absent = np.flatnonzero(np.bincount(targets, minlength=head.classes) == 0)
    if absent.size:
        names = [_name(decoding, int(at)) for at in absent]
        raise DecodingError(
            "This calibration takes rows of every class"
            + (" (of a label: with and without it)" if targets.ndim == 2 else "")
            + f". Received none of: {shortened(names)}. Give rows of them, or take "
            'method="temperature".'
        )


def _name(decoding: Decoding, at: int) -> Any:
    return at if decoding.class_names is None else decoding.class_names[at]
