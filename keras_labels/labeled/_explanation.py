"""A model and its decodings -> text that says what is decided, and why."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_labels.arguments import shortened
from keras_labels.decoding import Decoding, Decodings
from keras_labels.heads import output_names
from keras_labels.labeled._resolution import summary


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
        f"head: {summary(head)}, class axis {head.axis}",
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
    if head.task == "binary" and head.units == 1:
        return f"p = {source}, shown as two columns [1 - p, p]"
    return f"{source}, one column per class"


def corrections_in_words(rule: Decoding) -> list[str]:
    """Return what corrects the probabilities of a decoding, a sentence each."""
    texts = []
    if rule.calibration is not None:
        texts.append(f"calibrated by {rule.calibration.method}: {rule.calibration}")
    if rule.prior is not None:
        now, before = (_frequencies(p) for p in (rule.prior, rule.trained_prior))
        texts.append(f"for classes as frequent as {now}, not {before}")
    return texts


def _frequencies(prior: Sequence[float]) -> str:
    return shortened([float(f"{one:.3g}") for one in prior])


def rules_in_words(rule: Decoding) -> list[str]:
    """Return the rules of a decoding, a sentence each."""
    texts = [_first_rule(rule)]
    if rule.min_labels:
        texts.append(f"at least {rule.min_labels} label(s): the best are added")
    if rule.max_labels is not None:
        texts.append(f"at most {rule.max_labels} label(s): the best are kept")
    if rule.reject_below is not None:
        texts.append(f"-1 where the decided class has less than {rule.reject_below:g}")
    return texts


def _first_rule(rule: Decoding) -> str:
    head = rule.head
    if rule.costs is not None:
        return "the class of the least expected cost; ties go to the lowest id"
    if head.task == "multiclass":
        return "the class of the highest score; ties go to the lowest id"
    sign = ">=" if rule.inclusive else ">"
    cuts = sorted(set(rule.threshold))
    if head.task == "binary":
        positive = "1" if rule.class_names is None else f"1 ({rule.class_names[1]})"
        column = "p" if head.units == 1 else "p of column 1"
        return f"class {positive} if {column} {sign} {cuts[0]:g}, else 0"
    if len(cuts) == 1:
        return f"every label whose p {sign} {cuts[0]:g}"
    names = rule.class_names or range(head.units)
    pairs = [f"{n} {t:g}" for n, t in zip(names, rule.threshold, strict=True)]
    return f"every label whose p {sign} its threshold: {', '.join(pairs)}"
