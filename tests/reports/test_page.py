"""The page as text: nothing in it reaches out, and no name becomes markup."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from keras_labels.reports import _page

VENDOR = Path(_page.__file__).parent / "vendor"
NAME = "</script><script>alert(1)</script><!-- \u2028 & \"'"


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def tags_of(html):
    parser = Tags()
    parser.feed(html)
    return parser.tags


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_names_never_become_markup(case, task):
    plain = case(task).report.to_html()
    hostile = case(task, class_names=[NAME, "b", "c", "d"], title=NAME).report.to_html()
    assert [tag for tag, _ in tags_of(hostile)] == [tag for tag, _ in tags_of(plain)]
    text = re.search(r'id="data">(.*?)</script>', hostile, re.DOTALL)[1]
    assert not set("<>&'\u2028") & set(text)
    assert json.loads(text)["heads"][0]["names"][0] == NAME


def test_nothing_is_loaded_from_elsewhere(case):
    html = case("binary").report.to_html()
    found = tags_of(html)
    for tag, attributes in found:
        assert not {"src", "srcset", "action", "onclick", "style"} & set(attributes), (
            tag
        )
        assert attributes.get("href", "#").startswith("#")
        assert tag not in ("link", "iframe", "img", "object", "form", "base")
    (policy,) = [a["content"] for _, a in found if a.get("http-equiv")]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_counts_replace_rows(case):
    few = len(case("multiclass", rows=2000).report.to_html())
    many = len(case("multiclass", rows=20_000).report.to_html())
    assert many < 1.3 * few


def test_a_thousand_labels_stay_small(case):
    names = [f"label {k}" for k in range(1000)]
    made = case("multilabel", rows=300, classes=1000, class_names=names)
    assert len(made.report.to_html()) < 3_000_000


def test_of_a_thousand_classes_the_most_frequent_have_curves(case):
    names = [f"class {k}" for k in range(1000)]
    made = case("multiclass", rows=3000, classes=1000, class_names=names)
    html = made.report.to_html()
    assert len(html) < 3_000_000
    assert "100 most frequent of 1000 classes" in html


def test_thresholds_that_one_slider_cannot_show_are_told(case):
    said = "min_labels or max_labels tie the labels together"
    unequal = case("multilabel", min_labels=1, threshold=[0.2, 0.3, 0.4, 0.5])
    assert said in unequal.report.to_html()
    assert said not in case("multilabel", min_labels=1).report.to_html()


def test_vendored_files_are_those_of_the_release():
    script = (VENDOR / "uPlot.iife.min.js").read_text(encoding="utf-8")
    said = re.search(r"\(v([\d.]+)\)", script)[1]
    assert said in (VENDOR / "README.md").read_text(encoding="utf-8")
    assert "MIT License" in (VENDOR / "uPlot.LICENSE").read_text(encoding="utf-8")
