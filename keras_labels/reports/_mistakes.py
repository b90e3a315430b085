"""An evaluation -> the mistakes it was surest of."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_labels.reports._evaluation import Evaluation


def surest_mistakes(e: Evaluation, most: int = 25) -> list[dict[str, Any]]:
    """Return wrong decisions, the most probable first; of equals the first row.

    Each has `row` (of a dense head a list, with the place), `decided`, `truth`, the
    `probability` of the decision and `truth_probability`; of labels also `label`.
    """
    wrong = e.accepted & (e.decided != e.truth) & e.counts
    places = np.argwhere(wrong)
    sure = e.confidence[wrong]
    order = np.argsort(-sure, kind="stable")[:most]
    describe = _of_label if e.task == "multilabel" else _of_class
    return [describe(e, *places[at].tolist(), sure=sure[at]) for at in order]


def _of_class(e: Evaluation, row: int, *, sure: Any) -> dict[str, Any]:
    truth = int(e.truth[row])
    return {
        "row": e.rows[row].tolist(),
        "decided": e.names[e.decided[row]],
        "truth": e.names[truth],
        "probability": _number(sure),
        "truth_probability": _number(e.probabilities[row, truth]),
    }


def _of_label(e: Evaluation, row: int, label: int, *, sure: Any) -> dict[str, Any]:
    decided = int(e.decided[row, label])
    return {
        "row": e.rows[row].tolist(),
        "label": e.names[label],
        "decided": ("no", "yes")[decided],
        "truth": ("yes", "no")[decided],
        "probability": _number(sure),
        "truth_probability": _number(1 - sure),
    }


def _number(p: Any) -> float:
    # By its shortest text: 0.9 in float32 is 0.8999999761581421 in Python.
    return float(str(np.float32(p)))
