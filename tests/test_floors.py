"""The architecture: a file imports its own floor and lower ones, never a higher one."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "keras_labels"
FLOORS = {
    "errors": 0,
    "extras": 0,
    "spec": 0,
    "functional": 1,
    "fitting": 1,
    "layers": 2,
    "heads": 3,
    "decoder": 3,
    "prediction": 3,
    "export": 4,
    "reports": 4,
    "labeled": 5,
    "integrations": 6,
    "cli": 7,
}
# What plain data may import: no framework.
SPEC_MODULES = {*sys.stdlib_module_names, "numpy"}
FILES = sorted(PACKAGE.rglob("*.py"))
INSIDE = [path for path in FILES if path.parent != PACKAGE or path.stem != "__init__"]


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path):
    """Return the dotted names that a file imports, wherever in it they stand."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in found if name != "__future__.annotations"]


def test_every_room_has_a_floor():
    assert {room_of(path) for path in INSIDE} == set(FLOORS)


@pytest.mark.parametrize("path", INSIDE, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    floor = FLOORS[room_of(path)]
    for name in imports_of(path):
        if name.startswith("keras_labels."):
            room = name.split(".")[1]
            assert FLOORS[room] <= floor, f"floor {floor} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_private_files_stay_in_their_room(path):
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "keras_labels" and any(p.startswith("_") for p in parts[2:3]):
            assert path.parent.name == parts[1], f"{path} reaches into {name}"


@pytest.mark.parametrize(
    "path", [p for p in INSIDE if FLOORS[room_of(p)] == 0], ids=lambda p: p.name
)
def test_spec_knows_no_framework(path):
    others = {name.split(".")[0] for name in imports_of(path)} - {"keras_labels"}
    assert others <= SPEC_MODULES


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_stay_readable(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_the_check_can_fail(tmp_path):
    upward = tmp_path / "bad.py"
    upward.write_text("from keras_labels.labeled import LabeledModel\n")
    assert imports_of(upward) == ["keras_labels.labeled.LabeledModel"]
    assert FLOORS["labeled"] > FLOORS["functional"]
