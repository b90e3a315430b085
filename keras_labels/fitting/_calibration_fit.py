"""What `calibrate` found, and what it changes."""

from __future__ import annotations

import dataclasses
from typing import Any

from keras_labels.fitting._quality import Quality
from keras_labels.spec import Calibration, Decoding

_ROWS = (
    ("log loss", "log_loss"),
    ("Brier score", "brier_score"),
    ("calibration error, equal width", "ece"),
    ("calibration error, equal mass", "ece_equal_mass"),
)


@dataclasses.dataclass(frozen=True)
class CalibrationFit:
    """A calibration and what it changes on the rows it was fitted on.

    Args:
        decoding: the one given, with the calibration.
        calibration: what was fitted.
        before: the quality of the decoding given.
        after: the quality of the new one.
        rows: how many rows (and positions) it was fitted on.
    """

    decoding: Decoding
    calibration: Calibration
    before: Quality
    after: Quality
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return this as plain data, ready for JSON."""
        return {
            "decoding": self.decoding.to_dict(),
            "calibration": self.calibration.to_dict(),
            "before": dataclasses.asdict(self.before),
            "after": dataclasses.asdict(self.after),
            "rows": self.rows,
        }

    def __str__(self) -> str:
        """Say it in a table of plain text."""
        title = f"{self.calibration.method} calibration: {self.calibration}"
        width = max(len(name) for name, _ in _ROWS)
        lines = [f"{name:<{width}}  {self._pair(field)}" for name, field in _ROWS]
        head = f"{f'on {self.rows:,} rows':<{width}}  {'before':>9}  {'after':>9}"
        return "\n".join([title, head, *lines])

    def _pair(self, field: str) -> str:
        before, after = getattr(self.before, field), getattr(self.after, field)
        return f"{before:>9.4f}  {after:>9.4f}"
