"""Labeled data -> a report of what a model decides on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_labels import reports
from keras_labels.errors import InputError
from keras_labels.labeled._flat import decoded, flat, part_of
from keras_labels.prediction import refuse_improbable
from keras_labels.spec import Decoding, Decodings

# Decisions: a page tells no more of all the pixels of a thousand maps.
_MOST = 1_000_000


def reported(
    decodings: Decodings, y_true: Any, scores: Any, **options: Any
) -> reports.Report:
    """Return the report of one head, or of all.

    Args:
        decodings: the decision, or one by output name.
        y_true: the true classes, as `fitting.as_targets` takes them; by output name.
        scores: what the model emits; by output name.
        **options: those of `reports.report`.
    """
    if not isinstance(decodings, dict):
        return _of_head(decodings, y_true, scores, options)
    if not isinstance(y_true, dict):
        raise InputError(
            f"`y` holds the true classes of each head: a dict by {list(decodings)}, or "
            "of one of them with head=. Received: one array."
        )
    title = options.pop("title", "")
    parts = {
        name: _of_head(rule, part_of(y_true, name), scores[name], options)
        for name, rule in decodings.items()
    }
    return reports.several(parts, title=title)


def _of_head(
    rule: Decoding, y_true: Any, scores: Any, options: dict[str, Any]
) -> reports.Report:
    shape = list(np.shape(scores))
    shape.pop(rule.head.axis)
    targets, columns, rule = flat(y_true, scores, rule)
    rows, note = np.arange(len(columns)), ""
    if len(rows) > _MOST:
        rows = np.sort(np.random.default_rng(0).choice(len(rows), _MOST, replace=False))
        note = f"A sample of {_MOST:,} of {len(columns):,} decisions."
        targets, columns = targets[rows], columns[rows]
    p, classes = decoded(columns, rule, "probabilities", "classes")
    refuse_improbable(p, rule)
    plain = None
    if rule.calibration is not None:
        (plain,) = decoded(columns, rule.replace(calibration=None), "probabilities")
    places = np.stack(np.unravel_index(rows, shape), axis=-1)
    return reports.report(
        targets,
        p,
        classes,
        rule,
        plain=plain,
        rows=rows if len(shape) == 1 else places,
        note=note,
        **options,
    )
