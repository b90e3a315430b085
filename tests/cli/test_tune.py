"""`tune` writes the model that the Python call makes, or nothing."""

import contextlib
import csv
import json
from typing import get_args

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn import metrics

from keras_labels import LabeledModel, fitting
from keras_labels.cli import _progress, _tune
from keras_labels.export import load_exported

RNG = np.random.default_rng(5)
Y = RNG.integers(0, 2, 300)
X = (1.5 * Y + RNG.normal(size=300) - 2).astype("float32")[:, None]
MARKS = RNG.random((200, 3)) < (0.5, 0.2, 0.7)
Z = (2 * MARKS + RNG.normal(size=(200, 3)) - 2).astype("float32")
TAGS = ["red", "semi;colon", "round"]
CLASSES = RNG.integers(0, 3, 150)
Z3 = (np.eye(3)[CLASSES] * 2 + RNG.normal(size=(150, 3))).astype("float32")
HAM = ["ham", "spam"]


@pytest.fixture(scope="module")
def tags(tmp_path_factory):
    """A model of labels."""
    layers = [keras.Input((3,), name="x"), keras.layers.Activation("sigmoid")]
    path = tmp_path_factory.mktemp("tags") / "tags.keras"
    LabeledModel(keras.Sequential(layers), class_names=TAGS).save(path)
    return path


@pytest.fixture
def npz(tmp_path):
    """Rows of the binary model."""
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    return tmp_path / "d.npz"


@pytest.fixture
def labels_npz(tmp_path):
    """Rows of the model of labels."""
    np.savez(tmp_path / "labels.npz", x=Z, y=MARKS)
    return tmp_path / "labels.npz"


@pytest.fixture
def classes_npz(tmp_path):
    """Rows of the models of exclusive classes."""
    np.savez(tmp_path / "classes.npz", x=Z3, y=CLASSES)
    return tmp_path / "classes.npz"


@pytest.fixture
def tuned(run, tmp_path):
    """Run `tune`, and return the model in the file that it wrote."""

    def tuned(*args):
        result = run("tune", *args, "-o", tmp_path / "tuned.keras")
        assert result.exit_code == 0, result.output
        return keras.saving.load_model(tmp_path / "tuned.keras")

    return tuned


def write_csv(path, header, *columns):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(zip(*columns, strict=True))
    return path


def test_words_of_the_command_are_those_of_the_library():
    from keras_labels.fitting._objective import Average

    assert {one.value for one in _tune.Metric} == set(get_args(fitting.Metric))
    assert {one.value for one in _tune.Average} == set(get_args(Average))


@pytest.mark.parametrize("kind", ["npz", "csv", "npy", "names"])
def test_written_file_decides_with_the_tuned_cut(files, tuned, npz, tmp_path, kind):
    names = [HAM[i] for i in Y]
    data = [npz]
    if kind == "csv":
        path = write_csv(tmp_path / "d.csv", ["x", "kind"], X[:, 0].tolist(), names)
        data = [path, "--targets", "kind"]
    if kind in ("npy", "names"):
        np.save(tmp_path / "x.npy", X)
        np.save(tmp_path / "y.npy", Y if kind == "npy" else names)
        data = [tmp_path / "x.npy", "--targets", tmp_path / "y.npy"]
    made = tuned(files["binary"], *data)
    expected = keras.saving.load_model(files["binary"]).tune_thresholds(X, Y)
    assert made.decoding == expected.decoding
    assert made.decoding.threshold != (0.9,)
    score = metrics.f1_score(Y, made.predict_classes(X))
    assert score == expected.tuning.score > expected.tuning.score_before


def test_every_export_of_it_has_the_cut(run, files, tuned, npz, tmp_path):
    made = tuned(files["binary"], npz)
    result = run("export", tmp_path / "tuned.keras", "-o", tmp_path / "saved")
    if keras.backend.backend() != "tensorflow":
        pytest.skip(result.stderr)
    assert result.exit_code == 0, result.output
    classes = load_exported(tmp_path / "saved").predict(X)["classes"]
    np.testing.assert_array_equal(classes, made.predict_classes(X))


def test_options_reach_the_search(files, tuned, npz):
    made = tuned(files["binary"], npz, "--metric", "precision", "--min-recall", "0.9")
    decided = made.predict_classes(X)
    assert metrics.recall_score(Y, decided) >= 0.9
    options = {"metric": "precision", "min_recall": 0.9}
    expected = keras.saving.load_model(files["binary"]).tune_thresholds(X, Y, **options)
    assert metrics.precision_score(Y, decided) == expected.tuning.score


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--metric", "fbeta", "--beta", "2"], {"metric": "fbeta", "beta": 2}),
        (["--min-precision", "0.8"], {"min_precision": 0.8}),
        (
            ["--metric", "recall", "--max-false-positive-rate", "0.1"],
            {"metric": "recall", "max_false_positive_rate": 0.1},
        ),
        (
            ["--metric", "cost", "--false-positive-cost=1", "--false-negative-cost=5"],
            {"metric": "cost", "false_positive_cost": 1, "false_negative_cost": 5},
        ),
        (["--average", "micro"], {"average": "micro"}),
        (["--average", "macro", "--shared"], {"average": "macro", "shared": True}),
    ],
    ids=str,
)
def test_each_option_means_what_it_means_in_python(
    tags, tuned, labels_npz, words, options
):
    expected = keras.saving.load_model(tags).tune_thresholds(Z, MARKS, **options)
    assert tuned(tags, labels_npz, *words).decoding == expected.decoding


def test_labels_in_one_column(tags, tuned, labels_npz, tmp_path):
    escaped = [name.replace(";", "\\;") for name in TAGS]
    cells = [";".join(np.array(escaped)[marks]) for marks in MARKS]
    header = ["y", "a", "b", "c"]
    path = write_csv(tmp_path / "d.csv", header, cells, *Z.T.tolist())
    assert tuned(tags, path).decoding == tuned(tags, labels_npz).decoding


def test_file_of_any_keras_model(files, tuned, labels_npz, tmp_path):
    (tmp_path / "names.json").write_text(json.dumps(TAGS))
    words = ["--task", "multilabel", "--from-logits", "--threshold", "red=0.7"]
    words += ["--class-names", tmp_path / "names.json"]
    rule = tuned(files["logits"], labels_npz, *words).decoding
    assert rule.class_names == tuple(TAGS)
    assert (rule.head.task, rule.head.from_logits) == ("multilabel", True)
    inner = keras.saving.load_model(files["logits"])
    labeled = LabeledModel(inner, task="multilabel", from_logits=True)
    found = labeled.tune_thresholds(Z, MARKS).decoding
    assert rule.threshold == found.threshold


def test_two_units_with_a_threshold(tuned, tmp_path):
    layers = [keras.Input((2,)), keras.layers.Softmax()]
    keras.Sequential(layers).save(tmp_path / "two.keras")
    x = np.concatenate([0 * X, X], axis=1)
    (tmp_path / "names.txt").write_text("\n".join(HAM))
    path = write_csv(tmp_path / "d.csv", ["a", "b", "y"], *x.T, [HAM[i] for i in Y])
    words = "--threshold", "0.5", "--class-names", tmp_path / "names.txt"
    made = tuned(tmp_path / "two.keras", path, *words)
    two = LabeledModel(made.model, threshold=0.5)
    found = two.tune_thresholds(x, Y).tuning
    assert made.decoding.threshold == found.decoding.threshold
    assert metrics.f1_score(Y, made.predict_classes(x)) == found.score


def test_subclassed_model_that_does_not_say_its_inputs(files, tuned, tmp_path):
    x = np.tile(Z3, 2)
    np.savez(tmp_path / "d.npz", whatever=x, y=CLASSES)
    made = tuned(files["subclassed"], tmp_path / "d.npz", "--coverage", 0.8)
    assert 0.8 <= (made.predict_classes(x) >= 0).mean() < 1


def test_code_in_a_model_runs_if_it_is_trusted(run, files, classes_npz, tmp_path):
    words = "--coverage", 0.8, "--unsafe", "-o", tmp_path / "t.keras"
    result = run("tune", files["lambda"], classes_npz, *words)
    assert result.exit_code == 0, result.output
    assert run("inspect", tmp_path / "t.keras").exit_code == 0


@pytest.mark.parametrize("goal", ["max_error", "coverage"])
def test_rejection(files, tuned, classes_npz, goal):
    said = {"max_error": 0.1, "coverage": 0.8}[goal]
    made = tuned(files["labeled"], classes_npz, f"--{goal.replace('_', '-')}", said)
    decided = made.predict_classes(Z3)
    accepted = decided >= 0
    if goal == "max_error":
        assert np.mean((decided != CLASSES)[accepted]) <= 0.1
    else:
        assert accepted.mean() >= 0.8
    labeled = keras.saving.load_model(files["labeled"])
    assert made.decoding == labeled.tune_rejection(Z3, CLASSES, **{goal: said}).decoding
    assert 0 < accepted.mean() < 1


def test_folder_of_images(files, tuned, tmp_path):
    for name, color in (("red", 0), ("green", 1), ("blue", 2)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for copy in range(4):
            shade = [0, 0, 0]
            shade[(color + (copy == 3)) % 3] = copy + 1  # one of four looks like others
            image = Image.new("RGB", (6, 4), tuple(shade))
            image.save(tmp_path / "images" / name / f"{copy}.png")
    made = tuned(files["images"], tmp_path / "images", "--max-error", 0.26)
    assert made.decoding.reject_below is None  # three of four are right
    (tmp_path / "names.txt").write_text("red\ngreen\nblue")
    words = ["--class-names", tmp_path / "names.txt", "--coverage", 0.5]
    words += ["--image-size", "4x6"]
    found = tuned(files["any_size"], tmp_path / "images", *words).decoding
    plain = tuned(files["images"], tmp_path / "images", "--coverage", 0.5).decoding
    assert found.reject_below == plain.reject_below > 0.5
    scaled = tuned(files["any_size"], tmp_path / "images", *words, "--rescale").decoding
    assert scaled.reject_below < 0.4  # the largest pixel is 4 / 255


def test_one_head_of_several(files, tuned, npz, tmp_path):
    x = np.repeat(X, 3, axis=1)
    np.savez(tmp_path / "d.npz", x=x, sick=Y)
    args = files["heads"], tmp_path / "d.npz", "--targets", "sick", "--head", "sick"
    rules = tuned(*args).decoding
    before = keras.saving.load_model(files["heads"])
    assert rules["species"] == before.decoding["species"]
    expected = before.tune_thresholds(x, Y, head="sick").decoding["sick"]
    assert rules["sick"] == expected != before.decoding["sick"]


def test_rows_are_run_in_parts_and_counted(files, tuned, npz, monkeypatch):
    steps = []

    @contextlib.contextmanager
    def counting(total, *, hidden):
        assert (total, hidden) == (300, False)
        yield steps.append

    monkeypatch.setattr(_progress, "counting", counting)
    tuned(files["binary"], npz)
    assert steps == [256, 44]


def test_table_is_printed(run, files, npz, tmp_path):
    result = run("tune", files["binary"], npz, "-o", tmp_path / "t.keras")
    tuning = keras.saving.load_model(files["binary"]).tune_thresholds(X, Y).tuning
    assert result.stdout == f"{tuning}\nWrote '{tmp_path / 't.keras'}'.\n"
    assert result.stderr == ""


def test_json_is_all_that_stdout_has(run, tags, labels_npz, tmp_path):
    result = run("tune", tags, labels_npz, "--json", "-o", tmp_path / "t.keras")
    tuning = keras.saving.load_model(tags).tune_thresholds(Z, MARKS).tuning
    assert json.loads(result.stdout) == json.loads(json.dumps(tuning.to_dict()))
    words = ["--coverage", "1", "--json", "-o", tmp_path / "t.keras"]
    found = json.loads(run("tune", tags, labels_npz, *words).stdout)
    assert (found["coverage"], found["rows"]) == (1.0, 200)


@pytest.mark.filterwarnings("default::keras_labels.fitting.FittingWarning")
def test_label_without_positives_is_a_warning_of_one_line(run, tags, tmp_path):
    np.savez(tmp_path / "d.npz", x=Z, y=MARKS & [True, False, True])
    result = run("tune", tags, tmp_path / "d.npz", "-o", tmp_path / "t.keras")
    assert result.exit_code == 0, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("keras-labels: warning: 1 of 3 labels")
    assert "'semi;colon'" in line


def test_model_that_stands_there_is_replaced(run, files, npz, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(files["binary"].read_bytes())
    result = run("tune", path, npz, "-o", path)
    assert result.exit_code == 0, result.output
    assert keras.saving.load_model(path).decoding.threshold != (0.9,)
    assert {one.name for one in tmp_path.iterdir()} == {"model.keras", "d.npz"}


MISTAKES = {
    "array": (["binary", "d.npz", "--targets", "labels"], "'labels'"),
    "no targets": (["binary", "x.npy"], "--targets y.npy"),
    "no data": (["binary", "gone.npz"], "There is no file"),
    "no model": (["gone", "d.npz"], "There is no file"),
    "recall": (["binary", "d.npz", "--min-recall", "1.2"], "`min_recall`"),
    "precision": (
        ["binary", "d.npz", "--min-precision", "1", "--min-recall", "1"],
        "d.npz': No cut has",
    ),
    "metric alone": (["binary", "d.npz", "--metric", "precision"], "min_recall"),
    "beta": (["binary", "d.npz", "--beta", "2"], "`beta`"),
    "nan": (["binary", "nan.npz"], "2 of 300 rows hold NaN"),
    "one class": (["binary", "one.npz"], "none of the 300 rows"),
    "multiclass": (["labeled", "classes.npz"], "no threshold to tune"),
    "rejecting": (["multilabel", "labels.npz"], "reject_below"),
    "error": (["labeled", "wrong.npz", "--max-error", "0"], "No `reject_below`"),
    "coverage": (["labeled", "classes.npz", "--coverage", "2"], "`coverage`"),
    "width": (["labeled", "d.npz"], "d.npz"),
    "classes": (["binary", "classes.npz"], "classes.npz"),
    "ids": (["binary", "ids.npz"], "Received also: [7]"),
    "names": (["nameless", "names.npz", "--coverage", "1"], "--class-names"),
    "heads": (["heads", "classes.npz"], "--head species"),
    "head": (["binary", "d.npz", "--head", "sick"], "Leave out --head sick"),
    "task": (["binary", "d.npz", "--task", "binary"], "--task"),
    "code": (["lambda", "classes.npz", "--coverage", "1"], "--unsafe"),
    "size": (["images", "d.npz", "--image-size", "big"], "'big'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_told_and_leaves_nothing(
    run, files, npz, labels_npz, classes_npz, tmp_path, name
):
    x = X.copy()
    x[[3, 7]] = np.nan
    np.save(tmp_path / "x.npy", X)
    np.savez(tmp_path / "nan.npz", x=x, y=Y)
    np.savez(tmp_path / "one.npz", x=X, y=Y * 0)
    np.savez(tmp_path / "ids.npz", x=X, y=np.where(Y, 7, 0))
    np.savez(tmp_path / "names.npz", x=Z3, y=np.array(["a", "b", "c"])[CLASSES])
    np.savez(tmp_path / "wrong.npz", x=Z3, y=(Z3.argmax(axis=1) + 1) % 3)
    (tmp_path / "out.keras").write_text("what was there")
    before = sorted(tmp_path.rglob("*"))
    (model, data, *words), part = MISTAKES[name]
    model = files.get(model, tmp_path / "gone.keras")
    result = run("tune", model, tmp_path / data, *words, "-o", tmp_path / "out.keras")
    assert result.exit_code == 1, result.output
    assert part in result.stderr
    assert result.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "out.keras").read_text() == "what was there"


@pytest.mark.parametrize("name", ["t.onnx", "t", "t.h5", "t.KERAS"])
def test_output_that_is_no_keras_file(run, files, npz, tmp_path, name):
    result = run("tune", files["binary"], npz, "-o", tmp_path / name)
    assert result.exit_code == 1
    assert "ends in .keras" in result.stderr
    assert name in result.stderr


def test_output_without_a_folder(run, files, npz, tmp_path):
    (tmp_path / "folder.keras").mkdir()
    for name in ("folder.keras", "no/t.keras"):
        result = run("tune", files["binary"], npz, "-o", tmp_path / name)
        assert result.exit_code == 1
        assert "There is no folder to write" in result.stderr


def test_failure_of_writing_leaves_the_old_file(run, files, npz, tmp_path, monkeypatch):
    def save(self, path):
        path.write_text("half")
        raise RuntimeError("The disk\nis full.")

    monkeypatch.setattr(LabeledModel, "save", save)
    (tmp_path / "t.keras").write_text("old")
    result = run("tune", files["binary"], npz, "-o", tmp_path / "t.keras")
    assert result.exit_code == 1
    assert "Cannot write" in result.stderr
    assert "The disk is full." in result.stderr
    assert {one.name for one in tmp_path.iterdir()} == {"t.keras", "d.npz"}
    assert (tmp_path / "t.keras").read_text() == "old"


@pytest.mark.parametrize(
    "words",
    [
        ["--metric", "f2"],
        ["--average", "weighted"],
        ["--beta", "much"],
        ["--max-error", "0.1", "--coverage", "0.9"],
        ["--max-error", "0.1", "--metric", "f1"],
        ["--coverage", "0.9", "--shared"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(run, files, npz, tmp_path, words):
    result = run("tune", files["binary"], npz, *words, "-o", tmp_path / "t.keras")
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert words[-2] in result.stderr or words[-1] in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "t.keras").exists()
    assert run("tune", files["binary"], npz).exit_code == 2


def test_help_has_examples(run):
    result = run("tune", "--help")
    assert result.exit_code == 0
    assert "\n    keras-labels tune " in result.stdout
    assert "\n  tune " in run("--help").stdout


def test_weights_are_those_of_the_data(run, tmp_path, files, npz):
    weights = RNG.integers(0, 3, 300)
    np.savez(tmp_path / "w.npz", x=X, y=Y, sample_weight=weights)
    out = tmp_path / "out.keras"
    assert run("tune", files["binary"], tmp_path / "w.npz", "-o", out).exit_code == 0
    labeled = keras.saving.load_model(files["binary"])
    expected = labeled.tune_thresholds(X, Y, sample_weight=weights)
    assert keras.saving.load_model(out).decoding == expected.decoding
    assert expected.decoding != labeled.tune_thresholds(X, Y).decoding
    void = np.where(weights > 0, Y, 255)
    np.savez(tmp_path / "void.npz", x=X, y=void)
    said = ["--threshold", "0.5", "-o", out]
    ignoring = ["--ignore-class", "255", *said]
    result = run("calibrate", files["binary"], tmp_path / "void.npz", *ignoring)
    assert result.exit_code == 0, result.output
    even = labeled.with_decoding(threshold=0.5)
    expected = even.calibrate(X, Y, sample_weight=weights > 0)
    assert keras.saving.load_model(out).decoding == expected.decoding
    result = run("calibrate", files["binary"], tmp_path / "void.npz", *said)
    assert "ignore_class=255" in result.stderr
