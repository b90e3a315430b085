"""Scores over the threshold, in the manner of scikit-learn's displays."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_labels.errors import InputError
from keras_labels.fitting import Positions, as_weights, without_signs
from keras_labels.reports._drawing import axes, predicted
from keras_labels.reports._evaluation import higher_than
from keras_labels.reports._sweeps import Sweep, offered_cuts, sweep
from keras_labels.spec import Head, as_labels, marks_of_order

_ONE = Head("binary", 1, from_logits=False)


class ThresholdDisplay:
    """Precision, recall and F1 over the threshold.

    Args:
        thresholds: float `(n,)`, increasing.
        scores: float `(n,)` for each of "precision", "recall" and "f1"; NaN where there
            is nothing to divide by.
        threshold: the model's own, drawn as a line; `None`: none.
        name: for the legend.

    Attributes:
        ax_: matplotlib axes.
        figure_: matplotlib figure.
        lines_: the curve of each score.
        line_: that of F1.

    >>> ThresholdDisplay([0.3, 0.6], {"f1": [0.5, 0.7]}, threshold=0.6).threshold
    0.6
    """

    ax_: Any
    figure_: Any
    line_: Any
    lines_: dict[str, Any]

    def __init__(
        self,
        thresholds: Any,
        scores: dict[str, Any],
        *,
        threshold: float | None = None,
        name: str | None = None,
    ) -> None:
        self.thresholds = thresholds
        self.scores = scores
        self.threshold = threshold
        self.name = name

    def plot(
        self, ax: Any = None, *, name: str | None = None, **kwargs: Any
    ) -> ThresholdDisplay:
        """Draw the scores.

        Args:
            ax: matplotlib axes; new ones if left out.
            name: for the legend, in place of that of the display.
            **kwargs: of matplotlib's `plot`, for every curve.

        Returns:
            This display.

        Raises:
            MissingExtraError: without matplotlib, with the line that installs it.
        """
        self.figure_, self.ax_ = axes(ax)
        of = self.name if name is None else name
        self.lines_ = {}
        for score, values in self.scores.items():
            label = f"{score} ({of})" if of else score
            (line,) = self.ax_.plot(
                self.thresholds, values, **({"label": label} | kwargs)
            )
            self.lines_[score] = line
        self.line_ = self.lines_.get("f1", line)
        if self.threshold is not None:
            said = f"threshold {self.threshold:g}"
            self.ax_.axvline(self.threshold, color="k", linestyle=":", label=said)
        self.ax_.set(xlabel="Threshold", ylabel="Score", ylim=(-0.01, 1.01))
        self.ax_.legend(loc="best")
        return self

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        *,
        threshold: float | None = None,
        inclusive: bool = False,
        sample_weight: Any = None,
        ax: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> ThresholdDisplay:
        """Draw the scores of one question over its threshold.

        Args:
            y_true: 0 and 1 `(n,)`.
            y_prob: probability of 1, `(n,)`, or both columns `(n, 2)`.
            threshold: the model's own, drawn as a line.
            inclusive: whether a probability on the threshold is a 1.
            sample_weight: `(n,)`, how much each row counts.
            ax: matplotlib axes; new ones if left out.
            name: for the legend.
            **kwargs: of `plot`.

        Raises:
            InputError: if this is not one yes or no.
            MissingExtraError: without matplotlib, with the line that installs it.
        """
        y, p, weights = _question(y_true, y_prob, sample_weight)
        cuts = offered_cuts(p, y, threshold)
        counts = sweep(p, y, cuts, [], weights, inclusive=inclusive)
        scores = _scores(counts)
        display = cls(np.array(cuts), scores, threshold=threshold, name=name)
        return display.plot(ax, **kwargs)

    @classmethod
    def from_model(
        cls,
        labeled: Any,
        x: Any,
        y: Any = None,
        *,
        label: str | int | None = None,
        sample_weight: Any = None,
        ignore_class: Any = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> ThresholdDisplay:
        """Draw the scores of a `LabeledModel` on data, and mark its threshold.

        Args:
            labeled: a binary model, or one of several labels.
            x: what `predict_proba` takes; a dataset with targets if `y` is left out.
            y: ids, names or multi-hot.
            label: which label, by name or number; not of a binary model. Of ordered
                classes the one that is reached, or a higher one, above the cut.
            sample_weight: of arrays, how much each row or position counts.
            ignore_class: in `y`, of positions that do not count; what the compiled loss
                ignores if left out.
            ax: matplotlib axes; new ones if left out.
            **kwargs: of `from_predictions`.

        Raises:
            InputError: if the model has no threshold, or many and none is named.
        """
        rule = labeled.decoding
        ordered = getattr(rule, "head", None) and rule.head.task == "ordinal"
        rule = as_labels(rule) if ordered else rule
        column = _column(rule, label)
        found = predicted(labeled, x, y, sample_weight, ignore_class)
        y_true, p, weights = found.targets, found.columns, found.weights
        if ordered:
            y_true, p = marks_of_order(y_true, rule.head.units), higher_than(p)
        if y_true.ndim == 2:
            rows, weights = found.of_label(column)
            y_true, p = y_true[rows, column], p[rows, column]
        kwargs.setdefault("threshold", rule.threshold[column])
        kwargs.setdefault("inclusive", rule.inclusive)
        if rule.class_names is not None:
            positive = column + (rule.head.task == "binary")
            kwargs.setdefault("name", rule.class_names[positive])
        return cls.from_predictions(y_true, p, sample_weight=weights, ax=ax, **kwargs)


def _column(rule: Any, label: str | int | None) -> int:
    cuts = getattr(rule, "threshold", ())
    if len(cuts) == 1 and label is None:
        return 0
    names = list(rule.class_names or ()) if cuts else []
    if label in names:
        return names.index(label)
    if isinstance(label, int) and 0 <= label < len(cuts):
        return label
    raise InputError(
        "A threshold is drawn of a binary model, or of the label that `label` says, "
        f"one of {names or list(range(len(cuts)))}. Received: label={label!r}."
    )


def _question(
    y_true: Any, y_prob: Any, sample_weight: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    y, p = np.asarray(y_true), np.asarray(y_prob)
    p = p[:, 1] if p.ndim == 2 and p.shape[1] == 2 else p
    p = p[:, 0] if p.ndim == 2 and p.shape[1] == 1 else p
    if p.ndim == 1 and y.shape == p.shape:
        weights = as_weights(sample_weight, _ONE, (len(p), 1))
        places, (y, weights) = Positions(y, weights).chosen()
        y, p = without_signs(y), p[places]
    probable = p.size > 0 and p.min() >= 0 and p.max() <= 1
    if p.ndim != 1 or y.shape != p.shape or not np.isin(y, (0, 1)).all():
        raise InputError(
            "A threshold belongs to one yes or no: `y_true` holds 0 and 1, and "
            f"`y_prob` the probability of 1. Received: shapes {y.shape} and {p.shape}."
        )
    if not probable:
        raise InputError(
            "`y_prob` holds numbers between 0 and 1, a row at least. "
            f"Received: {y_prob!r:.200}."
        )
    return y.astype(bool), p.astype("float32"), weights


def _scores(counts: Sweep) -> dict[str, np.ndarray]:
    right, wrong = np.array(counts.over.yes), np.array(counts.over.no)
    positive = counts.rows["yes"]
    with np.errstate(invalid="ignore"):
        return {
            "precision": right / (right + wrong),
            "recall": right / np.float64(positive),
            "f1": 2 * right / (right + wrong + positive),
        }
