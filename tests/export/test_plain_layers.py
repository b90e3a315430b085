"""Layers in a plain Keras model, exported by Keras itself, run without this library.

The scores are a slice of the inputs, exact in every runtime.
"""

import keras
import numpy as np
import pytest
import reference

from keras_labels import (
    ArgmaxLayer,
    MultiLabelLayer,
    ProbabilityLayer,
    ThresholdLayer,
    TopKLayer,
    append_decoding,
)

UNITS = 5
EDGES = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, 3.4028235e38)


def scores():
    rng = np.random.default_rng(3)
    z = 3 * rng.normal(size=(10_000, UNITS))
    ties = np.round(z[:1000])
    mixed = rng.choice(EDGES, (1000, UNITS))
    return np.concatenate([z, ties, mixed]).astype("float32")


def exact_scores():
    inputs = keras.Input((UNITS + 1,), name="rows")
    return keras.Model(inputs, inputs[:, :-1])


def behind(layer):
    return keras.Sequential([exact_scores(), layer])


MODELS = {
    "argmax": (lambda: behind(ArgmaxLayer()), reference.argmax),
    "threshold": (
        lambda: behind(ThresholdLayer(0.3, from_logits=True)),
        lambda z: reference.threshold(z, 0.3, True),
    ),
    "multi_label": (
        lambda: behind(MultiLabelLayer(from_logits=True, min_labels=1, max_labels=2)),
        lambda z: reference.multi_label(z, 0.5, True, low=1, high=2),
    ),
    "least_labels": (
        lambda: behind(MultiLabelLayer(from_logits=True, min_labels=3)),
        lambda z: reference.multi_label(z, 0.5, True, low=3),
    ),
    "top_k": (
        lambda: behind(TopKLayer(3, from_logits=True)),
        lambda z: reference.top_k(z, 3),
    ),
    "appended_threshold": (
        lambda: append_decoding(
            exact_scores(), ThresholdLayer(0.3, from_logits=True, inclusive=True)
        ),
        lambda z: reference.threshold(z, 0.3, True, inclusive=True),
    ),
}


# --- runtimes, called as their documentation says ---------------------------------


def run_saved_model(path, x):
    import tensorflow as tf

    return tf.saved_model.load(path).serve(tf.constant(x))


def run_onnx(path, x):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})


def run_litert(path, x):
    from ai_edge_litert.interpreter import Interpreter

    serve = Interpreter(path).get_signature_runner()
    return serve(**{next(iter(serve.get_input_details())): x})


def run_openvino(path, x):
    import openvino

    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(path, "CPU", exact)
    return list(compiled(x).values())


def run_torch(path, x):
    import torch

    with torch.inference_mode():
        return torch.export.load(path).module()(torch.from_numpy(x))


RUN = {
    "tf_saved_model": run_saved_model,
    "onnx": run_onnx,
    "litert": run_litert,
    "openvino": run_openvino,
    "torch": run_torch,
}


def exported(model, path, format):
    options = {}
    model(np.zeros((1, UNITS + 1), "float32"))  # Keras exports no uncalled one to onnx
    if format == "torch":
        import torch

        options["dynamic_shapes"] = ({0: torch.export.Dim("rows")},)
    model.export(str(path), format=format, verbose=False, **options)


def outputs_of(made):
    """Return the ids, and all other outputs, as arrays."""
    arrays = [np.asarray(array) for array in keras.tree.flatten(made)]
    (ids,) = [array for array in arrays if array.dtype.kind == "i"]
    return ids, [array for array in arrays if array is not ids]


# --- the tests --------------------------------------------------------------------

# What exporters warn of, on every model.
WARNINGS = (
    "In the future `np.object`",
    "The `native_serialization` parameter",
    "You are using the legacy TorchScript-based ONNX export",
    "The feature will be removed",
    "Converting a tensor to a",
    "torch.as_tensor results are registered as constants",
    "`torch.jit.trace",
)
pytestmark = [pytest.mark.filterwarnings(f"ignore:{text}") for text in WARNINGS]


@pytest.mark.parametrize("name", MODELS)
def test_a_layer_decides_in_the_runtime_as_the_oracle(name, format, new_path):
    make, decided = MODELS[name]
    model, path, z = make(), new_path(), scores()
    exported(model, path, format)
    ids, _ = outputs_of(RUN[format](str(path), np.pad(z, [(0, 0), (0, 1)])))
    np.testing.assert_array_equal(ids, decided(z))


def test_probabilities_in_the_runtime_are_those_of_the_oracle(format, new_path):
    model = behind(ProbabilityLayer("multiclass", from_logits=True))
    path, z = new_path(), scores()
    exported(model, path, format)
    (made,) = keras.tree.flatten(RUN[format](str(path), np.pad(z, [(0, 0), (0, 1)])))
    want = reference.probabilities(z, "multiclass", from_logits=True)
    np.testing.assert_allclose(np.asarray(made), want, rtol=0, atol=1e-5)
