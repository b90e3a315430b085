"""What the pictures share: matplotlib's axes, and a model's probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_labels.errors import InputError
from keras_labels.extras import imported
from keras_labels.fitting import as_targets


def axes(ax: Any) -> tuple[Any, Any]:
    """Return figure and axes; new ones if there are none."""
    if ax is not None:
        return ax.figure, ax
    made: tuple[Any, Any] = imported("matplotlib.pyplot", "plot").subplots()
    return made


def predicted(labeled: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Return targets and probabilities `(n, classes)` of a model of one head."""
    rule = labeled.decoding
    if isinstance(rule, dict):
        raise InputError(
            "A picture is of one head, and this model has several: draw "
            "from_predictions(y_true, labeled.predict_proba(x)[name]). Received: a "
            f"model with the heads {list(rule)}."
        )
    if y is None:
        y, p = labeled.predict_with_targets(x)
    else:
        p = labeled.predict_proba(x)
    axis = rule.head.axis
    shape = list(np.shape(p))
    shape[axis] = rule.head.units
    flat = np.moveaxis(np.asarray(p), axis, -1).reshape(-1, rule.head.classes)
    return as_targets(y, rule, shape), flat
