"""A decoding -> the rule in words, with slots for what a reader may move.

A sentence is a list of texts and `Slot`s. The page fills the slots with what its
sliders show and Python with the decoding's own, so that the words stand here only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keras_labels.spec import Decoding, corrections_in_words


@dataclass(frozen=True)
class Slot:
    """A number that a reader may move: a threshold (of a label) or the bound."""

    kind: str
    label: int = 0


Sentence = list[str | Slot]


def rule_parts(decoding: Decoding, names: Sequence[str]) -> list[Sentence]:
    """Return the sentences of a rule; the last one is of the bound."""
    corrections: list[Sentence] = [
        [f"Probabilities {text}."] for text in corrections_in_words(decoding)
    ]
    return [
        *corrections,
        *_deciding(decoding, names),
        *_counting(decoding),
        _rejecting(decoding),
    ]


def in_words(decoding: Decoding, names: Sequence[str]) -> list[str]:
    """Return the sentences of a rule as it is."""
    *rules, bound = rule_parts(decoding, names)
    kept = rules if decoding.reject_below is None else [*rules, bound]
    return ["".join(_filled(part, decoding) for part in one) for one in kept]


def as_plain(sentence: Sentence) -> list[Any]:
    """Return a sentence for JSON: texts, and slots as `{kind, label}`."""
    return [
        {"kind": part.kind, "label": part.label} if isinstance(part, Slot) else part
        for part in sentence
    ]


def _deciding(decoding: Decoding, names: Sequence[str]) -> list[Sentence]:
    sign = "at least" if decoding.inclusive else "above"
    if decoding.head.task == "binary":
        no, yes = names
        cut = Slot("threshold")
        return [[f"“{yes}” if its probability is {sign} ", cut, f", else “{no}”."]]
    if decoding.head.task == "multiclass":
        lead = "most probable class"
        if decoding.costs is not None:
            lead = "class of the least expected cost"
        return [[f"The {lead}; ties go to the lowest class id."]]
    if decoding.head.task == "ordinal":
        pairs = zip(names[1:], decoding.threshold, strict=True)
        listed = ", ".join(f"“{name}” {cut:.6g}" for name, cut in pairs)
        lead = f"As many classes above “{names[0]}” as have a probability, with those "
        return [[f"{lead}higher than them, {sign} their threshold: {listed}."]]
    if len(set(decoding.threshold)) == 1 and ties_labels(decoding):
        shared: Sentence = [f"Every label whose probability is {sign} "]
        return [[*shared, Slot("threshold"), "."]]
    lead = f"Every label whose probability is {sign} its threshold: "
    sentence: Sentence = [lead]
    for number, name in enumerate(names):
        sentence += [", " if number else "", f"“{name}” ", Slot("threshold", number)]
    return [[*sentence, "."]]


def ties_labels(decoding: Decoding) -> bool:
    """Tell whether the decision on one label depends on the others."""
    few, many = decoding.min_labels, decoding.max_labels
    return few > 0 or (many is not None and many < decoding.head.units)


def _counting(decoding: Decoding) -> list[Sentence]:
    said: list[Sentence] = []
    if decoding.min_labels:
        said.append([f"At least {decoding.min_labels} per row: the best are added."])
    if decoding.max_labels is not None:
        said.append([f"At most {decoding.max_labels} per row: the best are kept."])
    return said


def _rejecting(decoding: Decoding) -> Sentence:
    lead = {
        "binary": "Undecided (-1) where the side decided for has a probability below ",
        "multiclass": "Undecided (-1) where the class has a probability below ",
        "ordinal": "Undecided (-1) where the class has a probability below ",
        "multilabel": "A label is undecided (-1) where its yes or no has a "
        "probability below ",
    }[decoding.head.task]
    return [lead, Slot("reject_below"), "."]


def _filled(part: str | Slot, decoding: Decoding) -> str:
    if isinstance(part, str):
        return part
    bound = decoding.reject_below
    value = bound if part.kind == "reject_below" else decoding.threshold[part.label]
    return f"{value:.6g}"
