"""The runtimes, called as their documentation says: a file and an array."""

import keras
import numpy as np


def run_saved_model(path, x):
    import tensorflow as tf

    loaded = tf.saved_model.load(path)  # it holds the weights
    return loaded.serve(tf.constant(x))


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


def arrays_of(made):
    """Return what a runtime gives as a list of arrays, by name where there are any."""
    return [np.asarray(array) for array in keras.tree.flatten(made)]


def refuses_no_rows(format):
    """Tell whether no function that Keras writes there takes them, decoded or not."""
    return keras.backend.backend() == "jax" and format == "tf_saved_model"


def assert_takes_no_rows(format, path, row):
    """Assert that a file gives arrays of no rows for none, as it does for one."""
    one, none = (arrays_of(RUN[format](str(path), x)) for x in (row, row[:0]))
    assert [a.shape for a in none] == [(0, *a.shape[1:]) for a in one]
    assert [a.dtype for a in none] == [a.dtype for a in one]
