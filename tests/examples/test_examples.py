"""Every example runs, and learns what it says."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
LEAST = {
    "image_folder_names": 0.9,
    "ordered_classes": 0.7,
    "report": 0.8,
    "restore_predict_classes": 0.9,
    "segmentation": 0.8,
    "sequential_argmax": 0.9,
    "several_outputs": (0.9, 0.9),
}


def run(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main()


def test_every_example_is_tested():
    names = {path.stem for path in FOLDER.glob("*.py")}
    exports = {name for name in names if name.startswith(("export_", "serve_"))}
    assert names - exports == {
        *LEAST,
        "quickstart",
        "tune_thresholds",
    }  # test_export_examples has those


@pytest.mark.parametrize("name", sorted(LEAST))
def test_example_learns(name, capsys):
    accuracy, least = run(name), LEAST[name]
    if isinstance(least, tuple):
        assert all(a > one for a, one in zip(accuracy, least, strict=True))
    else:
        assert accuracy > least
    assert capsys.readouterr().out


def test_quickstart_shows_four_models_that_survive_a_file(capsys):
    accuracies = run("quickstart")
    assert len(accuracies) == 4
    assert min(accuracies.values()) > 0.8
    shown = capsys.readouterr().out
    assert "all the same" in shown
    assert "malignant" in shown


def test_tuned_cuts_hold_on_other_rows_and_in_the_file(capsys):
    recalls, f1, same = run("tune_thresholds")
    assert recalls["tuned"] > recalls["0.5"]
    assert recalls["tuned"] >= 0.95
    assert f1["tuned"] > f1["0.5"]
    assert same
    assert "calibrated by platt" in capsys.readouterr().out
