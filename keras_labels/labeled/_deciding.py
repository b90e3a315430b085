"""The predictions of a labeled model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import keras
import numpy as np

from keras_labels.errors import DecodingError, KerasLabelsError
from keras_labels.labeled._class_dtypes import check_dtype, in_dtype
from keras_labels.labeled._delegation import DelegatingModel
from keras_labels.labeled._padding import Masked, filled, marks_padding, with_masks
from keras_labels.labeled._predictors import Predictors
from keras_labels.prediction import (
    OwnPredictor,
    Predictor,
    batch_of_one,
    labels,
    names_of,
    one_prediction,
    ranked,
    refuse_improbable,
    refuse_invalid,
    refuse_undecided,
)
from keras_labels.spec import Decoding, Decodings, check_k

Invalid = Literal["raise", "mark"]


class DecidingModel(DelegatingModel):
    """Base of `LabeledModel`: what it predicts beside the scores."""

    _decoding: Decodings

    def __init__(self, model: keras.Model, decoding: Decodings, **kwargs: Any) -> None:
        super().__init__(model, **kwargs)
        # Past Keras' tracking: a dict set on a model becomes a wrapper of its own.
        object.__setattr__(self, "_decoding", decoding)
        object.__setattr__(self, "_predictors", Predictors())
        rules = decoding.values() if isinstance(decoding, dict) else [decoding]
        rejects = any(rule.reject_below is not None for rule in rules)
        object.__setattr__(self, "_rejects", rejects)

    def predict_proba(self, x: Any, **options: Any) -> Any:
        """Predict the probability of every class.

        Args:
            x: whatever `keras.Model.predict` takes.
            **options: `batch_size`, `steps`, `verbose` (0) and `callbacks`, as there.
                If none counts batches, the rows at a time follow from the largest layer
                output and `memory_budget` (bytes for it, 16 MiB). `jit_compile=True`
                compiles with XLA on tensorflow and with `torch.compile` on torch, which
                takes seconds.

        Returns:
            float32 `(rows, ..., classes)`, column j for `class_names[j]`; two columns
            for a binary model. Several outputs: a dict by output name.

        Raises:
            InputError: if `x` is a sample without its batch axis, or the scores of a
                model that was said to give probabilities lie outside [0, 1].
        """
        probabilities = self._predictor("probabilities").predict(x, **options)
        self._check_probable(probabilities)
        return probabilities

    def predict_classes(
        self,
        x: Any,
        *,
        invalid: Invalid = "raise",
        masked: Masked = "keep",
        dtype: Any = "int32",
        **options: Any,
    ) -> Any:
        """Predict class ids.

        Args:
            x: whatever `keras.Model.predict` takes.
            invalid: `"raise"` for rows with NaN scores, or `"mark"` to give them -1.
            masked: `"mark"` to give -1 to padding, the steps that the output's Keras
                mask leaves out (of `Embedding(mask_zero=True)` or `Masking`).
            dtype: of the ids: an integer type that holds them all (a signed one if -1
                may be among them), or `"bool"` for 0 and 1. A small one saves memory.
            **options: those of `predict_proba`.

        Returns:
            int32 `(rows, ...)`, for multilabel `(rows, ..., labels)` of 0 and 1; -1
            where rejected. Several outputs: a dict by output name.

        Raises:
            DecodingError: if `dtype` does not hold the ids.
            InputError: if rows have NaN scores, or `x` lacks its batch axis; with
                `masked="mark"`, if the model computes no mask.
        """
        if dtype != "int32":  # which holds all
            marks = "mark" in (invalid, masked)
            self._each(lambda rule: check_dtype(dtype, rule, marks=marks))
        return self._decide(x, invalid, masked, options, dtype)

    def predict_labels(
        self,
        x: Any,
        *,
        invalid: Invalid = "raise",
        masked: Masked = "keep",
        **options: Any,
    ) -> Any:
        """Predict class names.

        Args:
            x: whatever `keras.Model.predict` takes.
            invalid: `"raise"` for rows with NaN scores, or `"mark"` to give them None.
            masked: as in `predict_classes`: `"mark"` gives padding None.
            **options: those of `predict_proba`.

        Returns:
            Array of str `(rows, ...)`, `None` where rejected; for multilabel a list of
            tuples. Several outputs: a dict by output name.

        Raises:
            DecodingError: if the decoding has no class names.
            InputError: if rows have NaN scores, or `x` lacks its batch axis.
        """
        self._each(names_of)  # without names: raise before the model runs
        classes = self._decide(x, invalid, masked, options)
        return self._each(lambda rule, ids: labels(ids, rule), classes)

    def predict_top_k(
        self,
        x: Any,
        k: int | None = None,
        *,
        invalid: Invalid = "raise",
        masked: Masked = "keep",
        **options: Any,
    ) -> Any:
        """Predict the k best classes with their probabilities.

        Args:
            x: whatever `keras.Model.predict` takes.
            k: how many, at most the number of classes; 5, or all if they are fewer,
                if `None`.
            invalid: `"raise"` for rows with NaN scores, or `"mark"` for empty lists.
            masked: as in `predict_classes`: `"mark"` gives padding empty lists.
            **options: those of `predict_proba`.

        Returns:
            For each row a list of (class name, probability), best first, in Python
            strings and floats; class ids in place of names that are not known.

        Raises:
            DecodingError: if k is above the number of classes.
            InputError: if rows have NaN scores, or `x` lacks its batch axis.
        """
        raises, marks = _raises(invalid), marks_padding(masked)
        if k is not None:
            self._each(lambda rule: check_k(k, rule.head.classes))

        def one(rule: Decoding, best: Any, mask: Any = None) -> Any:
            (ids, p), axis = best, rule.head.axis
            if raises:
                refuse_undecided(filled(ids, mask, axis))
            return ranked(filled(ids, mask, axis, -1), p, rule)

        return self._made("top_k", marks, x, options, one, k)

    def predict_one(self, sample: Any, **options: Any) -> Any:
        """Predict a single sample that has no batch axis.

        Args:
            sample: an array, or a list or dict of arrays, without the batch axis.
            **options: `invalid` and those of `predict_proba`.

        Returns:
            A `Prediction(label, class_id, probability, probabilities)`; several
            outputs: a dict by output name.

        Raises:
            InputError: if the head decides more than once for a sample, or its scores
                are NaN.
        """
        raises = _raises(options.pop("invalid", "raise"))
        made = self._predictor("both").predict(batch_of_one(sample), **options)

        def one(rule: Decoding, both: Any) -> Any:
            if raises:
                refuse_invalid(np.isnan(both["probabilities"]))
            refuse_improbable(both["probabilities"], rule)
            return one_prediction(both["classes"], both["probabilities"], rule)

        return self._each(one, made, rest=lambda scores: scores[0])

    def _check_probable(self, probabilities: Any) -> None:
        """Raise if what was said to be probabilities is none."""
        self._each(lambda rule, p: refuse_improbable(p, rule), probabilities)

    def _decide(
        self,
        x: Any,
        invalid: Invalid,
        masked: Masked,
        options: dict[str, Any],
        dtype: Any = "int32",
    ) -> Any:
        """Return classes; with `invalid="raise"` no row of them has NaN scores."""
        raises, marks = _raises(invalid), marks_padding(masked)
        # A rejected class is -1 as well: then the probabilities tell NaN from it.
        both = raises and self._rejects

        def one(rule: Decoding, result: Any, mask: Any = None) -> Any:
            classes = result["classes"] if both else result
            axis = rule.head.axis if rule.head.task == "multilabel" else None
            if both:
                p = filled(result["probabilities"], mask, rule.head.axis)
                refuse_invalid(np.isnan(p))
            elif raises:
                refuse_undecided(filled(classes, mask, axis))
            return in_dtype(filled(classes, mask, axis, -1), dtype)

        return self._made("both" if both else "classes", marks, x, options, one)

    def _made(
        self,
        kind: str,
        marks: bool,
        x: Any,
        options: dict[str, Any],
        function: Callable[..., Any],
        k: int | None = None,
    ) -> Any:
        """Apply a function to the decoding of each head, what it decided, and masks."""
        made = self._predictor(kind, k, masks=marks).predict(x, **options)
        if not marks:
            return self._each(function, made)
        pairs = with_masks(made["made"], made["masks"], self.model.name)
        return self._each(
            lambda rule, pair: function(rule, *pair), pairs, rest=lambda pair: pair[0]
        )

    def _each(
        self,
        function: Callable[..., Any],
        values: Any = None,
        rest: Callable[[Any], Any] = lambda value: value,
    ) -> Any:
        """Apply a function to the decoding of each head, and its part of `values`.

        `rest` is applied to what passes through.
        """
        rules = self._decoding
        if not isinstance(rules, dict):
            return function(rules) if values is None else function(rules, values)
        if values is None:
            return {n: _of_output(n, function, rule) for n, rule in rules.items()}
        return {
            name: _of_output(name, function, rules[name], value)
            if name in rules
            else rest(value)
            for name, value in values.items()
        }

    def _predictor(
        self, kind: str, k: int | None = None, *, masks: bool = False
    ) -> Predictor | OwnPredictor:
        """Return what predicts one kind of decision, made once."""
        predictors: Predictors = self._predictors
        return predictors.get(self.model, self._decoding, kind, k, masks)


def _of_output(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """Apply a function to what belongs to an output, which its errors then name."""
    try:
        return function(*args)
    except KerasLabelsError as error:
        raise type(error)(f"Output '{name}': {error}") from None


def _raises(invalid: str) -> bool:
    if invalid not in ("raise", "mark"):
        raise DecodingError(f"`invalid` is 'raise' or 'mark'. Received: {invalid!r}.")
    return invalid == "raise"
