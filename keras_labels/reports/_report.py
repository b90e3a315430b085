"""Probabilities, decisions and truth -> a report."""

from __future__ import annotations

import html
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from keras_labels.errors import InputError
from keras_labels.reports._checks import evaluation
from keras_labels.reports._evaluation import Evaluation
from keras_labels.reports._mistakes import surest_mistakes
from keras_labels.reports._numbers import numbers_of
from keras_labels.reports._page import html_of
from keras_labels.reports._rule import in_words
from keras_labels.reports._text import notes, text_of
from keras_labels.spec import Decoding

_VERSION = 1


@dataclass(frozen=True)
class Part:
    """The report of one head."""

    evaluation: Evaluation

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        e = self.evaluation
        return numbers_of(e) | {"mistakes": surest_mistakes(e)}

    def text(self, title: str) -> str:
        """Return it as text."""
        return text_of(self.evaluation, self.numbers, title)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        e = self.evaluation
        return {
            "task": e.decoding.head.task,
            "rows": len(e.probabilities),
            "positions": len(e.probabilities) + e.left_out,
            "class_names": list(e.names),
            "decoding": e.decoding.to_dict(),
            "rule": in_words(e.decoding, e.names),
            "notes": notes(e),
            **self.numbers,
        }


@dataclass(frozen=True, repr=False)
class Report:
    """What a model decides on labelled data: as text, as numbers, as a page.

    Args:
        title: of the report.
        parts: a part per head, `""` for one without a name.
    """

    title: str
    parts: Mapping[str, Part]

    @cached_property
    def text(self) -> str:
        """The report as plain text."""
        texts = []
        for name, part in self.parts.items():
            words = [word for word in (self.title, name) if word]
            texts.append(part.text(": ".join(words)))
        return "\n".join(texts)

    def to_dict(self) -> dict[str, Any]:
        """Return every number as plain data, ready for JSON.

        Of several heads `"heads"` holds one such dict per head.
        """
        start = {"version": _VERSION, "title": self.title}
        if "" in self.parts:
            return start | self.parts[""].to_dict()
        return start | {"heads": {n: part.to_dict() for n, part in self.parts.items()}}

    def to_html(self) -> str:
        """Return the page: one file that needs no network."""
        return html_of(self.parts, self.title)

    def save_html(self, path: str | Path) -> Path:
        """Write the page to a file; one that stands there is replaced whole.

        Returns:
            The path.

        Raises:
            MissingExtraError: if a package is missing, with the line that installs it.
            OSError: if it cannot be written; then nothing is left of it.
        """
        path = Path(path)
        if not path.parent.is_dir():
            raise FileNotFoundError(
                f"There is no folder '{path.parent}' to write '{path.name}' in."
            )
        _replace(path, self.to_html())
        return path

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return a frame with the page, for notebooks; it works offline."""
        page = html.escape(self.to_html(), quote=True)
        title = html.escape(self.title or "Report", quote=True)
        return (
            f'<iframe title="{title}" srcdoc="{page}" sandbox="allow-scripts" '
            'style="width: 100%; height: 46rem; border: 0"></iframe>'
        )


def report(
    y_true: Any,
    probabilities: Any,
    decided: Any,
    decoding: Decoding,
    *,
    plain: Any = None,
    rows: Any = None,
    costs: Any = None,
    bins: int = 15,
    title: str = "",
    note: str = "",
    sample_weight: Any = None,
    left_out: int = 0,
) -> Report:
    """Report what was decided, beside what is true.

    Args:
        y_true: ids `(n,)`; for labels bool `(n, labels)`.
        probabilities: float32 `(n, classes)` after calibration and prior, two columns
            for a binary head.
        decided: ids `(n,)`, for labels 0 and 1 `(n, labels)`; -1 where rejected.
        decoding: how it was decided.
        plain: probabilities without the calibration, to compare with.
        rows: number of each row, `(n,)`, or with its place in a dense head `(n, k)`;
            from 0 if left out.
        costs: `costs[i][j]` of deciding j where i is true; of labels a 2 by 2 matrix.
            Those of a multiclass decoding if left out (a binary one keeps only the
            threshold that they imply).
        bins: of reliability curves and calibration errors.
        title: of the report.
        note: a sentence that the reader must know, such as how rows were sampled.
        sample_weight: `(n,)`, how much each row counts, as in scikit-learn; 0 leaves it
            out. Of labels also `(n, labels)`.
        left_out: how many positions were left out before, to be told.

    Returns:
        A `Report`: `.text`, `.to_dict()`, `.save_html(path)`; a notebook shows the
        page.

    Raises:
        InputError: if the arrays do not fit the head or each other.
        MissingExtraError: if a package is missing, with the line that installs it.

    >>> import numpy as np
    >>> from keras_labels.spec import Head
    >>> spam = Decoding(Head("binary", 1, False), class_names=["ham", "spam"])
    >>> p = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]], "float32")
    >>> report([0, 1, 0], p, [0, 1, 1], spam).to_dict()["metrics"]["precision"]
    0.5
    """
    checked = evaluation(
        y_true,
        probabilities,
        decided,
        decoding,
        plain=plain,
        rows=rows,
        costs=costs,
        bins=bins,
        note=note,
        sample_weight=sample_weight,
        left_out=left_out,
    )
    part = Part(checked)
    _ = part.numbers  # what is missing is told here, and not at the first look
    return Report(title, {"": part})


def several(reports: Mapping[str, Report], *, title: str = "") -> Report:
    """Return the reports of several heads as one.

    Raises:
        InputError: if there are none, or one is of several heads itself.
    """
    if not reports or any(set(one.parts) != {""} for one in reports.values()):
        raise InputError(
            "`reports` holds a report of one head for each name. Received: "
            f"{ {name: list(one.parts) for name, one in reports.items()} }."
        )
    return Report(title, {name: one.parts[""] for name, one in reports.items()})


def _replace(path: Path, text: str) -> None:
    """Write a file beside its place and move it there."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".html")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        Path(beside).chmod(0o666 & ~umask)  # mkstemp gives a file to its owner alone
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
