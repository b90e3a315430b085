"""The argmax as a layer."""

from __future__ import annotations

from typing import Any, Literal

import keras

from keras_labels import functional
from keras_labels.errors import DecodingError
from keras_labels.layers._base import ScoreLayer, Shape, spec
from keras_labels.spec import check_probability


@keras.saving.register_keras_serializable(package="keras_labels")
class ArgmaxLayer(ScoreLayer):
    """Turn scores of exclusive classes into the id of the highest one.

    Ties go to the lowest id, on every backend and in every export. No softmax is
    taken, since it does not change the order.

    Args:
        axis: the class axis.
        output_mode: `"int"` for ids, `"one_hot"` for rows of 0 and a single 1.
        from_logits: whether the scores are logits; matters to `reject_below` only.
        reject_below: least probability of the highest class; below it the id is -1.
        keepdims: whether the class axis stays, with length 1 (`"int"` only).
        **kwargs: `name` and the other arguments of `keras.layers.Layer`. The layer
            computes in float32 at least, whatever `dtype` says.

    Input shape: `(rows, ..., units)` with two units or more, float or integer.
    Output shape: without the class axis (one-hot: the same), int32. A row with NaN,
    like a rejected one, is -1 (one-hot: all 0).

    Raises:
        DecodingError: if an argument is out of range, or (on the first call) if the
            class axis has one unit.

    >>> import numpy as np
    >>> np.asarray(ArgmaxLayer()(np.array([[0.4, 0.1, 0.5]]))).tolist()
    [2]
    """

    def __init__(
        self,
        axis: int = -1,
        output_mode: Literal["int", "one_hot"] = "int",
        from_logits: bool = False,
        reject_below: float | None = None,
        keepdims: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(axis=axis, **kwargs)
        if output_mode not in ("int", "one_hot"):
            raise DecodingError(
                f"`output_mode` is 'int' or 'one_hot'. Received: {output_mode!r}."
            )
        if keepdims and output_mode == "one_hot":
            raise DecodingError(
                "`keepdims` belongs to output_mode='int'; leave it out."
            )
        self.output_mode = output_mode
        self.from_logits = bool(from_logits)
        if reject_below is not None:
            reject_below = check_probability("reject_below", reject_below)
        self.reject_below = reject_below
        self.keepdims = bool(keepdims)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data."""
        return {
            **super().get_config(),
            "output_mode": self.output_mode,
            "from_logits": self.from_logits,
            "reject_below": self.reject_below,
            "keepdims": self.keepdims,
        }

    def _specs(self, shape: Shape) -> Any:
        if self._units(shape) == 1:
            raise DecodingError(
                f"{self._title} takes the highest of two scores or more, and axis "
                f"{self.axis} of {shape} holds one: every row would be class 0. Use "
                "ThresholdLayer() for a single sigmoid unit, "
                "ThresholdLayer(from_logits=True) for a single logit."
            )
        if self.output_mode == "one_hot":
            return spec(shape, "int32")
        return spec(self._resized(shape, 1 if self.keepdims else None), "int32")

    def decode(self, scores: Any) -> Any:
        """Decode scores, as the call does after its checks."""
        return functional.argmax(
            scores,
            self.axis,
            self.output_mode,
            self.from_logits,
            self.reject_below,
            self.keepdims,
        )
