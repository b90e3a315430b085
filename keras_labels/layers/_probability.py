"""Probabilities as a layer."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from keras_labels import functional
from keras_labels.errors import DecodingError
from keras_labels.layers._base import ScoreLayer, Shape, spec
from keras_labels.spec import Head, Task


@keras.saving.register_keras_serializable(package="keras_labels")
class ProbabilityLayer(ScoreLayer):
    """Turn scores into probabilities, one column per class.

    Softmax or sigmoid in float32, after `scores / temperature`.

    Args:
        task: `"binary"` (1 or 2 units), `"multiclass"`, `"multilabel"` or `"ordinal"`.
        from_logits: whether sigmoid or softmax has still to be applied.
        axis: the class axis.
        temperature: divides logits; above 1 softens (Guo et al. 2017, eq. 9).
        **kwargs: `name` and the other arguments of `keras.layers.Layer`. The layer
            computes in float32 at least, whatever `dtype` says.

    Input shape: `(rows, ..., units)`, float or integer.
    Output shape: `(rows, ..., classes)`, float32: two columns for binary.

    Raises:
        HeadError: if the task does not fit the number of units (on the first call).
        DecodingError: if the temperature is not positive, or given for probabilities.

    >>> import numpy as np
    >>> layer = ProbabilityLayer("binary", from_logits=True)
    >>> np.asarray(layer(np.array([[0.0]]))).tolist()
    [[0.5, 0.5]]
    """

    def __init__(
        self,
        task: Task = "multiclass",
        from_logits: bool = True,
        axis: int = -1,
        temperature: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(axis=axis, **kwargs)
        self.task = Head(task, 2, from_logits, axis).task  # two units fit every task
        self.from_logits = bool(from_logits)
        self.temperature = float(temperature)
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise DecodingError(
                f"`temperature` is a positive number. Received: {temperature!r}."
            )
        if self.temperature != 1.0 and not self.from_logits:
            raise DecodingError(
                "`temperature` divides logits; probabilities have lost them. Received: "
                f"temperature={temperature!r} with from_logits=False."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data."""
        return {
            **super().get_config(),
            "task": self.task,
            "from_logits": self.from_logits,
            "temperature": self.temperature,
        }

    def _specs(self, shape: Shape) -> Any:
        head = Head(self.task, self._units(shape), self.from_logits, self.axis)
        return spec(self._resized(shape, head.classes), "float32")

    def decode(self, scores: Any) -> Any:
        """Decode scores, as the call does after its checks."""
        p = functional.probabilities(
            scores, self.task, self.from_logits, self.axis, self.temperature
        )
        return ops.cast(p, "float32")
