"""`keras-labels report`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_labels.cli._counting import Counting, IgnoreClass, SampleWeight
from keras_labels.cli._errors import CommandError, explained
from keras_labels.cli._options import (
    AsJson,
    ClassNames,
    FromLogits,
    HeadName,
    ImageSize,
    LabeledFile,
    ModelFile,
    RejectBelow,
    Rescale,
    Said,
    Targets,
    TaskOption,
    Thresholds,
    Unsafe,
)
from keras_labels.errors import KerasLabelsError, MissingExtraError

REPORT_HELP = """Show what a model decides on data with true classes.

MODEL is a .keras file, of a LabeledModel or of any other Keras classifier. With -o a
page is written that needs no network, with sliders for thresholds and rejection; else
the report is text on stdout. Use data that the model was not trained on.

DATA is what `tune` takes: see keras-labels tune --help.

With --fail-under the exit code is 1 if a score is lower than it should be, after the
report is written: f1, precision, recall (of a binary model those of class 1, else means
over classes), accuracy, coverage, roc_auc, average_precision, exact_match (of labels).
Of a model that rejects, the first four are of the decisions taken.

\b
Examples:
  keras-labels report model.keras valid.npz
  keras-labels report model.keras valid.npz -o report.html
  keras-labels report pets.keras images/ --json
  keras-labels report spam.keras valid.csv -o report.html --fail-under f1=0.9
"""

# Of which more is better.
_SCORES = (
    "f1",
    "precision",
    "recall",
    "accuracy",
    "coverage",
    "roc_auc",
    "average_precision",
    "exact_match",
)


def report(
    model: ModelFile,
    data: LabeledFile,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="PATH", help="The page to write."),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(help="Of the report; the names of both files if left out."),
    ] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-under",
            metavar="SCORE=X",
            help="Exit with 1 if a score is lower. Can be given several times.",
        ),
    ] = None,
    targets: Targets = "y",
    sample_weight: SampleWeight = None,
    ignore_class: IgnoreClass = None,
    head: HeadName = None,
    as_json: AsJson = False,
    class_names: ClassNames = None,
    task: TaskOption = None,
    from_logits: FromLogits = None,
    threshold: Thresholds = None,
    reject_below: RejectBelow = None,
    rescale: Rescale = False,
    image_size: ImageSize = None,
    unsafe: Unsafe = False,
) -> None:
    """Show what a model decides on data with true classes."""
    from keras_labels.cli._models import load_labeled
    from keras_labels.cli._sources import check_data

    least = least_scores(fail_under or [])
    _check_output(output)
    check_data([data])
    said = Said(class_names, task, from_logits, threshold or None, reject_below)
    labeled = load_labeled(model, said, unsafe=unsafe)
    rows = {
        "head": head,
        "size": image_size,
        "rescale": rescale,
        "counting": Counting(sample_weight, ignore_class or ()),
    }
    shown = f"{model.name} on {data.name}" if title is None else title
    made = _reported(labeled, data, targets, rows, shown)
    if output is not None:
        with explained(f"Cannot write '{output}'"):
            made.save_html(output)
    _show(made, output, as_json=as_json)
    _check_scores(made.to_dict()["metrics"], least)


def least_scores(said: Sequence[str]) -> dict[str, float]:
    """Read the values of `--fail-under`.

    Raises:
        BadParameter: if one is no score, or not a number.

    >>> least_scores(["f1=0.9", "recall=0.5"])
    {'f1': 0.9, 'recall': 0.5}
    """
    found = {}
    for text in said:
        name, _, number = text.partition("=")
        try:
            least = float(number)
        except ValueError:
            least = float("nan")
        if name not in _SCORES or not 0 <= least <= 1:
            raise typer.BadParameter(
                "--fail-under takes a score and a number from 0 to 1, as f1=0.9. The "
                f"scores are {', '.join(_SCORES)}. Received: '{text}'."
            )
        found[name] = least
    return found


def _check_output(path: Path | None) -> None:
    if path is None:
        return
    if path.suffix.lower() not in (".html", ".htm"):
        raise CommandError(
            f"A page is a file that ends in .html. Received: '{path}'. For numbers "
            "pass --json."
        )
    if path.is_dir() or not path.parent.is_dir():
        raise CommandError(f"There is no folder to write '{path}' in.")


def _reported(
    labeled: Any, data: Path, targets: str, options: dict[str, Any], title: str
) -> Any:
    """Run the model on the data, with a bar where a person waits for it."""
    from keras_labels.cli._improving import counted
    from keras_labels.cli._labeled_data import open_labeled, rule_of
    from keras_labels.cli._models import inputs_of
    from keras_labels.cli._progress import counting
    from keras_labels.cli._sources import as_size

    if options["size"] is not None:
        options = options | {"size": as_size(options["size"])}
    inputs = inputs_of(labeled.model)
    opened = open_labeled(data, inputs, labeled.decoding, targets, **options)
    rule = rule_of(labeled.decoding, options["head"])
    of_rows = {
        "head": options["head"],
        "ignore_class": options["counting"].ignored(rule),
    }
    with counting(opened.count, hidden=False) as advance:
        try:
            with explained(f"The model cannot take '{data}'"):
                return labeled.report(counted(opened, advance), title=title, **of_rows)
        except (CommandError, MissingExtraError):
            raise
        except KerasLabelsError as error:
            raise CommandError(f"Cannot report on '{data}': {error}") from error


def _show(made: Any, output: Path | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(made.to_dict(), indent=2, ensure_ascii=False))
    elif output is None:
        typer.echo(made.text, nl=False)
    else:
        typer.echo(f"Wrote '{output}'.")


def _check_scores(metrics: dict[str, Any], least: dict[str, float]) -> None:
    """Raise if a score is lower than it should be, or is not known."""
    if missing := [name for name in least if metrics.get(name) is None]:
        raise CommandError(
            f"The report has no {', '.join(missing)}: exact_match is of labels, and "
            "areas under curves need rows of both kinds."
        )
    low = [
        f"{name} is {metrics[name]:.4f}, under {bound:g}"
        for name, bound in least.items()
        if metrics[name] < bound
    ]
    if low:
        raise CommandError(f"{'; '.join(low)}.")
