"""The front door: a trained model with its decisions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from keras_labels.decoder import append_decoding, rebuildable_config
from keras_labels.errors import DecodingError
from keras_labels.export import ExportReport, export
from keras_labels.labeled._explanation import explanation
from keras_labels.labeled._resolution import DECISION, changed, resolve, resumed
from keras_labels.labeled._saving import refuse_h5, refuse_h5_config
from keras_labels.labeled._tuning import TunableModel
from keras_labels.layers import DecodingLayer
from keras_labels.spec import Calibration, Decodings, Head, Task, from_plain, plain


@keras.saving.register_keras_serializable(package="keras_labels")
class LabeledModel(TunableModel):
    """A trained Keras classifier that gives probabilities, class ids and labels.

    It holds the model and shares its weights: `fit`, `evaluate`, `compile`, `predict`
    and its call are the model's own. What it adds are the decisions.

    Args:
        model: a trained `keras.Model`, or the path of one. Of a file of a
            `LabeledModel` the decision is kept, changed by what is said here.
        task: `"binary"`, `"multiclass"` or `"multilabel"`; detected if `None`. Said
            alone: `"ordinal"`, K ordered classes by K - 1 units that give P(y > k).
        from_logits: whether the model gives logits; detected if `None`.
        axis: the class axis of the scores; detected if `None`.
        class_names: one name per class, `[negative, positive]` for a binary model: a
            list, `{id: name}`, `{name: id}`, or an object with `class_names`,
            `class_indices` or `classes_`.
        threshold: cut on the probability, for binary and multilabel: a number, one per
            label, or `{name: value}`; 0.5 if `None`.
        inclusive: whether a probability on the cut is positive; `False` if `None`.
        reject_below: least probability that a decision needs; below it the class is -1.
        min_labels: least number of labels of a multilabel row; 0 if `None`.
        max_labels: largest number of labels of a multilabel row.
        calibration: a `Calibration` of the probabilities; `calibrate` finds one.
        prior: how frequent each class is where the model is used.
        trained_prior: how frequent each class was in the training data.
        costs: `costs[i][j]` for deciding class j where class i is true.
        heads: for a model of several outputs, `{output name: {these keywords}}`. An
            output that is not named passes through as raw scores.
        decoding: a `Decoding` (or `{output name: Decoding}`) in place of all of these.
        name: name of this model.

    Raises:
        HeadError: if it cannot be told what the model emits. The message says which
            argument decides.
        DecodingError: if the decision does not fit that.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    >>> labeled = LabeledModel(model, class_names=["cat", "dog"])
    >>> import numpy as np
    >>> labeled.predict_labels(np.zeros((1, 4))).tolist()
    ['cat']
    """

    def __init__(
        self,
        model: keras.Model | str | Path,
        *,
        task: Task | None = None,
        from_logits: bool | None = None,
        axis: int | None = None,
        class_names: Any = None,
        threshold: float | Sequence[float] | Mapping[str, float] | None = None,
        inclusive: bool | None = None,
        reject_below: float | None = None,
        min_labels: int | None = None,
        max_labels: int | None = None,
        calibration: Calibration | None = None,
        prior: Any = None,
        trained_prior: Any = None,
        costs: Any = None,
        heads: Mapping[str, Any] | None = None,
        decoding: Decodings | None = None,
        name: str | None = None,
    ) -> None:
        saved: Decodings | None = None
        if isinstance(model, (str, os.PathLike)):
            model = keras.saving.load_model(model)
            if isinstance(model, LabeledModel):
                model, saved, name = model.model, model.decoding, name or model.name
        if isinstance(model, LabeledModel):
            raise DecodingError(
                "This model is a LabeledModel already. For other decisions with the "
                "same weights call labeled.with_decoding(...)."
            )
        keywords = {
            "task": task,
            "from_logits": from_logits,
            "axis": axis,
            "class_names": class_names,
            "threshold": threshold,
            "inclusive": inclusive,
            "reject_below": reject_below,
            "min_labels": min_labels,
            "max_labels": max_labels,
            "calibration": calibration,
            "prior": prior,
            "trained_prior": trained_prior,
            "costs": costs,
        }
        if saved is None or decoding is not None:
            rules = resolve(model, keywords, heads, decoding)
        else:
            rules = resumed(saved, keywords, heads)
        super().__init__(model, rules, name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("head", "decoding", *DECISION):
            raise DecodingError(
                f"A LabeledModel is not changed in place, so `{name}` cannot be set. "
                "Call labeled.with_decoding(...): it gives one with the same weights."
            )
        super().__setattr__(name, value)

    @property
    def decoding(self) -> Decodings:
        """The decision; `{output name: Decoding}` for several outputs."""
        found: Decodings = self._decoding
        return dict(found) if isinstance(found, dict) else found

    @property
    def head(self) -> Head | dict[str, Head]:
        """What the model emits, with the evidence."""
        return self._each(lambda rule: rule.head)  # type: ignore[no-any-return]

    @property
    def class_names(self) -> Any:
        """Names of the classes, or `None`."""
        return self._each(lambda rule: rule.class_names)

    def explain(self) -> str:
        """Say what was detected, from what evidence, and which rule is applied."""
        return explanation(self.model, self._decoding)

    def with_decoding(self, **changes: Any) -> LabeledModel:
        """Return a `LabeledModel` of the same weights with another decision.

        Args:
            **changes: `class_names`, `threshold`, `inclusive`, `reject_below`,
                `min_labels`, `max_labels`, `calibration`, `prior`, `trained_prior`,
                `costs`; or `heads={output name: {...}}`.

        Raises:
            DecodingError: if a change does not fit.
        """
        rules = changed(self._decoding, changes)
        return LabeledModel(self.model, decoding=rules, name=self.name)

    def decoded(
        self,
        outputs: str | Sequence[str] = ("probabilities", "classes"),
        *,
        preprocessing: bool | None = None,
    ) -> keras.Model:
        """Return a plain Keras model that gives decisions, sharing the weights.

        Args:
            outputs: which of `"probabilities"`, `"classes"`, `"scores"`: several give
                a dict by these names, a string gives that output alone. For several
                heads the names are `species_classes`, ...
            preprocessing: as in `export`.
        """
        layers = self._each(lambda rule: DecodingLayer(rule, outputs))
        return append_decoding(self.model, layers, preprocessing=preprocessing)

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Save to a `.keras` file that loads as a `LabeledModel`.

        Raises:
            SaveError: if the file could not be loaded again.
        """
        refuse_h5(filepath)
        self.get_config()  # raises before Keras opens the file, and so empties it
        super().save(filepath, *args, **kwargs)

    def export(
        self,
        filepath: str | Path,
        format: str | None = None,
        outputs: str | Sequence[str] = ("probabilities", "classes"),
        *,
        samples: Any = None,
        verify: bool = True,
        tolerance: float | None = None,
        preprocessing: bool | None = None,
        verbose: bool | None = None,
        input_signature: Any = None,
        **options: Any,
    ) -> ExportReport:
        """Write the decoded model to a file that other runtimes read, and verify it.

        The file is run in its own runtime and compared with Keras, on rows near a cut,
        ties and NaN too; one that decides otherwise does not stay. The class names and
        the whole decoding stand in the file, and beside `cat.onnx` in `cat.labels.txt`
        and `cat.decoding.json` (`labels.txt`, `decoding.json` in a SavedModel).

        Args:
            filepath: where to write; what stands there is replaced.
            format: `"tf_saved_model"`, `"onnx"`, `"litert"`, `"openvino"` or `"torch"`.
                `None`: that of the ending: none, `.onnx`, `.tflite`, `.xml`, `.pt2`.
            outputs: which outputs the file has, in their order: `"probabilities"`
                (float32, one column per class), `"classes"` (int32), `"labels"`
                (strings, `""` where nothing is decided; not in OpenVINO and torch) and
                `"scores"`. For several heads the names are `species_classes`, ...
            samples: arrays of rows to compare on; `None`: rows are made, at scales
                from 0.1 to 10. A subclassed model of several inputs needs them.
            verify: whether to run the file and compare it.
            tolerance: how far probabilities of the file may lie from Keras'; `None`:
                1e-5, and more for models that compute in 16 bits.
            preprocessing: `False` for a model with a `predict` of its own (a KerasHub
                task): the file then holds the call alone, and takes rows that are
                preprocessed already.
            verbose: whether to print the report.
            input_signature: the inputs, as `keras.Model.export` takes them, such as
                `[keras.InputSpec("float32", (1, 32, 32, 3))]` for one row at a time.
            **options: those of Keras for the format: `opset_version` of ONNX (the
                lowest that holds the graph if left out, 15 for most),
                `optimizations` and others of the LiteRT converter, `strict` and others
                of `torch.export`, `jax2tf_kwargs` and `is_static`.

        Returns:
            An `ExportReport`, to print: where, what, and how it agreed.

        Raises:
            ExportError: if the backend cannot write the format, or the file decides
                otherwise than Keras; then nothing is left of it.
            MissingExtraError: if a package is missing, with the line that installs it.
            TypeError: if an option is not one of the format.
        """
        report = export(
            self.model,
            self._decoding,
            filepath,
            format=format,
            outputs=outputs,
            samples=samples,
            verify=verify,
            tolerance=tolerance,
            preprocessing=preprocessing,
            input_signature=input_signature,
            **options,
        )
        if verbose:
            print(report)
        return report

    def get_config(self) -> dict[str, Any]:
        """Return the inner model and the decisions as plain data.

        Raises:
            SaveError: if the inner model could not be made from it again.
        """
        refuse_h5_config()
        model = rebuildable_config(self.model, tried=self._predictors.rebuildable)
        self._predictors.rebuildable = True
        return {"name": self.name, "model": model, "decoding": plain(self._decoding)}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None
    ) -> LabeledModel:
        """Make the model of a config."""
        model = keras.saving.deserialize_keras_object(config["model"], custom_objects)
        return cls(model, decoding=from_plain(config["decoding"]), name=config["name"])
