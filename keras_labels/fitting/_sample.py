"""Rows that count: scores, what came true, and how much each weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_labels.fitting._weights import standard


@dataclass(frozen=True)
class Sample:
    """Rows that count: scores, what came true, and how much each weighs.

    Args:
        columns: `(n, columns)` float, without NaN.
        targets: ids `(n,)`, or marks `(n, labels)`.
        weights: int64 or float64 `(n,)` above 0; `(n, labels)` of 0 or more where
            labels have their own; `None`: each counts once.
    """

    columns: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.columns)

    def at(self, rows: slice) -> Sample:
        """Return some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Sample(self.columns[rows], self.targets[rows], weights)

    def label(self, at: int) -> Sample:
        """Return one label, of the rows that count for it."""
        rows, weights = self.of_label(at)
        return Sample(self.columns[rows, at : at + 1], self.targets[rows, at], weights)

    def of_label(self, at: int) -> tuple[Any, np.ndarray | None]:
        """Return which rows count for a label, and what they weigh."""
        if self.weights is None or self.weights.ndim == 1:
            return slice(None), self.weights
        rows = np.flatnonzero(self.weights[:, at])
        return rows, standard(self.weights[rows, at])


@dataclass(frozen=True)
class Counted(Sample):
    """The positions that count, a row each, and where they were.

    Args:
        columns: as in `Sample`.
        targets: as in `Sample`.
        weights: as in `Sample`.
        places: which of all positions they are: indices, or a slice of all.
        positions: how many positions there are, with those that do not count.
    """

    places: Any
    positions: int
