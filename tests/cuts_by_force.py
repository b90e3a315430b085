"""An independent oracle: every cut of a column, one after the other, in fractions.

Shares no code with the package: plain loops, exact numbers, no sort of counts.
"""

import math
from fractions import Fraction

import numpy as np


def share(part, whole):
    return Fraction(part, whole) if whole else Fraction(0)


METRICS = {
    "f1": lambda tp, fp, fn, tn: share(2 * tp, 2 * tp + fp + fn),
    "fbeta": lambda tp, fp, fn, tn: share(5 * tp, 5 * tp + 4 * fn + fp),  # beta 2
    "accuracy": lambda tp, fp, fn, tn: share(tp + tn, tp + fp + fn + tn),
    "balanced_accuracy": lambda tp, fp, fn, tn: (
        (share(tp, tp + fn) + share(tn, tn + fp)) / 2
    ),
    "youden_j": lambda tp, fp, fn, tn: share(tp, tp + fn) - share(fp, fp + tn),
    "precision": lambda tp, fp, fn, tn: share(tp, tp + fp),
    "recall": lambda tp, fp, fn, tn: share(tp, tp + fn),
    "cost": lambda tp, fp, fn, tn: share(fp + 4 * fn, tp + fp + fn + tn),  # 1 and 4
    "false_positive_rate": lambda tp, fp, fn, tn: share(fp, fp + tn),
}
# What `tune_thresholds` takes beside a metric, for the metrics as they are above.
OPTIONS = {
    "fbeta": {"beta": 2.0},
    "cost": {"false_positive_cost": 1, "false_negative_cost": 4},
}
BOUNDS = {
    "min_recall": ("recall", 1),
    "min_precision": ("precision", 1),
    "max_false_positive_rate": ("false_positive_rate", -1),
}


def counts(marks, decided):
    """Return (tp, fp, fn, tn)."""
    pairs = list(zip(map(bool, marks), map(bool, decided), strict=True))
    return tuple(
        pairs.count(pair)
        for pair in ((True, True), (False, True), (True, False), (False, False))
    )


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def cuts(scores, from_logits):
    """Return (threshold, least score that passes) of every gap and both ends."""
    values = sorted({float(score) for score in scores})
    ends = (values[0] - 1, values[-1] + 1) if from_logits else (0.0, 1.0)
    found = []
    for low, high in zip([ends[0], *values], [*values, ends[1]], strict=True):
        middle = (low + high) / 2
        if from_logits and high == values[0]:
            middle = low
        if from_logits and low == values[-1]:
            middle = high
        least = high if low != values[-1] else math.inf
        found.append((sigmoid(middle) if from_logits else middle, least))
    return found


def value(metric, four, bounds):
    """Return what is to be maximised, None where a bound is broken."""
    for name, bound in bounds.items():
        rate, sign = BOUNDS[name]
        # As a fraction of the float that was said.
        if sign * METRICS[rate](*four) < sign * Fraction(bound):
            return None
    sign = -1 if metric == "cost" else 1
    return sign * METRICS[metric](*four)


def best(scores, marks, metric, from_logits, bounds=None):
    """Return (thresholds, score) of the best cuts, None where none meets the bounds.

    Of equally good ones those nearest to 0.5: two, where one is as far on both sides.
    """
    found = []
    for threshold, least in cuts(scores, from_logits):
        four = counts(marks, [score >= least for score in scores])
        if (good := value(metric, four, bounds or {})) is not None:
            found.append((good, threshold))
    if not found:
        return None
    good = max(good for good, _ in found)
    equal = [threshold for reached, threshold in found if reached == good]
    return nearest(equal), float(-good if metric == "cost" else good)


def nearest(thresholds):
    """Return the thresholds nearest to 0.5, as far as float32 scores can tell."""
    least = min(abs(t - 0.5) for t in thresholds)
    return [t for t in thresholds if abs(t - 0.5) < least + 1e-6]


def score(metric, marks, decided):
    """Return the metric of decisions."""
    return METRICS[metric](*counts(np.ravel(marks), np.ravel(decided)))
