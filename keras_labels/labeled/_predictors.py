"""What predicts each kind of decision of a labeled model, made once."""

from __future__ import annotations

import operator
import threading
from itertools import chain
from typing import Any

import keras

from keras_labels.decoder import DecodedModel
from keras_labels.labeled._class_dtypes import smallest_dtype
from keras_labels.layers import DecodingLayer, TopKLayer
from keras_labels.prediction import OwnPredictor, Predictor, predictor_of
from keras_labels.spec import Decoding, Decodings

_TOP = 5


class Predictors:
    """Predictors by what they give. Plain: Keras saves nothing of it."""

    def __init__(self) -> None:
        self._made: dict[Any, Predictor | OwnPredictor] = {}
        self._parts: list[list[Any]] = []  # of each layer: its variables and layers
        self._known: list[Any] = []  # what stood in them
        self._lock = threading.Lock()
        self.rebuildable = False  # whether the inner model's config was tried out

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles start without any."""
        return {"rebuildable": self.rebuildable}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Start without any."""
        self.__init__()  # type: ignore[misc]
        self.rebuildable = state["rebuildable"]

    def get(
        self,
        model: keras.Model,
        rules: Decodings,
        kind: str,
        k: int | None = None,
        masks: bool = False,
    ) -> Predictor | OwnPredictor:
        """Return the predictor of one kind of decision."""
        jit = model.jit_compile if model.compiled else None
        own = vars(model).get("predict")  # someone may set it at any time
        key = (kind, k, masks, model.run_eagerly, jit, own)
        with self._lock:
            # `quantize` replaces variables, and tensorflow keeps the old graph.
            if not self._parts or not self._stand():
                self._made, self._parts = {}, _parts(model)
                self._known = list(chain.from_iterable(self._parts))
            if key not in self._made:
                self._made[key] = _made(model, rules, kind, k, masks)
            return self._made[key]

    def _stand(self) -> bool:
        """Tell whether every layer has the variables and layers that it had."""
        if sum(map(len, self._parts)) != len(self._known):
            return False
        return all(map(operator.is_, chain.from_iterable(self._parts), self._known))


def _parts(model: keras.Model) -> list[list[Any]]:
    # Keras' own `variables` takes a tenth of the time of a small prediction.
    layers = model._flatten_layers()
    kinds = ("_trainable_variables", "_non_trainable_variables", "_layers")
    return [getattr(layer, kind) for layer in layers for kind in kinds]


def _made(
    model: keras.Model, rules: Decodings, kind: str, k: int | None, masks: bool
) -> Predictor | OwnPredictor:
    several = rules if isinstance(rules, dict) else {"": rules}
    layers = {name: _layer(rule, kind, k) for name, rule in several.items()}
    decoders = layers if several is rules else layers[""]
    decoder = DecodedModel(model, decoders, flat=False)
    decoder.gives_masks = masks
    decoder.run_eagerly = model.run_eagerly
    if model.compiled and not model.jit_compile:
        # True is for the backend to say: a file written on jax says True, and on
        # torch the first prediction then takes half a minute.
        decoder.jit_compile = False
    fitted = [rule.calibration for rule in several.values() if rule.calibration]
    return predictor_of(
        decoder,
        several,
        ids=smallest_dtype(several.values()),
        per_score=max((one.intervals for one in fitted), default=1),
    )


def _layer(rule: Decoding, kind: str, k: int | None) -> keras.Layer:
    head = rule.head
    if kind == "top_k":
        best = min(_TOP, head.classes) if k is None else k
        return TopKLayer(best, decoding=rule)
    both = ("probabilities", "classes")
    return DecodingLayer(rule, both if kind == "both" else kind)
