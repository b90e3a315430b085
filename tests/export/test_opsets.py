"""An ONNX file asks for no newer runtime than its graph needs, and says no more."""

import json

import keras
import numpy as np
import onnx
import pytest
from environments import python_of, run
from labelers import WRITTEN, X, binary, multiclass, multilabel, path_of, several_heads

import keras_labels as kl

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.skipif("onnx" not in WRITTEN, reason="no ONNX here")
KINDS = [multiclass, binary, multilabel, several_heads]
CLIENT = """
import json, sys
import numpy as np, onnxruntime
assert onnxruntime.__version__ == "1.15.0", onnxruntime.__version__
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
x = np.load(sys.argv[2])
names = [one.name for one in session.get_outputs()]
made = session.run(names, {session.get_inputs()[0].name: x})
print(json.dumps({name: a.tolist() for name, a in zip(names, made)}))
"""


def written(labeled, folder, **options):
    path = folder / "m.onnx"
    labeled.export(path, **options)
    return path, onnx.load(str(path))


@pytest.mark.parametrize("make", KINDS)
def test_every_backend_writes_the_same_opset_and_nothing_unused(make, tmp_path):
    _, model = written(make(), tmp_path)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 15)]
    assert model.ir_version == 8


@pytest.mark.parametrize("make", KINDS)
def test_the_number_of_rows_has_one_name(make, tmp_path):
    _, model = written(make(), tmp_path)
    values = [*model.graph.input, *model.graph.output]
    shapes = [value.type.tensor_type.shape.dim for value in values]
    assert {shape[0].dim_param for shape in shapes} == {"batch"}


def test_an_opset_is_chosen(tmp_path):
    path, model = written(multiclass(), tmp_path, opset_version=17)
    assert [one.version for one in model.opset_import] == [17]
    found = kl.load_exported(path).predict_classes(X)
    np.testing.assert_array_equal(found, multiclass().predict_classes(X))


def test_a_graph_that_needs_a_later_opset_gets_it(tmp_path):
    if BACKEND != "jax":
        pytest.skip("tensorflow and torch take such layers apart")
    layers = [keras.layers.LayerNormalization(), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((4,)), *layers])
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    _, model = written(labeled, tmp_path)
    assert [one.version for one in model.opset_import] == [18]


def test_other_formats_have_no_opset(tmp_path):
    other = next(kind for kind in WRITTEN if kind != "onnx")
    with pytest.raises(TypeError, match="opset_version"):
        multiclass().export(path_of(tmp_path, other), other, opset_version=17)


@pytest.mark.parametrize("make", [multiclass, binary, multilabel])
def test_the_oldest_runtime_decides_alike(make, tmp_path):
    labeled = make()
    path, _ = written(labeled, tmp_path)
    x = np.concatenate([X, np.full_like(X[:1], np.nan)])
    np.save(tmp_path / "x.npy", x)
    code = tmp_path / "client.py"
    code.write_text(CLIENT, encoding="utf-8")
    python = python_of("onnxruntime_oldest")
    made = json.loads(run(python, "-I", code, path, tmp_path / "x.npy"))
    want = labeled.predict_classes(x, invalid="mark")
    np.testing.assert_array_equal(made["classes"], want)
    p = np.array(made["probabilities"], "float32")
    np.testing.assert_allclose(p, labeled.predict_proba(x), atol=1e-5)
