"""Decisions on a batch -> the columns of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from keras_labels.cli._data import Batch, Source
from keras_labels.cli._deciders import Decided, Decider
from keras_labels.cli._errors import CommandError, explained
from keras_labels.errors import KerasLabelsError

Kind = Literal["text", "integer", "number"]
Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Column:
    """A column of the table: its name, what it holds, and whether in lists."""

    name: str
    kind: Kind
    many: bool = False


def columns_of(rules: Mapping[str, Any]) -> list[Column]:
    """Return the columns that decisions have.

    Args:
        rules: the decoding of each head, `""` if there is one without a name.
    """
    columns = [Column("file", "text"), Column("row", "integer")]
    for head, rule in rules.items():
        many = rule.head.task == "multilabel"
        columns += [
            Column(_of_head(head, "label"), "text", many),
            Column(_of_head(head, "class"), "integer", many),
            Column(_of_head(head, "probability"), "number", many),
        ]
    return columns


def decide_all(
    decider: Decider, sources: Sequence[Source], size: int | None = None
) -> Iterator[tuple[Columns, int]]:
    """Decide on data batch by batch.

    Args:
        decider: the model.
        sources: the data.
        size: rows of a batch; `None`: what fits the memory.

    Yields:
        The columns of a batch, and how many of its rows have NaN scores.

    Raises:
        CommandError: if data does not fit the model, naming the file.
    """
    rules = decider.rules
    for source in sources:
        for batch in source.batches(size):
            decided = _decided(decider, batch, source)
            yield as_columns(batch, decided, rules), count_invalid(decided, rules)


def _decided(decider: Decider, batch: Batch, source: Source) -> dict[str, Decided]:
    try:
        with explained("The model cannot take it"):
            return decider.decide(batch.x)
    except KerasLabelsError as error:
        raise CommandError(f"Cannot decide on '{source.path}': {error}") from error


def as_columns(
    batch: Batch, decided: Mapping[str, Decided], rules: Mapping[str, Any]
) -> Columns:
    """Return the decisions on a batch, a list for each column.

    Raises:
        CommandError: if a head decides more than once for a row.
    """
    table: Columns = {
        "file": [file for file, _ in batch.rows],
        "row": [number for _, number in batch.rows],
    }
    for head, rule in rules.items():
        classes, probabilities = decided[head].classes, decided[head].probabilities
        many = rule.head.task == "multilabel"
        _check_one_decision(head, classes, many)
        make = _labels_of_rows if many else _label_of_rows
        names = rule.class_names or [str(i) for i in range(rule.head.classes)]
        made = make(classes, probabilities, names)
        for word, values in zip(("label", "class", "probability"), made, strict=True):
            table[_of_head(head, word)] = values
    return table


def count_invalid(decided: Mapping[str, Decided], rules: Mapping[str, Any]) -> int:
    """Return how many rows have no class because their scores are NaN."""
    marked = [_invalid(decided[head], rule) for head, rule in rules.items()]
    return int(np.any(marked, axis=0).sum())


def _invalid(decided: Decided, rule: Any) -> Any:
    if decided.probabilities is not None:
        return np.isnan(decided.probabilities).any(axis=-1)
    if rule.reject_below is not None:  # -1 then has two meanings
        return np.zeros(len(decided.classes), bool)
    return (decided.classes < 0).reshape(len(decided.classes), -1).any(axis=1)


def _of_head(head: str, word: str) -> str:
    return f"{head}_{word}" if head else word


def _check_one_decision(head: str, classes: Any, many: bool) -> None:
    if classes.ndim != 1 + many:
        named = f"output '{head}' of this model" if head else "this model"
        raise CommandError(
            "The command writes one decision for each row of data, and "
            f"{named} gives one for each position: {classes.shape[1:]}. Use Python: "
            "labeled.predict_classes(x)."
        )


def _label_of_rows(
    classes: Any, probabilities: Any, names: Sequence[str]
) -> tuple[list[Any], ...]:
    ids = classes.tolist()
    labels = [names[i] if i >= 0 else None for i in ids]
    if probabilities is None:
        return labels, ids, [None] * len(ids)
    # Of a rejected row the best probability shows how far it was from a decision.
    taken = np.where(classes < 0, probabilities.argmax(axis=-1), classes)
    best = np.take_along_axis(probabilities, taken[:, None], axis=-1)[:, 0]
    return labels, ids, [_number(p) for p in best]


def _labels_of_rows(
    classes: Any, probabilities: Any, names: Sequence[str]
) -> tuple[list[Any], ...]:
    labels: list[Any] = []
    ids: list[Any] = []
    numbers: list[Any] = []
    for row, marks in enumerate(classes):
        rejected = bool((marks == -1).all())
        found = np.flatnonzero(marks == 1).tolist()
        labels.append(None if rejected else [names[i] for i in found])
        ids.append([-1] if rejected else found)
        known = probabilities is not None and not rejected
        numbers.append(
            [_number(probabilities[row, i]) for i in found] if known else None
        )
    return labels, ids, numbers


def _number(p: Any) -> float | None:
    # By its shortest text: 0.9 in float32 is 0.8999999761581421 in Python.
    return None if np.isnan(p) else float(str(np.float32(p)))
