"""Labeled data -> a labeled model that decides better, and a report of what it does."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import keras

from keras_labels import fitting, functional
from keras_labels.labeled._evaluating import EvaluatingModel
from keras_labels.labeled._reporting import reported
from keras_labels.labeled._rows import Rows
from keras_labels.reports import Report
from keras_labels.spec import DEFAULT_THRESHOLD, Method

Tuning = fitting.ThresholdTuning | fitting.CalibrationFit | fitting.RejectionTuning
_ALL = slice(None)
_Self = TypeVar("_Self", bound="TunableModel")


class TunableModel(EvaluatingModel):
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
        sample_weight: Any = None,
        ignore_class: Any = None,
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
            x: whatever `predict_proba` takes; or a dataset of (x, y) or (x, y,
                sample_weight), read once. Steps that the output's Keras mask leaves out
                (padding) take no part.
            y: the true classes: ids, names, booleans, one-hot or multi-hot; for labels
                also a list of names for each row. `None`: the dataset holds them.
            sample_weight: of arrays, how much each row counts, as in scikit-learn, or
                each position of a dense head, or each label of a row; 0 leaves it out.
                Of several heads a dict by output name, or one for all.
            ignore_class: the id or name in `y` of positions that do not count, or
                several of these: -1 or 255, a class, or `()` for none. `None`: what the
                compiled loss ignores. Of labels the number that says neither yes nor
                no.
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

        def tuned(rows: Rows) -> fitting.ThresholdTuning:
            data, scores = rows.counted, rows.counted.columns
            if rows.rule.head.task == "binary":
                column, _ = functional.positive_column(scores, rows.rule.head)
                scores = keras.ops.convert_to_numpy(column)
            return fitting.tune_thresholds(
                data.targets,
                scores,
                rows.rule,
                metric=metric,
                sample_weight=data.weights,
                **options,
            )

        fitting.check_thresholds(self._rule_of(head), metric=metric, **options)
        return self._tuned(tuned, head, x, y, sample_weight, ignore_class, verbose)

    def calibrate(
        self: _Self,
        x: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        ignore_class: Any = None,
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
            sample_weight: as in `tune_thresholds`.
            ignore_class: as in `tune_thresholds`.
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

        def fitted(rows: Rows) -> fitting.CalibrationFit:
            return fitting.calibrate(
                rows.counted.targets,
                rows.counted.columns,
                rows.rule,
                method=method,
                bins=bins,
                sample_weight=rows.counted.weights,
            )

        rule = self._rule_of(head)
        fitting.check_calibration(rule, method=method, bins=bins)
        if any(t != DEFAULT_THRESHOLD for t in rule.threshold) or rule.reject_below:
            warnings.warn(
                "The thresholds and `reject_below` of this model were chosen on other "
                "probabilities than it has after the calibration: tune them again.",
                fitting.FittingWarning,
                stacklevel=2,
            )
        return self._tuned(fitted, head, x, y, sample_weight, ignore_class, verbose)

    def tune_rejection(
        self: _Self,
        x: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        ignore_class: Any = None,
        max_error: float | None = None,
        coverage: float | None = None,
        head: str | None = None,
        verbose: Any = 0,
    ) -> _Self:
        """Choose `reject_below` on data; the weights stay and are shared.

        Args:
            x: as in `tune_thresholds`.
            y: as in `tune_thresholds`.
            sample_weight: as in `tune_thresholds`.
            ignore_class: as in `tune_thresholds`.
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

        def tuned(rows: Rows) -> fitting.RejectionTuning:
            accepting, data = rows.rule.replace(reject_below=None), rows.counted
            if fitting.compares_probability(accepting):
                p, ids = rows.decided(_ALL, accepting, "probabilities", "classes")
            else:
                (ids,) = rows.decided(_ALL, accepting, "classes")
                p = fitting.applied(data.columns, accepting)  # in float64
            return fitting.tune_rejection(
                data.targets, p, ids, accepting, sample_weight=data.weights, **goal
            )

        goal = {"max_error": max_error, "coverage": coverage}
        fitting.check_rejection(**goal)
        return self._tuned(tuned, head, x, y, sample_weight, ignore_class, verbose)

    def report(
        self,
        x: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        ignore_class: Any = None,
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
            sample_weight: as in `tune_thresholds`.
            ignore_class: as in `tune_thresholds`; of several heads also a dict.
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
        rows = self._rows(head, x, y, sample_weight, ignore_class, verbose)
        if head is not None:
            rows = {"": rows[head]}
        return reported(rows, title=title, costs=costs, bins=bins)

    def _tuned(
        self: _Self, search: Callable[[Rows], Any], head: str | None, *data: Any
    ) -> _Self:
        """Return a model of what is found on the positions of a head that count."""
        rule = self._rule_of(head)
        found = search(self._rows(head, *data)[head or ""])
        new = found.decoding.replace(head=rule.head)
        found = dataclasses.replace(found, decoding=new)
        rules: Any = new if head is None else {**self.decoding, head: new}
        made = type(self)(self.model, decoding=rules, name=self.name)
        object.__setattr__(made, "_tuning", found)
        return made
