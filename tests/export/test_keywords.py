"""The keywords of `keras.Model.export` mean the same of a LabeledModel."""

import keras
import numpy as np
import pytest
from labelers import BACKEND, WRITTEN, X, dense, multiclass, path_of

import keras_labels as kl


def test_verbose_prints_the_report(format, new_path, capfd):
    report = multiclass().export(new_path(), format, verbose=True)
    assert capfd.readouterr().out == f"{report}\n"
    for quiet in (False, None):
        multiclass().export(new_path(), format, verbose=quiet)
        assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "option", [{"opset": 17}, {"include_optimizer": False}, {"outputss": "classes"}]
)
def test_an_unknown_keyword_is_a_mistake_in_the_call(option, format, new_path):
    path = new_path()
    with pytest.raises(TypeError, match=rf"{next(iter(option))}.*'{format}'"):
        multiclass().export(path, format, **option)
    assert not path.exists()


@pytest.mark.parametrize("format", [f for f in WRITTEN if f != "onnx"])
def test_an_option_of_another_format_is_one_too(format, tmp_path):
    with pytest.raises(TypeError, match=f"opset_version.*'{format}'"):
        multiclass().export(path_of(tmp_path, format), format, opset_version=18)


def test_opset_is_the_one_that_was_said(tmp_path):
    onnx = pytest.importorskip("onnx")
    path = tmp_path / "m.onnx"
    multiclass().export(path, opset_version=18)
    opsets = {one.domain: one.version for one in onnx.load(str(path)).opset_import}
    assert opsets[""] == 18


@pytest.mark.skipif("litert" not in WRITTEN, reason="litert is not written here")
def test_options_of_the_litert_converter(tmp_path):
    import tensorflow as tf

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4096, "tanh")])
    model.add(keras.layers.Dense(3))
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    whole, small = tmp_path / "a" / "m.tflite", tmp_path / "b" / "m.tflite"
    labeled.export(whole)
    labeled.export(small, optimizations=[tf.lite.Optimize.DEFAULT], tolerance=0.2)
    assert small.stat().st_size < 0.8 * whole.stat().st_size
    with pytest.raises(kl.ExportError, match="none_such"):
        labeled.export(small, target_spec={"none_such": 1})


@pytest.mark.skipif("torch" not in WRITTEN, reason="torch is not written here")
def test_options_of_torch(tmp_path):
    import torch

    shapes = ({0: torch.export.Dim("n", min=1, max=64)},)
    path = tmp_path / "m.pt2"
    multiclass().export(path, dynamic_shapes=(shapes,), samples=X)
    with pytest.raises(kl.ExportError, match="<= 64"):
        multiclass().export(path, dynamic_shapes=(shapes,), samples=np.tile(X, (2, 1)))


@pytest.mark.skipif(BACKEND != "jax", reason="options of jax2tf")
def test_options_of_jax2tf(tmp_path):
    labeled = multiclass()
    labeled.export(tmp_path / "served", is_static=True)
    with pytest.raises(kl.ExportError):
        labeled.export(tmp_path / "served", jax2tf_kwargs={"none_such": 1})


def test_a_signature_of_one_row_at_a_time(format, new_path):
    labeled, path = multiclass(), new_path()
    report = labeled.export(
        path, format, input_signature=[keras.InputSpec("float32", (1, 4))]
    )
    assert report.agreement.rows >= 64
    exported = kl.load_exported(path)
    assert exported.inputs[0].shape == (1, 4)
    found = [exported.predict_classes(row[None])[0] for row in X]
    np.testing.assert_array_equal(found, labeled.predict_classes(X))
    with pytest.raises(kl.InputError, match=r"shape \(1, 4\)"):
        exported.predict_classes(X)


def test_a_signature_fixes_an_open_length(format, new_path):
    head = keras.layers.Dense(3, "softmax")
    pool = keras.layers.GlobalAveragePooling1D()
    model = keras.Sequential([keras.Input((None, 4)), pool, head])
    labeled, path = kl.LabeledModel(model), new_path()
    spec = keras.InputSpec("float32", (None, 5, 4), name="steps")
    for given in (spec, [spec]):
        labeled.export(path, format, input_signature=given)
        assert kl.load_exported(path).inputs == [("steps", (None, 5, 4), "float32")]
    x = np.random.default_rng(0).normal(size=(7, 5, 4)).astype("float32")
    np.testing.assert_array_equal(
        kl.load_exported(path).predict_classes(x), labeled.predict_classes(x)
    )


def test_tensors_are_examples_of_any_number_of_rows(format, new_path):
    labeled, path = multiclass(), new_path()
    for example in (keras.ops.zeros((8, 4)), keras.KerasTensor((8, 4), "float32")):
        labeled.export(path, format, input_signature=[example])
        exported = kl.load_exported(path)
        assert exported.inputs[0].shape == (None, 4)
        np.testing.assert_array_equal(
            exported.predict_classes(X), labeled.predict_classes(X)
        )


def test_several_inputs_by_name(format, new_path):
    inputs = {name: keras.Input((2,), name=name) for name in ("left", "right")}
    both = keras.layers.Concatenate()(list(inputs.values()))
    labeled = kl.LabeledModel(
        keras.Model(inputs, dense(3)(both)), from_logits=True, task="multiclass"
    )
    spec = keras.InputSpec("float32", (1, 2))
    path = new_path()
    labeled.export(path, format, input_signature=[{"left": spec, "right": spec}])
    exported = kl.load_exported(path)
    x = {"left": X[:1, :2], "right": X[:1, 2:]}
    assert [one.name for one in exported.inputs] == ["left", "right"]
    np.testing.assert_array_equal(
        exported.predict_classes(x), labeled.predict_classes(x)
    )


@pytest.mark.parametrize(
    "signature", [[], "x", [keras.InputSpec("float32", ndim=2)], [(1, 4), (1, 4)]]
)
def test_what_is_no_signature_is_refused(signature, tmp_path):
    path = path_of(tmp_path, WRITTEN[0])
    with pytest.raises(kl.ExportError, match=r"`input_signature` holds 1 spec"):
        multiclass().export(path, WRITTEN[0], input_signature=signature)


def test_the_number_of_rows_of_a_signature_is_that_of_onnx_outputs(tmp_path):
    onnx = pytest.importorskip("onnx")
    path = tmp_path / "m.onnx"
    multiclass().export(path, input_signature=[keras.InputSpec("float32", (2, 4))])
    graph = onnx.load(str(path)).graph
    rows = [v.type.tensor_type.shape.dim[0] for v in (*graph.input, *graph.output)]
    assert [dim.dim_value for dim in rows] == [2, 2, 2]
