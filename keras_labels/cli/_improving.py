"""What writes a model that was changed by data, and shows what was found."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from keras_labels.cli._counting import Counting
from keras_labels.cli._errors import CommandError, explained
from keras_labels.cli._options import Said
from keras_labels.errors import KerasLabelsError, MissingExtraError

if TYPE_CHECKING:
    from keras_labels.cli._labeled_data import Labeled


@dataclass(frozen=True)
class Job:
    """What the command line says of the files, and of how to show what was found."""

    model: Path
    data: Path
    output: Path
    targets: str
    head: str | None
    image_size: str | None
    rescale: bool
    as_json: bool
    said: Said
    unsafe: bool
    counting: Counting


def improve(job: Job, verb: str, change: Callable[..., Any]) -> None:
    """Write a model that was changed by data, and show what was found.

    Args:
        job: what to read and where to write.
        verb: what the command does, for its errors.
        change: gives the new `LabeledModel` of one and of batches (x, y) or (x, y,
            sample_weight), with the keywords `head` and `ignore_class`.

    Raises:
        KerasLabelsError: if it cannot be done; then no file is written.
    """
    from keras_labels.cli._labeled_data import rule_of
    from keras_labels.cli._models import load_labeled
    from keras_labels.cli._progress import counting
    from keras_labels.cli._sources import check_data

    _check_output(job.output)
    check_data([job.data])
    labeled = load_labeled(job.model, job.said, unsafe=job.unsafe)
    opened = _opened(job, labeled)
    rule = rule_of(labeled.decoding, job.head)
    options = {"head": job.head, "ignore_class": job.counting.ignored(rule)}
    with (
        counting(opened.count, hidden=False) as advance,
        _naming(job.data, verb),
    ):
        made = change(labeled, counted(opened, advance), **options)
    _save(made, job.output)
    if job.as_json:
        found = made.tuning.to_dict()
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        typer.echo(f"{made.tuning}\nWrote '{job.output}'.")


def _check_output(path: Path) -> None:
    if path.suffix != ".keras":
        raise CommandError(
            f"A model is written to a file that ends in .keras. Received: '{path}'. "
            "For another format write a .keras file, then export it."
        )
    if path.is_dir() or not path.parent.is_dir():
        raise CommandError(f"There is no folder to write '{path}' in.")


def _opened(job: Job, labeled: Any) -> Labeled:
    from keras_labels.cli._labeled_data import open_labeled
    from keras_labels.cli._models import inputs_of
    from keras_labels.cli._sources import as_size

    return open_labeled(
        job.data,
        inputs_of(labeled.model),
        labeled.decoding,
        job.targets,
        head=job.head,
        size=None if job.image_size is None else as_size(job.image_size),
        rescale=job.rescale,
        counting=job.counting,
    )


def counted(opened: Labeled, advance: Callable[[int], None]) -> Iterator[Any]:
    """Give the batches, and tell how many rows each has, when it is done."""
    for batch in opened.batches():
        yield batch
        advance(len(batch[1]))


@contextlib.contextmanager
def _naming(data: Path, verb: str) -> Iterator[None]:
    """Say in errors of the model or the search which data it was."""
    try:
        with explained(f"The model cannot take '{data}'"):
            yield
    except (CommandError, MissingExtraError):
        raise
    except KerasLabelsError as error:
        raise CommandError(f"Cannot {verb} on '{data}': {error}") from error


def _save(labeled: Any, path: Path) -> None:
    """Write a file beside, then in its place: no half of it is left."""
    with (
        explained(f"Cannot write '{path}'"),
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".keras-labels-") as work,
    ):
        file = Path(work) / path.name
        labeled.save(file)
        file.replace(path)
