"""Files load where only `keras_labels` is imported, on this backend and the others."""

import importlib.util
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from twins import PAIR, X, functional, trained

from keras_labels import LabeledModel

# All that a serving program has: Keras, this library, and the data.
PROGRAM = """
import json, sys
import numpy as np
import keras, keras_labels

def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return list(value)
    return value.tolist() if hasattr(value, "tolist") else value

def facts(path, x):
    model = keras.saving.load_model(path)
    found = {"type": type(model).__name__, "weights": len(model.weights)}
    if isinstance(model, keras_labels.LabeledModel):
        rules = model.decoding
        several = isinstance(rules, dict)
        found |= {
            "decoding": {n: r.to_dict() for n, r in rules.items()}
            if several else rules.to_dict(),
            "explain": model.explain(),
            "classes": plain(model.predict_classes(x)),
            "labels": plain(model.predict_labels(x)),
            "probabilities": plain(model.predict_proba(x)),
            "compiled": model.compiled,
            "iterations": int(model.optimizer.iterations) if model.compiled else None,
        }
    else:
        found["outputs"] = plain(model.predict(x, verbose=0))
    return found

folder = sys.argv[1]
data = dict(np.load(folder + "/data.npz"))
pair = {"left": data["left"], "right": data["right"]}
names = json.loads(sys.argv[2])
made = {n: facts(f"{folder}/{n}.keras", pair if two else data["x"])
        for n, two in names.items()}
with open(sys.argv[3], "w") as file:
    json.dump(made, file)
"""


def several_outputs():
    inputs = keras.Input((6,))
    dense = keras.layers.Dense
    outputs = {
        "species": dense(3, activation="softmax", name="species")(inputs),
        "sick": dense(1, activation="sigmoid", name="sick")(inputs),
        "box": dense(4, name="box")(inputs),
    }
    heads = {
        "species": {"class_names": ["ant", "bee", "cow"]},
        "sick": {"threshold": 0.3, "class_names": ["no", "yes"]},
    }
    return LabeledModel(keras.Model(inputs, outputs), heads=heads)


def multilabel():
    """Two inputs by name, three labels with cuts of their own."""
    cuts = {"round": 0.3, "red": 0.7123456789012345}
    return LabeledModel(
        functional(),
        task="multilabel",
        from_logits=False,
        class_names=["red", "round", "grün"],
        threshold=cuts,
        min_labels=1,
        inclusive=True,
    )


def two_softmax_units():
    layers = [keras.Input((6,)), keras.layers.Dense(2, activation="softmax")]
    return LabeledModel(
        keras.Sequential(layers),
        class_names=["ham", "spam"],
        threshold=0.4,
        reject_below=0.55,
    )


# Name of the file to whether its model takes the pair of inputs.
FILES = {
    "trained": False,
    "multilabel": True,
    "several": False,
    "two_units": False,
    "decoded": False,
    "decoded_several": False,
    "decoded_pair": True,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The saved models, and the folder of their files."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("fresh")
    labeled = {
        "trained": trained("sequential"),
        "multilabel": multilabel(),
        "several": several_outputs(),
        "two_units": two_softmax_units(),
    }
    made = labeled | {
        "decoded": labeled["trained"].decoded(("probabilities", "classes", "scores")),
        "decoded_several": labeled["several"].decoded(),
        "decoded_pair": labeled["multilabel"].decoded("classes"),
    }
    for name in FILES:
        made[name].save(folder / f"{name}.keras")
    np.savez(folder / "data.npz", x=X, **PAIR)
    return made, folder


def run_fresh(folder, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    out = folder / f"{backend}.json"
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", PROGRAM, str(folder), json.dumps(FILES), str(out)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(out.read_text())


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_everything_comes_back(models, backend):
    made, folder = models
    found = run_fresh(folder, backend)
    for name in ("trained", "multilabel", "several", "two_units"):
        labeled, have = made[name], found[name]
        x = PAIR if FILES[name] else X
        assert have["type"] == "LabeledModel"
        rules = labeled.decoding
        if isinstance(rules, dict):
            want = {head: rule.to_dict() for head, rule in rules.items()}
        else:
            want = rules.to_dict()
        assert have["decoding"] == want
        assert have["explain"] == labeled.explain()
        assert_equal(have["classes"], labeled.predict_classes(x))
        assert_equal(have["labels"], labeled.predict_labels(x))
        assert_close(have["probabilities"], labeled.predict_proba(x))
        assert have["compiled"] == labeled.compiled
    assert found["trained"]["iterations"] == 4
    for name in ("decoded", "decoded_several", "decoded_pair"):
        x = PAIR if FILES[name] else X
        assert found[name]["type"] == "Functional"
        assert_close(found[name]["outputs"], made[name].predict(x, verbose=0))


def assert_equal(have, want):
    if isinstance(want, dict):
        assert set(have) == set(want)
        for name, values in want.items():
            compare = assert_close if name == "box" else assert_equal
            compare(have[name], values)
    elif isinstance(want, list):
        assert [tuple(row) for row in have] == want
    else:
        assert have == want.tolist()


def assert_close(have, want):
    if isinstance(want, dict):
        assert set(have) == set(want)
        for name, values in want.items():
            assert_close(have[name], values)
    else:
        np.testing.assert_allclose(have, want, atol=2e-6)
