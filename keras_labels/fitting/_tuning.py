"""What a search of thresholds found, as data and as text."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from keras_labels.spec import Decoding


@dataclass(frozen=True)
class Cut:
    """The threshold of one label, and how good it is.

    Args:
        label: its name; its number where there are no names.
        threshold: the cut on the probability.
        low: from here on lies the best cut of most bootstrap draws; None: not known.
        high: up to here.
        score: the metric of this label at the cut.
        score_low: least score of this cut in most draws.
        score_high: highest score of it.
        score_before: the metric at the threshold that the decoding had.
        support: how many rows are positive, or what they weigh.
        kept: whether the label has one class only and kept its threshold.
    """

    label: str
    threshold: float
    low: float | None
    high: float | None
    score: float
    score_low: float | None
    score_high: float | None
    score_before: float
    support: float
    kept: bool


@dataclass(frozen=True)
class ThresholdTuning:
    """Thresholds chosen on data.

    Args:
        decoding: the decoding with the new thresholds.
        metric: what was searched for, in words.
        score: the metric at the new thresholds: of a binary head or of one label its
            own, of several their mean, for average='micro' that of the summed counts.
        score_before: the same at the thresholds that the decoding had.
        rows: how many rows counted.
        cuts: one for each threshold.
        confidence: share of the bootstrap draws inside of the intervals.

    >>> cut = Cut("spam", 0.3, 0.2, 0.4, 0.9, 0.8, 1.0, 0.7, 12, False)
    >>> from keras_labels.spec import Head
    >>> found = Decoding(Head("binary", 1, True), threshold=0.3)
    >>> print(ThresholdTuning(found, "f1", 0.9, 0.7, 40, (cut,)))
    f1 0.9 (before 0.7) on 40 rows
    label  threshold  95% interval   score  95% interval  before  positives
    spam   0.3        0.2 to 0.4     0.9    0.8 to 1      0.7     12
    """

    decoding: Decoding
    metric: str
    score: float
    score_before: float
    rows: int
    cuts: tuple[Cut, ...]
    confidence: float = 0.95

    def to_dict(self) -> dict[str, Any]:
        """Return this as plain data, ready for JSON."""
        return {
            "decoding": self.decoding.to_dict(),
            "metric": self.metric,
            "score": self.score,
            "score_before": self.score_before,
            "rows": self.rows,
            "cuts": [dataclasses.asdict(cut) for cut in self.cuts],
            "confidence": self.confidence,
        }

    def __str__(self) -> str:
        """Return a table, a line for each cut."""
        score, before = _number(self.score), _number(self.score_before)
        head = f"{self.metric} {score} (before {before}) on {self.rows:,} rows"
        interval = f"{100 * self.confidence:g}% interval"
        columns = ["label", "threshold", interval, "score", interval, "before"]
        lines = [[*columns, "positives"], *map(_line, self.cuts)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join(
                text.ljust(width) for text, width in zip(line, widths, strict=True)
            )
            for line in lines
        ]
        return "\n".join([head, *(line.rstrip() for line in table)])


def _line(cut: Cut) -> list[str]:
    return [
        cut.label,
        _number(cut.threshold),
        "kept" if cut.kept else _interval(cut.low, cut.high),
        _number(cut.score),
        _interval(cut.score_low, cut.score_high),
        _number(cut.score_before),
        amount(cut.support),
    ]


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "-"
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    # A cut near 1 is told by how far it is from 1: 1 - 3.2e-09.
    if 0.9999 < value < 1:
        return f"1 - {1 - value:.2g}"
    return f"{value:.4g}"


def amount(value: float) -> str:
    """Return a number of rows as text, or what they weigh."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
