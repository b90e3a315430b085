"""A model with decoding layers behind its outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras.src.backend import get_keras_mask  # on jax no attribute of a tensor holds it

from keras_labels.decoder._rebuilding import rebuildable_config
from keras_labels.heads import output_names


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

    Attributes:
        gives_masks: whether a call gives `{"made": outputs, "masks": {output name:
            mask}}`: which steps of the scores are not padding, as Keras' loss takes
            it. `""` names a single output; one without a mask is left out.
    """

    gives_masks = False

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
        scores = self.model(inputs, training=False)
        return self.with_masks(self.decode(scores), scores)

    def decode(self, scores: Any, directly: bool = False) -> Any:
        """Decode scores of the structure that the model gives.

        Args:
            scores: tensors.
            directly: whether to spare what Keras does around the call of a layer.
        """
        if self._names is None:
            return (self.decoders.decode if directly else self.decoders)(scores)
        decoders = dict(self.decoders)
        if directly:
            decoders = {name: layer.decode for name, layer in decoders.items()}
        made = decoded_outputs(named(self._names, scores), decoders)
        return flattened(made) if self.flat else made

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outputs of the model; none of a single one."""
        return self._names or ()

    def with_masks(self, made: Any, scores: Any) -> Any:
        """Return what was made of scores, with their masks where these are wanted."""
        if not self.gives_masks:
            return made
        if scores is None:  # nothing of them is known
            return {"made": made, "masks": {}}
        several = {"": scores} if self._names is None else named(self._names, scores)
        masks = {name: get_keras_mask(one) for name, one in several.items()}
        found = {name: mask for name, mask in masks.items() if mask is not None}
        return {"made": made, "masks": found}

    def decode_arrays(self, scores: Any) -> Any:
        """Decode NumPy scores to NumPy arrays, outside of a graph."""
        made = self.decode(
            keras.tree.map_structure(keras.ops.convert_to_tensor, scores)
        )
        return keras.tree.map_structure(keras.ops.convert_to_numpy, made)

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Save to a `.keras` file.

        Raises:
            SaveError: if the file could not be loaded again.
        """
        self.get_config()  # raises before Keras opens the file, and so empties it
        super().save(filepath, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the model and the layers as plain data.

        Raises:
            SaveError: if the model could not be made from it again.
        """
        serialize = keras.saving.serialize_keras_object
        several = self._names is not None
        return {
            "name": self.name,
            "flat": self.flat,
            "model": rebuildable_config(self.model),
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
    scores: Mapping[str, Any], decoders: Mapping[str, Callable[[Any], Any]]
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
