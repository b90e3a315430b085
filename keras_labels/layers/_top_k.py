"""The k best classes as a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from keras_labels import functional
from keras_labels.layers._base import ScoreLayer, Shape, spec
from keras_labels.spec import Decoding, Head, Task, check_k


@keras.saving.register_keras_serializable(package="keras_labels")
class TopKLayer(ScoreLayer):
    """Turn scores into the ids and probabilities of the k best classes.

    Ranked on the scores themselves; ties go to the lowest id, on every backend.

    Args:
        k: how many, at most the number of classes.
        task: `"binary"`, `"multiclass"`, `"multilabel"` or `"ordinal"`.
        from_logits: whether the scores are logits.
        axis: the class axis.
        decoding: a `Decoding`, or the dict of its `to_dict`, in place of these three:
            its calibration and prior are applied first.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`. The layer
            computes in float32 at least, whatever `dtype` says.

    Input shape: `(rows, ..., units)`, float or integer.
    Output shape: `(ids, probabilities)`, int32 and float32, with k on the class axis,
    the best first. A row with NaN has ids -1 and probabilities NaN.

    Raises:
        DecodingError: if k is below 1, or (on the first call) above the number of
            classes.

    >>> import numpy as np
    >>> ids, p = TopKLayer(k=2)(np.array([[0.4, 0.1, 0.5]]))
    >>> np.asarray(ids).tolist()
    [[2, 0]]
    """

    def __init__(
        self,
        k: int = 5,
        task: Task = "multiclass",
        from_logits: bool = False,
        axis: int = -1,
        decoding: Decoding | Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(decoding, Mapping):
            decoding = Decoding.from_dict(decoding)
        if decoding is not None:
            head = decoding.head
            task, from_logits, axis = head.task, head.from_logits, head.axis
        super().__init__(axis=axis, **kwargs)
        self.decoding = decoding
        self.k = check_k(k)
        self.task = Head(task, 2, from_logits, axis).task  # two units fit every task
        self.from_logits = bool(from_logits)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data."""
        return {
            **super().get_config(),
            "k": self.k,
            "task": self.task,
            "from_logits": self.from_logits,
            "decoding": self.decoding and self.decoding.to_dict(),
        }

    def _specs(self, shape: Shape) -> Any:
        head = Head(self.task, self._units(shape), self.from_logits, self.axis)
        best = self._resized(shape, check_k(self.k, head.classes))
        return spec(best, "int32"), spec(best, "float32")

    def decode(self, scores: Any) -> Any:
        """Decode scores, as the call does after its checks."""
        task, from_logits = self.task, self.from_logits
        if self.decoding is not None:
            scores, head = functional.corrected(scores, self.decoding)
            task, from_logits = head.task, head.from_logits
        return functional.top_k(scores, self.k, task, from_logits, self.axis)
