"""An error of a converter or a runtime ends in the layer or the operation at fault."""

import keras
import pytest
from keras import layers, ops
from labelers import BACKEND, WRITTEN

import keras_labels as kl
from keras_labels.export._faults import fault_of


class Own(layers.Layer):
    def compute_output_shape(self, shape):
        return shape


class Broken(Own):
    """Raise once it is called on numbers of another count than the first rows."""

    def call(self, x):
        if not isinstance(x, keras.KerasTensor):
            raise RuntimeError("no such thing\nas this")
        return x


class Branch(Own):
    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            return x
        return x if ops.sum(x) > 0 else -x


class Spectrum(Own):
    def call(self, x):
        return ops.real(ops.fft((x, ops.zeros_like(x)))[0])


def labeled_of(layer, inside=False):
    hidden = [keras.Input((4,)), layers.Dense(4), layer]
    if inside:
        hidden = [keras.Input((4,)), keras.Sequential(hidden, name="inner")]
    model = keras.Sequential([*hidden, layers.Dense(3, "softmax")], name="pets")
    return kl.LabeledModel(model, task="multiclass", from_logits=False)


@pytest.mark.parametrize("inside", [False, True])
def test_what_a_layer_raises_is_said_with_its_name(inside, format, new_path):
    with pytest.raises(kl.ExportError) as raised:
        labeled_of(Broken(name="own"), inside).export(new_path(), format)
    said = str(raised.value)
    assert said.endswith("no such thing. At fault is the layer 'own' (Broken).")
    assert said.startswith(f"Keras cannot export 'pets' to {format}")
    assert keras.config.is_traceback_filtering_enabled()


@pytest.mark.skipif(BACKEND == "torch", reason="torch writes one of the branches")
def test_python_that_cannot_be_traced_is_named(format, new_path):
    with pytest.raises(kl.ExportError, match=r"the layer 'own' \(Branch\)\.$"):
        labeled_of(Branch(name="own")).export(new_path(), format)


CANNOT = {
    ("tensorflow", "litert"): r"'tf\.Complex' op .* the layer 'own' \(Spectrum\)\.$",
    ("tensorflow", "openvino"): r"operations: ComplexTypeMark\.$",
    ("torch", "onnx"): r"operator 'aten::complex' to ONNX .* not supported\.$",
    ("torch", "openvino"): r"operator 'aten::complex' to ONNX .* not supported\.$",
}


@pytest.mark.parametrize("format", [f for b, f in CANNOT if b == BACKEND])
def test_an_operation_that_a_format_lacks_is_named(format, tmp_path):
    path = tmp_path / {"litert": "m.tflite", "onnx": "m.onnx"}.get(format, "m.xml")
    with pytest.raises(kl.ExportError, match=CANNOT[BACKEND, format]):
        labeled_of(Spectrum(name="own")).export(path, format)


@pytest.mark.skipif("litert" not in WRITTEN, reason="litert is not written here")
def test_layers_that_look_up_are_named_where_a_converter_only_fails(tmp_path):
    look = layers.IntegerLookup(vocabulary=[3, 5, 7], name="look")
    pool = layers.GlobalAveragePooling1D()
    body = [keras.Input((4,), dtype="int64"), look, layers.Embedding(9, 3), pool]
    labeled = kl.LabeledModel(keras.Sequential([*body, layers.Dense(3, "softmax")]))
    for ending in (".onnx", ".tflite", ".xml"):
        with pytest.raises(kl.ExportError, match=r"the layer 'look' \(IntegerLookup\)"):
            labeled.export(tmp_path / f"m{ending}")


# What tools say, and what is left of it.
SAID = {
    "Graph execution error:\n\nDetected at node d_1/pets_1/hidden_1/loop/StridedSlice "
    "defined at (most recent call last):\n<stack traces unavailable>\nslice index 9 of "
    "dimension 0 out of bounds.\n\t [[{{node d_1/pets_1/hidden_1/loop}}]] [Op:run]": (
        "slice index 9 of dimension 0 out of bounds. At fault is the layer 'hidden' "
        "(Dense)."
    ),
    "Exception encountered when calling _Frozen.call().\n\n\x1b[1mNo such op\x1b[0m\n\n"
    "Arguments received by _Frozen.call():\n  • inputs=3": "No such op.",
    "Exception encountered when calling ReLU.call().\n\n\x1b[1mNo way\x1b[0m": (
        "No way. At fault is the layer 'sharp' (ReLU)."
    ),
    "[ONNXRuntimeError] : 1 : FAIL : running Loop node. Name:'pets/sharp/while' no": (
        "[ONNXRuntimeError] : 1 : FAIL : running Loop node. Name:'pets/sharp/while' no."
        " At fault is the layer 'sharp' (ReLU)."
    ),
    "Exception from src/inference/src/infer.cpp:224:\nException from src/node.cpp:794:"
    "\n[CPU] Split node with name '/model/Split_2' failed": (
        "[CPU] Split node with name '/model/Split_2' failed."
    ),
    "Exception from src/a.cpp:1:\nIt failed\nDetected at node pets/other/Add": (
        "It failed. At fault is the operation 'pets/other/Add'."
    ),
    "": "ValueError('').",
}


@pytest.mark.parametrize("text", SAID)
def test_of_what_tools_say_the_reason_and_the_place_are_left(text):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(3, name="hidden"),
            layers.ReLU(name="sharp"),
            layers.Dense(3, name="last"),
        ],
        name="pets",
    )
    assert fault_of(ValueError(text), model) == SAID[text]


def test_the_cause_says_it():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    error = RuntimeError("Failed to export the model")
    error.__cause__ = ValueError("no op X")
    assert fault_of(error, model) == "no op X."
