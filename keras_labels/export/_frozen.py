"""A model of tensorflow with its weights as constants of its graph."""

from __future__ import annotations

from typing import Any

import keras

from keras_labels.export._signature import Signature


def frozen(model: keras.Model, signature: Signature) -> keras.Model:
    """Return a model that takes its inputs flat and gives what `model` gives.

    tf2onnx takes each tensor that a function captures for one more input, as the mean
    and variance of a `Normalization` layer, and drops its value.
    """
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants

    specs = [tf.TensorSpec(one.shape, one.dtype, one.name) for one in signature.specs]
    # Not `model(...)`: its name would stand before that of each operation.
    traced = tf.function(lambda *flat: model.call(list(flat)), autograph=False)
    constant = convert_to_constants.convert_variables_to_constants_v2(
        traced.get_concrete_function(*specs), lower_control_flow=False
    )
    return _Frozen(constant, model.name)


class _Frozen(keras.Model):
    """A call of a concrete function of tensorflow, inlined."""

    def __init__(self, function: Any, name: str) -> None:
        super().__init__(dtype="float32", autocast=False, name=name)
        object.__setattr__(self, "_function", function)
        self.built = True

    def call(self, inputs: Any) -> Any:
        import tensorflow as tf

        flat = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        names = [one.name for one in self._function.inputs]
        made = tf.graph_util.import_graph_def(
            self._function.graph.as_graph_def(),
            dict(zip(names, flat, strict=True)),
            [one.name for one in self._function.outputs],
            name="",
        )
        return tuple(made)
