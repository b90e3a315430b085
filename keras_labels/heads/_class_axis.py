"""Which axis of the scores holds the classes: said over graph over loss."""

from __future__ import annotations

from keras_labels.errors import HeadError
from keras_labels.heads._outputs import Output
from keras_labels.heads._trace import Lost

UNKNOWN = "the graph does not show where the units are made"


def find_axis(output: Output, said: int | None, trusted: bool) -> int | None:
    """Return the class axis: -1 if it is the last one, else counted from the front.

    Args:
        output: what is known of the output.
        said: the axis that the user said.
        trusted: whether the user said all else, so that a row of scores is one.

    Returns:
        The axis, `None` if it cannot be told.
    """
    rank = len(output.shape)
    if rank < 2:
        raise HeadError(
            f"Scores have a row axis and a class axis. Received: output "
            f"'{output.name}' of shape {output.shape}. Keep the unit axis: (None, 1), "
            "as Dense(1) makes it."
        )
    if said is not None and (not -rank < said < rank or said == 0):
        raise HeadError(
            f"`axis` is an axis of the scores of '{output.name}', of shape "
            f"{output.shape}, and not axis 0, which holds the rows. Received: "
            f"axis={said}."
        )
    axis = _evidence(output, trusted) if said is None else said % rank
    return -1 if axis == rank - 1 else axis


def axis_of_loss(output: Output) -> int | None:
    """Return the axis over which the loss takes the classes, counted from the front.

    A binary loss has none: what its `axis` names is averaged.
    """
    rank, loss = len(output.shape), output.loss
    by_units = loss.family == "by units" and output.shape[-1] != 1
    if loss.axis is None or not (by_units or loss.family == "categorical"):
        return None
    return loss.axis % rank if -rank < loss.axis < rank and loss.axis else None


def axis_from_loss(output: Output) -> bool:
    """Whether nothing but the loss tells the class axis."""
    known = isinstance(output.axis, int) or len(output.shape) == 2
    return not known and axis_of_loss(output) is not None


def check_axis(output: Output) -> None:
    """Stop where the loss was taken over another axis than that of the units.

    Heads that point at a step are trained so; and Keras' files keep no axis of a sparse
    loss, so that -1 may be left of another.
    """
    loss, rank = output.loss, len(output.shape)
    other = axis_of_loss(output)
    loose = output.tail.kind in ("linear", "opaque", "other")
    if not loose or other is None or not isinstance(output.axis, int):
        return
    if other != output.axis:
        raise HeadError(
            f"Cannot tell which axis of '{output.tail.name}' holds the classes, of the "
            f"scores {output.shape}: its units are on axis {output.axis}, but the loss "
            f"'{loss.name}' is taken over axis {other}. Pass "
            f"axis={_named(output.axis, rank)} or axis={_named(other, rank)}."
        )


def missing_axis(output: Output) -> str:
    """Say why the class axis is not known, and what to pass."""
    why = output.axis.why if isinstance(output.axis, Lost) else UNKNOWN
    return (
        f"Cannot tell which axis of '{output.tail.name}' holds the classes, of the "
        f"scores {output.shape}: {why}. Pass {choices(output)}"
    )


def choices(output: Output) -> str:
    """Name the axes that the classes may be on."""
    rank = len(output.shape)
    return " or ".join(f"axis={_named(axis, rank)}" for axis in range(1, rank))


def _named(axis: int, rank: int) -> int:
    return -1 if axis == rank - 1 else axis


def _evidence(output: Output, trusted: bool) -> int | None:
    if isinstance(output.axis, int):
        return output.axis
    from_loss = axis_of_loss(output)
    if from_loss is not None and len(output.shape) > 2:
        return from_loss
    mixed = isinstance(output.axis, Lost) and output.axis.mixed and from_loss is None
    return 1 if len(output.shape) == 2 and (trusted or not mixed) else None
