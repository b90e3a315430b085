"""Models of every kind -> decisions on a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_labels.cli._backend import load_backend
from keras_labels.cli._data import Input
from keras_labels.cli._errors import CommandError, explained
from keras_labels.cli._models import (
    inputs_of,
    is_keras_file,
    load_labeled,
    require,
)
from keras_labels.cli._options import Said


@dataclass(frozen=True)
class Decided:
    """What one head decides on a batch.

    Args:
        classes: int32 `(rows,)`, for multilabel `(rows, labels)`; -1 where rejected.
        probabilities: float32 `(rows, classes)`, or `None` if the file gives none.
    """

    classes: Any
    probabilities: Any


@dataclass(frozen=True)
class Decider:
    """A model that decides.

    Args:
        inputs: what it takes; none if it does not say so.
        rules: the decoding of each head, `""` if there is one without a name.
        decide: what gives the decisions of each head on a batch.
    """

    inputs: tuple[Input, ...]
    rules: Mapping[str, Any]
    decide: Callable[[Any], dict[str, Decided]]


def open_decider(path: Path, said: Said, *, unsafe: bool = False) -> Decider:
    """Load a `.keras` or an exported file.

    Args:
        path: the file.
        said: what the command line says of a `.keras` file.
        unsafe: whether code in a `.keras` file may run.

    Raises:
        KerasLabelsError: if it cannot be loaded, or `said` does not fit.
    """
    require(path)
    if is_keras_file(path):
        return of_labeled(load_labeled(path, said, unsafe=unsafe))
    if said != Said():
        raise CommandError(
            f"'{path}' is an exported file, whose decisions are fixed. Options that "
            "change them are for .keras files: export again with them."
        )
    load_backend()
    from keras_labels.export import load_exported

    with explained(f"Cannot load '{path}'"):
        return of_exported(load_exported(path))


def of_labeled(labeled: Any) -> Decider:
    """Return what decides as a `LabeledModel`, in one pass for both arrays."""
    from keras_labels.decoder import DecodedModel
    from keras_labels.layers import DecodingLayer
    from keras_labels.prediction import predictor_of, refuse_improbable

    rules = _by_head(labeled.decoding)
    both = ("probabilities", "classes")
    layers: Any = {name: DecodingLayer(rule, both) for name, rule in rules.items()}
    several = isinstance(labeled.decoding, dict)
    decoder = DecodedModel(labeled.model, layers if several else layers[""], flat=False)
    predictor = predictor_of(decoder, rules)

    def decide(x: Any) -> dict[str, Decided]:
        made = predictor.predict(x)
        made = made if several else {"": made}
        for name, rule in rules.items():
            refuse_improbable(made[name]["probabilities"], rule)
        return {name: Decided(**made[name]) for name in rules}

    return Decider(inputs_of(labeled.model), rules, decide)


def of_exported(exported: Any) -> Decider:
    """Return what decides as an exported file."""
    inputs = tuple(Input(i.name, tuple(i.shape), i.dtype) for i in exported.inputs)
    rules = _by_head(exported.decoding)
    prefixes = {name: f"{name}_" if name else "" for name in rules}
    missing = [f"{p}classes" for p in prefixes.values()]
    missing = [name for name in missing if name not in exported.outputs]
    if missing:
        raise CommandError(
            f"The file must give {', '.join(missing)}. It gives "
            f"{', '.join(exported.outputs)}. Export it with --outputs classes "
            "probabilities."
        )

    def decide(x: Any) -> dict[str, Decided]:
        made = exported.predict(x)
        return {
            name: Decided(made[f"{prefix}classes"], made.get(f"{prefix}probabilities"))
            for name, prefix in prefixes.items()
        }

    return Decider(inputs, rules, decide)


def _by_head(decoding: Any) -> dict[str, Any]:
    return dict(decoding) if isinstance(decoding, dict) else {"": decoding}
