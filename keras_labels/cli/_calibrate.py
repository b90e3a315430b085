"""`keras-labels calibrate`."""

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
)

CALIBRATE_HELP = """Fit probabilities that match frequencies, on data with true classes.

MODEL is a .keras file, of a LabeledModel or of any other Keras classifier. A new file
with the same weights is written, whose probabilities are calibrated, and so are those
of every export of it. Use data that the model was not trained on. Thresholds stay and
cut the new probabilities: tune them afterwards.

DATA is what `tune` takes: see keras-labels tune --help.

\b
Methods:
  temperature  one number (one for each label); keeps every argmax
  platt        a slope and an intercept, for binary models and for each label
  vector       a slope and an intercept for each of several exclusive classes
  isotonic     a table; needs a thousand rows or more

\b
Examples:
  keras-labels calibrate model.keras valid.npz -o calibrated.keras
  keras-labels calibrate pets.keras images/ --method vector -o calibrated.keras
  keras-labels calibrate spam.keras valid.csv --targets spam --method platt --json
      -o calibrated.keras
"""


class Method(str, Enum):
    """Methods, as words of the command line."""

    temperature = "temperature"
    platt = "platt"
    vector = "vector"
    isotonic = "isotonic"


def calibrate(
    model: ModelFile,
    data: LabeledFile,
    output: NewModel,
    method: Annotated[
        Method, typer.Option("--method", help="What is fitted.")
    ] = Method.temperature,
    bins: Annotated[
        int,
        typer.Option(min=1, metavar="N", help="Of the calibration errors shown."),
    ] = 15,
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
    """Fit probabilities that match frequencies, on data with true classes."""
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

    def calibrated(labeled: Any, rows: Any, **of_rows: Any) -> Any:
        return labeled.calibrate(rows, method=method.value, bins=bins, **of_rows)

    improve(job, "calibrate", calibrated)
