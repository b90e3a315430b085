"""What the command line says of weights, and of classes that do not count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from keras_labels.cli._errors import CommandError

IGNORED = -(2**31)  # the id, which no class has, of text that is ignored
SampleWeight = Annotated[
    str | None,
    typer.Option(
        "--sample-weight",
        metavar="W",
        help="Where the weight of each row is, as for --targets; the array "
        "sample_weight of an .npz file if left out. A weight of 0 leaves a row out.",
    ),
]
IgnoreClass = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore-class",
        metavar="ID",
        help="Id or name in the true classes of what does not count, as -1, 255 or "
        "void; what the model's loss ignores if left out. Can be given several times.",
    ),
]


@dataclass(frozen=True)
class Counting:
    """What was said of weights, and of what is ignored.

    Args:
        sample_weight: a column, an array or a file; `None`: nothing.
        ignore_class: ids and names; `()`: nothing.
    """

    sample_weight: str | None = None
    ignore_class: Sequence[str] = ()

    def ignored(self, rule: Any) -> list[int] | None:
        """Return the ids that do not count, `None` if none is said."""
        if not self.ignore_class:
            return None
        names = list(rule.class_names or ())
        ids = [names.index(one) if one in names else one for one in self.ignore_class]
        return [IGNORED, *(int(one) for one in ids if _is_whole(one))]

    def check_numbers(self, rule: Any, where: str) -> None:
        """Raise if a name is that of no class, where true classes are numbers."""
        names = rule.class_names or ()
        odd = [one for one in self.ignore_class if not _is_whole(one)]
        if unknown := [one for one in odd if one not in names]:
            raise CommandError(
                f"--ignore-class '{unknown[0]}' is no class, and {where} holds "
                "numbers. Say the number that stands there."
            )


def _is_whole(value: int | str) -> bool:
    try:
        int(value)
    except ValueError:
        return False
    return True
