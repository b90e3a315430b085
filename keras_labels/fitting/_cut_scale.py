"""Cuts on a probability <-> places among the sorted scores of one column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_labels.spec import Decoding, least_scores, probability_at

_ENDS = np.array([5e-324, 1 - 2**-53])  # the least and the highest cut
_LEAST, _MOST = _ENDS.view(np.int64).tolist()
_NEAR = 64  # float64 numbers around a probability, in which its cut is looked for


@dataclass(frozen=True)
class CutScale:
    """Which scores pass a cut, exactly as a decision compares them.

    Args:
        ordered: `(n,)` sorted scores, float32 or float64.
        decoding: of a binary head or of labels.
        column: which column of it the scores are.

    >>> from keras_labels.spec import Head
    >>> spam = Decoding(Head("binary", units=1, from_logits=False))
    >>> CutScale(np.array([0.1, 0.4, 0.8]), spam).resolve(np.array([1, 3]))[0].tolist()
    [0.25, 0.9]
    """

    ordered: np.ndarray
    decoding: Decoding
    column: int = 0

    def reached(self, cuts: np.ndarray) -> np.ndarray:
        """Return how many scores are below each cut: they do not pass."""
        least = least_scores(
            self.decoding,
            cuts,
            str(self.ordered.dtype),
            inclusive=self.decoding.inclusive,
            column=self.column,
        )
        # Where no score passes, an infinite one neither.
        below = np.searchsorted(self.ordered, least)
        return np.where(np.isposinf(least), len(self.ordered), below)

    def midway(self, below: np.ndarray) -> np.ndarray:
        """Return cuts midway between neighbouring scores, in the space of these."""
        low, high = self._beside(below)
        middle = low / 2 + high / 2
        if self.decoding.head.from_logits:
            # No finite number is midway to infinity: one beside the score is as good.
            middle = np.where(np.isinf(low), high - 1, middle)
            middle = np.where(np.isinf(high), low + 1, middle)
            middle = np.where(np.isinf(low) & np.isinf(high), 0.0, middle)
        cuts = probability_at(self.decoding, middle, self.column)
        return np.asarray(np.clip(cuts, *_ENDS))

    def resolve(self, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return cuts above this many scores, and where there is one that does so.

        Float64 cuts near 1 do not separate any two logits, float32 probabilities may
        have no number between them, and calibration may make scores equal.
        """
        cuts = self.midway(below)
        wrong = np.flatnonzero(self.reached(cuts) != below)
        if wrong.size:
            cuts[wrong] = self._any_between(below[wrong])
        return cuts, self.reached(cuts) == below

    def separable(self, below: np.ndarray) -> np.ndarray:
        """Tell in which gaps there is a cut; `below` holds all gaps in their order.

        Cuts are tried midway first. Where two that follow each other leave out some of
        the gaps, more are tried between them, until float64 has no more.
        """
        least, most = self.reached(_ENDS)
        inside = below[(below >= least) & (below <= most)]
        tried = np.sort(_bits(np.concatenate([_ENDS, self.midway(inside)])))
        gaps = np.searchsorted(below, self.reached(_numbers(tried)))
        told = np.zeros(len(below), bool)
        told[gaps] = True
        start, end, low, high = tried[:-1], tried[1:], gaps[:-1], gaps[1:]
        while (left_out := (high - low > 1) & (end - start > 1)).any():
            start, end, low, high = (part[left_out] for part in (start, end, low, high))
            middle = (start + end) // 2
            gaps = np.searchsorted(below, self.reached(_numbers(middle)))
            told[gaps] = True
            start, end = np.append(start, middle), np.append(middle, end)
            low, high = np.append(low, gaps), np.append(gaps, high)
        return told

    def _beside(self, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ends = (-np.inf, np.inf) if self.decoding.head.from_logits else (0.0, 1.0)
        last = len(self.ordered) - 1
        low = self.ordered[np.maximum(below - 1, 0)].astype(np.float64)
        high = self.ordered[np.minimum(below, last)].astype(np.float64)
        low = np.clip(np.where(below == 0, ends[0], low), *ends)
        return low, np.clip(np.where(below > last, ends[1], high), *ends)

    def _any_between(self, below: np.ndarray) -> np.ndarray:
        """Return the middle of all cuts above this many scores, if there are any."""
        low, high = (
            np.nan_to_num(probability_at(self.decoding, side, self.column))
            for side in self._beside(below)
        )
        first = self._first(below, low, high)
        last = np.maximum(self._first(below + 1, low, high) - 1, first)
        middle = _numbers(first) / 2 + _numbers(np.minimum(last, _MOST)) / 2
        # Half of the least number is 0.
        return np.asarray(np.clip(middle, *_ENDS))

    def _first(self, below: np.ndarray, low: Any, high: Any) -> np.ndarray:
        """Return the bits of the least cut above this many scores, or those past 1."""
        start = np.clip(_bits(low) - _NEAR, _LEAST, _MOST)
        end = np.clip(_bits(high) + _NEAR, _LEAST, _MOST)
        start = np.where(self.reached(_numbers(start)) >= below, _LEAST, start)
        end = np.where(self.reached(_numbers(end)) < below, _MOST + 1, end)
        while (start < end).any():
            middle = (start + end) // 2
            # Those that are found may be past the last cut.
            passed = self.reached(_numbers(np.minimum(middle, _MOST))) >= below
            end = np.where(passed, middle, end)
            start = np.where(passed, start, np.minimum(middle + 1, end))
        return np.asarray(end)


def _bits(numbers: np.ndarray) -> np.ndarray:
    # Numbers of one sign stand in the order of their bits.
    return np.ascontiguousarray(np.abs(numbers)).view(np.int64)


def _numbers(bits: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(bits).view(np.float64)
