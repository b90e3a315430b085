"""`keras-labels export`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from keras_labels.cli._options import (
    ClassNames,
    FromLogits,
    RejectBelow,
    Said,
    TaskOption,
    Thresholds,
    Unsafe,
    one_value_each,
)

EXPORT_HELP = """Write a model with its decisions to a file for another runtime.

MODEL is a .keras file, of a LabeledModel or of any other Keras classifier. The file
that is written gives decisions in place of scores, and holds the class names and the
rule. It is run and compared with Keras before this command says that it is done.

\b
Formats, by the ending of -o if --format is left out:
  onnx             .onnx    ONNX Runtime
  litert           .tflite  LiteRT (TensorFlow Lite)
  openvino         .xml     OpenVINO
  torch            .pt2     torch.export
  tf_saved_model   folder   TensorFlow, TensorFlow Serving

\b
Examples:
  keras-labels export model.keras -o model.onnx
  keras-labels export model.keras --format onnx --outputs classes probabilities
      --class-names labels.txt -o model.onnx
  keras-labels export spam.keras --from-logits --threshold 0.9 -o spam.tflite
"""


class Format(str, Enum):
    """Formats, as words of the command line."""

    tf_saved_model = "tf_saved_model"
    onnx = "onnx"
    litert = "litert"
    openvino = "openvino"
    torch = "torch"


class Output(str, Enum):
    """Kinds of outputs, as words of the command line."""

    probabilities = "probabilities"
    classes = "classes"
    labels = "labels"
    scores = "scores"


class ExportCommand(TyperCommand):
    """Takes several values behind one `--outputs`."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        choices = [output.value for output in Output]
        return super().parse_args(ctx, one_value_each(args, "--outputs", choices))


def export(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL", help="The .keras file.", show_default=False),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="PATH", help="Where to write."),
    ],
    format: Annotated[
        Format | None,
        typer.Option("--format", help="The format; told by the ending of -o."),
    ] = None,
    outputs: Annotated[
        list[Output],
        typer.Option(
            "--outputs",
            help="What the file gives, in this order. Several follow one another: "
            "--outputs classes probabilities.",
        ),
    ] = [Output.probabilities, Output.classes],  # noqa: B006  typer copies it
    class_names: ClassNames = None,
    task: TaskOption = None,
    from_logits: FromLogits = None,
    threshold: Thresholds = None,
    reject_below: RejectBelow = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify/--no-verify",
            help="Run the written file and compare it with Keras.",
        ),
    ] = True,
    samples: Annotated[
        Path | None,
        typer.Option(
            "--samples",
            metavar="DATA",
            help="Rows to compare on, of any kind that `predict` takes; made up if "
            "left out. A subclassed model needs them.",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="How far probabilities of the file may lie from Keras'; 1e-5 if left "
            "out, and more for models that compute in 16 bits.",
        ),
    ] = None,
    no_preprocessing: Annotated[
        bool,
        typer.Option(
            "--no-preprocessing",
            help="Write the call alone of a model with a `predict` of its own, as a "
            "KerasHub task has; the file takes rows that are preprocessed already.",
        ),
    ] = False,
    unsafe: Unsafe = False,
) -> None:
    """Write a model with its decisions to a file for another runtime."""
    from keras_labels.cli._models import inputs_of, load_labeled
    from keras_labels.cli._progress import waiting
    from keras_labels.cli._sources import first_rows

    said = Said(class_names, task, from_logits, threshold or None, reject_below)
    with waiting(f"Exporting {model} ..."):
        labeled = load_labeled(model, said, unsafe=unsafe)
        rows = samples and first_rows(samples, inputs_of(labeled.model))
        report = labeled.export(
            output,
            format=None if format is None else format.value,
            outputs=tuple(kind.value for kind in outputs),
            samples=rows,
            verify=verify,
            tolerance=tolerance,
            preprocessing=False if no_preprocessing else None,
        )
    typer.echo(str(report))
