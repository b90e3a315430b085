"""Small batches of a dataset -> batches of the size that a model runs fastest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from keras_labels.prediction._batches import as_numpy
from keras_labels.prediction._compiled import is_dense
from keras_labels.prediction._slices import row_count


def gathered(batches: Iterable[Any], size: int) -> Iterator[Any]:
    """Join neighboring batches until they have `size` rows.

    Only those that fit: batches of another length or dtype start anew, so that texts of
    any length stay as short as they are.

    Args:
        batches: arrays in one structure.
        size: rows from which a batch goes on.
    """
    waiting: list[Any] = []
    rows = 0
    for batch in batches:
        dense = is_dense(batch)
        x = keras.tree.map_structure(as_numpy, batch) if dense else batch
        if waiting and not (dense and _kind(x) == _kind(waiting[0])):
            yield _whole(waiting)
            waiting, rows = [], 0
        if not dense:  # ragged and sparse tensors, which Keras' own call takes
            yield x
            continue
        waiting.append(x)
        rows += row_count(x)
        if rows >= size:
            yield _whole(waiting)
            waiting, rows = [], 0
    if waiting:
        yield _whole(waiting)


def _kind(x: Any) -> list[Any]:
    return [(a.dtype, a.shape[1:]) for a in keras.tree.flatten(x)]


def _whole(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)
