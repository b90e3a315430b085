"""Class names from whatever a user has at hand, as one checked tuple of strings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from keras_labels.errors import DecodingError
from keras_labels.spec._arguments import shortened

_CARRIERS = ("class_names", "class_indices", "classes_")


def as_class_names(source: Any) -> tuple[str, ...] | None:
    """Read class names from a list, a mapping or an object that carries them.

    Args:
        source: `None`, an iterable of strings in the order of the classes, a mapping
            `{id: name}` or `{name: id}`, or an object with `class_names` (a dataset of
            `image_dataset_from_directory`), `class_indices` (an image generator) or
            `classes_` (a scikit-learn encoder).

    Returns:
        The names in the order of the class ids, or `None` if there are none.

    Raises:
        DecodingError: if a name is not a string, is empty or stands twice, if the ids
            have gaps, or if the object carries no names.

    >>> as_class_names({"dog": 1, "cat": 0})
    ('cat', 'dog')
    """
    if source is None:
        return None
    if isinstance(source, Mapping):
        return _checked(_in_order(source))
    if isinstance(source, (str, bytes, set, frozenset)):
        raise DecodingError(
            "`class_names` takes the names in the order of the class ids, as a list, "
            f"a mapping or an object that carries them. Received: {source!r} "
            f"(type {type(source).__name__})."
        )
    for attribute in _CARRIERS:
        if (carried := getattr(source, attribute, None)) is not None:
            return as_class_names(carried)
    if _is_dataset(source) or not isinstance(source, Iterable):
        raise DecodingError(_no_names(source))
    return _checked(tuple(source))


def _is_dataset(source: Any) -> bool:
    return hasattr(source, "element_spec") or (
        hasattr(source, "__getitem__")
        and (hasattr(source, "batch_size") or hasattr(source, "num_batches"))
    )


def _no_names(source: Any) -> str:
    kind = type(source).__name__
    if _is_dataset(source):
        return (
            f"Cannot read class names from this {kind}: it has no `class_names`. Only "
            "the dataset that `image_dataset_from_directory` returned carries them; "
            "`map`, `batch`, `prefetch` and the like return a new dataset without. "
            "Read `dataset.class_names` first and pass that list."
        )
    return (
        f"Cannot read class names from this {kind}: it is neither a list nor a "
        f"mapping, and has none of the attributes {', '.join(_CARRIERS)}. "
        "Pass a list of strings in the order of the class ids."
    )


def _in_order(mapping: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Turn `{id: name}` or `{name: id}` into the names in the order of the ids."""
    pairs = [(_as_id(a), b) for a, b in mapping.items()]
    if any(i is None for i, _ in pairs):
        pairs = [(_as_id(b), a) for a, b in mapping.items()]
    ids = [i for i, _ in pairs]
    if any(i is None for i in ids) or sorted(ids) != list(range(len(ids))):  # type: ignore[type-var]
        raise DecodingError(
            "`class_names` as a mapping is {id: name} or {name: id} with the ids 0 to "
            f"{len(mapping) - 1}, each once. Received: {dict(mapping)!r}."
        )
    names = dict(pairs)
    return tuple(names[i] for i in range(len(names)))


def _as_id(value: Any) -> int | None:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return None
    return int(value)


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
