"""The operations of a runtime that an exported file decides by.

Measured on rows of ties, -0.0, infinities and the largest numbers: the ArgMax of
onnxruntime, LiteRT, OpenVINO, torch and jax takes the first of the highest scores.
That of tensorflow starts from the lowest finite number, and loses it beside -inf. The
TopK of tensorflow, and of all files written from it, ranks equal scores by id. None
tells of a NaN in the row.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_labels.functional._formulations import is_last, runtime

_WITH_ARGMAX = ("onnx", "litert", "openvino")


def first_of_highest(scores: Any, axis: int) -> Any:
    """Return the first int32 id of the highest score; keeps the class axis, length 1.

    Keras' `ops.argmax` of floats would export a Bitcast, which no runtime loads.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        if runtime() in _WITH_ARGMAX:
            ids = tf.argmax(scores, axis, output_type="int32")
            return tf.expand_dims(ids, axis)
        # As fast in tensorflow, onnxruntime and OpenVINO, but not in LiteRT.
        ids = tf.math.top_k(ops.moveaxis(scores, axis, -1), 1).indices
        return ops.moveaxis(ids, -1, axis)
    if backend == "jax":
        from jax import numpy as jnp

        return jnp.argmax(scores, axis, keepdims=True).astype("int32")
    import torch

    return torch.argmax(scores, dim=axis, keepdim=True).int()


def first_true(marks: Any, axis: int) -> Any:
    """Return the first int32 id that is marked, 0 if none; keeps the class axis."""
    # int8: an argmax of floats exports a Bitcast that no runtime loads.
    winner = ops.argmax(ops.cast(marks, "int8"), axis=axis, keepdims=True)
    return ops.cast(winner, "int32")


def total_magnitude(scores: Any, axis: int) -> Any:
    """Return a sum that is NaN where the row holds a NaN, and nowhere else.

    Magnitudes have no infinities of two signs, whose sum would be NaN. (A maximum of
    onnxruntime, LiteRT or OpenVINO drops NaN, and a comparison with it differs.)
    """
    # LiteRT takes a third less for squares, OpenVINO twice as much.
    squares = runtime() == "litert"
    sizes = ops.multiply(scores, scores) if squares else ops.abs(scores)
    # Counted from the first: onnxruntime 1.31 gives a wrong shape where it reduces no
    # rows along axis -1.
    return ops.sum(sizes, axis=axis % len(scores.shape), keepdims=True)


def chooses_integers_slowly() -> bool:
    """Tell whether an exporter writes six operations for a `where` of integers."""
    return bool(keras.backend.backend() == "tensorflow")


def ranks_by_id(scores: Any, axis: int) -> bool:
    """Tell whether `ops.top_k` ranks an axis, equal scores by id, in files too.

    tensorflow and ONNX promise the order, LiteRT keeps it, and OpenVINO has it from
    tensorflow. That of torch does not keep it, and no runtime has that of jax.
    """
    return keras.backend.backend() == "tensorflow" and is_last(axis, scores)
