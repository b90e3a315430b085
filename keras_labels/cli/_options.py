"""Options that commands share, and what their values mean."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_labels.cli._errors import CommandError, explained
from keras_labels.spec import read_names


class Task(str, Enum):
    """Tasks, as words of the command line."""

    binary = "binary"
    multiclass = "multiclass"
    multilabel = "multilabel"
    ordinal = "ordinal"


ClassNames = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Names of the classes in the order of their ids: a text file with one "
        "name on each line, or a .json file with a list, {id: name} or {name: id}.",
    ),
]
TaskOption = Annotated[
    Task | None,
    typer.Option(
        "--task",
        help="What the model decides; detected if left out, but for ordinal.",
    ),
]
FromLogits = Annotated[
    bool | None,
    typer.Option(
        "--from-logits/--from-probabilities",
        help="Whether the model gives logits, or probabilities; detected if left out.",
        show_default=False,
    ),
]
Thresholds = Annotated[
    list[str] | None,
    typer.Option(
        "--threshold",
        metavar="CUT",
        help="Cut on the probability: 0.3, one for each label as 0.3,0.5, or by name "
        "as cat=0.3. Can be given several times.",
    ),
]
RejectBelow = Annotated[
    float | None,
    typer.Option(
        metavar="P", help="A decision of less probability than this becomes -1."
    ),
]
Unsafe = Annotated[
    bool,
    typer.Option(
        "--unsafe",
        help="Also load a .keras file that holds Python code (a Lambda layer). Such a "
        "file can do anything on this computer: only for files that you trust.",
    ),
]
ModelFile = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="The .keras file.", show_default=False),
]
LabeledFile = Annotated[
    Path,
    typer.Argument(
        metavar="DATA", help="Rows with their true classes.", show_default=False
    ),
]
NewModel = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="PATH",
        help="The .keras file to write; one that stands there is replaced.",
    ),
]
Targets = Annotated[
    str,
    typer.Option(
        metavar="Y",
        help="Where the true classes are: the array or column of DATA, or an .npy file "
        "or a .csv file of one column.",
    ),
]
HeadName = Annotated[
    str | None,
    typer.Option(
        "--head",
        metavar="NAME",
        help="Of a model of several outputs, the one that the true classes are of.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Write what was found as JSON on stdout.")
]
Rescale = Annotated[
    bool, typer.Option("--rescale", help="Give images values from 0 to 1.")
]
ImageSize = Annotated[
    str | None,
    typer.Option(
        metavar="HxW", help="Size of images, for a model that takes any size."
    ),
]


@dataclass(frozen=True)
class Said:
    """What the command line says of a model beside its file; `None`: nothing."""

    class_names: Path | None = None
    task: Task | None = None
    from_logits: bool | None = None
    threshold: list[str] | None = None
    reject_below: float | None = None

    def head(self) -> dict[str, Any]:
        """Return what was said of the head, as keywords of `LabeledModel`."""
        task = None if self.task is None else self.task.value
        return without_none({"task": task, "from_logits": self.from_logits})

    def decision(self) -> dict[str, Any]:
        """Return what was said of the decision, as keywords of `LabeledModel`."""
        names, cuts = self.class_names, self.threshold
        return without_none(
            {
                "class_names": None if names is None else read_class_names(names),
                "threshold": thresholds(cuts) if cuts else None,
                "reject_below": self.reject_below,
            }
        )


def without_none(keywords: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords that were said."""
    return {name: value for name, value in keywords.items() if value is not None}


def read_class_names(path: Path) -> Any:
    """Read class names from a text file, one on each line, or from JSON.

    Raises:
        CommandError: if the file cannot be read.
    """
    with explained(f"Cannot read class names from '{path}'"):
        return read_names(path)


def thresholds(cuts: Sequence[str]) -> Any:
    """Turn the values of `--threshold` into what `LabeledModel` takes.

    Raises:
        CommandError: if one is not a number.

    >>> thresholds(["0.3"]), thresholds(["0.3,0.5"]), thresholds(["a=b=0.3"])
    (0.3, [0.3, 0.5], {'a=b': 0.3})
    """
    named = [cut.rpartition("=") for cut in cuts if "=" in cut]
    if named and len(named) < len(cuts):
        raise CommandError(
            "--threshold takes numbers or name=number, not both. "
            f"Received: {', '.join(cuts)}."
        )
    if named:
        return {name: _number(cut) for name, _, cut in named}
    numbers = [_number(part) for cut in cuts for part in cut.split(",")]
    return numbers[0] if len(numbers) == 1 else numbers


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise CommandError(
            f"--threshold takes numbers, as 0.3 or cat=0.3. Received: '{text}'."
        ) from None


def one_value_each(
    args: Sequence[str], option: str, choices: Collection[str]
) -> list[str]:
    """Repeat an option before each of the values that follow it.

    An option of click takes a fixed number of values. One whose values are a closed
    set can take any number: the first word that is none of them ends it.

    Args:
        args: a command line.
        option: such as `--outputs`.
        choices: the values that it takes, which may also stand in one word: `a,b`.

    >>> one_value_each(["--of", "a", "b", "file"], "--of", ["a", "b"])
    ['--of', 'a', '--of', 'b', 'file']
    """
    made: list[str] = []
    rest = list(args)
    while rest and rest[0] != "--":
        word = rest.pop(0)
        if word != option and not word.startswith(f"{option}="):
            made.append(word)
            continue
        # The first value is the option's, right or wrong: a typo is told as one.
        values = [word.partition("=")[2]] if word != option else rest[:1]
        del rest[: word == option]
        while rest and set(_parts(rest[0])) <= set(choices):
            values.append(rest.pop(0))
        for value in [part for one in values for part in _parts(one)]:
            made += [option, value]
        made += [option] if not values else []  # a missing value is told as well
    return made + rest


def _parts(value: str) -> list[str]:
    return [part for part in value.split(",") if part] or [value]
