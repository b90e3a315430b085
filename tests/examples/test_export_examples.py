"""The examples of exporting say what is true, and serving takes a runtime alone."""

import contextlib
import importlib.util
import io
import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from environments import bare, python_of, run

import keras_labels as kl

FOLDER = Path(__file__).parents[2] / "examples"
WINES = ["barolo", "grignolino", "barbera"]
DIGITS = ["zero", "one", "two", "three", "four"]
TESTED = {
    "export_litert",
    "export_onnx",
    "export_tensorflow_serving",
    "serve_litert",
    "serve_onnx",
}


class Example(NamedTuple):
    """What an example printed, where it wrote, and what its `main` returned."""

    lines: list
    folder: Path
    returned: tuple

    def said(self, start):
        """Return the rest of the only line that starts so."""
        (line,) = [one for one in self.lines if one.startswith(start)]
        return line.removeprefix(start).strip()


def run_example(name, folder):
    """Run an example in this process, where the model it returns can be asked."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        returned = module.main(folder)
    return Example(printed.getvalue().splitlines(), Path(folder), returned)


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    return run_example("export_onnx", tmp_path_factory.mktemp("wine"))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return run_example("export_tensorflow_serving", tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return run_example("export_litert", tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="session")
def onnxruntime_alone():
    return python_of("onnxruntime")


@pytest.fixture(scope="session")
def litert_alone():
    return python_of("litert")


def assert_without_keras(python, folder):
    """Assert that an environment has none of what made the file."""
    for module in ("keras", "tensorflow", "keras_labels"):
        code = (
            f"try:\n import {module}\nexcept ModuleNotFoundError as e:\n print(e.name)"
        )
        assert run(python, "-c", code, cwd=folder).strip() == module


def as_plain(prediction):
    """Return a `Prediction` as serve_onnx.py says it."""
    said = prediction.to_dict()
    return said["label"], said["class_id"], said["probabilities"]


def assert_decisions(answers, labeled, rows):
    """Hold answers in JSON against the model."""
    assert len(answers) == len(rows)
    for answer, row in zip(answers, rows, strict=True):
        label, class_id, probabilities = as_plain(labeled.predict_one(row))
        assert (answer["label"], answer["class_id"]) == (label, class_id)
        assert answer["probabilities"] == pytest.approx(probabilities, abs=1e-5)


def test_every_example_of_exporting_is_tested():
    found = [*FOLDER.glob("export_*.py"), *FOLDER.glob("serve_*.py")]
    assert {path.stem for path in found} == TESTED


def test_onnx_example_reports_and_reads_back(wine):
    labeled, x = wine.returned
    report = wine.said("Wrote")
    assert "wine.onnx' (onnx) with probabilities, classes, labels; verified:" in report
    # How many rows lie nearer to a cut than the drift is the processor's to say.
    counted = r"of \d+ decisions of 4 kinds (none differs|\d+ nearer to a cut)"
    assert re.search(counted, report)
    assert wine.said("decides by:") == str(labeled.decoding)
    assert "shape=(None, 13)" in wine.said("inputs:")
    assert wine.said("labels:") == str(labeled.predict_labels(x)[:8].tolist())
    assert wine.said("as the LabeledModel says:") == "True"
    path = wine.folder / "wine.onnx"
    assert kl.read_decoding(path).class_names == tuple(WINES)


def test_onnx_file_is_served_with_onnxruntime_alone(wine, onnxruntime_alone, tmp_path):
    assert_without_keras(onnxruntime_alone, tmp_path)
    labeled, x = wine.returned
    script, file = FOLDER / "serve_onnx.py", wine.folder / "wine.onnx"
    rows = wine.folder / "rows.json"

    answers = json.loads(run(onnxruntime_alone, script, file, rows, cwd=tmp_path))
    assert_decisions(answers, labeled, x)
    served = [answer["label"] for answer in answers]
    assert served == labeled.predict_labels(x).tolist()
    assert set(served) == {*WINES, None}

    piped = run(onnxruntime_alone, script, file, input=rows.read_text("utf-8"))
    assert json.loads(piped) == answers


def ask(port, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", data=body)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@contextlib.contextmanager
def served_on(port, *command):
    server = subprocess.Popen(
        [*map(str, command), "--port", str(port)],
        env=bare(),
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            assert server.poll() is None
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(timeout=10)


def test_http_server_answers_rows_and_refuses_others(wine, onnxruntime_alone):
    labeled, x = wine.returned
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script, file = FOLDER / "serve_onnx.py", wine.folder / "wine.onnx"
    with served_on(port, onnxruntime_alone, script, file):
        code, answers = ask(port, json.dumps(x[:5].tolist()).encode())
        assert code == 200
        assert_decisions(answers, labeled, x[:5])
        holed = [[None, *x[0][1:]]]
        for body in (b"[[1, 2, 3]]", b"no json", b"{}", json.dumps(holed).encode()):
            code, answer = ask(port, body)
            assert code == 400
            assert list(answer) == ["error"]


def test_serving_example_asks_and_answers_as_the_rest_api(served):
    labeled, asked = served.returned
    assert "(tf_saved_model) with probabilities, classes" in served.said("Wrote")
    said = [
        json.loads(one.removeprefix("response:"))["predictions"]
        for one in served.lines
        if one.startswith("response:")
    ]
    assert said == [response["predictions"] for _, response in asked.values()]
    labels, classes, both = said

    request = json.loads((served.folder / "request.json").read_text(encoding="utf-8"))
    assert set(request) == {"signature_name", "instances"}
    assert request["signature_name"] == "predict_labels"
    x = np.array(request["instances"])
    assert x.shape == (4, 30)
    assert labels == labeled.predict_labels(x).tolist()
    assert {type(one) for one in labels} == {str}
    assert classes == labeled.predict_classes(x).tolist()
    assert [one["classes"] for one in both] == classes
    np.testing.assert_allclose(
        [one["probabilities"] for one in both], labeled.predict_proba(x), atol=1e-6
    )
    assert (served.folder / "tumor" / "1" / "saved_model.pb").is_file()


def test_litert_example_shows_what_a_phone_reads(digits):
    labeled, images = digits.returned
    assert "(litert) with probabilities, classes; verified:" in digits.said("Wrote")
    expected = labeled.predict_labels(images).tolist()
    assert json.loads(digits.said("labels:")) == expected
    assert set(expected) == {*DIGITS, None}
    assert json.loads(digits.said("labels.txt:")) == DIGITS
    assert digits.said("packed into it:") == "['labels.txt', 'keras_labels.json']"
    with zipfile.ZipFile(digits.folder / "digits.tflite") as packed:
        assert packed.read("labels.txt").decode("utf-8").splitlines() == DIGITS


def test_litert_file_is_read_with_litert_alone(digits, litert_alone, tmp_path):
    assert_without_keras(litert_alone, tmp_path)
    said = run(
        litert_alone,
        FOLDER / "serve_litert.py",
        digits.folder / "digits.tflite",
        digits.folder / "images.json",
        cwd=tmp_path,
    )
    labeled, images = digits.returned
    last = said.splitlines()[-1]
    expected = labeled.predict_labels(images).tolist()
    assert json.loads(last.removeprefix("labels:")) == expected
