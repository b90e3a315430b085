"""In which dtype class ids are held and handed out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from keras_labels.errors import DecodingError
from keras_labels.spec import Decoding


def smallest_dtype(rules: Iterable[Decoding]) -> str:
    """Return the smallest signed dtype that holds the ids of all heads, and -1."""
    highest = max(_highest(rule) for rule in rules)
    return next(t for t in ("int8", "int16", "int32") if highest <= np.iinfo(t).max)


def check_dtype(dtype: Any, rule: Decoding, *, marks: bool) -> None:
    """Raise if a dtype does not hold the ids of a decoding.

    Args:
        dtype: as the user gave it.
        rule: the decoding.
        marks: whether rows with NaN become -1.

    Raises:
        DecodingError: saying which dtype does.
    """
    try:
        wanted = np.dtype(dtype)
    except TypeError:
        wanted = np.dtype("float32")
    highest = _highest(rule)
    if wanted.kind not in "iub":
        raise DecodingError(
            'Class ids have an integer dtype, or "bool" for 0 and 1. Received: '
            f"dtype={dtype!r}."
        )
    most = 1 if wanted.kind == "b" else np.iinfo(wanted).max
    if highest > most:
        raise DecodingError(
            f"`dtype` holds every class id, and {wanted.name} ends at {int(most)}, "
            f"while the ids go to {highest}. Pass dtype={smallest_dtype([rule])!r}."
        )
    if wanted.kind != "i" and (marks or rule.reject_below is not None):
        why = 'invalid="mark"' if marks else f"reject_below={rule.reject_below}"
        raise DecodingError(
            f"With {why} a class id may be -1, which {wanted.name} does not hold. "
            f"Pass dtype={smallest_dtype([rule])!r}."
        )


def in_dtype(ids: np.ndarray, dtype: Any) -> np.ndarray:
    """Return ids in a dtype that was checked, without a copy where the bits agree."""
    wanted = np.dtype(dtype)
    if wanted.kind != "i" and wanted.itemsize == ids.itemsize:
        return ids.view(wanted)  # none is negative
    return ids.astype(wanted, copy=False)


def _highest(rule: Decoding) -> int:
    return 1 if rule.head.task == "multilabel" else rule.head.classes - 1
