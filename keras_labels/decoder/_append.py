"""A model and a decoding -> one model that gives decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from keras_labels.decoder._model import (
    DecodedModel,
    decoded_outputs,
    flattened,
    named,
)
from keras_labels.decoder._preprocessing import check_preprocessing
from keras_labels.errors import DecodingError
from keras_labels.heads import output_names
from keras_labels.layers import DecodingLayer
from keras_labels.spec import Decoding


def append_decoding(
    model: keras.Model,
    decoding: keras.Layer | Decoding | Mapping[str, keras.Layer | Decoding],
    name: str | None = None,
    *,
    preprocessing: bool | None = None,
) -> keras.Model:
    """Append a decoding to a model; the result shares its weights.

    Args:
        model: any Keras model that gives scores.
        decoding: a layer of this library, a `Decoding` (gives a dict of probabilities
            and classes), or one of these by output name for several outputs.
        name: name of the new model. If `None` that of the model, which exported files
            put before the name of each operation; of a subclassed model, which stands
            inside of the new one, with `_decoded` behind it.
        preprocessing: `False` for a model with a `predict` of its own (a KerasHub
            task): the result then takes rows that are preprocessed already.

    Returns:
        A Functional model for a Functional or Sequential one, else a small
        subclassed one.

    Raises:
        DecodingError: if the decoding is none of these, or does not fit the outputs;
            if the model's own `predict` would be lost.

    >>> from keras_labels.spec import Head
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> rule = Decoding(Head("multiclass", units=3, from_logits=True))
    >>> append_decoding(model, rule).output["classes"].dtype
    'int32'
    """
    check_preprocessing(model, preprocessing, "a model of its graph", DecodingError)
    decoders = _as_layers(model, decoding)
    if not is_plain_graph(model):
        return DecodedModel(model, decoders, name=name or f"{model.name}_decoded")
    sequential = isinstance(model, keras.Sequential)  # it has no `.input` of its own
    inputs = model.inputs[0] if sequential else model.input
    scores = model.outputs[0] if sequential else model.output
    if isinstance(decoders, dict):
        names = output_names(model) or ()
        made: Any = flattened(decoded_outputs(named(names, scores), decoders))
    else:
        made = decoders(scores[0] if isinstance(scores, list) else scores)
    return keras.Model(inputs, made, name=name or model.name)


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
