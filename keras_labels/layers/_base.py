"""What all decoding layers share."""

from __future__ import annotations

from typing import Any

import keras

from keras_labels.errors import DecodingError
from keras_labels.layers._training import refuse_training

Shape = tuple[Any, ...]


class ScoreLayer(keras.layers.Layer):
    """Base of the layers that take scores: float32, no autocast, masks pass.

    Subclasses say in `_specs` which shapes and dtypes they give, and in `decode` how.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        # float32 whatever the policy: mixed_float16 rounds 0.5002 to 0.5 and loses
        # the label. autocast is not in the config, so it is set here.
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})
        self.axis = int(axis)
        if self.axis == 0:
            raise DecodingError("`axis` is the class axis; axis 0 holds the rows.")
        self.supports_masking = True
        self._build_at_init()

    def call(self, scores: Any, training: bool | None = None) -> Any:
        """Decode the scores; integer outputs refuse to be trained through."""
        self._specs(tuple(scores.shape))
        refuse_training(self, training)
        return self.decode(scores)

    def compute_output_spec(self, scores: Any, **_: Any) -> Any:
        """Return the symbolic outputs, with their true dtypes."""
        return keras.tree.map_structure(
            lambda spec: keras.KerasTensor(
                spec.shape, dtype=spec.dtype or scores.dtype
            ),
            self._specs(tuple(scores.shape)),
        )

    def compute_output_shape(self, scores_shape: Shape) -> Any:
        """Return the shapes of the outputs."""
        specs = self._specs(tuple(scores_shape))
        return keras.tree.map_structure(lambda spec: spec.shape, specs)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Give every output the mask of the scores, unchanged."""
        specs = self._specs(tuple(inputs.shape))
        return keras.tree.map_structure(lambda _: previous_mask, specs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data."""
        return {**super().get_config(), "axis": self.axis}

    def _specs(self, shape: Shape) -> Any:
        raise NotImplementedError

    def decode(self, scores: Any) -> Any:
        """Decode scores, as the call does after its checks."""
        raise NotImplementedError

    def _units(self, shape: Shape) -> int:
        """Return the static length of the class axis, or raise."""
        rank = len(shape)
        if rank < 2 or not -rank < self.axis < rank:
            raise DecodingError(
                f"{self._title} decodes scores of shape (rows, ..., units) with its "
                f"class axis at {self.axis}. Received the shape {shape}."
            )
        if shape[self.axis] is None:
            raise DecodingError(
                f"{self._title} needs a class axis of known length, and axis "
                f"{self.axis} of {shape} has none. Give the layer before it fixed "
                "units."
            )
        return int(shape[self.axis])

    def _resized(self, shape: Shape, units: int | None) -> Shape:
        """Return the shape with another class axis, or without it."""
        axis = self.axis % len(shape)
        return shape[:axis] + (() if units is None else (units,)) + shape[axis + 1 :]

    @property
    def _title(self) -> str:
        return f"{type(self).__name__} '{self.name}'"


def spec(shape: Shape, dtype: str | None) -> keras.InputSpec:
    """Return the shape and dtype of one output; no dtype: that of the scores."""
    return keras.InputSpec(shape=shape, dtype=dtype)
