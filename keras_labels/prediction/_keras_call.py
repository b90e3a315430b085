"""One batch through Keras' own `predict_on_batch`, for what is not ours to compile."""

from __future__ import annotations

from typing import Any

import keras

from keras_labels.decoder import DecodedModel
from keras_labels.prediction._batches import as_numpy
from keras_labels.prediction._guard import guarded, has_own_step


def keras_call(decoder: DecodedModel, x: Any) -> Any:
    """Return the outputs of a decoded model for a batch, as NumPy arrays."""
    model = decoder.model
    if has_own_step(model):
        with guarded(model):
            made = decoder.decode_arrays(_on_batch(model, x))
            if not decoder.gives_masks:
                return made
            # What a step of the user's own gives has lost them.
            scores = model(x, training=False) if makes_masks(model) else None
        return keras.tree.map_structure(as_numpy, decoder.with_masks(made, scores))
    with guarded(decoder, owner=model):
        made = _on_batch(decoder, x)
    return keras.tree.map_structure(as_numpy, made)


def _on_batch(model: keras.Model, x: Any) -> Any:
    strategy = getattr(model, "distribute_strategy", None)  # tensorflow's
    if strategy is None or strategy.num_replicas_in_sync == 1:
        return model.predict_on_batch(x)
    # There `predict_on_batch` gives all rows once from every replica.
    rows = max(len(a) for a in keras.tree.flatten(x) if a is not None)
    return model.predict(x, batch_size=rows, verbose=0)


def makes_masks(model: keras.Model) -> bool:
    """Tell whether a layer computes a mask."""
    layers = model._flatten_layers()
    return any(
        isinstance(layer, keras.layers.Masking) or getattr(layer, "mask_zero", False)
        for layer in layers
    )
