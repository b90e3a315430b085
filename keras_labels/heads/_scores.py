"""Whether scores are logits, where a model says so."""

from __future__ import annotations

from typing import Any

from keras_labels.errors import HeadError
from keras_labels.heads._outputs import outputs_of
from keras_labels.heads._resolve import Said, head_of


def gives_logits(model: Any, output: str | None = None, axis: int = -1) -> bool | None:
    """Tell whether a model gives logits; `None` where that is not known.

    Args:
        model: a `keras.Model`.
        output: the name of the output (see `output_names`); `None` for the only one.
        axis: the class axis.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    >>> gives_logits(model)
    True
    """
    try:
        for item in outputs_of(model).items:
            if output in (None, item.name):
                # Of any number of units labels are a task: only the scores matter.
                return head_of(item, Said("multilabel", None, axis)).from_logits
    except HeadError:
        pass
    return None
