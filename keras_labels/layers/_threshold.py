"""The threshold as a layer."""

from __future__ import annotations

from typing import Any

import keras

from keras_labels import functional
from keras_labels.layers._base import ScoreLayer, Shape, spec
from keras_labels.spec import as_thresholds


@keras.saving.register_keras_serializable(package="keras_labels")
class ThresholdLayer(ScoreLayer):
    """Turn every score into 1 if its probability is over the threshold, else 0.

    The rule is `p > threshold` (`p >= threshold` if inclusive). Logits are compared
    with `log(t / (1 - t))` and never pass through a sigmoid.

    Args:
        threshold: a float in (0, 1), or one per position of the class axis.
        from_logits: whether the scores are logits.
        inclusive: whether a probability on the cut is positive.
        axis: the class axis, along which several thresholds lie.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`. The layer
            computes in float32 at least, whatever `dtype` says.

    Input shape: `(rows, ..., units)`, float or integer.
    Output shape: the same, int32: 0 or 1, and -1 where the score is NaN.

    Raises:
        DecodingError: if a threshold is outside (0, 1), or their number is not that
            of the units (on the first call).

    >>> import numpy as np
    >>> np.asarray(ThresholdLayer()(np.array([[0.4], [0.7], [0.2]]))).tolist()
    [[0], [1], [0]]
    """

    def __init__(
        self,
        threshold: Any = 0.5,
        from_logits: bool = False,
        inclusive: bool = False,
        axis: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(axis=axis, **kwargs)
        cuts = as_thresholds(threshold)
        self.threshold = cuts[0] if len(cuts) == 1 else cuts
        self.from_logits = bool(from_logits)
        self.inclusive = bool(inclusive)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data."""
        return {
            **super().get_config(),
            "threshold": plain(self.threshold),
            "from_logits": self.from_logits,
            "inclusive": self.inclusive,
        }

    def _specs(self, shape: Shape) -> Any:
        as_thresholds(self.threshold, self._units(shape))
        return spec(shape, "int32")

    def decode(self, scores: Any) -> Any:
        """Decode scores, as the call does after its checks."""
        return functional.threshold(
            scores, self.threshold, self.from_logits, self.inclusive, self.axis
        )


def plain(threshold: float | tuple[float, ...]) -> float | list[float]:
    """Return a threshold as JSON holds it."""
    return list(threshold) if isinstance(threshold, tuple) else threshold
