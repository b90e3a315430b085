"""Small model files, and the command as tests run it."""

import csv

import keras
import numpy as np
import pytest
from twins import subclassed
from typer.testing import CliRunner

from keras_labels import LabeledModel
from keras_labels.cli._app import app

NAMES = ["ant", "bee, the", 'größe "x"']


@pytest.fixture
def run():
    """Run a command; a mistake must be told in one line, without a traceback."""

    def run(*args):
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        if result.exit_code == 1:
            assert result.exception is None or isinstance(result.exception, SystemExit)
            assert "Traceback" not in result.output
            lines = result.stderr.splitlines()
            assert len([line for line in lines if "warning:" not in line]) == 1
            assert lines[-1].startswith("keras-labels: ")
        return result

    return run


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def decide(run, tmp_path):
    """Return the rows of the table that a command writes."""

    def decide(*args):
        out = tmp_path / "decisions.csv"
        result = run("predict", *args, "-o", out)
        assert result.exit_code == 0, result.output
        return rows_of(out)

    return decide


def activation(kind, units):
    """Return a model whose scores are known: the activation of its input."""
    layers = [keras.Input((units,), name="x")]
    return keras.Sequential([*layers, keras.layers.Activation(kind)])


def saved(model, folder, name):
    path = folder / f"{name}.keras"
    model.save(path)
    return path


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Return the paths of some models by name."""
    folder = tmp_path_factory.mktemp("models")
    softmax, sigmoid = activation("softmax", 3), activation("sigmoid", 1)
    made = {
        "plain": softmax,
        "logits": keras.Sequential([keras.Input((3,)), keras.layers.Identity()]),
        "labeled": LabeledModel(softmax, class_names=NAMES),
        "nameless": LabeledModel(softmax),
        "rejecting": LabeledModel(softmax, class_names=NAMES, reject_below=0.6),
        "binary": LabeledModel(sigmoid, class_names=["ham", "spam"], threshold=0.9),
        "multilabel": LabeledModel(
            activation("sigmoid", 3),
            class_names=["red", "semi;colon", "round"],
            reject_below=0.6,
        ),
        "heads": heads(),
        "columns": columns(),
        "wide": wide(),
        "images": LabeledModel(images((4, 6, 3)), class_names=["red", "green", "blue"]),
        "any_size": LabeledModel(images((None, None, 3))),
        "gray": LabeledModel(gray((4, 6, 1)), class_names=["dark", "light"]),
        "dense": LabeledModel(dense()),
        "lambda": with_code(),
        "subclassed": LabeledModel(
            subclassed(), task="multiclass", from_logits=True, class_names=NAMES
        ),
    }
    return {name: saved(model, folder, name) for name, model in made.items()}


def heads():
    """Two decisions on one input."""
    x = keras.Input((3,), name="x")
    species = keras.layers.Activation("softmax", name="species")(x)
    sick = keras.layers.Activation("sigmoid", name="sick")(x[:, :1])
    model = keras.Model(x, {"species": species, "sick": sick})
    return LabeledModel(
        model, heads={"species": {"class_names": NAMES}, "sick": {"threshold": 0.3}}
    )


def columns():
    """Two inputs of one number, and one of whole numbers."""
    inputs = [keras.Input((1,), name="age"), keras.Input((), name="size")]
    inputs.append(keras.Input((1,), name="kind", dtype="int32"))
    age, size, kind = inputs
    parts = [age, size[:, None], keras.ops.cast(kind, "float32")]
    scores = keras.layers.Softmax()(keras.layers.Concatenate()(parts))
    return LabeledModel(keras.Model(inputs, scores), class_names=NAMES)


def wide():
    """Two inputs by name."""
    left, right = keras.Input((2,), name="left"), keras.Input((1,), name="right")
    both = keras.layers.Concatenate()([left, right])
    model = keras.Model({"left": left, "right": right}, keras.layers.Softmax()(both))
    return LabeledModel(model, class_names=NAMES)


def images(shape):
    """Decide on the channel that is brightest on average."""
    layers = [keras.layers.GlobalAveragePooling2D(), keras.layers.Softmax()]
    return keras.Sequential([keras.Input(shape), *layers])


def gray(shape):
    """Decide whether an image is light on average."""
    half = keras.layers.Rescaling(1, offset=-127.5)
    layers = [keras.layers.GlobalAveragePooling2D(), keras.layers.Activation("sigmoid")]
    return keras.Sequential([keras.Input(shape), half, *layers])


def with_code():
    """Hold a Python function, which the file then holds too."""
    code = keras.layers.Lambda(lambda x: x + 0.0, output_shape=(3,))
    return keras.Sequential([keras.Input((3,)), code, keras.layers.Softmax()])


def dense():
    """Decide at every position of a sequence."""
    return keras.Sequential([keras.Input((4, 3)), keras.layers.Softmax()])


@pytest.fixture
def x():
    """Five rows, the highest of which is column 0, 2, 1, 0, 0."""
    rows = [[3, 0, 0], [0, 0, 5], [0, 2, 0], [1, 0.9, 0.9], [0, 0, 0]]
    return np.array(rows, "float32")


@pytest.fixture
def npy(x, tmp_path):
    """The five rows as a file."""
    np.save(tmp_path / "x.npy", x)
    return tmp_path / "x.npy"


def softmax(x):
    """The oracle of the probabilities."""
    e = np.exp(x.astype("float64"))
    return e / e.sum(axis=-1, keepdims=True)
