"""One head from what is known of an output: said over activation over loss."""

from __future__ import annotations

from typing import NamedTuple

from keras_labels.errors import HeadError
from keras_labels.heads._class_axis import (
    axis_from_loss,
    axis_of_loss,
    check_axis,
    choices,
    find_axis,
    missing_axis,
)
from keras_labels.heads._outputs import Output
from keras_labels.spec import Head, Task


class Said(NamedTuple):
    """What the user said of a head; `None`: nothing."""

    task: Task | None = None
    from_logits: bool | None = None
    axis: int | None = None


def head_of(output: Output, said: Said) -> Head:
    """Decide one head, or raise a `HeadError` that names what would decide it."""
    if "int" in output.dtype and None in said[:2]:
        raise HeadError(
            f"'{output.tail.name}' gives {output.dtype}, so the model ends in "
            "decisions already, and not in scores. Take the model before that layer."
        )
    axis = _axis(output, said)
    units = 0 if axis is None else output.shape[axis]  # 0: not known yet
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
    task = said.task or (_task(output, units) if units else None)
    if task == "ordinal" and output.tail.kind == "softmax":
        raise HeadError(
            f"'{output.tail.name}' is a softmax, whose units are exclusive classes: "
            'task="ordinal" is of units that each give P(y > k), by a sigmoid. Pass '
            'task="multiclass", or train with K - 1 sigmoid units for K classes.'
        )
    from_logits = _from_logits(output, said, task, axis)
    if axis is None:
        raise HeadError(f"{missing_axis(output)}.")
    if said.axis is None:
        check_axis(output)
    if task is None:
        raise HeadError(
            f"Cannot tell the task of '{output.tail.name}': its {units} units are "
            f"exclusive classes or independent labels, and {output.loss.says}. "
            'Pass task="multiclass" or task="multilabel".'
        )
    return Head(task, units, from_logits, axis, _evidence(output, said))


def _axis(output: Output, said: Said) -> int | None:
    return find_axis(output, said.axis, None not in said[:2])


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


def _from_logits(
    output: Output, said: Said, task: Task | None, axis: int | None
) -> bool:
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
    also = "" if task else ', and task="multiclass" or task="multilabel"'
    also += "" if axis else f", and {choices(output)}"
    raise HeadError(
        f"Cannot tell whether '{tail.name}' emits logits or probabilities: {reason}. "
        f"Pass from_logits=True or from_logits=False{also}."
    )


def _evidence(output: Output, said: Said) -> tuple[str, ...]:
    """List what was used, in the order in which it was looked at."""
    found = []
    if None in said[:2]:
        found.append(output.tail.sentence)
        if output.loss.from_logits is not None:
            found.append(output.loss.says.removeprefix("the "))
    if said.axis is None and axis_from_loss(output):
        found.append(f"loss '{output.loss.name}' is over axis {output.loss.axis}")
    found += [
        f"said: {name}={value!r}"
        for name, value in said._asdict().items()
        if value is not None
    ]
    return tuple(found)


def contradictions(output: Output, said: Said) -> list[str]:
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
    if probabilities and said.from_logits:
        found.append(
            f"'{tail.name}' {tail.says}, and from_logits=True was said, so that "
            f"{tail.kind} is applied twice: a sigmoid then stays between 0.50 and "
            "0.73, a softmax over ten classes below 0.24. Leave from_logits out."
        )
    axis, of_loss = _axis(output, said), axis_of_loss(output)
    if tail.kind == "softmax" and said.axis is None and of_loss is not None:
        mine = of_loss if axis == -1 and of_loss == len(output.shape) - 1 else axis
        if mine != of_loss and not (loss.sparse and loss.axis == -1):
            found.append(
                f"'{tail.name}' {tail.says} over axis {axis}, but the loss "
                f"'{loss.name}' is taken over axis {loss.axis}. The activation wins. "
                f"Pass axis={axis} to say that this is meant."
            )
    several = tail.kind == "sigmoid" and axis is not None and output.shape[axis] != 1
    if several and loss.family in ("categorical", "by units") and said.task is None:
        found.append(
            f"'{tail.name}' {tail.says} over several units, but the loss '{loss.name}' "
            "is for exclusive classes. The activation wins: task is 'multilabel'. "
            'Pass task="multiclass" or task="multilabel" to say what is meant.'
        )
    return found
