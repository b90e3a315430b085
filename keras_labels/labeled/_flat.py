"""Scores and targets of a head -> a row for each decision."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np

from keras_labels import fitting, functional
from keras_labels.errors import InputError
from keras_labels.spec import Decoding

_ROWS = 2**16  # decided at a time


def flat(
    y_true: Any, scores: np.ndarray, rule: Decoding
) -> tuple[np.ndarray, np.ndarray, Decoding]:
    """Return ids `(n,)` or marks `(n, labels)`, scores `(n, units)`, and their rule."""
    targets = fitting.as_targets(y_true, rule, scores.shape)
    columns = fitting.as_columns(scores, rule.head)
    return (
        targets,
        columns,
        rule.replace(head=dataclasses.replace(rule.head, axis=-1)),
    )


def part_of(y_true: Any, head: str) -> Any:
    """Return the targets of one head of several."""
    if not isinstance(y_true, dict):
        return y_true
    if head not in y_true:
        raise InputError(
            f"`y` has no targets for the head '{head}'. Received: {list(y_true)}."
        )
    return y_true[head]


def decoded(
    columns: np.ndarray, rule: Decoding, *outputs: str
) -> tuple[np.ndarray, ...]:
    """Return outputs of a decoding, in their order, of `(n, units)` scores."""
    parts = [
        functional.decode(columns[start : start + _ROWS], rule, outputs)
        for start in range(0, len(columns), _ROWS)
    ]
    arrays = ([keras.ops.convert_to_numpy(part[n]) for part in parts] for n in outputs)
    return tuple(map(np.concatenate, arrays))
