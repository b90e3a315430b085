"""The code of the README runs, and prints what the README says."""

import contextlib
import io
import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:```\n(.*?)^```\n)?", re.M | re.S)


def test_code_prints_what_stands_below_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(README.read_text(encoding="utf-8"))
    assert len(blocks) >= 3
    names = {}
    for code, expected in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(README), "exec"), names)
        assert printed.getvalue() == expected


def test_examples_that_it_links_exist():
    links = re.findall(r"\]\(((?:examples|benchmarks)/[^)]+)\)", README.read_text())
    assert len(links) >= 7
    assert all((README.parent / link).is_file() for link in links)
