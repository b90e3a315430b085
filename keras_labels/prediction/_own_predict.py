"""A model that says itself what a prediction is: the scores are those it gives.

A KerasHub task preprocesses in its `predict`, others average over crops or ask a
server. What `call` makes of the same data is then not what the model says of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np

from keras_labels.decoder import DecodedModel, named
from keras_labels.errors import InputError
from keras_labels.heads import overrides
from keras_labels.prediction._batches import as_arrays, as_numpy, batches_of, in_memory
from keras_labels.prediction._guard import guarded
from keras_labels.prediction._joining import joined
from keras_labels.prediction._keras_call import makes_masks
from keras_labels.prediction._no_rows import no_rows
from keras_labels.prediction._outputs import check_positive, outputs_of
from keras_labels.prediction._predict import Predictor
from keras_labels.spec import Decoding


class OwnPredictor:
    """Decodes what a model's own `predict` gives; it stands in for a `Predictor`.

    Args:
        decoder: the model with what decodes its scores.
        rules: the decoding of each output by name; `""` for a single one.
    """

    def __init__(self, decoder: DecodedModel, rules: Mapping[str, Decoding]) -> None:
        self.decoder = decoder
        self._rules = rules

    def predict(
        self,
        x: Any,
        *,
        batch_size: int | None = None,
        steps: int | None = None,
        verbose: Any = 0,
        callbacks: Any = None,
        **unknown: Any,
    ) -> Any:
        """Run data through the model's own `predict`.

        Args:
            x: arrays, which it is given whole and as they are; or a dataset, of which
                it is given each batch.
            batch_size: handed on, as are `steps`, `verbose` and `callbacks`.
            steps: how many batches to read; all if `None`.
            verbose: as in `keras.Model.predict`, but silent by default.
            callbacks: as in `keras.Model.predict`.
            **unknown: what only our own loop knows, which is refused.

        Returns:
            NumPy arrays in the structure of the decoder's outputs.

        Raises:
            InputError: if it takes no such option, or gives no scores of this head.
        """
        check_positive(batch_size=batch_size, steps=steps)
        said = {name: value for name, value in unknown.items() if value is not None}
        self._refuse(said)
        arrays = in_memory(x)
        if arrays is not None:
            if not _rows(arrays):
                return no_rows(self.decoder, None)
            options = {"batch_size": batch_size, "steps": steps, "callbacks": callbacks}
            said = {name: v for name, v in options.items() if v is not None}
            count = (
                None
                if steps is None
                else min(_rows(arrays), steps * (batch_size or 32))
            )
            return self._decoded(as_arrays(x), count, verbose, **said)
        if batch_size is not None:
            self._refuse(
                {"batch_size": batch_size}, " for a dataset, which has its own"
            )
        tuples, count = batches_of(x, steps)
        batches = (as_arrays(one[0]) for one in tuples)
        made = outputs_of(
            self.decoder, self._decoded, batches, count, verbose, callbacks
        )
        found = joined(made, None)
        return no_rows(self.decoder, None) if found is None else found

    def run(self, batches: Iterable[Any], count: int | None, verbose: Any) -> Any:
        """Give the outputs of each batch, as `Predictor.run` does."""
        return outputs_of(self.decoder, self._decoded, batches, count, verbose)

    def batch(self, x: Any, number: int) -> Any:
        """Return the inputs of a batch as they are: the model's `predict` knows."""
        del number
        return as_arrays(x)

    def _decoded(
        self, x: Any, count: int | None = None, verbose: Any = 0, **options: Any
    ) -> Any:
        """Decode the scores of rows, and hold them against the head."""
        model = self.decoder.model
        with guarded(model):
            scores = self._predict(x, verbose, options)
        scores = keras.tree.map_structure(as_numpy, scores)
        rows = _rows(in_memory(x)) if count is None else count
        self._check(scores, rows)
        made = self.decoder.decode_arrays(scores)
        if not self.decoder.gives_masks:
            return made
        if makes_masks(model) and any(a.ndim > 2 for a in keras.tree.flatten(scores)):
            raise InputError(
                f"The `predict` of '{model.name}' is its own, and its layers mask "
                "steps: which steps of its scores count cannot be told. Wrap the graph "
                "alone: LabeledModel(keras.Model(model.inputs, model.outputs))."
            )
        return self.decoder.with_masks(made, None)

    def _predict(self, x: Any, verbose: Any, options: dict[str, Any]) -> Any:
        predict = self.decoder.model.predict
        known = inspect.signature(predict).parameters
        takes_all = any(p.kind is p.VAR_KEYWORD for p in known.values())
        self._refuse(
            {k: v for k, v in options.items() if not takes_all and k not in known}
        )
        if takes_all or "verbose" in known:  # Keras prints where nothing is said
            options = {**options, "verbose": verbose}
        elif verbose:
            self._refuse({"verbose": verbose})
        return predict(x, **options)

    def _refuse(self, said: Mapping[str, Any], where: str = "") -> None:
        if said:
            raise InputError(
                f"The `predict` of '{self.decoder.model.name}' is its own, and takes "
                f"no `{next(iter(said))}`{where}. Leave it out."
            )

    def _check(self, scores: Any, rows: int) -> None:
        model, names = self.decoder.model, list(self._rules)
        try:
            several = {"": scores} if names == [""] else self._by_name(scores)
            found = {name: several[name] for name in names}
            for name, score in found.items():
                head = self._rules[name].head
                fits = isinstance(score, np.ndarray) and score.dtype.kind in "fV"
                fits = fits and score.ndim > 1 and len(score) == rows
                if not fits or score.shape[head.axis] != head.units:
                    raise ValueError(name)
        except (KeyError, TypeError, ValueError, IndexError):
            shapes = keras.tree.map_structure(
                lambda a: (
                    f"{getattr(a, 'dtype', type(a).__name__)} {getattr(a, 'shape', '')}"
                ),
                scores,
            )
            raise InputError(
                f"The `predict` of '{model.name}' is its own, and gives no scores of "
                f"{[str(rule.head) for rule in self._rules.values()]} for {rows} rows: "
                f"floats of shape (rows, ..., units). Received: {shapes}."
            ) from None

    def _by_name(self, scores: Any) -> dict[str, Any]:
        return named(self.decoder.names, scores)


def predictor_of(
    decoder: DecodedModel, rules: Mapping[str, Decoding], **options: Any
) -> Predictor | OwnPredictor:
    """Return what runs a decoded model as its owner means it.

    Args:
        decoder: the model.
        rules: the decoding of each output by name; `""` for a single one.
        **options: those of a `Predictor`.
    """
    if overrides(decoder.model, "predict"):
        return OwnPredictor(decoder, rules)
    return Predictor(decoder, **options)


def _rows(x: Any) -> int:
    arrays = [a for a in keras.tree.flatten(x) if a is not None]
    return len(arrays[0]) if arrays else 0
