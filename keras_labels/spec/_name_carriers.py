"""Objects that carry class names: encoders, lookups, categories, files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_labels.errors import DecodingError

# Of datasets, image generators and scikit-learn's label encoders and classifiers.
ATTRIBUTES = ("class_names", "class_indices", "classes_")
_FILES = (".json", ".txt")


def carried_names(source: Any) -> Any:
    """Return the names, or a mapping of ids, that an object carries; `None`: none.

    Known by their attributes, so that no package is imported for them.
    """
    for attribute in ATTRIBUTES:
        if (carried := getattr(source, attribute, None)) is not None:
            return carried
    if callable(getattr(source, "get_vocabulary", None)):  # Keras' StringLookup
        return source.get_vocabulary()
    if hasattr(source, "categories_"):  # scikit-learn's OneHot- and OrdinalEncoder
        return _of_one_feature(source)
    if callable(getattr(source, "int2str", None)):  # ClassLabel of datasets and tfds
        return source.names
    # Those of an encoder that is not fitted only say what to fit.
    return None if hasattr(source, "fit") else _categories(source)


def _categories(source: Any) -> Any:
    for holder in (source, getattr(source, "dtype", None)):  # of pandas and polars
        if (categories := getattr(holder, "categories", None)) is not None:
            return categories
    return None


def is_file(source: Any) -> bool:
    """Tell whether class names are said by the path of a file."""
    if isinstance(source, str):
        return source.lower().endswith(_FILES)
    return isinstance(source, os.PathLike)


def read_names(path: Any) -> Any:
    """Read class names from a text file, one on each line, or from JSON.

    Raises:
        OSError: if there is no such file.
        ValueError: if it is not UTF-8, or no JSON.
    """
    path = Path(path)
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".json":
        return json.loads(text)
    # Not `splitlines`: a name may hold a form feed or a line separator.
    return text.rstrip("\r\n").replace("\r\n", "\n").split("\n")


def _of_one_feature(encoder: Any) -> tuple[Any, ...]:
    """Return the categories of an encoder of one column, in the order of its ids."""
    kind, features = type(encoder).__name__, list(encoder.categories_)
    if len(features) != 1:
        raise DecodingError(
            f"`class_names` takes a {kind} that was fitted on one column, that of the "
            f"classes. This one has {len(features)}: pass list(encoder.categories_[i])."
        )
    names = tuple(features[0])
    rare = getattr(encoder, "infrequent_categories_", None)
    dropped = getattr(encoder, "drop_idx_", None)
    dropped = None if dropped is None else dropped[0]
    if (rare is not None and rare[0] is not None) or (
        dropped is not None and len(names) > 2
    ):
        raise DecodingError(
            f"This {kind} has no column for some of its categories {names!r:.200}. "
            "Pass the names of the model's units as a list, in their order."
        )
    # Of two categories the column that is left is that of class 1.
    return names if dropped is None else (names[dropped], names[1 - dropped])


def has_rows(source: Any) -> bool:
    """Tell whether an object is a dataset, which is not to be read for names."""
    return hasattr(source, "element_spec") or (
        hasattr(source, "__getitem__")
        and (
            hasattr(source, "batch_size")
            or hasattr(source, "num_batches")
            or hasattr(source, "features")
        )
    )


def no_names(source: Any) -> str:
    """Say why an object gives no class names, and what would."""
    kind = type(source).__name__
    if hasattr(source, "features") and hasattr(source, "__getitem__"):
        return (
            f"Cannot read class names from this {kind}. Pass the feature of the "
            'classes, such as dataset.features["label"], or a list of strings.'
        )
    if has_rows(source):
        return (
            f"Cannot read class names from this {kind}: it has no `class_names`. Only "
            "the dataset that `image_dataset_from_directory` returned carries them; "
            "`map`, `batch`, `prefetch` and the like return a new dataset without. "
            "Read `dataset.class_names` first and pass that list."
        )
    if hasattr(source, "fit") and not isinstance(source, Iterable):
        return (
            f"Cannot read class names from this {kind}: it has none of the attributes "
            f"{', '.join((*ATTRIBUTES, 'categories_'))}. An encoder is fitted first."
        )
    return (
        f"Cannot read class names from this {kind}: it is neither a list nor a "
        f"mapping, and has none of the attributes {', '.join(ATTRIBUTES)}. "
        "Pass a list of strings in the order of the class ids."
    )
