"""What a search of thresholds is to reach: a metric, and constraints."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from keras_labels.errors import DecodingError
from keras_labels.fitting._counts import METRICS, RATES, Counts, cost, fbeta
from keras_labels.spec import check_flag

Metric = Literal[
    "f1",
    "fbeta",
    "balanced_accuracy",
    "youden_j",
    "accuracy",
    "precision",
    "recall",
    "cost",
]
Average = Literal["macro", "micro"]
CountMetric = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], Any]
_DIGITS = 12  # of what is summed in another order
SLACK = 10.0**-_DIGITS
_CONSTRAINTS = {
    "min_recall": "recall",
    "min_precision": "precision",
    "max_false_positive_rate": "false_positive_rate",
}
# A metric that one of the two ends always wins needs one of these.
_NEEDS = {
    "precision": ("min_recall",),
    "recall": ("min_precision", "max_false_positive_rate"),
}


class Constraint(NamedTuple):
    """A rate that a cut must reach, or must not exceed."""

    rate: str
    bound: float
    at_least: bool

    def met(self, rates: np.ndarray, slack: float = 0.0) -> np.ndarray:
        """Tell which rates meet it."""
        if self.at_least:
            return np.asarray(rates >= self.bound - slack)
        return np.asarray(rates <= self.bound + slack)

    def best(self, rates: np.ndarray) -> float:
        """Return the rate that comes nearest to meeting it."""
        return float(rates.max() if self.at_least else rates.min())

    def __str__(self) -> str:
        """Say it in a few words."""
        sign = ">=" if self.at_least else "<="
        return f"{self.rate.replace('_', ' ')} {sign} {self.bound:g}"


@dataclass(frozen=True)
class Objective:
    """A metric, constraints on cuts, and how labels go together.

    >>> counts = Counts(np.array([2, 1]), np.array([1, 0]), positives=2, negatives=2)
    >>> objective(metric="precision", min_recall=0.6).values(counts).round(2).tolist()
    [0.67, -inf]
    """

    metric: Metric | CountMetric
    beta: float = 1.0
    costs: tuple[float, float] = (1.0, 1.0)
    constraints: tuple[Constraint, ...] = ()
    average: Average | None = None
    shared: bool = False

    def score(self, counts: Counts) -> np.ndarray:
        """Return the metric of every cut, as it is reported."""
        if callable(self.metric):
            return self._called(counts)
        if self.metric == "cost":
            return cost(counts, *self.costs)
        if self.metric in ("f1", "fbeta"):
            return fbeta(counts, self.beta)
        return METRICS[self.metric](counts)

    def values(self, counts: Counts) -> np.ndarray:
        """Return what the best cut has most of; -inf where it breaks a constraint."""
        values, slack = self.sign * self.score(counts), 0.0
        if not counts.exact:
            values, slack = rounded(values), SLACK
        for one, reached in zip(self.constraints, self.rates(counts), strict=True):
            values = np.where(one.met(reached, slack), values, -np.inf)
        return values

    def rates(self, counts: Counts) -> list[np.ndarray]:
        """Return the rates that constraints bound."""
        return [RATES[one.rate](counts) for one in self.constraints]

    @property
    def sign(self) -> float:
        """-1 where less of the metric is better."""
        return -1.0 if self.metric == "cost" else 1.0

    def _called(self, counts: Counts) -> np.ndarray:
        parts = np.broadcast_arrays(counts.tp, counts.fp, counts.fn, counts.tn)
        given = self.metric(*(np.ravel(part) for part in parts))  # type: ignore[operator]
        values = np.asarray(given)
        if values.shape != (parts[0].size,) or values.dtype.kind not in "buif":
            raise DecodingError(
                "`metric` returns one number for each cut: it takes the arrays tp, fp, "
                f"fn, tn of {parts[0].size} cuts here. Received back: "
                f"{type(given).__name__} of shape {values.shape}, dtype {values.dtype}."
            )
        values = values.astype(np.float64).reshape(parts[0].shape)
        if np.isnan(values).any():
            raise DecodingError(
                f"`metric` returned NaN for {np.isnan(values).sum()} cuts; where a "
                "denominator is 0 return 0, as scikit-learn's zero_division=0 does."
            )
        return values

    @property
    def name(self) -> str:
        """The metric in a word."""
        if callable(self.metric):
            return getattr(self.metric, "__name__", type(self.metric).__name__)
        return self.metric.replace("_", " ")

    def __str__(self) -> str:
        """Say the whole in a line."""
        text = self.name
        if self.metric == "fbeta":
            text += f" (beta {self.beta:g})"
        if self.metric == "cost":
            text += " (false positive {:g}, false negative {:g})".format(*self.costs)
        if self.constraints:
            text += f" with {' and '.join(map(str, self.constraints))}"
        text = f"{self.average} {text}" if self.average else text
        return f"{text}, one cut for all" if self.shared else text


def rounded(values: np.ndarray) -> np.ndarray:
    """Return values without the digits in which equal ones differ.

    >>> len({*rounded(np.array([0.1 + 0.2, 0.3])).tolist()})
    1
    """
    sizes = np.abs(values[np.isfinite(values)])
    unit = float(sizes.max(initial=0.0)) or 1.0
    return np.asarray(np.round(values / unit, _DIGITS) * unit)


def _takes_counts(metric: CountMetric) -> bool:
    try:
        inspect.signature(metric).bind(0, 0, 0, 0)
    except TypeError:
        return False
    except ValueError:  # a builtin that does not say what it takes
        return True
    return True


def objective(
    metric: Metric | CountMetric = "f1",
    *,
    beta: float = 1.0,
    average: Average | None = None,
    shared: bool = False,
    min_recall: float | None = None,
    min_precision: float | None = None,
    max_false_positive_rate: float | None = None,
    false_positive_cost: float | None = None,
    false_negative_cost: float | None = None,
) -> Objective:
    """Check what `tune_thresholds` was asked for.

    Raises:
        DecodingError: if a metric is unknown, or lacks what it needs.
    """
    if callable(metric) and not _takes_counts(metric):
        raise DecodingError(
            "`metric` as a function takes the counts tp, fp, fn, tn and gives a number "
            f"for each. Received: {metric!r}. Metrics of scikit-learn take classes."
        )
    if not callable(metric) and metric not in get_args(Metric):
        raise DecodingError(
            f"`metric` is one of {get_args(Metric)}, or a function of the counts tp, "
            f"fp, fn, tn. Received: {metric!r}."
        )
    if average is not None and average not in get_args(Average):
        raise DecodingError(
            f"`average` is None, 'macro' or 'micro'. Received: {average!r}."
        )
    given = {
        "min_recall": min_recall,
        "min_precision": min_precision,
        "max_false_positive_rate": max_false_positive_rate,
    }
    asked = Objective(
        metric,
        _checked_beta(metric, beta),
        _checked_costs(metric, false_positive_cost, false_negative_cost),
        _checked_constraints(given),
        average,
        check_flag("shared", shared),
    )
    _check_needs(asked)
    return asked


def _checked_beta(metric: Any, beta: float) -> float:
    if not _is_number(beta) or beta <= 0:
        raise DecodingError(f"`beta` is a positive number. Received: {beta!r}.")
    if metric != "fbeta" and beta != 1.0:
        raise DecodingError(
            f"`beta` belongs to metric='fbeta'. Received: beta={beta!r} for "
            f"metric={metric!r}."
        )
    return float(beta)


def _checked_costs(metric: Any, *costs: float | None) -> tuple[float, float]:
    fine = [_is_number(one) and one >= 0 for one in costs]  # type: ignore[operator]
    said = [one is not None for one in costs]
    if metric != "cost" and any(said):
        raise DecodingError(
            "`false_positive_cost` and `false_negative_cost` belong to metric='cost'. "
            f"Received them for metric={metric!r}."
        )
    if metric == "cost" and not (all(fine) and any(costs)):
        raise DecodingError(
            "metric='cost' needs `false_positive_cost` and `false_negative_cost`, "
            "numbers of 0 or more that are not both 0. Received: "
            f"{costs[0]!r} and {costs[1]!r}."
        )
    return (float(costs[0]), float(costs[1])) if metric == "cost" else (1.0, 1.0)  # type: ignore[arg-type]


def _checked_constraints(given: dict[str, Any]) -> tuple[Constraint, ...]:
    for name, bound in given.items():
        if bound is not None and not (_is_number(bound) and 0 <= bound <= 1):
            raise DecodingError(f"`{name}` is a rate from 0 to 1. Received: {bound!r}.")
    return tuple(
        Constraint(_CONSTRAINTS[name], float(bound), name.startswith("min_"))
        for name, bound in given.items()
        if bound is not None
    )


def _check_needs(asked: Objective) -> None:
    needs = _NEEDS.get(asked.metric, ()) if isinstance(asked.metric, str) else ()
    rates = {one.rate for one in asked.constraints}
    if needs and not rates & {_CONSTRAINTS[name] for name in needs}:
        raise DecodingError(
            f"metric={asked.metric!r} alone is best at one of the ends: pass "
            f"{' or '.join(f'`{name}`' for name in needs)} with it."
        )


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, (bool, str)) and math.isfinite(value)
    except TypeError:
        return False
