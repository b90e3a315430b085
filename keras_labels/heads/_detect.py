"""What a model emits: explicit argument over final activation over compiled loss."""

from __future__ import annotations

import operator
import sys
import warnings
from typing import Any, NamedTuple

from keras_labels.decoding import TASKS, Head, Task
from keras_labels.errors import HeadError, HeadWarning
from keras_labels.heads._outputs import Output, outputs_of


class _Said(NamedTuple):
    task: Task | None
    from_logits: bool | None
    axis: int | None


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
        task: `"binary"`, `"multiclass"` or `"multilabel"`, over what is detected.
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
    said = _Said(None, None, None)
    return {
        output.name: _head_or_error(output, said) for output in outputs_of(model).items
    }


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


def _head_or_error(output: Output, said: _Said) -> Head | HeadError:
    try:
        return _head(output, said)
    except HeadError as error:
        return error


def _resolved(output: Output, said: _Said) -> Head:
    """Decide one head, and warn of what contradicts it."""
    head = _head(output, said)
    for text in _contradictions(output, said):
        warnings.warn(text, HeadWarning, stacklevel=_level_of_caller())
    return head


def _head(output: Output, said: _Said) -> Head:
    axis = _axis(output, said)
    units = output.shape[axis]
    if units is None:
        raise HeadError(
            f"The class axis of '{output.tail.name}' must have a known length. "
            f"Received: output shape {output.shape}, class axis {axis}. Fix the number "
            "of units, or pass axis= of the axis that holds the classes."
        )
    if units == 1 and output.tail.kind == "softmax" and None in said[:2]:
        raise HeadError(
            f"'{output.tail.name}' is a softmax over one unit, which is always 1.0: "
            "its scores hold no decision. Train it with two units or more, or with one "
            "sigmoid unit."
        )
    task = said.task or _task(output, units)
    from_logits = _from_logits(output, said, task)
    if task is None:
        raise HeadError(
            f"Cannot tell the task of '{output.tail.name}': its {units} units are "
            f"exclusive classes or independent labels, and {output.loss.says}. "
            'Pass task="multiclass" or task="multilabel".'
        )
    return Head(task, units, from_logits, axis, _evidence(output, said))


def _axis(output: Output, said: _Said) -> int:
    """Return the class axis: -1 if it is the last one, else counted from the front."""
    rank = len(output.shape)
    if rank < 2:
        raise HeadError(
            f"Scores have a row axis and a class axis. Received: output "
            f"'{output.name}' of shape {output.shape}. Keep the unit axis: (None, 1), "
            "as Dense(1) makes it."
        )
    axis = said.axis
    if axis is None:
        axis = rank - 1 if output.tail.axis is None else output.tail.axis
    if not -rank < axis < rank or axis == 0:
        raise HeadError(
            f"`axis` is an axis of the scores of '{output.name}', of shape "
            f"{output.shape}, and not axis 0, which holds the rows. Received: "
            f"axis={axis}."
        )
    axis %= rank
    return -1 if axis == rank - 1 else axis


def _task(output: Output, units: int) -> Task | None:
    """Tell the task from the final activation, else from the loss."""
    kind = output.tail.kind
    if kind == "softmax":
        return "multiclass"
    if kind != "sigmoid" and output.loss.family == "categorical":
        return "multiclass"
    if units == 1:
        return "binary"
    if kind == "sigmoid" or output.loss.family == "binary":
        return "multilabel"
    return "multiclass" if output.loss.family == "by units" else None


def _from_logits(output: Output, said: _Said, task: Task | None) -> bool:
    tail, loss = output.tail, output.loss
    if said.from_logits is not None:
        return said.from_logits
    if tail.kind in ("softmax", "sigmoid"):
        return False
    if tail.kind == "linear" and loss.from_logits:
        return True
    if tail.kind == "opaque" and loss.from_logits is not None:
        return loss.from_logits
    reason = f"it {tail.says}"
    if tail.kind == "linear":
        reason += f"{' and' if loss.from_logits is None else ', but'} {loss.says}"
    elif tail.kind == "opaque":
        reason += f" and {loss.says}"
    also = "" if task else ", and task="
    raise HeadError(
        f"Cannot tell whether '{tail.name}' emits logits or probabilities: {reason}. "
        f"Pass from_logits=True or from_logits=False{also}."
    )


def _contradictions(output: Output, said: _Said) -> list[str]:
    """Say where the loss contradicts the final activation, which wins."""
    tail, loss = output.tail, output.loss
    found = []
    probabilities = tail.kind in ("softmax", "sigmoid")
    if probabilities and loss.from_logits and said.from_logits is None:
        found.append(
            f"'{tail.name}' {tail.says}, but {loss.says}. The activation wins: the "
            "scores are read as probabilities. The jax and torch backends trained the "
            "activation applied twice: remove it, or compile with from_logits=False. "
            "Pass from_logits=False to say that this is meant."
        )
    several = tail.kind == "sigmoid" and output.shape[_axis(output, said)] != 1
    if several and loss.family in ("categorical", "by units") and said.task is None:
        found.append(
            f"'{tail.name}' {tail.says} over several units, but the loss '{loss.name}' "
            "is for exclusive classes. The activation wins: task is 'multilabel'. "
            'Pass task="multiclass" or task="multilabel" to say what is meant.'
        )
    return found


def _evidence(output: Output, said: _Said) -> tuple[str, ...]:
    """List what was used, in the order in which it was looked at."""
    found = []
    if None in said[:2]:
        found.append(output.tail.sentence)
        if output.loss.from_logits is not None:
            found.append(output.loss.says.removeprefix("the "))
    found += [
        f"said: {name}={value!r}"
        for name, value in said._asdict().items()
        if value is not None
    ]
    return tuple(found)


def _checked(task: Any, from_logits: Any, axis: Any) -> _Said:
    if task is not None and task not in TASKS:
        raise HeadError(f"`task` is one of {TASKS}. Received: {task!r}.")
    if from_logits not in (None, True, False):
        raise HeadError(f"`from_logits` is True or False. Received: {from_logits!r}.")
    try:
        axis = None if axis is None else operator.index(axis)
    except TypeError:
        raise HeadError(f"`axis` is a whole number. Received: {axis!r}.") from None
    return _Said(task, None if from_logits is None else bool(from_logits), axis)


def _listing(model: Any, heads: dict[str, Head | HeadError]) -> str:
    lines = [
        f"'{name}': {head if isinstance(head, HeadError) else _short(head)}"
        for name, head in heads.items()
    ]
    return (
        f"'{model.name}' has {len(heads)} outputs, and not every head can be told:\n  "
        + "\n  ".join(lines)
        + "\nSay what is missing for one output at a time: resolve_head(model, name, "
        "from_logits=..., task=...)."
    )


def _short(head: Head) -> str:
    return f"{head.task}, units={head.units}, from_logits={head.from_logits}"


def _level_of_caller() -> int:
    """Stack level of the first caller outside this library and Keras."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None:
        root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if root not in ("keras_labels", "keras"):
            break
        level, frame = level + 1, frame.f_back
    return level
