"""A model and its decodings -> text that says what is decided, and why."""

from __future__ import annotations

import keras

from keras_labels.heads import output_names
from keras_labels.spec import (
    Decoding,
    Decodings,
    corrections_in_words,
    rules_in_words,
    shortened,
)


def explanation(model: keras.Model, decodings: Decodings) -> str:
    """Return what was detected, from what evidence, and which rule is applied."""
    if not isinstance(decodings, dict):
        return "\n".join([f"model: {model.name}", *_lines(decodings)])
    parts = [f"model: {model.name}"]
    for name in output_names(model) or ():
        lines = _lines(decodings[name]) if name in decodings else ["passes through"]
        parts += [f"output: {name}", *(f"  {line}" for line in lines)]
    return "\n".join(parts)


def _lines(rule: Decoding) -> list[str]:
    head = rule.head
    names = "none" if rule.class_names is None else shortened(rule.class_names)
    return [
        f"head: {head}, class axis {head.axis}",
        *(f"  because {sentence}" for sentence in head.evidence),
        f"classes: {head.classes}, names {names}",
        f"probabilities: {_probabilities(rule)}",
        *(f"correction: {text}" for text in corrections_in_words(rule)),
        *(f"rule: {text}" for text in rules_in_words(rule)),
    ]


def _probabilities(rule: Decoding) -> str:
    head = rule.head
    source = f"{head.activation}(scores)" if head.from_logits else "the scores"
    if rule.corrects:
        source += " after the corrections below"
    if head.task == "ordinal":
        return f"P(y > k) = {source}, one column per class: the differences"
    if head.task == "binary" and head.units == 1:
        return f"p = {source}, shown as two columns [1 - p, p]"
    return f"{source}, one column per class"
