"""An evaluation and its numbers -> tables of plain text."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from keras_labels.extras import imported
from keras_labels.fitting import amount
from keras_labels.reports._evaluation import Evaluation
from keras_labels.reports._rule import in_words

_WIDTH = 88
_WIDEST_MATRIX = 12  # classes
_SHOWN = 10  # mistakes
QUALITY = {
    "log_loss": "log loss",
    "brier_score": "Brier score",
    "ece": "calibration error (ECE)",
}


def text_of(e: Evaluation, numbers: dict[str, Any], title: str) -> str:
    """Return the whole report of one head as text."""
    metrics = numbers["metrics"]
    parts: list[Any] = [f"{title}\n{facts(e)}" if title else facts(e)]
    parts += [*notes(e), *in_words(e.decoding, e.names)]
    parts += [_per_class(e, numbers), _confusion(e, numbers["confusion"])]
    parts += [_quality(numbers), _rejection(e, metrics)]
    parts += [_mistakes(numbers["mistakes"], e)]
    return rendered(parts)


def facts(e: Evaluation) -> str:
    """Return task, rows and classes in a line."""
    what = "labels" if e.task == "multilabel" else "classes"
    return (
        f"{e.decoding.head.task}, {len(e.probabilities):,} rows, {len(e.names)} {what}"
    )


def notes(e: Evaluation) -> list[str]:
    """Return what a reader must know of the numbers."""
    said = [e.note] if e.note else []
    rows = len(e.probabilities)
    what = "rows" if e.rows.ndim == 1 else "positions"
    if e.left_out:
        said.append(
            f"Of {rows + e.left_out:,} {what} {rows:,} count: the others weigh 0, are "
            "masked or are of an ignored class."
        )
    if e.weights is not None:
        said.append(f"All counts are sums of weights: {amount(e.total)} in all.")
    if e.in_doubt and e.decoding.head.task == "ordinal":
        said.append(
            f"The class probabilities of {e.in_doubt} of {rows} rows do not tell the "
            "decision: a unit is higher than one before it, or lies beside its cut."
        )
    elif e.in_doubt:
        said.append(
            f"{e.in_doubt} of {rows} rows lie so near a cut that their "
            "float32 probability does not tell the decision, which saw more digits."
        )
    return said


def rendered(parts: Iterable[Any]) -> str:
    """Render texts and tables as plain text, an empty line between them."""
    console_module = imported("rich.console", "report")
    console = console_module.Console(
        file=io.StringIO(),
        width=_WIDTH,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    for number, part in enumerate(part for part in parts if part is not None):
        if number:
            console.print()
        console.print(visible(part) if isinstance(part, str) else part)
    lines = console.file.getvalue().splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def visible(text: str) -> str:
    r"""Return a text whose control characters are seen, and move no cursor.

    >>> print(visible("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    return "".join(
        one.encode("unicode_escape").decode()
        if unicodedata.category(one) == "Cc" and one != "\n"
        else one
        for one in text
    )


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    """Return a table; a column whose name ends in a colon stands to the left."""
    box, rich_table = imported("rich.box", "report"), imported("rich.table", "report")
    made = rich_table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        left = name.endswith(":")
        made.add_column(
            name.removesuffix(":"), justify="left" if left else "right", overflow="fold"
        )
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    return imported("rich.console", "report").Group(title, made)


def _cell(value: Any) -> Any:
    shown = f"{value:.4f}" if isinstance(value, float) else value
    shown = f"{shown:,}" if isinstance(shown, int) else shown
    text = "-" if shown is None else visible(str(shown)).replace("\n", "\\n")
    return imported("rich.text", "report").Text(text)


def _per_class(e: Evaluation, numbers: dict[str, Any]) -> Any:
    labels = e.task == "multilabel"
    scores = ("precision", "recall", "f1", "support")
    rows = [[one["name"], *(one[s] for s in scores)] for one in numbers["per_class"]]
    if labels:
        rows = [
            [*row, f"{cut:.6g}"]
            for row, cut in zip(rows, e.decoding.threshold, strict=True)
        ]
    for name, values in numbers["averages"].items():
        rows.append([f"({name} average)", *values.values(), None, *[None] * labels])
    columns = ["label:" if labels else "class:", *scores, *["threshold"] * labels]
    return table("Decisions that were taken", columns, rows)


def _confusion(e: Evaluation, found: dict[str, Any]) -> Any:
    if e.task == "multilabel":
        rows = [
            [name, *matrix[1][::-1], *matrix[0][::-1], sum(rejected)]
            for name, matrix, rejected in zip(
                e.names, found["matrix"], found["rejected"], strict=True
            )
        ]
        columns = ["label:", "tp", "fn", "fp", "tn", "rejected"]
        return table("Confusion, label by label", columns, rows)
    if len(e.names) > _WIDEST_MATRIX:
        return _confusions(e, found["matrix"])
    rows = [
        [str(k), name, *counts, rejected]
        for k, (name, counts, rejected) in enumerate(
            zip(e.names, found["matrix"], found["rejected"], strict=True)
        )
    ]
    columns = ["id", "truth:", *map(str, range(len(e.names))), "rejected"]
    return table(
        "Confusion: a row per true class, a column per decision", columns, rows
    )


def _confusions(e: Evaluation, matrix: list[list[int]]) -> Any:
    pairs = [
        (count, e.names[i], e.names[j])
        for i, row in enumerate(matrix)
        for j, count in enumerate(row)
        if count and i != j
    ]
    most = sorted(pairs, key=lambda one: -one[0])[:_SHOWN]
    rows = [[truth, decided, count] for count, truth, decided in most]
    title = f"Most frequent confusions of {len(e.names)} classes"
    return table(title, ["truth:", "decided:", "rows"], rows)


def _quality(numbers: dict[str, Any]) -> Any:
    metrics, before = numbers["metrics"], numbers["before"]
    rows = [
        [shown, metrics[name], *([before[name]] if before else [])]
        for name, shown in QUALITY.items()
    ]
    rows += [
        [shown, metrics[name], *([None] if before else [])]
        for name, shown in (
            ("roc_auc", "ROC AUC"),
            ("average_precision", "average precision"),
        )
    ]
    columns = ["probabilities:", "value", *(["uncalibrated"] if before else [])]
    return table("Probabilities", columns, rows)


def _rejection(e: Evaluation, metrics: dict[str, Any]) -> Any:
    taken, of = e.weight_of(e.accepted), e.total
    rows: list[list[Any]] = [
        ["decisions taken", f"{amount(taken)} of {amount(of)}", metrics["coverage"]],
        ["right of these", "", metrics["accuracy"]],
        ["wrong of these", "", metrics["error"]],
    ]
    if "exact_match" in metrics:
        rows.append(["rows with all labels right", "", metrics["exact_match"]])
    if "mean_absolute_error" in metrics:
        apart = f"{metrics['mean_absolute_error']:.4f}"
        rows.append(["mean distance of these, in classes", apart, None])
    if "cost" in metrics:
        rows.append(["cost of these", f"{metrics['cost']:,.6g}", None])
    return table("Coverage", ["decisions:", "count", "share"], rows)


def _mistakes(found: list[dict[str, Any]], e: Evaluation) -> Any:
    if not found:
        return "No mistakes: every decision that was taken is right."
    label = ["label"] if e.task == "multilabel" else []
    keys = [*label, "decided", "probability", "truth", "truth_probability"]
    rows = [[place(one["row"]), *(one[key] for key in keys)] for one in found[:_SHOWN]]
    columns = ["row", *(f"{key}:" for key in label), "decided:", "probability"]
    return table("Most confident mistakes", [*columns, "truth:", "of the truth"], rows)


def place(row: int | list[int]) -> str:
    """Return the number of a row, with the place of a dense head behind it."""
    return ", ".join(map(str, row)) if isinstance(row, list) else str(row)
