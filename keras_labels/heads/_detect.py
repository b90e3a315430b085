"""What a model emits: explicit argument over final activation over compiled loss."""

from __future__ import annotations

import operator
import sys
import warnings
from typing import Any

from keras_labels.errors import HeadError, HeadWarning
from keras_labels.heads._losses import loss_of
from keras_labels.heads._outputs import Output, outputs_of
from keras_labels.heads._resolve import Said, contradictions, head_of
from keras_labels.spec import TASKS, Head, Task


def detect_head(
    model: Any,
    *,
    task: Task | None = None,
    from_logits: bool | None = None,
    axis: int | None = None,
) -> Head | dict[str, Head]:
    """Read what a model emits from its graph and its compiled loss.

    Args:
        model: a `keras.Model`.
        task: `"binary"`, `"multiclass"` or `"multilabel"`, over what is detected;
            `"ordinal"` is never detected.
        from_logits: whether the activation has still to be applied, over what is
            detected.
        axis: the class axis, over what is detected. With several outputs, what is said
            holds for each; `resolve_head` takes it for one.

    Returns:
        The `Head`; for a model of several outputs `{output name: Head}`.

    Raises:
        HeadError: if a head cannot be told. The message says what is known and which
            argument decides. With several outputs it lists all of them.
    """
    outputs = outputs_of(model)
    said = _checked(task, from_logits, axis)
    if not outputs.several:
        return _resolved(outputs.items[0], said)
    heads = {output.name: _head_or_error(output, said) for output in outputs.items}
    if any(isinstance(head, HeadError) for head in heads.values()):
        raise HeadError(_listing(model, heads))
    return {output.name: _resolved(output, said) for output in outputs.items}


def resolve_head(
    model: Any,
    output: str | None = None,
    *,
    task: Task | None = None,
    from_logits: bool | None = None,
    axis: int | None = None,
) -> Head:
    """Read what one output of a model emits.

    Args:
        model: a `keras.Model`.
        output: the name of the output (see `output_names`); `None` for the only one.
        task: as in `detect_head`.
        from_logits: as in `detect_head`.
        axis: as in `detect_head`.

    Returns:
        The `Head` of that output.

    Raises:
        HeadError: if there is no such output, or its head cannot be told.
    """
    outputs = outputs_of(model)
    said = _checked(task, from_logits, axis)
    if output is None and not outputs.several:
        return _resolved(outputs.items[0], said)
    for item in outputs.items if outputs.several else ():
        if item.name == output:
            return _resolved(item, said)
    names = [item.name for item in outputs.items]
    way_out = f"Pass one of {names}." if outputs.several else "Leave `output` out."
    count = f"{len(names)} outputs" if outputs.several else "one output"
    raise HeadError(
        f"'{model.name}' has {count}. Received: output={output!r}. {way_out}"
    )


def describe_outputs(model: Any) -> dict[str, Head | HeadError]:
    """Say what is known of each output, without raising for one that cannot be told.

    Args:
        model: a `keras.Model`.

    Returns:
        `{output name: Head}`, with the `HeadError` in place of a head that cannot be
        told. A single output stands under the name of its final layer.

    Raises:
        HeadError: if `model` is no Keras model, or its outputs are not known yet.
    """
    said = Said()
    return {
        output.name: _head_or_error(output, said) for output in outputs_of(model).items
    }


def ignored_class(model: Any, output: str | None = None) -> int | None:
    """Return the class id that the compiled loss ignores, `None` if it ignores none.

    Args:
        model: a `keras.Model`.
        output: the name of the output (see `output_names`); `None` for the only one.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> loss = keras.losses.SparseCategoricalCrossentropy(True, ignore_class=255)
    >>> model.compile(loss=loss)
    >>> ignored_class(model)
    255
    """
    if not getattr(model, "compiled", False):
        return None
    if output is None:
        return loss_of(model, None, 0, 1).ignore_class
    facts = {item.name: item.loss for item in outputs_of(model).items}
    return facts[output].ignore_class if output in facts else None


def output_names(model: Any) -> tuple[str, ...] | None:
    """Return the names by which the outputs of a model are addressed.

    Args:
        model: a `keras.Model`.

    Returns:
        The keys that `compile(loss={...})` takes: those of a dict of outputs, the names
        of the final layers for a list; `output_0`, ... for a list that a subclassed
        model returns. `None` if a call returns one bare tensor.

    Raises:
        HeadError: if `model` is no Keras model, or its outputs are not known yet.
    """
    outputs = outputs_of(model)
    return tuple(item.name for item in outputs.items) if outputs.several else None


def _head_or_error(output: Output, said: Said) -> Head | HeadError:
    try:
        return head_of(output, said)
    except HeadError as error:
        return error


def _resolved(output: Output, said: Said) -> Head:
    """Decide one head, and warn of what contradicts it."""
    head = head_of(output, said)
    for text in contradictions(output, said):
        warnings.warn(text, HeadWarning, stacklevel=_level_of_caller())
    return head


def _checked(task: Any, from_logits: Any, axis: Any) -> Said:
    if task is not None and task not in TASKS:
        raise HeadError(f"`task` is one of {TASKS}. Received: {task!r}.")
    if from_logits not in (None, True, False):
        raise HeadError(f"`from_logits` is True or False. Received: {from_logits!r}.")
    try:
        axis = None if axis is None else operator.index(axis)
    except TypeError:
        raise HeadError(f"`axis` is a whole number. Received: {axis!r}.") from None
    return Said(task, None if from_logits is None else bool(from_logits), axis)


def _listing(model: Any, heads: dict[str, Head | HeadError]) -> str:
    lines = [f"'{name}': {head}" for name, head in heads.items()]
    return (
        f"'{model.name}' has {len(heads)} outputs, and not every head can be told:\n  "
        + "\n  ".join(lines)
        + "\nSay what is missing for one output at a time: resolve_head(model, name, "
        "from_logits=..., task=...)."
    )


def _level_of_caller() -> int:
    """Stack level of the first caller outside this library and Keras."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None:
        root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if root not in ("keras_labels", "keras"):
            break
        level, frame = level + 1, frame.f_back
    return level
