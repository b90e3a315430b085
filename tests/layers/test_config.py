"""Configs, dtypes and files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_labels as kl

ROOT = Path(__file__).parents[2]
TAGS = kl.Decoding(
    kl.Head("multilabel", units=3, from_logits=True),
    class_names=["red", "round", "ripe"],
    threshold={"round": 0.3},
    min_labels=1,
)
LAYERS = {
    "threshold": lambda **kw: kl.ThresholdLayer(
        np.array([0.2, 0.5, 0.7], "float32"), np.True_, np.bool_(False), **kw
    ),
    "scalar_threshold": lambda **kw: kl.ThresholdLayer(np.float32(0.25), **kw),
    "argmax": lambda **kw: kl.ArgmaxLayer(
        np.int64(-1), "int", np.True_, np.float32(0.25), np.True_, **kw
    ),
    "one_hot": lambda **kw: kl.ArgmaxLayer(output_mode="one_hot", **kw),
    "multi_label": lambda **kw: kl.MultiLabelLayer(
        np.array([0.2, 0.5, 0.7]), min_labels=np.int32(1), max_labels=np.int8(2), **kw
    ),
    "probability": lambda **kw: kl.ProbabilityLayer(
        "multilabel", np.True_, np.int32(-1), np.float32(1.5), **kw
    ),
    "top_k": lambda **kw: kl.TopKLayer(np.int64(2), "multiclass", np.True_, **kw),
    "top_k_decoding": lambda **kw: kl.TopKLayer(2, decoding=TAGS, **kw),
    "temperature": lambda **kw: kl.TemperatureLayer(np.float32(1.5), **kw),
    "decoding": lambda **kw: kl.DecodingLayer(TAGS, **kw),
    "decoding_dict": lambda **kw: kl.DecodingLayer(TAGS.to_dict(), "classes", **kw),
}
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")


def leaves(outputs):
    convert = keras.ops.convert_to_numpy
    return [convert(out) for out in keras.tree.flatten(outputs)]


def assert_same(got, want):
    for a, b in zip(leaves(got), leaves(want), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", LAYERS)
def test_config_is_plain_json_and_makes_an_equal_layer(name):
    layer = LAYERS[name](name="cut")
    config = json.loads(json.dumps(layer.get_config()))
    twin = type(layer).from_config(config)
    assert twin.get_config() == layer.get_config()
    assert twin.name == "cut"
    assert_same(twin(X), layer(X))


def test_config_holds_python_values():
    config = LAYERS["threshold"]().get_config()
    want = pytest.approx([0.2, 0.5, 0.7])
    assert config["threshold"] == want
    assert {type(t) for t in config["threshold"]} == {float}
    assert LAYERS["scalar_threshold"]().get_config()["threshold"] == 0.25
    config = LAYERS["argmax"]().get_config()
    assert (config["axis"], config["from_logits"], config["keepdims"]) == (
        -1,
        True,
        True,
    )
    assert [type(config[key]) for key in ("axis", "from_logits")] == [int, bool]
    config = LAYERS["decoding"]().get_config()
    assert config["decoding"]["threshold"] == [0.5, 0.3, 0.5]
    assert config["outputs"] == ["probabilities", "classes"]
    assert LAYERS["decoding_dict"]().get_config()["outputs"] == "classes"


@pytest.mark.parametrize(
    "policy", ["mixed_float16", "mixed_bfloat16", "float64", "bfloat16"]
)
@pytest.mark.parametrize("name", LAYERS)
def test_computes_in_float32_without_autocast_under_any_policy(name, policy):
    keras.config.set_dtype_policy(policy)
    try:
        for made in (LAYERS[name](), LAYERS[name](dtype="float16", autocast=True)):
            layer = type(made).from_config(made.get_config())
            assert (layer.dtype, layer.compute_dtype) == ("float32", "float32")
            assert layer.autocast is False
            symbolic = keras.tree.flatten(
                layer(keras.KerasTensor((None, 3), "float32"))
            )
            eager = leaves(layer(X))
            assert [s.dtype for s in symbolic] == [str(e.dtype) for e in eager]
    finally:
        keras.config.set_dtype_policy("float32")


INT8 = "int8_from_float32"


def test_computes_in_float32_under_an_int8_policy():
    keras.config.set_dtype_policy(INT8)
    try:
        layer = kl.ArgmaxLayer()
        assert (layer.compute_dtype, layer.autocast) == ("float32", False)
        assert leaves(layer(X))[0].tolist() == X.argmax(-1).tolist()
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    ("name", "dtypes"),
    [
        ("threshold", ["int32"]),
        ("argmax", ["int32"]),
        ("one_hot", ["int32"]),
        ("multi_label", ["int32"]),
        ("probability", ["float32"]),
        ("top_k", ["int32", "float32"]),
        ("decoding_dict", ["int32"]),
    ],
)
def test_symbolic_and_eager_dtypes_are_the_true_ones(name, dtypes):
    for given in ("float16", "float32", "float64", "int32"):
        symbolic = LAYERS[name]()(keras.KerasTensor((None, 3), given))
        assert [out.dtype for out in keras.tree.flatten(symbolic)] == dtypes
        eager = LAYERS[name]()(np.ones((2, 3), given))
        assert [str(out.dtype) for out in leaves(eager)] == dtypes


@pytest.mark.parametrize("name", LAYERS)
def test_shapes_are_known_before_the_call(name):
    layer = LAYERS[name]()
    shape, x = (None, None, 3), np.zeros((2, 5, 3), "float32")
    symbolic = layer(keras.KerasTensor(shape))
    flat = [out.shape for out in keras.tree.flatten(symbolic)]
    computed = layer.compute_output_shape(shape)
    if isinstance(computed, dict):
        computed = list(computed.values())
    nested = isinstance(computed[0], (tuple, list))
    assert [tuple(s) for s in (computed if nested else [computed])] == flat
    for got, out in zip(flat, leaves(layer(x)), strict=True):
        want = tuple(b if a is None else a for a, b in zip(got, (2, 5), strict=False))
        assert out.shape == want + got[2:]


def model_with(layer):
    """A float model before the layer, so that the file holds weights too."""
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(3), layer])


LOAD = """
import sys
import numpy as np, keras_labels, keras
model = keras.saving.load_model(sys.argv[1])
x = np.load(sys.argv[2])
outputs = keras.tree.flatten(model(x))
np.savez(sys.argv[3], *[keras.ops.convert_to_numpy(out) for out in outputs])
"""


def test_a_fresh_process_loads_every_layer_with_only_our_import(tmp_path):
    inputs = keras.Input((3,))
    scores = keras.layers.Dense(3)(inputs)
    made = {name: make(name=name)(scores) for name, make in LAYERS.items()}
    model = keras.Model(inputs, keras.tree.flatten(made))
    assert_same(loaded_elsewhere(model, tmp_path), model(X))


def test_a_sequential_that_ends_in_ids_is_saved_and_loaded(tmp_path):
    model = model_with(kl.ArgmaxLayer())
    assert_same(loaded_elsewhere(model, tmp_path), model(X))


def loaded_elsewhere(model, folder):
    model.save(folder / "model.keras")
    np.save(folder / "x.npy", X)
    paths = [str(folder / name) for name in ("model.keras", "x.npy", "out.npz")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *paths],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    with np.load(paths[2]) as file:
        return [file[key] for key in file.files]


@pytest.mark.parametrize("name", LAYERS)
def test_clone_and_json_give_the_same_decisions(name):
    model = model_with(LAYERS[name]())
    for twin in (
        keras.models.clone_model(model),
        keras.models.model_from_json(model.to_json()),
    ):
        twin.set_weights(model.get_weights())
        assert_same(twin(X), model(X))
