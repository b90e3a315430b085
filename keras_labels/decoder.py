"""A model and a decoding -> one model that gives decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from keras_labels.decoding import Decoding
from keras_labels.errors import DecodingError
from keras_labels.heads import output_names
from keras_labels.layers import DecodingLayer

Decodings = Decoding | dict[str, Decoding]


@keras.saving.register_keras_serializable(package="keras_labels")
class DecodedModel(keras.Model):
    """A model with decoding layers behind its outputs, sharing its weights.

    Args:
        model: the model whose call gives scores.
        decoders: the layer behind its single output, or `{output name: layer}`; an
            output without a layer passes through.
        flat: whether several outputs give one flat dict (`species_classes`, ...), or
            what each decoder gives by output name.
        **kwargs: `name`.
    """

    def __init__(
        self,
        model: keras.Model,
        decoders: keras.Layer | Mapping[str, keras.Layer],
        flat: bool = True,
        **kwargs: Any,
    ) -> None:
        # The wrapped model has its own policy: nothing is cast on the way to it.
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})
        self.model = model
        self.flat = flat
        several = isinstance(decoders, Mapping)
        self.decoders: Any = dict(decoders) if several else decoders
        object.__setattr__(self, "_names", output_names(model) if several else None)
        # Nothing to build here; left unbuilt, jax would take a batch off a generator.
        self.built = model.built

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Decode the scores of the model; it always infers."""
        del training
        return self.decode(self.model(inputs, training=False))

    def decode(self, scores: Any) -> Any:
        """Decode scores of the structure that the model gives."""
        if self._names is None:
            return self.decoders(scores)
        made = decoded_outputs(named(self._names, scores), self.decoders)
        return flattened(made) if self.flat else made

    def decode_arrays(self, scores: Any) -> Any:
        """Decode NumPy scores to NumPy arrays, outside of a graph."""
        made = self.decode(
            keras.tree.map_structure(keras.ops.convert_to_tensor, scores)
        )
        return keras.tree.map_structure(keras.ops.convert_to_numpy, made)

    def get_config(self) -> dict[str, Any]:
        """Return the model and the layers as plain data."""
        serialize = keras.saving.serialize_keras_object
        several = self._names is not None
        return {
            "name": self.name,
            "flat": self.flat,
            "model": serialize(self.model),
            "decoders": {name: serialize(one) for name, one in self.decoders.items()}
            if several
            else serialize(self.decoders),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None
    ) -> DecodedModel:
        """Make the model of a config."""
        make = keras.saving.deserialize_keras_object
        decoders = config["decoders"]
        if "class_name" in decoders:
            decoders = make(decoders, custom_objects)
        else:
            decoders = {n: make(one, custom_objects) for n, one in decoders.items()}
        model = make(config["model"], custom_objects)
        return cls(model, decoders, flat=config["flat"], name=config["name"])


def named(names: Sequence[str], outputs: Any) -> dict[str, Any]:
    """Return the outputs of a model by name, whatever their structure."""
    if isinstance(outputs, Mapping):
        return {name: outputs[name] for name in names}
    return dict(zip(names, outputs, strict=True))


def decoded_outputs(
    scores: Mapping[str, Any], decoders: Mapping[str, keras.Layer]
) -> dict[str, Any]:
    """Decode the outputs that have a decoder; the others pass through."""
    return {
        name: decoders[name](score) if name in decoders else score
        for name, score in scores.items()
    }


def flattened(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return dicts in a dict as one: `species_classes`, ..."""
    made: dict[str, Any] = {}
    for name, result in outputs.items():
        if isinstance(result, Mapping):
            made |= {f"{name}_{key}": value for key, value in result.items()}
        else:
            made[name] = result
    return made


def append_decoding(
    model: keras.Model,
    decoding: keras.Layer | Decoding | Mapping[str, keras.Layer | Decoding],
    name: str | None = None,
) -> keras.Model:
    """Append a decoding to a model; the result shares its weights.

    Args:
        model: any Keras model that gives scores.
        decoding: a layer of this library, a `Decoding` (gives a dict of probabilities
            and classes), or one of these by output name for several outputs.
        name: name of the new model; the model's with `_decoded` behind it if `None`.

    Returns:
        A Functional model for a Functional or Sequential one, else a small
        subclassed one.

    Raises:
        DecodingError: if the decoding is none of these, or does not fit the outputs.

    >>> from keras_labels.head import Head
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> rule = Decoding(Head("multiclass", units=3, from_logits=True))
    >>> append_decoding(model, rule).output["classes"].dtype
    'int32'
    """
    decoders = _as_layers(model, decoding)
    name = name or f"{model.name}_decoded"
    if not is_plain_graph(model):
        return DecodedModel(model, decoders, name=name)
    sequential = isinstance(model, keras.Sequential)  # it has no `.input` of its own
    inputs, scores = (
        (model.inputs, model.outputs[0]) if sequential else (model.input, model.output)
    )
    if isinstance(decoders, dict):
        names = output_names(model) or ()
        made: Any = flattened(decoded_outputs(named(names, scores), decoders))
    else:
        made = decoders(scores[0] if isinstance(scores, list) else scores)
    return keras.Model(inputs, made, name=name)


def _as_layers(model: keras.Model, decoding: Any) -> Any:
    names = output_names(model)
    if not isinstance(decoding, Mapping):
        if names is not None:
            raise DecodingError(
                f"'{model.name}' has several outputs, {list(names)}; say which to "
                f"decode: append_decoding(model, {{{names[0]!r}: ...}})."
            )
        return _as_layer(decoding)
    unknown = [name for name in decoding if name not in (names or ())]
    if unknown or not decoding:
        raise DecodingError(
            f"'{model.name}' has "
            + (f"the outputs {list(names)}" if names else "one output without a name")
            + f". Received a decoding for {unknown or 'none of them'}."
        )
    return {name: _as_layer(one) for name, one in decoding.items()}


def _as_layer(decoding: Any) -> keras.Layer:
    if isinstance(decoding, Decoding):
        return DecodingLayer(decoding, name="decoding")
    if isinstance(decoding, keras.Layer) and not isinstance(decoding, keras.Model):
        return decoding
    raise DecodingError(
        "append_decoding takes a decoding layer or a Decoding. Received: "
        f"{decoding!r} (type {type(decoding).__name__})."
    )


def is_plain_graph(model: keras.Model) -> bool:
    """Tell whether the graph is all there is: a subclass may override its call."""
    return type(model).__module__.startswith("keras.") and bool(
        getattr(model, "inputs", None)
    )
