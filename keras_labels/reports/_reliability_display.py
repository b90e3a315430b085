"""The reliability diagram, in the manner of scikit-learn's displays."""

from __future__ import annotations

from typing import Any

from keras_labels.fitting import reliability_curve
from keras_labels.reports._drawing import axes, predicted


class ReliabilityDisplay:
    """Reliability diagram: the share that came true over the mean probability.

    Args:
        prob_true: float `(bins,)`: the share that came true; bins without rows are
            left out.
        prob_pred: float `(bins,)`: their mean probability.
        name: for the legend.

    Attributes:
        ax_: matplotlib axes.
        figure_: matplotlib figure.
        line_: the curve.

    >>> ReliabilityDisplay([0.2, 0.7], [0.25, 0.75], name="net").prob_true
    [0.2, 0.7]
    """

    ax_: Any
    figure_: Any
    line_: Any

    def __init__(
        self, prob_true: Any, prob_pred: Any, *, name: str | None = None
    ) -> None:
        self.prob_true = prob_true
        self.prob_pred = prob_pred
        self.name = name

    def plot(
        self,
        ax: Any = None,
        *,
        name: str | None = None,
        ref_line: bool = True,
        **kwargs: Any,
    ) -> ReliabilityDisplay:
        """Draw the diagram.

        Args:
            ax: matplotlib axes; new ones if left out.
            name: for the legend, in place of that of the display.
            ref_line: whether to draw the line on which probabilities are right.
            **kwargs: of matplotlib's `plot`, for the curve.

        Returns:
            This display.

        Raises:
            MissingExtraError: without matplotlib, with the line that installs it.
        """
        self.figure_, self.ax_ = axes(ax)
        if ref_line and not _has(self.ax_, "Perfectly calibrated"):
            self.ax_.plot([0, 1], [0, 1], "k:", label="Perfectly calibrated")
        style = {"marker": "s", "label": self.name if name is None else name}
        (self.line_,) = self.ax_.plot(
            self.prob_pred, self.prob_true, **_labelled(style | kwargs)
        )
        self.ax_.set(xlabel="Mean probability", ylabel="Share that came true")
        self.ax_.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        self.ax_.legend(loc="upper left")
        return self

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        *,
        bins: int = 15,
        strategy: Any = "uniform",
        sample_weight: Any = None,
        ax: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> ReliabilityDisplay:
        """Draw the diagram of probabilities.

        Args:
            y_true: ids `(n,)`; for labels 0 and 1, `(n, labels)`.
            y_prob: `(n,)` of class 1, or `(n, classes)`.
            bins: how many.
            strategy: `"uniform"` or `"quantile"`.
            sample_weight: `(n,)`, how much each row counts; of labels also `(n,
                labels)`.
            ax: matplotlib axes; new ones if left out.
            name: for the legend.
            **kwargs: of `plot`.

        Raises:
            InputError: if these are no probabilities, or no classes of them.
            MissingExtraError: without matplotlib, with the line that installs it.
        """
        curve = reliability_curve(
            y_true, y_prob, bins=bins, strategy=strategy, sample_weight=sample_weight
        )
        kept = curve.counts > 0
        display = cls(curve.accuracy[kept], curve.confidence[kept], name=name)
        return display.plot(ax, **kwargs)

    @classmethod
    def from_model(
        cls,
        labeled: Any,
        x: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        ignore_class: Any = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> ReliabilityDisplay:
        """Draw the diagram of a `LabeledModel` on data.

        Args:
            labeled: a model of one head.
            x: what `predict_proba` takes; a dataset with targets if `y` is left out.
            y: ids, names, one-hot or multi-hot.
            sample_weight: of arrays, how much each row or position counts.
            ignore_class: in `y`, of positions that do not count; what the compiled loss
                ignores if left out.
            ax: matplotlib axes; new ones if left out.
            **kwargs: of `from_predictions`.
        """
        found = predicted(labeled, x, y, sample_weight, ignore_class)
        kwargs.setdefault("name", getattr(labeled, "name", None))
        return cls.from_predictions(
            found.targets, found.columns, sample_weight=found.weights, ax=ax, **kwargs
        )


def _has(ax: Any, label: str) -> bool:
    return label in ax.get_legend_handles_labels()[1]


def _labelled(style: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in style.items() if value is not None}
