"""Scores and true classes -> the thresholds that decide best."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from keras_labels.errors import DecodingError
from keras_labels.fitting._bootstrap import Bootstrap
from keras_labels.fitting._counts import Counts, summed
from keras_labels.fitting._labels import Label, tune_labels
from keras_labels.fitting._micro import tune_micro
from keras_labels.fitting._objective import Average, CountMetric, Metric, objective
from keras_labels.fitting._problem import Problem, check_decoding, problem
from keras_labels.fitting._shared import tune_shared
from keras_labels.fitting._tuning import ThresholdTuning
from keras_labels.spec import Decoding, shortened


class FittingWarning(UserWarning):
    """A part of a decision could not be chosen on this data, and stays as it was."""


def tune_thresholds(
    y_true: Any,
    scores: Any,
    decoding: Decoding,
    *,
    metric: Metric | CountMetric = "f1",
    beta: float = 1.0,
    average: Average | None = None,
    shared: bool = False,
    min_recall: float | None = None,
    min_precision: float | None = None,
    max_false_positive_rate: float | None = None,
    false_positive_cost: float | None = None,
    false_negative_cost: float | None = None,
    bootstrap: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
    sample_weight: Any = None,
    ignore_class: Any = None,
) -> ThresholdTuning:
    """Choose the thresholds of a decoding, each the best of all that differ on data.

    Every gap between neighbouring distinct scores is a candidate, and so are both ends.
    The cut lies midway between the scores (beyond the last one: midway to 0 or 1), in
    logit space where the head emits logits (beyond the last one: a logit further).
    A gap in which no float64 cut lies is none. The score is that of the decisions which
    the new decoding makes of the same scores, exactly. Of cuts that are equally good
    the one nearest to 0.5 is taken, then the lower. Where a denominator is 0 a rate is
    0, as by scikit-learn's `zero_division=0`.

    A cut of its own for each label takes one sort of each column, and copies of a few
    columns. One for all (`shared`) sorts all scores at once: it holds a copy of them
    and some float64 numbers for each, about 40 bytes a score.

    Args:
        y_true: true classes of each row: ids, names, booleans, one-hot or multi-hot
            (see `as_targets`).
        scores: float32 or float64, `(n, columns)`: one column for a binary head (of
            two units the column that it decides on), one per label; or `(rows, ...,
            units)` as the head says.
        decoding: of a binary head or of labels. Its calibration and prior are applied.
        metric: `"f1"`, `"fbeta"`, `"balanced_accuracy"`, `"youden_j"`, `"accuracy"`,
            `"precision"` (with `min_recall`), `"recall"` (with `min_precision` or
            `max_false_positive_rate`), `"cost"` (with both costs; the mean of a row,
            the lowest is best), or a function of int64 arrays tp, fp, fn, tn (float64
            of weights that are not whole) with a number for each of them, the highest
            is best. The search calls it once for each label; so do the bootstrap and
            the report.
        beta: how often recall counts in `"fbeta"` for each time precision does.
        average: of labels. `None` and `"macro"`: the mean over labels; each has its
            own best cut. `"micro"`: the metric of the counts summed over labels; with
            a cut for each label of a named metric without constraints. It makes no
            difference to a binary head.
        shared: whether all labels get the same cut. Constraints then bound the mean
            of the rates of the labels, or the rate of the summed counts.
        min_recall: least share of positive rows to find.
        min_precision: least share of rows taken for positive to be so.
        max_false_positive_rate: largest share of negative rows to take for positive.
        false_positive_cost: of a negative row taken for positive.
        false_negative_cost: of a positive row missed.
        bootstrap: how often rows are resampled for the intervals (see `Bootstrap`); 0
            for none. With `"micro"` the resampled labels seek what makes the most of
            the whole at its final ratio.
        confidence: share of the resamplings inside of an interval.
        seed: of the resamplings.
        sample_weight: how much each row counts, as in scikit-learn; 0 leaves it out. A
            number for each row, or position of a dense head, or label of a row.
        ignore_class: the id or name in `y_true` of positions that do not count, or
            several; of labels a number that says neither yes nor no, such as -1.

    Returns:
        The new decoding, the score it reaches, and a table of the cuts.

    Raises:
        DecodingError: if the decoding has no plain threshold, if a class of a binary
            target has no rows, if the metric is unknown or lacks what it needs, or if
            no cut meets the constraints.
        InputError: if scores or targets do not fit the decoding.

    Warns:
        FittingWarning: if all rows of a label are of one class; its threshold stays.

    >>> from keras_labels.spec import Head
    >>> plain = Decoding(Head("binary", units=1, from_logits=False))
    >>> p = np.array([[0.1], [0.4], [0.35], [0.8]])
    >>> tuned = tune_thresholds([0, 0, 1, 1], p, plain, bootstrap=0)
    >>> round(tuned.decoding.threshold[0], 6), tuned.score
    (0.225, 0.8)
    """
    asked = objective(
        metric,
        beta=beta,
        average=average,
        shared=shared,
        min_recall=min_recall,
        min_precision=min_precision,
        max_false_positive_rate=max_false_positive_rate,
        false_positive_cost=false_positive_cost,
        false_negative_cost=false_negative_cost,
    )
    resampling = Bootstrap(bootstrap, confidence, seed)
    posed = problem(
        y_true,
        scores,
        decoding,
        asked,
        resampling,
        sample_weight=sample_weight,
        ignore_class=ignore_class,
    )
    _check_classes(posed)
    return _tuning(posed, _search(posed))


def check_thresholds(
    decoding: Decoding,
    *,
    metric: Metric | CountMetric = "f1",
    bootstrap: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
    **options: Any,
) -> None:
    """Raise what `tune_thresholds` would of these arguments, before there is data."""
    check_decoding(decoding)
    objective(metric, **options)
    Bootstrap(bootstrap, confidence, seed)


def _search(posed: Problem) -> list[Label]:
    if posed.objective.shared:
        return tune_shared(posed)
    if posed.objective.average == "micro":
        return tune_micro(posed)
    return tune_labels(posed, posed.objective.values)


def _check_classes(posed: Problem) -> None:
    single = [
        name for name, alone in zip(posed.names, posed.one_sided, strict=True) if alone
    ]
    if posed.decoding.head.task == "binary" and single:
        missing = "positive" if posed.support[0] == 0 else "negative"
        raise DecodingError(
            "A threshold is tuned on rows of both classes: none of the "
            f"{len(posed.sample)} rows of `y_true` is {missing}. Pass data that holds "
            "both."
        )
    if len(single) == len(posed.names):
        raise DecodingError(
            "Thresholds are tuned on rows with and without a label: for none of the "
            f"{len(single)} labels `y_true` holds both. Pass data that does."
        )
    if single:
        fate = "take the cut of the others" if posed.objective.shared else "keep theirs"
        warnings.warn(
            f"{len(single)} of {len(posed.names)} labels have no positive or no "
            f"negative rows to tune a threshold on, and {fate}: {shortened(single)}.",
            FittingWarning,
            stacklevel=3,
        )


def _tuning(posed: Problem, labels: list[Label]) -> ThresholdTuning:
    cuts = tuple(label.cut for label in labels)
    return ThresholdTuning(
        decoding=posed.decoding.replace(threshold=[cut.threshold for cut in cuts]),
        metric=str(posed.objective),
        score=_overall(posed, [label.after for label in labels]),
        score_before=_overall(posed, [label.before for label in labels]),
        rows=len(posed.sample),
        cuts=cuts,
        confidence=posed.bootstrap.confidence,
    )


def _overall(posed: Problem, parts: list[Counts]) -> float:
    score = posed.objective.score
    if posed.objective.average == "micro":
        return float(score(summed(parts))[0])
    return float(np.mean([score(part)[0] for part in parts]))
