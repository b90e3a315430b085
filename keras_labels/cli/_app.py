"""The commands, and what happens to their errors."""

from __future__ import annotations

import errno
import warnings
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from keras_labels.cli._backend import silence
from keras_labels.cli._calibrate import CALIBRATE_HELP, calibrate
from keras_labels.cli._errors import message_of
from keras_labels.cli._export import EXPORT_HELP, ExportCommand, export
from keras_labels.cli._inspect import INSPECT_HELP, inspect
from keras_labels.cli._predict import PREDICT_HELP, predict
from keras_labels.cli._report import REPORT_HELP, report
from keras_labels.cli._tune import TUNE_HELP, tune
from keras_labels.errors import KerasLabelsError

_HELP = """Decisions of trained Keras classifiers, from the command line.

A classifier gives scores. Which class that means (the activation, the threshold, the
names) is a part of the model file here: `tune` and `calibrate` choose it on data with
true classes, `report` shows what it does there, `export` writes it into a file for
another runtime, `inspect` shows it, `predict` applies it to data.

\b
Examples:
  keras-labels export model.keras --class-names labels.txt -o model.onnx
  keras-labels inspect model.onnx
  keras-labels predict model.onnx images/ -o decisions.csv
  keras-labels tune model.keras valid.csv --min-recall 0.95 --metric precision
      -o tuned.keras
  keras-labels calibrate model.keras valid.csv -o calibrated.keras
  keras-labels report model.keras valid.csv -o report.html

The exit code is 0 if all was done, 1 after a mistake in the files or the data (one line
on stderr says which), 2 if the command line itself is wrong.
"""


_VERBOSE = "--verbose"


class _Group(TyperGroup):
    """Shows a mistake of the user as one line, and exits with 1."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Take `--verbose` behind the name of a command too."""
        options = args[: args.index("--")] if "--" in args else args
        if _VERBOSE in options:
            args.remove(_VERBOSE)
            args.insert(0, _VERBOSE)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except (KerasLabelsError, OSError) as error:
                if isinstance(error, OSError) and error.errno == errno.EPIPE:
                    raise  # of `keras-labels ... | head`, which typer ends quietly
                typer.echo(f"keras-labels: {message_of(error)}", err=True)
                raise typer.Exit(1) from error


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    text = message_of(message) if isinstance(message, Warning) else message
    typer.echo(f"keras-labels: warning: {text}", err=True)


# Plain help: markup would read "keras-labels[cli]" as a style, and joins the examples.
app = typer.Typer(
    cls=_Group,
    help=_HELP,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("export", cls=ExportCommand, help=EXPORT_HELP)(export)
app.command("inspect", help=INSPECT_HELP)(inspect)
app.command("predict", help=PREDICT_HELP)(predict)
app.command("report", help=REPORT_HELP)(report)
app.command("tune", help=TUNE_HELP)(tune)
app.command("calibrate", help=CALIBRATE_HELP)(calibrate)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"keras-labels {metadata.version('keras-labels')}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option(_VERBOSE, help="Show what the backend logs, too.")
    ] = False,
) -> None:
    """Hold the options of every command."""
    del version
    if not verbose:
        silence()
