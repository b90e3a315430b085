"""Targets, weights and what takes no part -> all positions, and those that count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_labels.errors import InputError
from keras_labels.fitting._ignoring import as_ignored, ignored
from keras_labels.fitting._sample import Counted
from keras_labels.fitting._targets import classes_of, flat_targets, refuse_nan
from keras_labels.fitting._weights import as_weights, spread_over, standard
from keras_labels.spec import Decoding


class Positions(NamedTuple):
    """All positions of some rows, flat: what was said of each, before any check.

    Args:
        targets: a row for each position, as they were given.
        weights: `(n,)`, 0 where a position does not count; `(n, labels)` where labels
            have their own; `None`: all count once.
    """

    targets: np.ndarray
    weights: np.ndarray | None

    def chosen(self) -> tuple[Any, Positions]:
        """Return which positions count, and these alone, not checked yet.

        Raises:
            InputError: if none counts.
        """
        targets, weights = self
        if weights is None:
            return slice(None), self
        counts = weights > 0 if weights.ndim == 1 else (weights > 0).any(axis=1)
        if not counts.any():
            raise InputError(
                f"None of {len(targets)} positions counts: each has a `sample_weight` "
                "of 0, is masked, or is of an ignored class. Pass some that count."
            )
        places = slice(None) if counts.all() else np.flatnonzero(counts)
        targets, weights = targets[places], weights[places]
        return places, Positions(_without_odd(targets, weights), standard(weights))

    def counted(self, columns: np.ndarray, decoding: Decoding) -> Counted:
        """Return the positions that count, with their scores, checked.

        Args:
            columns: a row for each position.
            decoding: says the task and the class names.

        Raises:
            InputError: if none counts, or one that does has no class or a score of NaN.
        """
        places, (targets, weights) = self.chosen()
        columns = columns[places]
        refuse_nan(columns)
        ids = classes_of(targets, decoding)
        return Counted(columns, ids, weights, places, len(self.targets))


def counted(
    y_true: Any,
    columns: np.ndarray,
    decoding: Decoding,
    shape: Sequence[int],
    *,
    sample_weight: Any,
    ignore_class: Any,
) -> Counted:
    """Return the positions of arrays that count: `positions_of`, then `counted`."""
    given = positions_of(
        y_true,
        decoding,
        shape,
        sample_weight=sample_weight,
        ignore_class=ignore_class,
    )
    return given.counted(columns, decoding)


def positions_of(
    y_true: Any,
    decoding: Decoding,
    shape: Sequence[int],
    *,
    sample_weight: Any = None,
    ignore_class: Any = None,
    mask: Any = None,
) -> Positions:
    """Return all positions of arrays, with the weight of each.

    Args:
        y_true: the true classes, as `as_targets` takes them.
        decoding: says the task, the class axis and the class names.
        shape: of the scores, `(rows, ..., units)`.
        sample_weight: as `as_weights` takes it.
        ignore_class: an id or name in `y_true` that does not count, or several; of
            labels a number that says neither yes nor no, such as -1.
        mask: as `as_mask` takes it.

    Raises:
        InputError: if the shapes do not fit each other.
        DecodingError: if `ignore_class` is none.

    >>> from keras_labels.spec import Head
    >>> rule = Decoding(Head("multiclass", 3, from_logits=True))
    >>> positions_of([[1, 255]], rule, (1, 2, 3), ignore_class=255).weights.tolist()
    [True, False]
    """
    targets = flat_targets(y_true, decoding, shape)
    weights = as_weights(sample_weight, decoding.head, shape)
    lead = list(shape)
    lead.pop(decoding.head.axis)
    what = as_ignored(ignore_class, decoding)
    kept = as_mask(mask, tuple(lead))
    weights = _without(weights, None if kept is None else ~kept.reshape(-1))
    weights = _without(weights, ignored(targets, what, decoding))
    return Positions(targets, weights)


def joined_positions(parts: Sequence[Positions]) -> Positions:
    """Return the positions of several batches as one."""
    if len(parts) == 1:
        return parts[0]
    targets = _concatenated([part.targets for part in parts])
    given = [part.weights for part in parts if part.weights is not None]
    if not given:
        return Positions(targets, None)
    own = max((weights.shape[1:] for weights in given), key=len)
    return Positions(targets, np.concatenate([_in_shape(part, own) for part in parts]))


def as_mask(mask: Any, lead: tuple[int, ...]) -> np.ndarray | None:
    """Return which decisions a mask of Keras leaves in.

    Args:
        mask: booleans for the rows, or for the positions of a dense head.
        lead: the shape of the decisions.

    Returns:
        bool in the shape `lead`; `None` without a mask, or if it has more axes: it is
        of steps before a pooling, and tells nothing of the decisions.

    Raises:
        InputError: if the shapes do not fit each other.
    """
    if mask is None or np.ndim(mask) > len(lead):
        return None
    found = spread_over(np.asarray(mask).astype(bool), lead)
    if found is None:
        raise InputError(
            f"The mask of a model's output belongs to its {math.prod(lead)} decisions, "
            f"of shape {lead}. Received: a mask of shape {np.shape(mask)}. A layer "
            "that changes the length must change the mask: give it a compute_mask."
        )
    return found


def _without(weights: np.ndarray | None, out: np.ndarray | None) -> np.ndarray | None:
    """Return weights that are 0 where a position is out."""
    if out is None or not out.any():
        return weights
    if weights is None:
        return ~out
    if out.ndim < weights.ndim:
        out = out[:, None]
    elif out.ndim > weights.ndim:
        weights = weights[:, None]
    return np.where(out, weights.dtype.type(0), weights)


def _without_odd(targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return targets that say no where a label alone takes no part."""
    if weights.ndim == 1 or targets.dtype.kind not in "buif":
        return targets
    return np.where(weights > 0, targets, targets.dtype.type(0))


def _in_shape(part: Positions, own: tuple[int, ...]) -> np.ndarray:
    """Return the weights of a batch, one for each label where any batch has that."""
    shape = (len(part.targets), *own)
    weights = np.ones(shape, bool) if part.weights is None else part.weights
    return np.broadcast_to(
        weights if weights.ndim == len(shape) else weights[:, None], shape
    )


def _concatenated(parts: list[np.ndarray]) -> np.ndarray:
    try:
        return np.concatenate(parts)
    except ValueError:
        shapes = list(dict.fromkeys(part.shape[1:] for part in parts))
        raise InputError(
            "The batches of a dataset have targets of one kind: ids, or a number per "
            f"class. Received both: rows of shape {shapes}."
        ) from None
