"""Labeled data -> a labeled model that decides better, and a report of what it does."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import keras

from keras_labels import fitting, functional
from keras_labels.errors import DecodingError, InputError
from keras_labels.labeled._deciding import DecidingModel
from keras_labels.labeled._flat import decoded, flat, part_of
from keras_labels.labeled._reporting import reported
from keras_labels.prediction import in_memory
from keras_labels.reports import Report
from keras_labels.spec import DEFAULT_THRESHOLD, Decoding, Method

Tuning = fitting.ThresholdTuning | fitting.CalibrationFit | fitting.RejectionTuning
_Self = TypeVar("_Self", bound="TunableModel")


class TunableModel(DecidingModel):
    """Base of `LabeledModel`: decisions chosen on data that has the true classes."""

    @property
    def tuning(self) -> Tuning | None:
        """What the search that made this model found, to print; not saved with it."""
        found: Tuning | None = getattr(self, "_tuning", None)
        return found

    def tune_thresholds(
        self: _Self,
        x: Any,
        y: Any = None,
        *,
        metric: fitting.Metric | fitting.CountMetric = "f1",
        head: str | None = None,
        verbose: Any = 0,
        **options: Any,
    ) -> _Self:
        """Choose the thresholds on data; the weights stay and are shared.

        Every cut that makes a difference is tried, and the best lies midway between
        two scores: `labeled.tuning.score` is what `predict_classes` reaches on the
        same data, exactly. Use data that the model was not trained on.

        Args:
            x: whatever `predict_proba` takes; or a dataset of (x, y), read once (sample
                weights in it are not used).
            y: the true classes: ids, names, booleans, one-hot or multi-hot; for labels
                also a list of names for each row. `None`: the dataset holds them.
            metric: `"f1"`, `"fbeta"`, `"balanced_accuracy"`, `"youden_j"`,
                `"accuracy"`, `"precision"`, `"recall"`, `"cost"`, or a function of the
                arrays tp, fp, fn, tn.
            head: of a model of several heads, the one to tune; `y` is that head's.
            verbose: as in `keras.Model.predict`, but silent by default.
            **options: `beta`; the constraints `min_recall`, `min_precision`,
                `max_false_positive_rate`; `false_positive_cost` and
                `false_negative_cost`; of labels `average` and `shared`; `bootstrap`,
                `confidence`, `seed`. See `keras_labels.fitting.tune_thresholds`.

        Returns:
            A model with the thresholds; its `tuning` prints as a table.

        Raises:
            DecodingError: if there is no threshold to tune, the metric lacks what it
                needs, or no cut meets the constraints.
            InputError: if `x` or `y` does not fit the model.
        """

        def tuned(y_true: Any, scores: Any, rule: Decoding) -> fitting.ThresholdTuning:
            if rule.head.task == "binary":
                column, _ = functional.positive_column(scores, rule.head)
                scores = keras.ops.convert_to_numpy(column)
            return fitting.tune_thresholds(
                y_true, scores, rule, metric=metric, **options
            )

        fitting.check_thresholds(self._rule_of(head), metric=metric, **options)
        return self._tuned(tuned, x, y, head, verbose)

    def calibrate(
        self: _Self,
        x: Any,
        y: Any = None,
        *,
        method: Method = "temperature",
        bins: int = 15,
        head: str | None = None,
        verbose: Any = 0,
    ) -> _Self:
        """Fit probabilities that match frequencies; the weights stay and are shared.

        Use data that the model was not trained on. Thresholds and `reject_below` stay,
        and cut the new probabilities: tune them afterwards. A prior takes no part in
        the fit, nor in the numbers of `tuning`.

        Args:
            x: as in `tune_thresholds`.
            y: as in `tune_thresholds`.
            method: `"temperature"` (one number, keeps every argmax), `"platt"` (binary
                models and labels), `"vector"` (exclusive classes) or `"isotonic"`
                (a table; needs a thousand rows or more).
            bins: of the calibration errors before and after.
            head: as in `tune_thresholds`.
            verbose: as in `keras.Model.predict`, but silent by default.

        Returns:
            A model with the calibration; its `tuning` prints what it changed.

        Raises:
            DecodingError: if the method does not fit the head, or the rows tell
                nothing.
            InputError: if `x` or `y` does not fit the model.
        """

        def fitted(y_true: Any, scores: Any, rule: Decoding) -> fitting.CalibrationFit:
            return fitting.calibrate(y_true, scores, rule, method=method, bins=bins)

        rule = self._rule_of(head)
        fitting.check_calibration(rule, method=method, bins=bins)
        if any(t != DEFAULT_THRESHOLD for t in rule.threshold) or rule.reject_below:
            warnings.warn(
                "The thresholds and `reject_below` of this model were chosen on other "
                "probabilities than it has after the calibration: tune them again.",
                fitting.FittingWarning,
                stacklevel=2,
            )
        return self._tuned(fitted, x, y, head, verbose)

    def tune_rejection(
        self: _Self,
        x: Any,
        y: Any = None,
        *,
        max_error: float | None = None,
        coverage: float | None = None,
        head: str | None = None,
        verbose: Any = 0,
    ) -> _Self:
        """Choose `reject_below` on data; the weights stay and are shared.

        Args:
            x: as in `tune_thresholds`.
            y: as in `tune_thresholds`.
            max_error: the largest share of accepted decisions that may be wrong; as
                many as possible are accepted.
            coverage: the least share of decisions to accept; the surest are.
            head: as in `tune_thresholds`.
            verbose: as in `keras.Model.predict`, but silent by default.

        Returns:
            A model that rejects; its `tuning` prints the coverage and the error.

        Raises:
            DecodingError: unless one of the two is said, or if none keeps the error.
            InputError: if `x` or `y` does not fit the model.
        """

        def tuned(y_true: Any, scores: Any, rule: Decoding) -> fitting.RejectionTuning:
            accepting = rule.replace(reject_below=None)
            if fitting.compares_probability(accepting):
                p, ids = decoded(scores, accepting, "probabilities", "classes")
            else:
                (ids,) = decoded(scores, accepting, "classes")
                p = fitting.applied(scores, accepting)  # in float64
            return fitting.tune_rejection(y_true, p, ids, accepting, **goal)

        goal = {"max_error": max_error, "coverage": coverage}
        fitting.check_rejection(**goal)
        return self._tuned(tuned, x, y, head, verbose)

    def report(
        self,
        x: Any,
        y: Any = None,
        *,
        title: str = "",
        costs: Any = None,
        bins: int = 15,
        head: str | None = None,
        verbose: Any = 0,
    ) -> Report:
        """Show what is decided on labeled data: in a terminal, a notebook, a page.

        Args:
            x: as in `tune_thresholds`.
            y: as in `tune_thresholds`; of several heads a dict by output name.
            title: of the page.
            costs: `costs[i][j]` of deciding class j where class i is true; those of a
                multiclass decoding if `None`.
            bins: of reliability curves and calibration errors.
            head: of a model of several heads, the only one to report; `y` is that
                head's.
            verbose: as in `keras.Model.predict`, but silent by default.

        Returns:
            A `Report`: `print` it, `.to_dict()`, `.save_html("report.html")`; a
            notebook shows the page. Of more than a million decisions (the pixels of
            class maps) it tells a sample, and says so.

        Raises:
            InputError: if `x` or `y` does not fit the model.
            MissingExtraError: if a package is missing, with the line that installs it.
        """
        rules = self._decoding if head is None else self._rule_of(head)
        y_true, scores = self._targets_and_scores(x, y, head, verbose)
        return reported(rules, y_true, scores, title=title, costs=costs, bins=bins)

    def _tuned(
        self: _Self,
        search: Callable[[Any, Any, Decoding], Any],
        x: Any,
        y: Any,
        head: str | None,
        verbose: Any,
    ) -> _Self:
        """Return a model of what is found on `(n,)` targets and `(n, units)` scores."""
        rule = self._rule_of(head)
        y_true, scores = self._targets_and_scores(x, y, head, verbose)
        found = search(*flat(y_true, scores, rule))
        new = found.decoding.replace(head=rule.head)
        found = dataclasses.replace(found, decoding=new)
        rules: Any = new if head is None else {**self.decoding, head: new}
        made = type(self)(self.model, decoding=rules, name=self.name)
        object.__setattr__(made, "_tuning", found)
        return made

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

    def _targets_and_scores(
        self, x: Any, y: Any, head: str | None, verbose: Any
    ) -> tuple[Any, Any]:
        predictor, has_arrays = self._predictor("scores"), in_memory(x) is not None
        if has_arrays == (y is None):
            raise InputError(
                "`y` holds the true classes where `x` holds arrays; a dataset holds "
                "both, as (x, y), and is read once. Received "
                + ("arrays without `y`." if has_arrays else "a dataset and `y`.")
            )
        if y is None:
            y, scores = predictor.predict_with_targets(x, verbose=verbose)
        else:
            scores = predictor.predict(x, verbose=verbose)
        return (y, scores) if head is None else (part_of(y, head), scores[head])
