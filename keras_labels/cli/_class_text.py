"""Text that says the true class -> ids, or marks of labels."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from keras_labels import fitting
from keras_labels.cli._counting import IGNORED
from keras_labels.cli._errors import CommandError
from keras_labels.errors import InputError
from keras_labels.spec import Decoding, shortened


def as_ids(
    texts: Sequence[str], rule: Decoding, where: str, ignored: Collection[str] = ()
) -> Any:
    """Return an id for each text, or marks of labels.

    Text that consists of numbers is ids, unless all of it is class names. Labels stand
    in one text with `;` or `|` between them, but `|` may be a part of a class name.

    Args:
        texts: one for each row.
        rule: says the task and the class names.
        where: what the texts are, for errors.
        ignored: texts that need not be a class: their id, or mark, is `IGNORED`.

    Raises:
        CommandError: if one is missing, or is no class.
    """
    many = rule.head.task == "multilabel"
    distinct = [text for text in dict.fromkeys(texts) if text.strip() not in ignored]
    if not distinct:
        shape = (len(texts), rule.head.units) if many else (len(texts),)
        return np.full(shape, IGNORED)
    names = _names_in(distinct, rule)
    missing = {text for text, row in zip(distinct, names, strict=True) if not row}
    if missing and not many:
        raise CommandError(
            f"Each row has a true class: in {where}, {sum(t in missing for t in texts)}"
            f" of {len(texts)} are empty. Drop these rows, or pass --ignore-class ''."
        )
    try:
        made = _resolved(names if many else [row[0] for row in names], rule, where)
    except InputError as error:
        raise CommandError(f"Cannot use {where}: {error}") from error
    position = {text: at for at, text in enumerate(distinct)}
    places = [position.get(text, -1) for text in texts]
    if len(distinct) < len({*texts}):
        # A last row, which the place -1 takes.
        last = np.full((1, *made.shape[1:]), IGNORED)
        made = np.concatenate([made.astype("int64"), last])
    return made[places]


def has_header(
    texts: Sequence[str], rule: Decoding, ignored: Collection[str] = ()
) -> bool:
    """Tell whether the first text of a column is no class: no name and no number."""
    (first,) = _names_in(texts[:1], rule)
    known = {*first} <= {*(rule.class_names or ()), *ignored}
    return not known and not all(map(_is_number, first))


def _resolved(rows: list[Any], rule: Decoding, where: str) -> Any:
    """Return ids of names or of numbers, or marks of lists of them."""
    many = rule.head.task == "multilabel"
    said = {name for row in rows for name in row} if many else {*rows}
    names: Any = rule.class_names
    others = sorted(name for name in said if not _is_number(name))
    if not others and not (names and said <= {*names}):
        names = [str(number) for number in range(rule.head.classes)]
        rows = rows if many else [float(name) for name in rows]
    if names is None:
        raise CommandError(
            "The model has no class names, so it is not known which class is "
            f"{shortened(others, 3)} in {where}. Pass --class-names FILE, or ids."
        )
    # A row of its own for each text, so that the class axis is the last.
    last = Decoding(dataclasses.replace(rule.head, axis=-1), class_names=names)
    return fitting.as_targets(rows, last, (len(rows), rule.head.units))


def _names_in(texts: Sequence[str], rule: Decoding) -> list[list[str]]:
    r"""Return the names in each text; `predict` writes a semicolon in one as `\;`."""
    names = frozenset(rule.class_names or ())
    parts = [[text] for text in texts]
    if rule.head.task == "multilabel":
        bar = "" if any("|" in name for name in names) else "|"
        split = re.compile(rf"(?<!\\)[;{bar}]").split
        parts = [[part.replace("\\;", ";") for part in split(text)] for text in texts]
    cleaned = ([part if part in names else part.strip() for part in p] for p in parts)
    return [[name for name in row if name] for row in cleaned]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
