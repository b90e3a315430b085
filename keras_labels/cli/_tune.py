"""`keras-labels tune`."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import typer

from keras_labels.cli._counting import Counting, IgnoreClass, SampleWeight
from keras_labels.cli._improving import Job, improve
from keras_labels.cli._options import (
    AsJson,
    ClassNames,
    FromLogits,
    HeadName,
    ImageSize,
    LabeledFile,
    ModelFile,
    NewModel,
    Rescale,
    Said,
    Targets,
    TaskOption,
    Thresholds,
    Unsafe,
    without_none,
)

TUNE_HELP = """Choose thresholds, or the bound of rejection, on data with true classes.

MODEL is a .keras file, of a LabeledModel or of any other Keras classifier. A new file
with the same weights is written, which decides by what was found, and so does every
export of it. Use data that the model was not trained on.

The thresholds of a binary model or of labels are chosen: of all cuts that make a
difference the best. With --max-error or --coverage it is the probability below which a
decision is rejected, of any model.

\b
DATA is one of
  data.npz        an array y (or --targets NAME) beside the inputs
  data.csv, .tsv  with a header, and a column y (or --targets NAME)
  images/         a folder with a folder of images for each class, by its name
  x.npy, ...      whatever `predict` takes, with --targets y.npy or y.csv (one column)

The true classes are ids or names; arrays may be one-hot or multi-hot too. Several
labels of a row stand in one text with ; or | between them. Rows may have weights
(--sample-weight), and some may not count (--ignore-class, or a weight of 0).

\b
Examples:
  keras-labels tune spam.keras valid.csv -o tuned.keras
  keras-labels tune spam.keras valid.csv --metric precision --min-recall 0.95
      -o tuned.keras
  keras-labels tune tags.keras x.npy --targets y.npy --average micro -o tuned.keras
  keras-labels tune pets.keras images/ --max-error 0.01 -o careful.keras
"""


class Metric(str, Enum):
    """Metrics, as words of the command line."""

    f1 = "f1"
    fbeta = "fbeta"
    balanced_accuracy = "balanced_accuracy"
    youden_j = "youden_j"
    accuracy = "accuracy"
    precision = "precision"
    recall = "recall"
    cost = "cost"


class Average(str, Enum):
    """How labels go together, as words of the command line."""

    micro = "micro"
    macro = "macro"


def tune(
    model: ModelFile,
    data: LabeledFile,
    output: NewModel,
    metric: Annotated[
        Metric | None,
        typer.Option("--metric", help="What to make the most of; f1 if left out."),
    ] = None,
    beta: Annotated[
        float | None,
        typer.Option(metavar="B", help="Of fbeta: how often recall counts."),
    ] = None,
    min_recall: Annotated[
        float | None,
        typer.Option(metavar="R", help="Least share of positive rows to find."),
    ] = None,
    min_precision: Annotated[
        float | None,
        typer.Option(metavar="R", help="Least share of found rows that are positive."),
    ] = None,
    max_false_positive_rate: Annotated[
        float | None,
        typer.Option(metavar="R", help="Largest share of negative rows to find."),
    ] = None,
    false_positive_cost: Annotated[
        float | None,
        typer.Option(metavar="C", help="Of cost: that of a negative row found."),
    ] = None,
    false_negative_cost: Annotated[
        float | None,
        typer.Option(metavar="C", help="Of cost: that of a positive row missed."),
    ] = None,
    average: Annotated[
        Average | None,
        typer.Option(
            help="Of labels: the mean of their metrics (macro, if left out), or the "
            "metric of their summed counts."
        ),
    ] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="Give all labels one threshold.")
    ] = False,
    max_error: Annotated[
        float | None,
        typer.Option(
            metavar="R",
            help="Reject as few decisions as leave at most this share of wrong ones.",
        ),
    ] = None,
    coverage: Annotated[
        float | None,
        typer.Option(
            metavar="R", help="Reject the least sure decisions, but accept this share."
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
    rescale: Rescale = False,
    image_size: ImageSize = None,
    unsafe: Unsafe = False,
) -> None:
    """Choose thresholds, or the bound of rejection, on data with true classes."""
    goal = without_none({"max_error": max_error, "coverage": coverage})
    options = without_none(
        {
            "metric": metric and metric.value,
            "beta": beta,
            "min_recall": min_recall,
            "min_precision": min_precision,
            "max_false_positive_rate": max_false_positive_rate,
            "false_positive_cost": false_positive_cost,
            "false_negative_cost": false_negative_cost,
            "average": average and average.value,
            "shared": shared or None,
        }
    )
    _check_together(goal, options)
    said = Said(class_names, task, from_logits, threshold or None)
    counting = Counting(sample_weight, ignore_class or ())
    job = Job(
        model,
        data,
        output,
        targets,
        head,
        image_size,
        rescale,
        as_json,
        said,
        unsafe,
        counting,
    )

    def tuned(labeled: Any, rows: Any, **of_rows: Any) -> Any:
        search = labeled.tune_rejection if goal else labeled.tune_thresholds
        return search(rows, **of_rows, **(goal or options))

    improve(job, "tune", tuned)


def _check_together(goal: dict[str, float], options: dict[str, Any]) -> None:
    if len(goal) > 1:
        raise typer.BadParameter("Pass one of --max-error and --coverage, not both.")
    if goal and options:
        said = ", ".join(f"--{name.replace('_', '-')}" for name in options)
        bound = f"--{next(iter(goal)).replace('_', '-')}"
        raise typer.BadParameter(
            f"{said} of thresholds do not go with {bound} of a rejection. "
            "Tune the thresholds first, then the rejection of the file that it writes."
        )
