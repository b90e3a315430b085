"""What a decision costs in an exported file, and how files agree with Keras.

    KERAS_BACKEND=tensorflow python benchmarks/exports.py [cost] [parity]

Cost: MobileNetV2 (224, 224, 3), 1000 classes, one row, the decoded file beside Keras'
own export of the undecoded model, in turns in the same runtime. The bytes are those
beside the plain file, of a model without class names. Parity: rows that are decided
otherwise, those of them that are no near miss, rows nearer to another decision than
twice the drift (the largest move of a probability), and the decisions that `export`
itself found to differ near a cut. Exact heads give inputs as scores, many of them ties,
on a cut, infinite or NaN: there every difference is outside. ("BN": of random weights,
but with statistics of batch norm, without which all scores of a network are alike.)
"""

import logging
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np
from timing import BACKEND, medians, versions

from keras_labels import (
    ExportError,
    LabeledModel,
    TopKLayer,
    append_decoding,
    load_exported,
)
from keras_labels.functional import probabilities

ENDINGS = {
    "tf_saved_model": "",
    "onnx": ".onnx",
    "litert": ".tflite",
    "openvino": ".xml",
    "torch": ".pt2",
}
FORMATS = {
    "tensorflow": ("tf_saved_model", "onnx", "litert", "openvino"),
    "jax": ("tf_saved_model", "onnx"),
    "torch": ("onnx", "openvino", "torch"),
}


# --- cost -------------------------------------------------------------------------


def onnx_runner(path, x):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: x}
    return lambda: session.run(None, feed)


def litert_runner(path, x):
    from ai_edge_litert.interpreter import Interpreter

    serve = Interpreter(path, num_threads=2).get_signature_runner()
    feed = {next(iter(serve.get_input_details())): x}
    return lambda: serve(**feed)


def openvino_runner(path, x):
    import openvino

    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(path, "CPU", exact)
    return lambda: compiled(x)


RUNNERS = {"onnx": onnx_runner, "litert": litert_runner, "openvino": openvino_runner}


def bytes_of(path):
    """Return the bytes of a file, with the weights beside an OpenVINO file."""
    files = [path, path.with_suffix(".bin")] if path.suffix == ".xml" else [path]
    return sum(file.stat().st_size for file in files)


def decided(model, task):
    return LabeledModel(model, task=task, from_logits=True)


def written(model, path):
    """Write the plain file, and the decoded ones, and return their paths."""
    ending = f"model{path.suffix}"
    places = {}
    for name in ("plain", "argmax", "threshold", "top-5"):
        (path.parent / name).mkdir()
        places[name] = path.parent / name / ending
    x = np.zeros((1, 224, 224, 3), "float32")
    top = append_decoding(model, TopKLayer(5, from_logits=True))
    for name, plain in (("plain", model), ("top-5", top)):
        plain(x)  # Keras exports no uncalled model to onnx
        plain.export(str(places[name]), format=kind_of(path), verbose=False)
    for name, task in (("argmax", "multiclass"), ("threshold", "multilabel")):
        labeled = decided(model, task)
        labeled.export(places[name], kind_of(path), outputs="classes", verify=False)
    return places


def kind_of(path):
    return next(name for name, ending in ENDINGS.items() if ending == path.suffix)


def cost_lines(model, kind):
    folder = Path(tempfile.mkdtemp())
    try:
        places = written(model, folder / f"model{ENDINGS[kind]}")
        x = np.random.default_rng(0).normal(size=(1, 224, 224, 3)).astype("float32")
        calls = {name: RUNNERS[kind](str(one), x) for name, one in places.items()}
        took = medians(calls, seconds=40.0, most=3000)
        sizes = {name: bytes_of(one) for name, one in places.items()}
    finally:
        shutil.rmtree(folder)
    for name in ("argmax", "threshold", "top-5"):
        ratio, more = took[name] / took["plain"], sizes[name] - sizes["plain"]
        print(
            f"{kind:16}{name:12}{took['plain']:10.2f}{ratio:9.3f}{more:12,}", flush=True
        )


def cost():
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2(weights=None, classifier_activation=None)
    print("MobileNetV2, one row: decoded beside plain")
    print(
        f"{'format':16}{'decision':12}{'plain, ms':>10}{'ratio':>9}{'more bytes':>12}"
    )
    for kind in RUNNERS:
        cost_lines(model, kind)


# --- parity -----------------------------------------------------------------------

# name: task, units, activation, options
TASKS = {
    "binary logit": ("binary", 1, None, {"threshold": 0.3}),
    "binary probability": ("binary", 1, "sigmoid", {"threshold": 0.3}),
    "two logits": ("binary", 2, None, {"threshold": 0.3}),
    "multiclass logits": ("multiclass", 10, None, {}),
    "multiclass softmax": ("multiclass", 10, "softmax", {}),
    "rejecting softmax": ("multiclass", 10, "softmax", {"reject_below": 0.3}),
    "multilabel logits": ("multilabel", 10, None, {"threshold": 0.3}),
    "1 to 3 labels": ("multilabel", 10, None, {"min_labels": 1, "max_labels": 3}),
}
ROWS = 10_000
APPLICATIONS = ("MobileNetV2", "EfficientNetV2B0", "ResNet50V2")


def network(task, units, activation, options):
    layers = [keras.layers.Dense(64, "relu"), keras.layers.Dense(units, activation)]
    model = keras.Sequential([keras.Input((20,)), *layers])
    logits = activation is None
    return LabeledModel(model, task=task, from_logits=logits, **options)


def exact_head(task, units, activation, options):
    """Return a model whose scores are its inputs, less a column."""
    inputs = keras.Input((units + 1,))
    model = keras.Model(inputs, inputs[:, :-1])
    logits = activation is None
    return LabeledModel(model, task=task, from_logits=logits, **options)


def odd_rows(units, activation, options):
    """Return rows for an exact head, most of which hold a tie or a score on a cut."""
    rng = np.random.default_rng(0)
    cuts = np.array([0.5, *(v for v in options.values() if isinstance(v, float))])
    cuts = np.concatenate([cuts, 1 - cuts])
    logits = activation is None
    on = (np.log(cuts / (1 - cuts)) if logits else cuts).astype("float32")
    odd = [0.0, -0.0, 1e-40, *on, *np.nextafter(on, -np.inf), *np.nextafter(on, np.inf)]
    odd += [np.inf, -np.inf, 3.4028235e38] if logits else [1.0]
    x = rng.choice(np.array(odd, "float32"), (ROWS, units + 1))
    plain = rng.normal(size=x.shape) * 3 if logits else rng.random(x.shape)
    x = np.where(rng.random((ROWS, 1)) < 0.3, plain.astype("float32"), x)
    x[rng.random(ROWS) < 0.05, 0] = np.nan
    return x


def application(name, normalized):
    """Return a model with random weights, whose scores are all alike as it stands."""
    model = getattr(keras.applications, name)(
        input_shape=(96, 96, 3), weights=None, classes=10, classifier_activation=None
    )
    if normalized:  # every batch norm takes its statistics from x
        x = np.random.default_rng(1).normal(size=(16, 96, 96, 3)).astype("float32")
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = 0.0
        model(x, training=True)
    return LabeledModel(model, task="multiclass", from_logits=True)


def near(scores, rule, drift):
    """Tell which rows lie nearer to another decision than twice the drift."""
    task, from_logits = rule.head.task, rule.head.from_logits
    p = keras.ops.convert_to_numpy(probabilities(scores, task, from_logits))
    p = p.astype("float64")[:, 1:] if task == "binary" else p.astype("float64")
    apart = [np.abs(p - cut).min(axis=1) for cut in rule.threshold]
    if rule.reject_below is not None:
        apart.append(np.abs(p - rule.reject_below).min(axis=1))
    if task == "multiclass" or rule.max_labels is not None:
        apart.append(np.diff(np.sort(p, axis=1), axis=1).min(axis=1))
    return np.min(apart, axis=0) <= 2 * drift


def written_and_run(labeled, x, kind):
    """Return what export reports, and what the file makes of x."""
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / f"model{ENDINGS[kind]}"
        return labeled.export(path, kind), load_exported(path).predict(x)
    finally:
        shutil.rmtree(folder)


def parity_line(name, labeled, x, kind, exact=False):
    try:
        report, made = written_and_run(labeled, x, kind)
    except ExportError as error:
        print(f"{kind:16}{name:28} refused: {error}", flush=True)
        return
    p, classes = labeled.predict_proba(x), labeled.predict_classes(x, invalid="mark")
    drift = np.nanmax(np.abs(made["probabilities"] - p))
    differ = (made["classes"] != classes).reshape(len(x), -1).any(axis=1)
    band = np.zeros(len(x), bool)
    if not exact:
        band = near(labeled.model.predict(x, verbose=0), labeled.decoding, drift)
    print(
        f"{kind:16}{name:28}{len(x):8,}{differ.sum():9}{(differ & ~band).sum():9}"
        f"{band.sum():9}{drift:10.1g}{report.agreement.near:9}",
        flush=True,
    )


def parity():
    print("\ndecisions of files beside Keras'")
    print(
        f"{'format':16}{'model':28}{'rows':>8}{'differ':>9}{'outside':>9}"
        f"{'in band':>9}{'drift':>10}{'near':>9}"
    )
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 20)).astype("float32")
    for name, task in TASKS.items():
        labeled, exact = network(*task), exact_head(*task)
        for kind in FORMATS[BACKEND]:
            parity_line(name, labeled, x, kind)
            parity_line(f"exact {name}", exact, odd_rows(*task[1:]), kind, exact=True)
    if BACKEND == "tensorflow":
        applications(rng.normal(size=(128, 96, 96, 3)).astype("float32"))


def applications(images):
    for name in APPLICATIONS:
        for normalized in (False, True):
            labeled = application(name, normalized)
            said = f"{name}{', BN' if normalized else ''}"
            for kind in FORMATS[BACKEND]:
                parity_line(said, labeled, images, kind)


def main(chosen):
    warnings.simplefilter("ignore")  # what exporters warn of, on every model
    logging.disable(logging.WARNING)
    print(versions())
    if "cost" in chosen and BACKEND == "tensorflow":
        cost()
    if "parity" in chosen:
        parity()


if __name__ == "__main__":
    main(sys.argv[1:] or ["cost", "parity"])
