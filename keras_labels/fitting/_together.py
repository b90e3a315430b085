"""Labels under one cut: what of them is added up, and the value of the sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_labels.fitting._counts import Counts
from keras_labels.fitting._objective import SLACK, Objective, rounded


@dataclass(frozen=True)
class Together:
    """The mean of a metric over labels, or the metric of their summed counts.

    Args:
        objective: what the cut is to reach.
        labels: how many there are.
    """

    objective: Objective
    labels: int

    def parts(self, counts: Counts) -> list[np.ndarray]:
        """Return what of one label is added to the same of the others."""
        asked = self.objective
        if asked.average == "micro":
            both = counts.positives, counts.negatives
            return [counts.tp, counts.fp, *map(np.asarray, both)]
        return [asked.sign * asked.score(counts), *asked.rates(counts)]

    def values(self, sums: list[np.ndarray]) -> np.ndarray:
        """Return what the best cut has most of; -inf where it breaks a constraint."""
        if self.objective.average == "micro":
            return self.objective.values(Counts(*sums))
        values = rounded(sums[0] / self.labels)
        rates = self.rates(sums)
        for one, reached in zip(self.objective.constraints, rates, strict=True):
            values = np.where(one.met(reached, SLACK), values, -np.inf)
        return values

    def rates(self, sums: list[np.ndarray]) -> list[np.ndarray]:
        """Return the rates that constraints bound, from sums over labels."""
        if self.objective.average == "micro":
            return self.objective.rates(Counts(*sums))
        return [total / self.labels for total in sums[1:]]
