"""What a model makes of labeled batches -> of each head, the positions that count."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_labels import fitting, functional
from keras_labels.errors import InputError
from keras_labels.prediction import Labeled
from keras_labels.spec import Decoding

_DECIDED = 2**16  # rows at a time


@dataclass(frozen=True)
class Rows:
    """The positions of a head that count, a row each.

    Args:
        rule: how they are decided; the class axis is the last.
        counted: their scores, true classes and weights.
        shapes: `(rows, ...)` of each batch.
        note: what the reader of a report must know of them.
    """

    rule: Decoding
    counted: fitting.Counted
    shapes: tuple[tuple[int, ...], ...]
    note: str = ""

    def decided(self, rows: Any, rule: Decoding, *outputs: str) -> list[np.ndarray]:
        """Return outputs of a decoding, in their order, of some of the rows."""
        columns = self.counted.columns[rows]
        starts = range(0, len(columns), _DECIDED)
        parts = [
            functional.decode(columns[start : start + _DECIDED], rule, outputs)
            for start in starts
        ]
        return [
            np.concatenate([keras.ops.convert_to_numpy(part[name]) for part in parts])
            for name in outputs
        ]

    def numbers(self, rows: Any) -> np.ndarray:
        """Return the numbers of some of the rows: `(n,)`, or their places `(n, k)`."""
        flat: np.ndarray = np.arange(self.counted.positions)
        flat = flat[self.counted.places][rows]
        if len(self.shapes[0]) == 1:
            return flat
        sizes = [math.prod(shape) for shape in self.shapes]
        ends = np.cumsum(sizes)
        batch = np.searchsorted(ends, flat, side="right")
        first = np.cumsum([0, *(shape[0] for shape in self.shapes)])
        found = np.empty((len(flat), len(self.shapes[0])), np.int64)
        for at, shape in enumerate(self.shapes):
            here = batch == at
            inside = flat[here] - (ends[at] - sizes[at])
            found[here] = np.stack(np.unravel_index(inside, shape), axis=-1)
            found[here, 0] += first[at]
        return found


class _Head:
    """The positions of one head, gathered batch by batch."""

    def __init__(self, rule: Decoding, ignore_class: Any) -> None:
        self._rule = rule
        self._ignore_class = ignore_class
        self._positions: list[fitting.Positions] = []
        self._columns: list[np.ndarray] = []
        self._shapes: list[tuple[int, ...]] = []

    def add(self, targets: Any, weights: Any, scores: np.ndarray, mask: Any) -> None:
        if not scores.size:
            return
        head = self._rule.head
        columns = fitting.flat_columns(scores, head)
        positions = fitting.positions_of(
            targets,
            self._rule,
            scores.shape,
            sample_weight=weights,
            ignore_class=self._ignore_class,
            mask=mask,
        )
        self._columns.append(columns)
        self._positions.append(positions)
        axis = head.axis % scores.ndim
        self._shapes.append((*scores.shape[:axis], *scores.shape[axis + 1 :]))

    def rows(self) -> Rows:
        if not self._positions:
            raise InputError("There is nothing to fit on: the data holds no row.")
        whole = fitting.joined_positions(self._positions)
        several = len(self._columns) > 1
        columns = np.concatenate(self._columns) if several else self._columns[0]
        self._columns = []
        return Rows(
            last_axis(self._rule),
            whole.counted(columns, self._rule),
            tuple(self._shapes),
        )


def rows_of(
    batches: Iterable[Labeled],
    rules: Mapping[str, Decoding],
    ignore_class: Mapping[str, Any],
    *,
    by_name: bool,
) -> dict[str, Rows]:
    """Return the positions of each head that count.

    Args:
        batches: whose outputs are scores and masks, of a decoder that `gives_masks`.
        rules: by output name; `""` for a single output.
        ignore_class: what takes no part, by output name.
        by_name: whether the true classes of each head must be told apart.
    """
    heads = {name: _Head(rule, ignore_class[name]) for name, rule in rules.items()}
    for batch in batches:
        if by_name and not isinstance(batch.targets, Mapping):
            raise InputError(
                f"`y` holds the true classes of each head: a dict by {list(rules)}, or "
                "of one of them with head=. Received: one array."
            )
        made, masks = batch.outputs["made"], batch.outputs["masks"]
        for name, head in heads.items():
            head.add(
                part_of("y", batch.targets, name),
                part_of("sample_weight", batch.weights, name),
                made[name] if isinstance(made, dict) else made,
                masks.get(name),
            )
    return {name: head.rows() for name, head in heads.items()}


def last_axis(rule: Decoding) -> Decoding:
    """Return the decoding of scores whose class axis is the last."""
    return rule.replace(head=dataclasses.replace(rule.head, axis=-1))


def part_of(argument: str, values: Any, head: str) -> Any:
    """Return what belongs to one head: of a dict its part, and else all of it."""
    if not isinstance(values, Mapping):
        return values
    if head in values:
        return values[head]
    if argument == "y":
        raise InputError(
            f"`y` has no targets for the head '{head}'. Received: {list(values)}."
        )
    return None
