"""What a wrong decision costs."""

from __future__ import annotations

import math
from typing import Any

from keras_labels.errors import DecodingError
from keras_labels.spec._arguments import shortened
from keras_labels.spec._head import Head

Costs = tuple[tuple[float, ...], ...]


def as_costs(value: Any, head: Head) -> Costs:
    """Return a cost matrix, a row per true class and a column per decision.

    Raises:
        DecodingError: if it is none, or the head has no exclusive classes.

    >>> as_costs([[0, 1], [5, 0]], Head("binary", units=1, from_logits=True))
    ((0.0, 1.0), (5.0, 0.0))
    """
    if head.task == "multilabel":
        raise DecodingError(
            "`costs` belong to exclusive classes. Of labels, a wrong yes that costs a "
            "and a wrong no that costs b imply threshold=a / (a + b)."
        )
    try:
        rows = tuple(tuple(float(one) for one in row) for row in value)
    except (TypeError, ValueError):
        rows = ()
    finite = all(math.isfinite(one) for row in rows for one in row)
    if [len(row) for row in rows] != [head.classes] * head.classes or not finite:
        raise DecodingError(
            f"`costs` is a matrix of {head.classes} by {head.classes} finite numbers: "
            "costs[i][j] is the cost of deciding class j where class i is true. "
            f"Received: {value!r:.200}."
        )
    for true, row in enumerate(rows):
        if min(row) < row[true]:
            raise DecodingError(
                "`costs` has a row per true class, in which the right decision costs "
                f"least: costs[{true}][{true}] is the smallest of its row. Received "
                f"the row {shortened(row)}. Of gains take the negative: costs=-gains."
            )
    return rows


def implied_threshold(costs: Costs) -> float:
    """Return the cut on p from which class 1 costs less (Elkan 2001, eq. 2).

    >>> implied_threshold(((0.0, 1.0), (4.0, 0.0)))
    0.2
    """
    (right_no, wrong_yes), (wrong_no, right_yes) = costs
    yes, no = wrong_yes - right_no, wrong_no - right_yes
    if not (yes > 0 and no > 0):
        raise DecodingError(
            "`costs` of a binary head make both mistakes dearer than the right "
            f"decision; else one class always wins. Received: {costs}."
        )
    return yes / (yes + no)
