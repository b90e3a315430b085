"""Temperature scaling as a layer."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_labels.functional import widen
from keras_labels.layers._base import ScoreLayer, Shape, spec
from keras_labels.spec import Calibration


@keras.saving.register_keras_serializable(package="keras_labels")
class TemperatureLayer(ScoreLayer):
    """Divide logits by a temperature, so that a softmax or sigmoid is calibrated.

    Above 1 it softens (Guo et al. 2017, eq. 9). No decision by argmax changes.

    Args:
        temperature: a positive number, such as `labeled.calibrate(x, y)` finds.
        axis: the class axis.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`. The layer
            computes in float32 at least, whatever `dtype` says.

    Input shape: `(rows, ..., units)`, logits.
    Output shape: the same, float32.

    Raises:
        DecodingError: if the temperature is not a positive number.

    >>> import numpy as np
    >>> np.asarray(TemperatureLayer(2.0)(np.array([[4.0, -1.0]]))).tolist()
    [[2.0, -0.5]]
    """

    def __init__(self, temperature: float = 1.0, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(axis=axis, **kwargs)
        checked = Calibration("temperature", temperature=float(temperature))
        self.temperature: float = checked.temperature[0]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data."""
        return {**super().get_config(), "temperature": self.temperature}

    def _specs(self, shape: Shape) -> Any:
        self._units(shape)
        return spec(shape, "float32")

    def decode(self, scores: Any) -> Any:
        """Decode scores, as the call does after its checks."""
        return ops.divide(ops.cast(widen(scores), "float32"), self.temperature)
