"""Data that has the true classes -> what a model makes of it, beside these."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

from keras_labels.errors import InputError
from keras_labels.prediction._batches import batches_of, targets_of, weights_of
from keras_labels.prediction._inputs import check_paired
from keras_labels.prediction._outputs import check_positive
from keras_labels.prediction._own_predict import OwnPredictor
from keras_labels.prediction._predict import Predictor


class Labeled(NamedTuple):
    """What a model makes of some rows, beside what came true.

    Args:
        targets: the true classes, as they were given.
        weights: sample weights, or `None`.
        outputs: of the predictor.
    """

    targets: Any
    weights: Any
    outputs: Any


def labeled_batches(
    predictor: Predictor | OwnPredictor,
    dataset: Any,
    *,
    steps: int | None = None,
    verbose: Any = 0,
) -> Iterator[Labeled]:
    """Run a dataset of (x, y) through a model, reading it once.

    Args:
        predictor: of the model.
        dataset: batches `(x, y)` or `(x, y, sample_weight)`: `tf.data`, `PyDataset`,
            torch `DataLoader` or a generator.
        steps: how many batches to read; all if `None`.
        verbose: as in `keras.Model.predict`, but silent by default.

    Returns:
        Targets, weights and outputs of each batch, row by row in the same order.

    Raises:
        InputError: if it is empty, or its batches hold no targets.
    """
    check_positive(steps=steps)
    tuples, count = batches_of(dataset, steps)
    waiting: collections.deque[_Beside] = collections.deque()

    def inputs() -> Iterator[Any]:
        for number, one in enumerate(tuples, 1):
            targets, weights = targets_of(one), weights_of(one)
            x = predictor.batch(one[0], number)
            check_paired(x, (targets, weights), number)
            rows = max(map(len, keras.tree.flatten(targets)), default=0)
            waiting.append(_Beside(targets, weights, rows))
            yield x

    read = 0
    for made in predictor.run(inputs(), count, verbose):
        for one in _apart(made, waiting):
            yield one
            read += 1
    if not read:
        raise InputError("The dataset holds no batch, so it has no targets either.")


class _Beside(NamedTuple):
    """What stands beside the inputs of a batch, and of how many rows."""

    targets: Any
    weights: Any
    rows: int


def _apart(made: Any, waiting: collections.deque[_Beside]) -> Iterator[Labeled]:
    """Give the outputs of a run batch by batch: it may have joined several."""
    if len(waiting) == 1:
        targets, weights, _ = waiting.popleft()
        yield Labeled(targets, weights, made)
        return
    start, rows = 0, len(keras.tree.flatten(made)[0])
    while waiting and (start < rows or not waiting[0].rows):
        targets, weights, count = waiting.popleft()
        part = slice(start, start + count)
        yield Labeled(targets, weights, _rows(made, part))
        start += count


def _rows(made: Any, part: slice) -> Any:
    return keras.tree.map_structure(lambda array: array[part], made)
