"""What a labeled model predicts beside what came true, and what of it counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from keras_labels import fitting
from keras_labels.errors import DecodingError, InputError
from keras_labels.heads import ignored_class
from keras_labels.labeled._deciding import DecidingModel
from keras_labels.labeled._rows import Rows, part_of, rows_of
from keras_labels.prediction import Labeled, in_memory, joined, labeled_batches
from keras_labels.spec import Decoding


class EvaluatingModel(DecidingModel):
    """Base of `LabeledModel`: what is predicted on data that has the true classes."""

    def predict_with_targets(
        self,
        dataset: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        ignore_class: Any = None,
        steps: int | None = None,
        verbose: Any = 0,
    ) -> tuple[Any, ...]:
        """Predict a dataset that carries its targets, reading it once.

        Targets and predictions stay paired even if the dataset shuffles.

        Args:
            dataset: batches of (x, y) or (x, y, sample_weight); or arrays with `y`.
            y: the targets of arrays.
            sample_weight: `True`, or the weights of arrays, to be told what each
                decision weighs: 0 where it does not count. As in `tune_thresholds`.
            ignore_class: as in `tune_thresholds`, beside `sample_weight`.
            steps: how many batches to read; all if `None`.
            verbose: as in `keras.Model.predict`, but silent by default.

        Returns:
            `(y_true, probabilities)`, as they are; with `sample_weight` also a weight
            for each decision, `(rows, ...)` (for each label, if these have their own):
            `y_true[weights > 0]` are the targets that count.

        Raises:
            InputError: if it is no dataset, or holds no targets.
            DecodingError: if `ignore_class` is said without `sample_weight`.
        """
        weighs = sample_weight is not None and sample_weight is not False
        _check_asked(dataset, y, weighs, ignore_class)
        batches = self._labeled(
            "probabilities",
            dataset,
            y,
            None if isinstance(sample_weight, bool) else sample_weight,
            masks=weighs,
            steps=steps,
            verbose=verbose,
        )
        ignored = self._ignored(self._rules(), ignore_class) if weighs else {}
        parts = [self._weighed(one, ignored) if weighs else one[::2] for one in batches]
        found = tuple(joined(iter(part)) for part in zip(*parts, strict=True))
        self._check_probable(found[1])
        return found

    def _rows(
        self,
        head: str | None,
        x: Any,
        y: Any,
        sample_weight: Any,
        ignore_class: Any,
        verbose: Any,
    ) -> dict[str, Rows]:
        """Return the positions of every head that count, or of one head."""
        rules = self._rules() if head is None else {head: self._rule_of(head)}
        batches = self._labeled(
            "scores", x, y, sample_weight, masks=True, verbose=verbose
        )
        ignored = self._ignored(rules, ignore_class)
        by_name = "" not in rules and head is None
        found = rows_of(batches, rules, ignored, by_name=by_name)
        if ignore_class is None:
            return {name: _noted(rows, ignored[name]) for name, rows in found.items()}
        return found

    def _labeled(
        self,
        kind: str,
        x: Any,
        y: Any,
        sample_weight: Any,
        *,
        masks: bool,
        steps: int | None = None,
        verbose: Any = 0,
    ) -> Iterator[Labeled]:
        """Return what is made of each batch, or of arrays, beside what came true."""
        predictor = self._predictor(kind, masks=masks)
        has_arrays = in_memory(x) is not None
        if has_arrays == (y is None):
            raise InputError(
                "`y` holds the true classes where `x` holds arrays; a dataset holds "
                "both, as (x, y), and is read once. Received "
                + ("arrays without `y`." if has_arrays else "a dataset and `y`.")
            )
        if y is None and sample_weight is not None:
            raise InputError(
                "A dataset holds its weights, as (x, y, sample_weight): its rows may "
                "come in another order. Received a dataset and `sample_weight`."
            )
        if y is None:
            return labeled_batches(predictor, x, steps=steps, verbose=verbose)
        made = predictor.predict(x, steps=steps, verbose=verbose)
        return iter([Labeled(y, sample_weight, made)])

    def _weighed(
        self, batch: Labeled, ignored: Mapping[str, Any]
    ) -> tuple[Any, Any, Any]:
        """Return targets, probabilities and the weight of each decision."""
        made, masks = batch.outputs["made"], batch.outputs["masks"]
        rules = self._rules()
        several = isinstance(made, dict)
        found = {
            name: _weights(
                rule,
                part_of("y", batch.targets, name),
                made[name] if several else made,
                part_of("sample_weight", batch.weights, name),
                ignored[name],
                masks.get(name),
            )
            for name, rule in rules.items()
        }
        return batch.targets, made, found if several else found[""]

    def _rules(self) -> dict[str, Decoding]:
        """Return the decoding of each head, `""` for one without a name."""
        rules = self._decoding
        return rules if isinstance(rules, dict) else {"": rules}

    def _rule_of(self, head: str | None) -> Decoding:
        rules = self._decoding
        if not isinstance(rules, dict):
            if head is None:
                return rules
            raise DecodingError(
                f"There is one head, without a name. Received: {head!r}."
            )
        if head not in rules:
            raise DecodingError(
                f"Of several heads one is tuned at a time: head={next(iter(rules))!r}. "
                f"The heads are {list(rules)}. Received: {head!r}."
            )
        return rules[head]

    def _ignored(
        self, rules: Mapping[str, Decoding], ignore_class: Any
    ) -> dict[str, Any]:
        """Return what is ignored of each head; if nothing is said, by the loss."""
        if ignore_class is None:
            return {name: ignored_class(self.model, name or None) for name in rules}
        return {name: part_of("ignore_class", ignore_class, name) for name in rules}


def _check_asked(dataset: Any, y: Any, weighs: bool, ignore_class: Any) -> None:
    if y is None and in_memory(dataset) is not None:
        raise InputError(
            "predict_with_targets reads a dataset of (x, y) batches: tf.data, a "
            "PyDataset, a torch DataLoader or a generator. Received: "
            f"{type(dataset).__name__}. For arrays call predict_proba(x): y is "
            "yours; or pass it here too."
        )
    if ignore_class is not None and not weighs:
        raise DecodingError(
            "`ignore_class` changes what decisions weigh, and no weights are asked "
            "for. Pass sample_weight=True for them. Received: "
            f"ignore_class={ignore_class!r}."
        )


def _noted(rows: Rows, ignored: int | None) -> Rows:
    """Return rows with a note of what the loss, and nobody else, said to ignore."""
    if ignored is None or rows.counted.positions == len(rows.counted):
        return rows
    return dataclasses.replace(
        rows,
        note=f"Where the true class is {ignored} nothing counts, as in the loss that "
        f"the model was compiled with (ignore_class={ignored}).",
    )


def _weights(
    rule: Decoding, y: Any, p: np.ndarray, weight: Any, ignored: Any, mask: Any
) -> np.ndarray:
    """Return the weights of decisions, in the shape of these."""
    axis, head = rule.head.axis % p.ndim, rule.head
    lead = (*p.shape[:axis], *p.shape[axis + 1 :])
    shape = (*p.shape[:axis], head.units, *p.shape[axis + 1 :])
    found = None
    if p.size:
        found = fitting.positions_of(
            y, rule, shape, sample_weight=weight, ignore_class=ignored, mask=mask
        ).weights
    if found is None:
        return np.ones(lead, "float32")
    if found.ndim == 1:
        return found.reshape(lead)
    return np.moveaxis(found.reshape(*lead, head.units), -1, axis)
