"""`keras-labels inspect`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from keras_labels.spec import Decoding

INSPECT_HELP = """Show how a file decides: head, rule, thresholds, names, outputs.

FILE is a .keras file of a LabeledModel, or any file that `export` wrote. It is read and
not run: no runtime is started, and nothing in it is executed.

\b
Examples:
  keras-labels inspect model.onnx
  keras-labels inspect model.keras --json
"""


def inspect(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The file to read.", show_default=False),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON, with every field.")
    ] = False,
) -> None:
    """Show how a file decides: its head, rule, thresholds, names and outputs."""
    from keras_labels.cli._errors import explained
    from keras_labels.cli._models import require
    from keras_labels.export import read_contents

    require(file)
    with explained(f"Cannot read '{file}'"):
        contents = read_contents(file)
    if as_json:
        typer.echo(json.dumps(as_plain(file, contents), indent=2, ensure_ascii=False))
    else:
        _show(file, contents)


def as_plain(file: Path, contents: Any) -> dict[str, Any]:
    """Return what a file says of itself as plain data, ready for JSON."""
    from keras_labels.spec import plain

    return {
        "file": str(file),
        "format": contents.format,
        "inputs": [one._asdict() for one in contents.inputs],
        "outputs": list(contents.outputs),
        "decoding": plain(contents.decoding),
    }


def facts(rule: Decoding) -> list[tuple[str, str]]:
    """Return what there is to say of a decoding, as pairs of a word and a sentence."""
    from keras_labels.spec import corrections_in_words, rules_in_words

    head = rule.head
    emits = "logits" if head.from_logits else "probabilities"
    units = f"{head.units} unit" + ("" if head.units == 1 else "s")
    said = [("head", f"{head.task}, {units} of {emits}, class axis {head.axis}")]
    said += [("evidence", sentence) for sentence in head.evidence]
    said += [("correction", text) for text in corrections_in_words(rule)]
    said += [("rule", sentence) for sentence in rules_in_words(rule)]
    if rule.class_names is None:
        said.append(("names", f"none, for {head.classes} classes"))
    return said


def _show(file: Path, contents: Any) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    rules = contents.decoding
    said = [("file", str(file)), ("format", contents.format)]
    said += [("input", f"{i.name} {i.shape} {i.dtype}") for i in contents.inputs]
    if contents.outputs:
        said.append(("outputs", ", ".join(contents.outputs)))
    if not isinstance(rules, dict):
        console.print(_pairs([*said, *facts(rules)]))
        _show_classes(console, rules)
        return
    console.print(_pairs(said))
    for name, rule in rules.items():
        console.print(_pairs([("output", name), *facts(rule)]))
        _show_classes(console, rule)


def _show_classes(console: Any, rule: Decoding) -> None:
    if rule.class_names is not None or len(set(rule.threshold)) > 1:
        console.print(_classes(rule))


def _pairs(said: list[tuple[str, str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(min_width=12)
    table.add_column(overflow="fold")
    for word, sentence in said:
        table.add_row(word, Text(sentence))
    return table


def _classes(rule: Decoding) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("class", justify="right")
    table.add_column("name", overflow="fold")
    cuts: list[str] = [f"{cut:g}" for cut in rule.threshold]
    if cuts:
        table.add_column("threshold", justify="right")
        cuts = [""] * (rule.head.classes - len(cuts)) + cuts
    for number in range(rule.head.classes):
        name = "" if rule.class_names is None else rule.class_names[number]
        table.add_row(str(number), Text(name), *cuts[number : number + 1])
    return table
