"""What a compiled loss says about the scores it was given."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from keras import losses, ops

from keras_labels.heads._graph import is_keras_own

Family = Literal["binary", "categorical", "by units"]


class LossFact(NamedTuple):
    """What one loss says; `None` where it says nothing."""

    name: str | None = None  # None: there is no loss
    from_logits: bool | None = None
    family: Family | None = None
    compiled: bool = True
    ignore_class: int | None = None
    axis: int | None = None  # over which the classes are taken
    sparse: bool = False
    of_call: bool = True  # False: the scores are made of what the loss was given

    @property
    def says(self) -> str:
        """What there is to say of this loss, as half a sentence."""
        if not self.compiled:
            return "the model is not compiled (compile=False?)"
        if self.name is None:
            return "no loss is compiled for it"
        if not self.of_call:
            return f"the loss '{self.name}' is of what `call` gives"
        if self.from_logits is None:
            return f"the loss '{self.name}' does not say"
        return f"the loss '{self.name}' says from_logits={self.from_logits}"


# Every other loss (hinge, mse, kl_divergence, poisson, dice, ...) tells neither.
_CLASSES: dict[type, Family] = {
    losses.BinaryCrossentropy: "binary",
    losses.BinaryFocalCrossentropy: "binary",
    losses.CategoricalCrossentropy: "categorical",
    losses.CategoricalFocalCrossentropy: "categorical",
    losses.SparseCategoricalCrossentropy: "categorical",
}
_FUNCTIONS: dict[int, Family] = {
    id(losses.binary_crossentropy): "binary",
    id(losses.binary_focal_crossentropy): "binary",
    id(losses.categorical_crossentropy): "categorical",
    id(losses.categorical_focal_crossentropy): "categorical",
    id(losses.sparse_categorical_crossentropy): "categorical",
    id(ops.binary_crossentropy): "binary",
    id(ops.categorical_crossentropy): "categorical",
    id(ops.sparse_categorical_crossentropy): "categorical",
}


def loss_of(model: Any, key: str | None, position: int, count: int) -> LossFact:
    """Read the loss of one output, by its name or its place among the outputs."""
    if not getattr(model, "compiled", False):
        return LossFact(compiled=False)
    loss = getattr(model, "loss", None)
    if isinstance(loss, Mapping) and not _is_config(loss):
        only = count == len(loss) == 1
        return read_loss(next(iter(loss.values())) if only else loss.get(key))
    if isinstance(loss, (list, tuple)):
        return read_loss(loss[position] if len(loss) == count else None)
    return read_loss(loss)


def read_loss(loss: Any) -> LossFact:
    """Read one loss: a name, a config, a function, a partial or an object."""
    if loss is None:
        return LossFact()
    if isinstance(loss, str) and loss.lower() in ("crossentropy", "ce"):
        return LossFact(loss, from_logits=False, family="by units", axis=-1)
    name = _name(loss)
    if isinstance(loss, (str, type)) or _is_config(loss):
        try:
            loss = losses.get(loss)
        except (TypeError, ValueError):  # a name or class that Keras cannot make
            return LossFact(name)
    if isinstance(loss, functools.partial):
        fact = read_loss(loss.func)
        said = loss.keywords.get("from_logits", fact.from_logits)
        return fact._replace(
            from_logits=said if fact.family else None,
            axis=_axis(loss.keywords.get("axis", fact.axis)),
            ignore_class=loss.keywords.get("ignore_class", fact.ignore_class),
        )
    if isinstance(loss, losses.Loss):
        return _read_object(loss, name)
    family = _FUNCTIONS.get(id(loss))
    return LossFact(
        name,
        False if family else None,
        family,
        axis=-1 if family == "categorical" else None,
        sparse=family is not None and name.startswith("sparse"),
    )


def _read_object(loss: Any, name: str) -> LossFact:
    known = (_CLASSES[cls] for cls in type(loss).__mro__ if cls in _CLASSES)
    family = next(known, None) if is_keras_own(loss) else None
    said = bool(loss.from_logits) if family else None
    ignored: Any = getattr(loss, "ignore_class", None)
    whole = isinstance(ignored, numbers.Integral)
    return LossFact(
        name,
        said,
        family,
        ignore_class=int(ignored) if whole else None,
        axis=_axis(_argument(loss, "axis", -1)) if family == "categorical" else None,
        sparse=isinstance(loss, losses.SparseCategoricalCrossentropy),
    )


def _argument(loss: Any, name: str, default: Any) -> Any:
    """Read an argument of a loss: one that sparse losses keep is no attribute."""
    held = getattr(loss, "_fn_kwargs", {})
    return getattr(loss, name, held.get(name, default))


def _axis(axis: Any) -> int | None:
    return int(axis) if isinstance(axis, numbers.Integral) else None


def _is_config(loss: Any) -> bool:
    return isinstance(loss, Mapping) and "class_name" in loss


def _name(loss: Any) -> str:
    if isinstance(loss, str):
        return loss
    if _is_config(loss):
        return str(loss["class_name"])
    known = getattr(loss, "name", None) or getattr(loss, "__name__", None)
    return str(known or type(loss).__name__)
