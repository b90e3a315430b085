"""What the oracle decides on the rows of `export_cases`, and how surely."""

import numpy as np
import reference


def decided(scores, case, found=None):
    """Return the classes of float32 scores; of two that are right, the one found."""
    wanted, task, from_logits = case.options, case.task, case.from_logits
    cut, reject = wanted.get("threshold", 0.5), wanted.get("reject_below")
    if task == "multiclass":
        ids = reference.argmax(scores, found=found)
        if reject is None:
            return ids
        p = reference.probabilities(scores, task, from_logits).max(-1, keepdims=True)
        sure = reference.threshold(p.astype("float32"), reject, inclusive=True)
        return np.where(sure[:, 0] == 1, ids, -1)
    x, inclusive = scores, wanted.get("inclusive", False)
    if task == "ordinal":
        ids = reference.ordinal(scores, cut, from_logits, inclusive)
        if reject is None:
            return ids
        p = reference.ordered(scores)  # by float32 differences
        p = np.take_along_axis(p, ids[:, None], axis=1).astype("float32")
        sure = reference.threshold(p, reject, inclusive=True)
        return np.where((sure[:, 0] == 1) & (ids >= 0), ids, -1)
    if task == "multilabel":
        low, high = wanted.get("min_labels", 0), wanted.get("max_labels")
        marks = reference.multi_label(
            x, cut, from_logits, inclusive, low, high, found=found
        )
    else:
        x = one_column(scores, from_logits)
        marks = reference.threshold(x, cut, from_logits, inclusive)
    if reject is not None:
        other = -x if from_logits else 1 - x
        yes = reference.threshold(x, reject, from_logits, inclusive=True)
        no = reference.threshold(other, reject, from_logits, inclusive=True)
        marks = np.where(np.where(marks == 1, yes, no) == 1, marks, -1)
    if task == "multilabel":
        return marks
    return np.where(np.isnan(scores).any(axis=-1), -1, marks[:, 0])


def one_column(scores, from_logits):
    if scores.shape[1] == 1:
        return scores
    negative, positive = scores[:, :1], scores[:, 1:]
    if not from_logits:
        return positive
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(negative == positive, np.float32(0), positive - negative)


def margin(scores, case):
    """Return by how much a probability of a row must move for another decision."""
    p = reference.probabilities(scores, case.task, case.from_logits)
    cuts, reject = case.options.get("threshold"), case.options.get("reject_below")
    least = np.full(len(p), np.inf)
    if case.task == "binary":
        p = p[:, 1:]
    if case.task == "ordinal":
        p = reference.sigmoid(scores) if case.from_logits else scores
    if case.task == "multiclass" or "max_labels" in case.options:
        least = np.diff(np.sort(p, axis=1), axis=1).min(axis=1)
    if cuts is not None:
        least = np.minimum(least, np.abs(p - np.array(cuts)).min(axis=1))
    if reject is not None:
        least = np.minimum(least, np.abs(p - reject).min(axis=1))
        least = np.minimum(least, np.abs(1 - p - reject).min(axis=1))
    return least
