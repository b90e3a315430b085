"""The positions of heads that count -> a report of what a model decides on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_labels import reports
from keras_labels.labeled._rows import Rows
from keras_labels.prediction import refuse_improbable

# Decisions: a page tells no more of all the pixels of a thousand maps.
_MOST = 1_000_000


def reported(rows: Mapping[str, Rows], *, title: str, **options: Any) -> reports.Report:
    """Return the report of one head, `""`, or of all.

    Args:
        rows: of each head.
        title: of the report.
        **options: those of `reports.report`.
    """
    if "" in rows:
        return _of_head(rows[""], title=title, **options)
    parts = {name: _of_head(one, **options) for name, one in rows.items()}
    return reports.several(parts, title=title)


def _of_head(rows: Rows, **options: Any) -> reports.Report:
    data, rule, note = rows.counted, rows.rule, rows.note
    chosen: Any = slice(None)
    left_out = data.positions - len(data)
    if len(data) > _MOST:
        rng = np.random.default_rng(0)
        chosen = np.sort(rng.choice(len(data), _MOST, replace=False))
        sample = f"A sample of {_MOST:,} of {len(data):,} decisions"
        sample += f" that count, of {data.positions:,}." if left_out else "."
        note, left_out = f"{note} {sample}".strip(), 0
    p, classes = rows.decided(chosen, rule, "probabilities", "classes")
    refuse_improbable(p, rule)
    plain = None
    if rule.calibration is not None:
        uncalibrated = rule.replace(calibration=None)
        (plain,) = rows.decided(chosen, uncalibrated, "probabilities")
    return reports.report(
        data.targets[chosen],
        p,
        classes,
        rule,
        plain=plain,
        rows=rows.numbers(chosen),
        note=note,
        sample_weight=None if data.weights is None else data.weights[chosen],
        left_out=left_out,
        **options,
    )
