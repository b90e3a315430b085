"""The command itself: help, usage, exit codes, and what it loads."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

try:
    import pty
except ImportError:  # Windows
    pty = None

import keras_labels
from keras_labels.cli._options import one_value_each

PACKAGE = Path(keras_labels.__file__).parent
PATH = os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
KINDS = ["probabilities", "classes", "labels", "scores"]


def process(*args, program=("-m", "keras_labels_command"), **environment):
    env = {**os.environ, "PYTHONPATH": PATH, **environment}
    return subprocess.run(
        [sys.executable, *program, *map(str, args)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={name: value for name, value in env.items() if value is not None},
    )


@pytest.mark.parametrize("command", ["export", "inspect", "predict"])
def test_help_has_examples(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"\n    keras-labels {command} " in result.stdout
    assert run(command, "-h").stdout == result.stdout


def test_help_lists_the_commands(run):
    result = run("--help")
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.stdout for name in ("export", "predict"))


def test_version(run):
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout == f"keras-labels {keras_labels.__version__}\n"


@pytest.mark.parametrize(
    "args",
    [
        ("predict",),
        ("predict", "m.keras"),
        ("transmogrify",),
        ("export", "m.keras"),
        ("export", "m.keras", "-o", "m.onnx", "--format", "pickle"),
        ("export", "m.keras", "-o", "m.onnx", "--outputs", "clases"),
        ("export", "m.keras", "-o", "m.onnx", "--outputs"),
        ("export", "m.keras", "-o", "m.onnx", "--task", "regression"),
        ("predict", "m.keras", "x.npy", "--batch-size", "0"),
        ("predict", "m.keras", "x.npy", "--reject-below", "much"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(run, args):
    result = run(*args)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert result.stdout == ""


def test_process_tells_done_mistake_and_usage_apart(files, npy, tmp_path):
    done = process("predict", files["labeled"], npy)
    assert done.returncode == 0
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [
        f"{npy}:{row}" for row in range(5)
    ]
    broken = tmp_path / "broken.keras"
    broken.write_bytes(files["labeled"].read_bytes()[:200])
    mistake = process("predict", broken, npy)
    assert mistake.returncode == 1
    assert mistake.stdout == ""
    assert "Traceback" not in mistake.stderr
    (line,) = mistake.stderr.splitlines()  # and none of the backend's log
    assert line.startswith("keras-labels: ")
    assert process("predict").returncode == 2


def test_names_that_the_terminal_lacks_are_escaped(files, tmp_path):
    np.save(tmp_path / "x.npy", np.array([[0, 0, 5]], "float32"))
    args = "predict", files["labeled"], tmp_path / "x.npy"
    result = process(*args, PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert '"gr\\xf6\\xdfe ""x"""' in result.stdout


def on_a_terminal(*args):
    """Return what a process writes to stderr, which is a terminal; stdout is not."""
    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "keras_labels_command", *map(str, args)],
        stdout=subprocess.DEVNULL,
        stderr=there,
        env={**os.environ, "PYTHONPATH": PATH, "TERM": "xterm"},
    ) as running:
        os.close(there)
        text = b""
        with contextlib.suppress(OSError):  # of the closed end, on Linux
            while part := os.read(here, 4096):
                text += part
        os.close(here)
    assert running.returncode == 0
    return text.decode(errors="replace")


@pytest.mark.skipif(pty is None, reason="no terminals to make")
def test_bar_is_shown_on_a_terminal_and_nowhere_else(run, files, npy, monkeypatch):
    assert "100%" in on_a_terminal("predict", files["labeled"], npy)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run("predict", files["labeled"], npy).stderr == ""


@pytest.mark.filterwarnings("default::keras_labels.HeadWarning")
def test_warning_is_one_line(run, npy, tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Softmax()])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss)
    model.save(tmp_path / "m.keras")
    result = run("predict", tmp_path / "m.keras", npy)
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("keras-labels: warning: ")
    assert "from_logits" in line


# Runs the command, then says what of the heavy packages it loaded.
WATCHED = """
import atexit, sys
heavy = {"keras", "tensorflow", "jax", "torch", "PIL", "pyarrow"}
atexit.register(lambda: print("loaded", sorted(heavy & set(sys.modules))))
from keras_labels_command import main
main()
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["predict", "--help"], 0),
        (["--version"], 0),
        (["tune", "--no-such-option"], 2),
        (["export", "missing.keras", "-o", "m.onnx"], 1),
        (["predict", "missing.keras", "missing.npy"], 1),
        (["report", "missing.keras", "missing.csv"], 1),
    ],
)
def test_what_needs_no_model_loads_no_backend(words, code, tmp_path):
    result = process(*words, program=("-c", WATCHED))
    assert result.returncode == code, result.stderr
    assert result.stdout.splitlines()[-1] == "loaded []"


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the others are silent"
)
@pytest.mark.parametrize("place", [0, 4])
def test_verbose_shows_the_log_of_the_backend(files, npy, place):
    words = ["predict", files["labeled"], npy]
    levels = {"TF_CPP_MIN_LOG_LEVEL": None, "TF_ENABLE_ONEDNN_OPTS": "1"}
    assert process(*words, **levels).stderr == ""
    words.insert(place, "--verbose")
    assert process(*words, **levels).stderr != ""


def test_a_backend_that_fails_is_heard(files, npy):
    result = process("predict", files["labeled"], npy, KERAS_BACKEND="no_backend")
    assert result.returncode != 0
    assert "no_backend" in result.stderr


# The room alone, without the package around it, which imports Keras.
ALONE = f"""
import importlib, sys, types
sys.modules["keras_labels"] = package = types.ModuleType("keras_labels")
package.__path__ = [{str(PACKAGE)!r}]
"""


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_missing_package_names_the_extra(package):
    program = ALONE + (
        "import importlib.abc\n"
        "class Missing(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name.partition('.')[0] == {package!r}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from keras_labels.cli import main\n"
        "main()\n"
    )
    result = process(program=("-c", program))
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert 'pip install "keras-labels[cli]"' in line


@pytest.mark.parametrize(
    "words",
    [
        ["--outputs", "classes", "probabilities", "m.keras", "-o", "m.onnx"],
        ["m.keras", "--outputs", "classes", "probabilities", "-o", "m.onnx"],
        ["m.keras", "-o", "m.onnx", "--outputs", "classes", "probabilities"],
        ["m.keras", "-o", "m.onnx", "--outputs", "classes,probabilities"],
        ["m.keras", "-o", "m.onnx", "--outputs=classes,probabilities"],
        ["--outputs", "classes,", "probabilities", "m.keras", "-o", "m.onnx"],
        ["--outputs=classes", "m.keras", "--outputs", "probabilities", "-o", "m.onnx"],
    ],
    ids=" ".join,
)
def test_values_of_an_option_in_every_form(words):
    made = one_value_each(words, "--outputs", KINDS)
    values = [made[i + 1] for i, word in enumerate(made) if word == "--outputs"]
    assert values == ["classes", "probabilities"]
    rest = [w for w in made if w not in (*values, "--outputs")]
    assert rest == ["m.keras", "-o", "m.onnx"]


def test_words_behind_a_double_dash_are_left_alone():
    words = ["--outputs", "classes", "--", "labels", "--outputs", "scores"]
    made = one_value_each(words, "--outputs", KINDS)
    assert made == words


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=6)))
def test_other_words_are_left_alone(words):
    words = [word for word in words if not word.startswith("--outputs")]
    assert one_value_each(words, "--outputs", KINDS) == words
