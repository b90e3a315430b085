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
from keras_labels.heads import gives_logits, output_names
from keras_labels.layers import ArgmaxLayer, DecodingLayer, TopKLayer
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
        DecodingError: if the decoding is none of these, or does not fit the outputs: a
            layer must say `from_logits` as it is known of the model; if
            the model's own `predict` would be lost.

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
        return _as_layer(model, None, decoding)
    unknown = [name for name in decoding if name not in (names or ())]
    if unknown or not decoding:
        raise DecodingError(
            f"'{model.name}' has "
            + (f"the outputs {list(names)}" if names else "one output without a name")
            + f". Received a decoding for {unknown or 'none of them'}."
        )
    return {name: _as_layer(model, name, one) for name, one in decoding.items()}


def _as_layer(model: keras.Model, output: str | None, decoding: Any) -> keras.Layer:
    if isinstance(decoding, Decoding):
        return DecodingLayer(decoding, name="decoding")
    if isinstance(decoding, keras.Layer) and not isinstance(decoding, keras.Model):
        _check_scores(model, output, decoding)
        return decoding
    raise DecodingError(
        "append_decoding takes a decoding layer or a Decoding. Received: "
        f"{decoding!r} (type {type(decoding).__name__})."
    )


def _check_scores(model: keras.Model, output: str | None, layer: keras.Layer) -> None:
    """Refuse a layer that reads logits as probabilities, or probabilities as logits."""
    said = _scores_said(layer)
    if said is None:
        return
    known = gives_logits(model, output, layer.axis)
    if known in (None, said):
        return
    kinds = ("probabilities", "logits")
    raise DecodingError(
        f"'{output or model.name}' gives {kinds[known]}, as its last layer and its "
        f"loss say, and {type(layer).__name__} '{layer.name}' was made for "
        f"{kinds[said]}. Make the layer with from_logits={known}; or, if {kinds[said]} "
        f"it is, append a Decoding with Head(..., from_logits={said})."
    )


def _scores_said(layer: keras.Layer) -> bool | None:
    """Return what a layer takes scores for; `None` where it makes no difference."""
    if isinstance(layer, ArgmaxLayer) and layer.reject_below is None:
        return None
    # Whoever made a decoding said it: there `from_logits` has no default.
    if isinstance(layer, TopKLayer) and layer.decoding is not None:
        return None
    return getattr(layer, "from_logits", None)


def is_plain_graph(model: keras.Model) -> bool:
    """Tell whether the graph is all there is: a subclass may override its call."""
    return type(model).__module__.startswith("keras.") and bool(
        getattr(model, "inputs", None)
    )
