"""A model and what the user said of it -> its decodings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from keras_labels.errors import DecodingError, HeadError
from keras_labels.heads import describe_outputs, output_names, resolve_head
from keras_labels.spec import Decoding, Decodings

_HEAD = ("task", "from_logits", "axis")
DECISION = (
    "class_names",
    "threshold",
    "inclusive",
    "reject_below",
    "min_labels",
    "max_labels",
    "calibration",
    "prior",
    "trained_prior",
    "costs",
)


def resolve(
    model: keras.Model,
    keywords: Mapping[str, Any],
    heads: Mapping[str, Any] | None,
    decoding: Decodings | None,
) -> Decodings:
    """Return the decoding of a model, or `{output name: Decoding}`.

    Args:
        model: the model.
        keywords: what the user said of the single head.
        heads: what the user said of each of several heads.
        decoding: everything said already.

    Raises:
        HeadError: if a head cannot be told.
        DecodingError: if what was said does not fit the model.
    """
    said = _said(keywords)
    ways = {"heads": heads, "decoding": decoding, **said}
    given = [name for name, value in ways.items() if value is not None]
    if len(given) > 1 and ("heads" in given or "decoding" in given):
        raise DecodingError(
            "`decoding` says everything, and `heads` says it for each output; neither "
            f"goes together with other keywords. Received: {given}. With `heads` say "
            'them of an output: heads={name: {"threshold": 0.3}}.'
        )
    if isinstance(decoding, Mapping):
        heads = decoding
    elif decoding is not None:
        return _whole(model, decoding)
    names = output_names(model)
    if heads is not None:
        return _several(model, names, heads)
    if names is not None:
        raise HeadError(_which_outputs(model))
    return _single(model, None, said)


def _said(keywords: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in keywords.items() if value is not None}


def _whole(model: keras.Model, decoding: Any) -> Decoding:
    if not isinstance(decoding, Decoding):
        raise DecodingError(
            "`decoding` is a Decoding, or a dict of them by output name. Received: "
            f"{decoding!r} (type {type(decoding).__name__})."
        )
    try:
        names = output_names(model)
    except HeadError:  # of a model that is not built the shape is not known yet
        return decoding
    if names is not None:
        raise HeadError(_which_outputs(model))
    return _with_units(model, None, decoding)


def _with_units(model: keras.Model, output: str | None, rule: Decoding) -> Decoding:
    """Return the decoding, or raise if the output has other units."""
    head = rule.head
    # Labels may be of any number: all that is read here is a shape.
    found = resolve_head(
        model, output, task="multilabel", from_logits=False, axis=head.axis
    )
    if found.units != head.units:
        raise HeadError(
            f"The decoding is for {head.units} units on axis {head.axis}, and "
            f"'{output or model.name}' has {found.units} there. Make one for this "
            "model: LabeledModel(model, class_names=..., threshold=...)."
        )
    return rule


def _single(
    model: keras.Model, output: str | None, said: Mapping[str, Any]
) -> Decoding:
    head = resolve_head(
        model, output, **{name: said[name] for name in _HEAD if name in said}
    )
    return Decoding(head, **{name: said[name] for name in DECISION if name in said})


def _several(
    model: keras.Model, names: tuple[str, ...] | None, heads: Mapping[str, Any]
) -> dict[str, Decoding]:
    if names is None:
        raise DecodingError(
            f"'{model.name}' has one output, so `heads` has nothing to name. Pass its "
            "keywords to LabeledModel directly."
        )
    if not isinstance(heads, Mapping):
        raise DecodingError(
            f"`heads` is a dict by output name: heads={{{names[0]!r}: {{...}}}}. "
            f"Received: {heads!r}."
        )
    unknown = [name for name in heads if name not in names]
    if unknown or not heads:
        raise DecodingError(
            f"`heads` names outputs of '{model.name}', which are {list(names)}. "
            f"Received: {unknown or dict(heads)}."
        )
    return {name: _said_of(model, name, heads[name]) for name in names if name in heads}


def _said_of(model: keras.Model, name: str, said: Any) -> Decoding:
    if isinstance(said, Decoding):
        return _with_units(model, name, said)
    known = (*_HEAD, *DECISION)
    if not isinstance(said, Mapping) or not set(said) <= set(known):
        raise DecodingError(
            f"`heads[{name!r}]` is a Decoding or a dict of the keywords "
            f"{', '.join(known)}. Received: {said!r}."
        )
    return _single(model, name, said)


def _which_outputs(model: keras.Model) -> str:
    known = describe_outputs(model)
    lines = [f"  {name}: {fact}" for name, fact in known.items()]
    first = next(iter(known))
    return (
        f"'{model.name}' has several outputs; say which of them are classifiers: "
        f"LabeledModel(model, heads={{{first!r}: {{...}}}}). Known of each:\n"
        + "\n".join(lines)
    )


def changed(decodings: Decodings, changes: Mapping[str, Any]) -> Decodings:
    """Return decodings with some decisions changed.

    Raises:
        DecodingError: if a change is unknown or does not fit.
    """
    if not isinstance(decodings, dict):
        return _replaced(decodings, changes)
    heads = changes.get("heads")
    if set(changes) - {"heads"} or not isinstance(heads, Mapping):
        raise DecodingError(
            "Of several heads say which to change: with_decoding(heads={"
            f"{next(iter(decodings))!r}: {{...}}}}). Received: {sorted(changes)}."
        )
    if unknown := [name for name in heads if name not in decodings]:
        raise DecodingError(
            f"The decoded outputs are {list(decodings)}. Received: {unknown}."
        )
    return {
        name: _replaced(rule, heads.get(name, {})) for name, rule in decodings.items()
    }


def resumed(
    saved: Decodings, keywords: Mapping[str, Any], heads: Mapping[str, Any] | None
) -> Decodings:
    """Return the decodings of a saved `LabeledModel`, with what is said changed.

    Args:
        saved: those in the file.
        keywords: as for `resolve`.
        heads: as for `resolve`.

    Raises:
        DecodingError: if a change does not fit, or the head was said to be another.
    """
    said = _said(keywords)
    if heads is not None:
        said["heads"] = heads
    if isinstance(saved, dict):
        return changed(saved, said) if said else saved
    for name in set(said) & {*_HEAD}:
        if said.pop(name) != getattr(saved.head, name):
            raise DecodingError(
                "The file holds a LabeledModel, which knows what the model emits: "
                f"{saved.head}, class axis {saved.head.axis}. Received: "
                f"{name}={keywords[name]!r}. Leave it out; if the file errs, make a "
                "new one of the model in it: "
                "LabeledModel(keras.saving.load_model(path).model, ...)."
            )
    return changed(saved, said)


def _replaced(rule: Decoding, changes: Mapping[str, Any]) -> Decoding:
    if not isinstance(changes, Mapping):
        raise DecodingError(
            "What to change of a head is a dict of its decisions; a whole Decoding of "
            f"each is passed as decoding={{name: Decoding}}. Received: {changes!r}."
        )
    if unknown := sorted(set(changes) - set(DECISION)):
        raise DecodingError(
            f"with_decoding changes {', '.join(DECISION)}. Received: {unknown}. What "
            "the model emits is a fact: say it when you make the LabeledModel."
        )
    return rule.replace(**changes)
