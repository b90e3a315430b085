"""Class names from whatever a user has at hand, as one checked tuple of strings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from keras_labels.errors import DecodingError
from keras_labels.spec._arguments import shortened
from keras_labels.spec._head import Head
from keras_labels.spec._name_carriers import (
    carried_names,
    has_rows,
    is_file,
    no_names,
    read_names,
)
from keras_labels.spec._name_maps import in_order


def as_class_names(source: Any) -> tuple[str, ...] | None:
    """Read class names from a list, a mapping or an object that carries them.

    Args:
        source: `None`; an iterable of strings in the order of the classes; a mapping
            `{id: name}` or `{name: id}`, whose ids may be text as in JSON and whose
            names lists as ImageNet's, `{"0": ["n01440764", "tench"]}`; the path of a
            .json or .txt file of these; or an object that carries names: a dataset of
            `image_dataset_from_directory`, an image generator, Keras' `StringLookup`
            (whose ids are those of the model's units, with one for "[UNK]" if it has
            one), a scikit-learn encoder that was fitted on one column, a pandas
            `Categorical`, its dtype or a `Series` of it, a `datasets.ClassLabel`.

    Returns:
        The names in the order of the class ids, or `None` if there are none.

    Raises:
        DecodingError: if a name is not a string, is empty or stands twice, if the ids
            have gaps, or if the object carries no names or the file none that is read.

    >>> as_class_names({"dog": 1, "cat": 0})
    ('cat', 'dog')
    """
    if source is None:
        return None
    if is_file(source):
        return as_class_names(_read(source))
    if isinstance(source, Mapping):
        return _checked(in_order(source))
    if isinstance(source, (str, bytes, set, frozenset)):
        raise DecodingError(
            "`class_names` takes the names in the order of the class ids, as a list, "
            f"a mapping or an object that carries them. Received: {source!r} "
            f"(type {type(source).__name__})."
        )
    if (carried := carried_names(source)) is not None:
        return as_class_names(carried)
    if has_rows(source) or not isinstance(source, Iterable):
        raise DecodingError(no_names(source))
    return _checked(tuple(source))


def class_names_of(source: Any, head: Head) -> tuple[str, ...] | None:
    """Read class names as `as_class_names` does, or raise if not one for each class."""
    names = as_class_names(source)
    if names is None or len(names) == head.classes:
        return names
    expected = {
        "binary": "two for a binary head, [negative, positive]",
        "multiclass": f"one per class, {head.classes} for this head",
        "multilabel": f"one per label, {head.classes} for this head",
        "ordinal": f"one more than units, {head.classes} for this head",
    }[head.task]
    raise DecodingError(
        f"`class_names` must hold {expected}. Received {len(names)}: "
        f"{shortened(names)}.{_of_lookup(names)}"
    )


def _of_lookup(names: tuple[str, ...]) -> str:
    """Say how the names of a StringLookup are had without its unknown one."""
    if "[UNK]" not in names:
        return ""
    return (
        ' "[UNK]" is the class of words that a StringLookup does not know. If the '
        "model has no unit for it, make the layer with num_oov_indices=0, or pass "
        "layer.get_vocabulary(include_special_tokens=False)."
    )


def _read(path: Any) -> Any:
    try:
        return read_names(path)
    except (OSError, ValueError) as error:
        raise DecodingError(
            f"`class_names` is read from the file '{path}', and cannot be: {error}."
        ) from error


def _checked(names: tuple[Any, ...]) -> tuple[str, ...]:
    for position, name in enumerate(names):
        if not isinstance(name, str):
            raise DecodingError(
                f"`class_names` must be strings: name {position} is {name!r} "
                f"(type {type(name).__name__}). Pass [{_as_string(name)} for name in "
                "names]."
            )
        if not name.strip():
            raise DecodingError(
                f"`class_names` must not be empty: name {position} is {str(name)!r}."
            )
        if "\0" in name or not _is_text(name):
            raise DecodingError(
                f"`class_names` must be text that files can hold: name {position} is "
                f"{name!r}, which has a character of code 0 or no UTF-8 form."
            )
    plain = tuple(str(name) for name in names)
    if len(set(plain)) < len(plain):
        twice = sorted(name for name, count in Counter(plain).items() if count > 1)
        raise DecodingError(
            "`class_names` must be unique, so that a label means one class. "
            f"These stand more than once: {shortened(twice)}."
        )
    return plain


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _as_string(name: Any) -> str:
    return "name.decode()" if isinstance(name, bytes) else "str(name)"
