"""What the pictures share: matplotlib's axes, and a model's probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_labels.errors import InputError
from keras_labels.extras import imported
from keras_labels.fitting import Counted, positions_of


def axes(ax: Any) -> tuple[Any, Any]:
    """Return figure and axes; new ones if there are none."""
    if ax is not None:
        return ax.figure, ax
    made: tuple[Any, Any] = imported("matplotlib.pyplot", "plot").subplots()
    return made


def predicted(
    labeled: Any, x: Any, y: Any, sample_weight: Any, ignore_class: Any
) -> Counted:
    """Return the positions that count, with the probabilities of a model of one head.

    Args:
        labeled: the model.
        x: arrays, or a dataset if `y` is left out.
        y: the targets of arrays.
        sample_weight: of arrays.
        ignore_class: what does not count; `None`: what the compiled loss ignores.
    """
    rule = labeled.decoding
    if isinstance(rule, dict):
        raise InputError(
            "A picture is of one head, and this model has several: draw "
            "from_predictions(y_true, labeled.predict_proba(x)[name]). Received: a "
            f"model with the heads {list(rule)}."
        )
    asked = True if sample_weight is None else sample_weight
    y_true, p, weights = labeled.predict_with_targets(
        x, y, sample_weight=asked, ignore_class=ignore_class
    )
    axis = rule.head.axis
    shape = list(np.shape(p))
    shape[axis] = rule.head.units
    flat = np.moveaxis(np.asarray(p), axis, -1).reshape(-1, rule.head.classes)
    given = positions_of(y_true, rule, shape, sample_weight=weights)
    return given.counted(flat, rule)
