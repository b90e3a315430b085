"""Reports of heads -> one HTML page that needs no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from keras_labels.extras import imported
from keras_labels.reports._page_data import page_data
from keras_labels.reports._text import QUALITY, facts, notes, place

if TYPE_CHECKING:
    from keras_labels.reports._report import Part

_STYLES = ("vendor/uPlot.min.css", "page/page.css")
_SCRIPTS = (
    "vendor/uPlot.iife.min.js",
    "page/counts.js",
    "page/charts.js",
    "page/tables.js",
    "page/words.js",
    "page/page.js",
)
_MISTAKES = 15
_TILES = ("precision", "recall", "f1", "accuracy", "coverage", "cost")


def html_of(parts: Mapping[str, Part], title: str) -> str:
    """Return the page of one or several heads.

    Args:
        parts: a part per head, `""` for one without a name.
        title: of the page.
    """
    markup = imported("markupsafe", "report").Markup
    styles, scripts = ([_file(path) for path in paths] for paths in (_STYLES, _SCRIPTS))
    heads = [(part, _data(name, part)) for name, part in parts.items()]
    return str(
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title or "Report",
            policy=_policy(styles, scripts),
            styles=[markup(style) for style in styles],
            scripts=[markup(script) for script in scripts],
            data=markup(_json({"heads": [data for _, data in heads]})),
            heads=[_head(part, data) for part, data in heads],
        )
    )


def _json(data: Any) -> Any:
    # Escapes < > & ' and everything beyond ASCII: no name ends a script, or a line.
    return imported("jinja2.utils", "report").htmlsafe_json_dumps(
        data, separators=(",", ":"), allow_nan=False
    )


def _policy(styles: list[str], scripts: list[str]) -> str:
    """Return a policy that runs these scripts alone, and connects to nothing."""
    allowed = " ".join(map(_hash, scripts))
    styled = " ".join(map(_hash, styles))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {styled}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _file(path: str) -> str:
    folder = resources.files("keras_labels.reports")
    return folder.joinpath(path).read_text(encoding="utf-8")


@cache
def _environment() -> Any:
    jinja2 = imported("jinja2", "report")
    loader = jinja2.DictLoader({"page.html.j2": _file("page/page.html.j2")})
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined
    )


def _data(name: str, part: Part) -> dict[str, Any]:
    """Return what the scripts of a head compute with."""
    numbers = part.numbers
    data = page_data(part.evaluation)
    classes = numbers["per_class"]
    at = [1] if data["task"] == "binary" else range(len(classes))
    at = [q["class"] for q in data["questions"]] if data["task"] == "multiclass" else at
    areas = ("roc_auc", "average_precision")
    after = numbers["reliability"]["after"]
    before = numbers["reliability"]["before"] or [None] * len(after)
    return {
        "name": name,
        **data,
        "metrics": {key: numbers["metrics"].get(key) for key in _TILES},
        "areas": [{key: classes[k][key] for key in areas} for k in at],
        "reliability": [
            {"after": _points(now), "before": was and _points(was)}
            for now, was in zip(after, before, strict=True)
        ],
    }


def _points(curve: dict[str, Any]) -> dict[str, list[float]]:
    """Return the points of a curve, to the tenth of a pixel."""
    axes = ("confidence", "accuracy")
    return {axis: [round(value, 4) for value in curve[axis]] for axis in axes}


def _head(part: Part, data: dict[str, Any]) -> dict[str, Any]:
    """Return what the template of a head shows."""
    e = part.evaluation
    mean = "" if e.task == "binary" else " (mean)"
    titles = [f"Precision{mean}", f"Recall{mean}", f"F1{mean}", "Accuracy"]
    asked = enumerate(q["name"] for q in data["questions"])
    return {
        "name": data["name"],
        "task": e.task,
        "facts": facts(e),
        "notes": [*notes(e), *_limits(data)],
        "choices": [(one, k) for k, one in asked],
        "sign": "of at least this:" if e.decoding.inclusive else "above",
        "threshold_label": _threshold_label(data),
        "costed": e.task == "multiclass" and bool(data["costs"]),
        "costs": (0, 0) if e.task == "multiclass" else _prices(data["costs"]),
        "tiles": [
            {"key": key, "title": title}
            for key, title in zip(_TILES, [*titles, "Coverage", "Cost"], strict=True)
        ],
        "before": part.numbers["before"] is not None,
        "quality": list(_quality(part.numbers)),
        "mistakes": [
            one
            | {
                "row": place(one["row"]),
                "probability": f"{one['probability']:.4f}",
                "truth_probability": f"{one['truth_probability']:.4f}",
            }
            for one in part.numbers["mistakes"][:_MISTAKES]
        ],
        "text": part.text(""),
    }


def _quality(numbers: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Return title, number and the number before calibration, as text."""
    for key, title in QUALITY.items():
        before = numbers["before"]
        was = "" if before is None else f"{before[key]:.4f}"
        yield title, f"{numbers['metrics'][key]:.4f}", was


def _prices(costs: list[list[float]]) -> tuple[str, str]:
    return f"{costs[0][1]:g}", f"{costs[1][0]:g}"


def _threshold_label(data: dict[str, Any]) -> str:
    if data["task"] == "binary":
        return f"Threshold for “{data['names'][1]}”"
    return "Threshold of all labels" if data["shared"] else "Threshold of the label"


def _limits(data: dict[str, Any]) -> list[str]:
    said = []
    if data["shared"] and len(set(data["threshold"])) > 1:
        said.append(
            "min_labels or max_labels tie the labels together, so that the slider sets "
            "one threshold for all. The model's own differ by label: changes are "
            "counted from these."
        )
    if len(data["questions"]) < len(data["names"]) and data["task"] == "multiclass":
        said.append(
            f"Curves and histograms are of the {len(data['questions'])} most frequent "
            f"of {len(data['names'])} classes; all numbers are of all classes."
        )
    return said
