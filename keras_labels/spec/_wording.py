"""A decoding in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_labels.spec._arguments import shortened

if TYPE_CHECKING:
    from keras_labels.spec._decoding import Decoding


def in_words(rule: Decoding) -> str:
    """Return a decoding in one line: the head, the names, what corrects, the rules."""
    names = [] if rule.class_names is None else [f"names {shortened(rule.class_names)}"]
    texts = [str(rule.head), *names, *corrections_in_words(rule), *rules_in_words(rule)]
    return "; ".join(texts)


def corrections_in_words(rule: Decoding) -> list[str]:
    """Return what corrects the probabilities of a decoding, a sentence each."""
    texts = []
    if rule.calibration is not None:
        texts.append(f"calibrated by {rule.calibration.method}: {rule.calibration}")
    if rule.prior is not None:
        now, before = (_frequencies(p) for p in (rule.prior, rule.trained_prior))
        texts.append(f"corrected for classes as frequent as {now}, not {before}")
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
        what = "corrected probability" if rule.corrects else "score"
        return f"the class of the highest {what}; ties go to the lowest id"
    sign = ">=" if rule.inclusive else ">"
    cuts = sorted(set(rule.threshold))
    if head.task == "binary":
        positive = "1" if rule.class_names is None else f"1 ({rule.class_names[1]})"
        column = "p" if head.units == 1 else "p of column 1"
        return f"class {positive} if {column} {sign} {cuts[0]:g}, else 0"
    if head.task == "ordinal":
        return _ordered(rule, sign, cuts)
    if len(cuts) == 1:
        return f"every label whose p {sign} {cuts[0]:g}"
    names = rule.class_names or range(head.units)
    pairs = [f"{n} {t:g}" for n, t in zip(names, rule.threshold, strict=True)]
    return f"every label whose p {sign} its threshold: {', '.join(pairs)}"


def _ordered(rule: Decoding, sign: str, cuts: list[float]) -> str:
    """Say how many cuts are passed; a cut is named by the class above it."""
    passed = f"p {sign} {cuts[0]:g}"
    if len(cuts) > 1:
        names = rule.class_names or range(rule.head.classes)
        pairs = zip(names[1:], rule.threshold, strict=True)
        listed = ", ".join(f"{name} {cut:g}" for name, cut in pairs)
        passed = f"p {sign} its threshold: {listed}"
    return f"the class whose id is the number of units with {passed}"
