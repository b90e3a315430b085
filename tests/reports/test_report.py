"""A report as an object: its text, its dictionary, its file."""

import json
import sys

import numpy as np
import pytest

from keras_labels import Decoding
from keras_labels.errors import DecodingError, InputError, MissingExtraError
from keras_labels.reports import report, several
from keras_labels.spec import Head

KEYS = [
    "version",
    "title",
    "task",
    "rows",
    "positions",
    "class_names",
    "decoding",
    "rule",
    "notes",
    "metrics",
    "averages",
    "per_class",
    "confusion",
    "before",
    "reliability",
    "mistakes",
]


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_dictionary_is_json_with_stable_keys(case, task):
    found = case(task, reject_below=0.6, title="A").report.to_dict()
    assert list(found) == KEYS
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["title"] == "A"


def test_text_is_for_people(case):
    made = case("multiclass", reject_below=0.6, title="Pets")
    text = made.report.text
    assert str(made.report) == repr(made.report) == text
    lines = text.splitlines()
    assert lines[:2] == ["Pets", "multiclass, 600 rows, 4 classes"]
    found = made.report.to_dict()
    for part in ("precision", "support", "log loss", "Brier", "ECE", "rejected"):
        assert part in text
    for one in found["per_class"]:
        cells = [one["name"], *(f"{one[s]:.4f}" for s in ("precision", "recall", "f1"))]
        assert [*cells, f"{one['support']:,}"] in [line.split() for line in lines]
    assert f"{found['metrics']['coverage']:.4f}" in text
    assert "\x1b" not in text
    assert max(map(len, lines)) <= 88


def test_text_of_labels_and_of_many_classes(case):
    labels = case("multilabel").report
    cells = [line.split() for line in labels.text.splitlines()]
    (tn, fp), (fn, tp) = labels.to_dict()["confusion"]["matrix"][0]
    assert ["ant", *map(str, (tp, fn, fp, tn)), "0"] in cells
    many = case("multiclass", classes=30, class_names=[f"c{k}" for k in range(30)])
    assert "Most frequent confusions of 30 classes" in many.report.text


def test_control_characters_move_no_cursor(case):
    names = ["\x1b[2Jred", "a\nb", "[bold]c[/bold]", ":smile:"]
    text = case("multiclass", class_names=names).report.text
    assert "\x1b" not in text
    for shown in ("\\x1b[2Jred", "[bold]c[/bold]", ":smile:"):
        assert shown in text


def test_nameless_classes_are_called_by_their_ids(case):
    made = case("multiclass", class_names=None).report
    assert made.to_dict()["class_names"] == ["0", "1", "2", "3"]
    assert "“" not in made.text


def test_rule_is_said_in_words(case):
    made = case("binary", threshold=0.37, reject_below=0.8, inclusive=True)
    yes, bound = made.report.to_dict()["rule"]
    assert yes == "“bee” if its probability is at least 0.37, else “ant”."
    assert "0.8" in bound
    limits = case("multilabel", min_labels=1, max_labels=2).report.to_dict()["rule"]
    assert limits[1:] == [
        "At least 1 per row: the best are added.",
        "At most 2 per row: the best are kept.",
    ]


def test_several_heads_are_one_report(case, tmp_path):
    one, two = case("binary"), case("multilabel")
    both = several({"sick": one.report, "tags": two.report}, title="Farm")
    found = both.to_dict()
    assert list(found) == ["version", "title", "heads"]
    expected = one.report.to_dict()
    assert found["heads"]["sick"] == {k: expected[k] for k in KEYS[2:]}
    assert "Farm: sick" in both.text
    assert "Farm: tags" in both.text
    page = both.save_html(tmp_path / "farm.html").read_text(encoding="utf-8")
    assert 'href="#h1"' in page
    with pytest.raises(InputError, match="of one head for each name"):
        several({"a": both})
    with pytest.raises(InputError, match="of one head for each name"):
        several({})


def test_a_file_is_replaced_whole_or_not_at_all(case, tmp_path, monkeypatch):
    made = case("binary").report
    path = tmp_path / "report.html"
    path.write_text("old")
    assert made.save_html(str(path)) == path
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    written = path.read_bytes()
    monkeypatch.setattr("pathlib.Path.replace", _broken)
    with pytest.raises(OSError, match="no space"):
        made.save_html(path)
    assert path.read_bytes() == written
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileNotFoundError):
        made.save_html(tmp_path / "nowhere" / "report.html")


def _broken(*_):
    raise OSError("no space")


HEAD = Head("binary", 1, from_logits=False)
P = np.array([[0.4, 0.6], [0.7, 0.3]], "float32")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"y_true": [0, 2]}, "`y_true` holds class ids from 0 to 1"),
        ({"y_true": [0.0, 1.0]}, "`y_true` holds class ids in the shape"),
        ({"y_true": [0]}, "`y_true` holds class ids in the shape"),
        ({"decided": [0, -2]}, "`decided` holds class ids from -1 to 1"),
        ({"decided": [[0], [1]]}, "`decided` holds class ids in the shape"),
        ({"probabilities": P[:, 1]}, "a column per class"),
        ({"probabilities": P[:0]}, "of a row at least"),
        ({"probabilities": P * 3}, "lie between 0 and 1"),
        ({"probabilities": P * np.nan}, "Drop rows with NaN"),
        ({"plain": P[:1]}, "`plain` has the shape"),
        ({"rows": [1, 2, 3]}, "`rows` numbers each of the 2 rows"),
    ],
)
def test_arrays_that_do_not_fit(changes, match):
    said = {"y_true": [0, 1], "probabilities": P, "decided": [1, 0]} | changes
    with pytest.raises(InputError, match=match):
        report(decoding=Decoding(HEAD), **said)


@pytest.mark.parametrize("changes", [{"costs": [[0, 1]]}, {"bins": 0}, {"bins": 1.5}])
def test_arguments_that_are_none(changes):
    with pytest.raises(DecodingError):
        report([0, 1], P, [1, 0], Decoding(HEAD), **changes)


@pytest.mark.parametrize("module", ["sklearn.metrics", "rich.console", "jinja2"])
def test_a_missing_package_is_named_with_its_extra(monkeypatch, module):
    from keras_labels.reports import _page

    _page._environment.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r'install "keras-labels\[report\]"'):
        _shown_in_all_ways()


def _shown_in_all_ways():
    made = report([0, 1], P, [1, 0], Decoding(HEAD))
    return made.text, made.to_html()
