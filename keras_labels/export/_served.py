"""A model and its decodings -> what a file computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np

from keras_labels import functional
from keras_labels.decoder import DecodedModel
from keras_labels.errors import ExportError
from keras_labels.export._contents import Contents, Input, of_heads
from keras_labels.export._signature import Signature
from keras_labels.heads import output_names
from keras_labels.layers import DecodingLayer
from keras_labels.spec import Decoding, Decodings

_SHORT = "d"  # stands before the name of each operation in a file
KINDS = (*functional.OUTPUTS, "labels")


class Served:
    """A model with its decodings, as a file shows it.

    Args:
        model: the model whose call gives scores.
        decoding: how they are decoded; `{output name: Decoding}` for several outputs.
        kinds: which of `KINDS`, in their order in the file.
        signature: the inputs.
        options: those of the exporter of the format.
    """

    def __init__(
        self,
        model: keras.Model,
        decoding: Decodings,
        kinds: Sequence[str],
        signature: Signature,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.options = dict(options or {})
        self.kinds = checked_kinds(kinds)
        self.decoding = decoding
        self.signature = signature
        self.outputs = self._outputs()
        if "labels" in self.kinds and not self.tables:
            raise ExportError(
                "The output 'labels' needs class names, and this decoding has none. "
                "Pass class_names to the LabeledModel, or leave 'labels' out."
            )

    @cached_property
    def decoder(self) -> DecodedModel:
        """The model with the decoding layers behind it."""
        return _decoder(self.model, self.decoding, self.kinds)

    @property
    def tables(self) -> dict[str, np.ndarray]:
        """By the name of each output of labels: what `label_index` points into."""
        heads = of_heads(self.decoding)
        wanted = "labels" in self.kinds
        return {
            f"{prefix}labels": label_table(rule)
            for prefix, rule in heads.items()
            if wanted and rule.class_names
        }

    def as_dict(self) -> keras.Model:
        """Return a model that takes what the inner one takes, and gives a dict."""
        return _Arranged(self, flat=False)

    def as_tuple(self) -> keras.Model:
        """Return a model that takes its inputs flat, and gives a tuple.

        For exporters that lose names or order. Without labels, which are no numbers.
        """
        return _Arranged(self, flat=True)

    def contents(self, format: str) -> Contents:
        """Return what a file of this says of itself."""
        inputs = tuple(
            Input(spec.name, tuple(spec.shape), str(spec.dtype))
            for spec in self.signature.specs
        )
        return Contents(format, inputs, self.outputs, self.decoding)

    def numeric(self) -> tuple[str, ...]:
        """Return the names of the numbers to compute: classes for labels, too."""
        tables = self.tables
        names = [name for name in self.outputs if name not in tables]
        wanted = [f"{name.removesuffix('labels')}classes" for name in tables]
        return (*names, *(name for name in wanted if name not in names))

    def _outputs(self) -> tuple[str, ...]:
        heads = of_heads(self.decoding)
        if "" in heads:
            return self.kinds
        names: list[str] = []
        for output in output_names(self.model) or ():
            rule = heads.get(f"{output}_")
            if rule is None:
                names.append(output)
                continue
            kinds = (k for k in self.kinds if k != "labels" or rule.class_names)
            names += [f"{output}_{kind}" for kind in kinds]
        return tuple(names)


def _decoder(model: keras.Model, decoding: Decodings, kinds: Any) -> DecodedModel:
    outputs = [kind for kind in functional.OUTPUTS if kind in kinds]
    if "labels" in kinds and "classes" not in outputs:
        outputs.append("classes")
    if isinstance(decoding, dict):
        layers: Any = {n: DecodingLayer(one, outputs) for n, one in decoding.items()}
        return DecodedModel(model, layers, name=_SHORT)
    return DecodedModel(
        model, DecodingLayer(decoding, outputs, name=_SHORT), name=_SHORT
    )


class _Arranged(keras.Model):
    """What is exported: a call of the decoder, in the structure a format wants."""

    def __init__(self, served: Served, flat: bool) -> None:
        super().__init__(dtype="float32", autocast=False, name=_SHORT)
        self.decoder = served.decoder
        object.__setattr__(self, "_served", served)
        object.__setattr__(self, "_flat", flat)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        del training
        served: Served = self._served
        if self._flat:
            flat = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
            inputs = keras.tree.pack_sequence_as(served.signature.structure, flat)
        # Not `decoder(inputs)`: its name would stand before that of each operation.
        made = self.decoder.call(inputs)
        if self._flat:
            return tuple(made[name] for name in served.numeric())
        return with_labels(made, served)


def with_labels(made: Mapping[str, Any], served: Served) -> dict[str, Any]:
    """Return the outputs in their order, with strings of tensorflow for labels."""
    tables = served.tables
    made = dict(made)
    if tables:
        import tensorflow as tf

        for name, table in tables.items():
            rule = rule_of(name, served.decoding)
            ids = made[name.removesuffix("labels") + "classes"]
            index = label_index(ids, rule, tf.maximum)
            made[name] = tf.gather(tf.constant(table), index)
    return {name: made[name] for name in served.outputs}


def rule_of(output: str, decoding: Decodings) -> Decoding:
    """Return the decoding that makes an output of the kind `labels` or `classes`."""
    prefix = output.removesuffix("labels").removesuffix("classes")
    return of_heads(decoding)[prefix]


def label_table(rule: Decoding) -> np.ndarray:
    """Return the names behind an empty one, which stands where nothing is decided."""
    return np.array(["", *(rule.class_names or ())])


def label_index(
    classes: Any, rule: Decoding, maximum: Callable[..., Any] = np.maximum
) -> Any:
    """Return where in `label_table` the name of each class stands.

    Args:
        classes: int32 ids; for multilabel 0 or 1 for each label.
        rule: the decoding.
        maximum: of two tensors of this kind.
    """
    if rule.head.task != "multilabel":
        return classes + np.int32(1)
    return maximum(classes, np.int32(0)) * label_steps(rule, len(classes.shape))


def label_steps(rule: Decoding, rank: int) -> np.ndarray:
    """Return 1, 2, ... along the class axis of multilabel classes."""
    shape = [1] * rank
    shape[rule.head.axis] = rule.head.units
    return np.arange(1, rule.head.units + 1, dtype="int32").reshape(shape)


def checked_kinds(kinds: Any) -> tuple[str, ...]:
    """Return kinds of outputs as a tuple, or raise if they are none."""
    names = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if not names or len(set(names)) < len(names) or not set(names) <= set(KINDS):
        raise ExportError(
            f"`outputs` names one or more of {KINDS}, each once. Received: {kinds!r}."
        )
    return names
