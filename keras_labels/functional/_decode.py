"""Scores and a whole `Decoding` -> what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_labels.errors import DecodingError, HeadError
from keras_labels.functional._argmax import best_class
from keras_labels.functional._arithmetic import (
    as_tensor,
    dtype_of,
    has_nan,
    marked_nan,
    rejected,
    require_units,
    widen,
)
from keras_labels.functional._corrections import (
    corrected_probabilities,
    positive_column,
)
from keras_labels.functional._formulations import ids_dtype
from keras_labels.functional._multi_label import label_marks
from keras_labels.functional._ordinal import cuts_passed
from keras_labels.functional._threshold import is_over
from keras_labels.spec import Decoding, least_decided, least_refusing, least_scores

OUTPUTS = ("probabilities", "classes", "scores")


def decode(
    scores: Any,
    decoding: Decoding,
    outputs: Sequence[str] = ("probabilities", "classes"),
) -> dict[str, Any]:
    """Turn scores into probabilities and classes by a whole decoding.

    Args:
        scores: float or integer tensor `(..., units, ...)`, as the head says.
        decoding: the rule.
        outputs: which of `"probabilities"`, `"classes"`, `"scores"`, in this order.

    Returns:
        A dict in the order of `outputs`. `"probabilities"`: float32, one column per
        class. `"classes"`: int32 ids without the class axis (multilabel: 0 or 1 for
        every label), -1 where rejected or where the row has a NaN. `"scores"`: as
        given.

    Raises:
        DecodingError: if an output is unknown.
        HeadError: if the scores do not have the head's units.

    >>> import numpy as np
    >>> from keras_labels.spec import Head
    >>> spam = Decoding(Head("binary", units=1, from_logits=False), threshold=0.7)
    >>> np.asarray(decode(np.array([[0.62]]), spam, ["classes"])["classes"]).tolist()
    [0]
    """
    check_outputs(outputs)
    tensor = as_tensor(scores)
    _check_units(tensor, decoding)
    make = {
        "scores": lambda: tensor,
        "probabilities": lambda: ops.cast(
            corrected_probabilities(tensor, decoding), "float32"
        ),
        "classes": lambda: classes(tensor, decoding),
    }
    return {name: make[name]() for name in outputs}


def check_outputs(outputs: Sequence[str]) -> tuple[str, ...]:
    """Return the outputs as a tuple, or raise if one is unknown or stands twice."""
    names = (outputs,) if isinstance(outputs, str) else tuple(outputs)
    if not names or len(set(names)) < len(names) or not set(names) <= set(OUTPUTS):
        raise DecodingError(
            f"`outputs` names one or more of {OUTPUTS}, each once. "
            f"Received: {outputs!r}."
        )
    return names


def _check_units(tensor: Any, decoding: Decoding) -> None:
    head = decoding.head
    rank = len(tensor.shape)
    fits = -rank <= head.axis < rank and rank > 1
    if not fits or require_units(tensor, head.axis) != head.units:
        raise HeadError(
            f"The head has {head.units} units on axis {head.axis}, and these scores "
            f"do not. Received scores of shape {tuple(tensor.shape)}."
        )


def classes(scores: Any, decoding: Decoding) -> Any:
    """Return the class ids (multilabel: marks) of scores, by the decoding's rule."""
    head = decoding.head
    if head.task == "multiclass":
        return ops.squeeze(best_class(scores, decoding), axis=head.axis)
    if head.task == "ordinal":
        return ops.squeeze(cuts_passed(scores, decoding), axis=head.axis)
    if head.task == "binary":
        return ops.squeeze(_binary(scores, decoding), axis=head.axis)
    return _sure(widen(scores), label_marks(scores, decoding), decoding)


def _binary(scores: Any, decoding: Decoding) -> Any:
    column, _ = positive_column(scores, decoding.head)
    least = least_decided(decoding, dtype_of(column))
    decided = is_over(column, least, decoding.head.axis)
    ids = _sure(column, ops.cast(decided, ids_dtype()), decoding)
    return marked_nan(ids, has_nan(widen(scores), decoding.head.axis))


def _sure(x: Any, decided: Any, decoding: Decoding) -> Any:
    """Replace 0 and 1 by -1 where the decided side has less than `reject_below`."""
    bound = decoding.reject_below
    if bound is None:
        return decided
    dtype, axis = dtype_of(x), decoding.head.axis
    bounds = (bound,) * len(decoding.threshold)
    least = least_scores(decoding, bounds, dtype, inclusive=True)
    for_yes = is_over(x, least, axis)
    if decoding.corrects:
        refusing = least_refusing(decoding, bound, dtype)
        for_no = ops.logical_not(is_over(x, refusing, axis))
    else:
        opposite = -x if decoding.head.from_logits else 1.0 - x
        for_no = is_over(opposite, least, axis)
    # onnxruntime chooses no booleans by `where`.
    yes = ops.equal(decided, 1)
    sure = ops.logical_or(
        ops.logical_and(yes, for_yes), ops.logical_and(ops.logical_not(yes), for_no)
    )
    return ops.where(sure, decided, rejected(decided))
