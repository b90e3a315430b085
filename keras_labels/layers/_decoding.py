"""A whole decoding as a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from keras_labels import functional
from keras_labels.errors import DecodingError, HeadError
from keras_labels.layers._base import ScoreLayer, Shape, spec
from keras_labels.spec import Decoding


@keras.saving.register_keras_serializable(package="keras_labels")
class DecodingLayer(ScoreLayer):
    """Turn scores into probabilities and classes by a whole decoding.

    Args:
        decoding: a `Decoding`, or the dict of its `to_dict`.
        outputs: which of `"probabilities"`, `"classes"`, `"scores"`, in this order; a
            single string gives that output without a dict.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`. The layer
            computes in float32 at least, whatever `dtype` says.

    Input shape: `(rows, ..., units)`, float or integer, as the head says.
    Output shape: a dict by output name. `probabilities`: `(rows, ..., classes)`,
    float32; `classes`: `(rows, ...)`, int32 (multilabel: one 0 or 1 per label);
    `scores`: as given.

    Raises:
        DecodingError: if an output is unknown.
        HeadError: if the scores do not have the head's units (on the first call).

    >>> import numpy as np
    >>> from keras_labels import Decoding, Head
    >>> spam = Decoding(Head("binary", units=1, from_logits=False), threshold=0.7)
    >>> np.asarray(DecodingLayer(spam, "classes")(np.array([[0.62]]))).tolist()
    [0]
    """

    def __init__(
        self,
        decoding: Decoding | Mapping[str, Any],
        outputs: str | Sequence[str] = ("probabilities", "classes"),
        **kwargs: Any,
    ) -> None:
        if isinstance(decoding, Mapping):
            decoding = Decoding.from_dict(decoding)
        if not isinstance(decoding, Decoding):
            raise DecodingError(
                "DecodingLayer takes a Decoding, or the dict of its to_dict(). "
                f"Received: {decoding!r} (type {type(decoding).__name__})."
            )
        super().__init__(**{**kwargs, "axis": decoding.head.axis})
        names = functional.check_outputs(outputs)
        self.decoding = decoding
        self.outputs = outputs if isinstance(outputs, str) else names

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data."""
        config = super().get_config()
        del config["axis"]
        outputs = self.outputs
        return {
            **config,
            "decoding": self.decoding.to_dict(),
            "outputs": outputs if isinstance(outputs, str) else list(outputs),
        }

    def _specs(self, shape: Shape) -> Any:
        head = self.decoding.head
        if self._units(shape) != head.units:
            raise HeadError(
                f"{self._title} decodes {head.units} units on axis {head.axis}. "
                f"Received scores of shape {shape}."
            )
        marks = head.units if head.task == "multilabel" else None
        made = {
            "probabilities": spec(self._resized(shape, head.classes), "float32"),
            "classes": spec(self._resized(shape, marks), "int32"),
            "scores": spec(shape, None),
        }
        if isinstance(self.outputs, str):
            return made[self.outputs]
        return {name: made[name] for name in self.outputs}

    def decode(self, scores: Any) -> Any:
        """Decode scores, as the call does after its checks."""
        made = functional.decode(
            scores, self.decoding, functional.check_outputs(self.outputs)
        )
        return made[self.outputs] if isinstance(self.outputs, str) else made
