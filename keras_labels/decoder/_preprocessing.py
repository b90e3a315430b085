"""What a model without its own `predict` would lack."""

from __future__ import annotations

import keras

from keras_labels.errors import KerasLabelsError
from keras_labels.heads import overrides


def check_preprocessing(
    model: keras.Model,
    preprocessing: bool | None,
    way: str,
    error: type[KerasLabelsError],
) -> None:
    """Raise where a graph is asked for that lacks what a model's own `predict` does.

    Args:
        model: the model.
        preprocessing: `False`: that is known, and meant.
        way: what was asked for, in the words of the caller.
        error: what to raise.
    """
    if preprocessing not in (None, False):
        raise error(
            f"`preprocessing` is False or None: a `predict` is code, and not a part of "
            f"the graph. Received: {preprocessing!r}."
        )
    if preprocessing is False or not overrides(model, "predict"):
        return
    layer = getattr(model, "preprocessor", None)
    does = f", which runs its preprocessor '{layer.name}'" if layer is not None else ""
    raise error(
        f"'{model.name}' has a `predict` of its own{does}: {way} would lack all that "
        "it does beside the call of the model. Pass preprocessing=False to have the "
        "call alone, and give it rows that are preprocessed already."
    )
