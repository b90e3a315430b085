"""Layers in a plain Keras model, exported by Keras itself, run without this library.

The scores are a slice of the inputs, exact in every runtime.
"""

import keras
import numpy as np
import pytest
import reference
from export_cases import exact_scores
from runtimes import RUN, arrays_of

from keras_labels import (
    ArgmaxLayer,
    MultiLabelLayer,
    ProbabilityLayer,
    ThresholdLayer,
    TopKLayer,
    append_decoding,
)

UNITS, MANY = 5, 300
EDGES = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, 1e-40, 3.4028235e38, -3.4028235e38)


def scores(units):
    rng = np.random.default_rng(3)
    rows = 200 + 10_000 * UNITS // units
    z = 3 * rng.normal(size=(rows, units))
    ties, mixed = np.round(z[: rows // 4]), rng.choice(EDGES, (rows // 4, units))
    # Where all but a few are infinitely low, and where one is no number.
    low = np.where(rng.random(mixed.shape) < 0.9, -np.inf, mixed)
    odd = np.where(
        np.arange(units) == rng.integers(0, units, (100, 1)), np.nan, z[:100]
    )
    return np.concatenate([z, ties, mixed, low, odd]).astype("float32")


def behind(layer, units=UNITS):
    return keras.Sequential([exact_scores(units), layer])


MODELS = {
    "argmax": (
        lambda: behind(ArgmaxLayer()),
        lambda z, ids: reference.argmax(z, found=ids),
    ),
    "threshold": (
        lambda: behind(ThresholdLayer(0.3, from_logits=True)),
        lambda z, _: reference.threshold(z, 0.3, True),
    ),
    "multi_label": (
        lambda: behind(MultiLabelLayer(from_logits=True, min_labels=1, max_labels=2)),
        lambda z, ids: reference.multi_label(z, 0.5, True, low=1, high=2, found=ids),
    ),
    "least_labels": (
        lambda: behind(MultiLabelLayer(from_logits=True, min_labels=3)),
        lambda z, ids: reference.multi_label(z, 0.5, True, low=3, found=ids),
    ),
    "top_k": (
        lambda: behind(TopKLayer(3, from_logits=True)),
        lambda z, ids: reference.top_k(z, 3, found=ids),
    ),
    "all_in_order": (
        lambda: behind(TopKLayer(UNITS, from_logits=True)),
        lambda z, ids: reference.top_k(z, UNITS, found=ids),
    ),
    "top_k_of_many": (
        lambda: behind(TopKLayer(5, from_logits=True), MANY),
        lambda z, ids: reference.top_k(z, 5, found=ids),
    ),
    "appended_threshold": (
        lambda: append_decoding(
            exact_scores(UNITS), ThresholdLayer(0.3, from_logits=True, inclusive=True)
        ),
        lambda z, _: reference.threshold(z, 0.3, True, inclusive=True),
    ),
}


def exported(model, path, format):
    options = {}
    _, columns = model.input_shape
    model(np.zeros((1, columns), "float32"))  # Keras exports no uncalled one to onnx
    if format == "torch":
        import torch

        options["dynamic_shapes"] = ({0: torch.export.Dim("rows")},)
    model.export(str(path), format=format, verbose=False, **options)


def outputs_of(made):
    """Return the ids, and all other outputs, as arrays."""
    arrays = arrays_of(made)
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
    model, path = make(), new_path()
    z = scores(model.input_shape[-1] - 1)
    exported(model, path, format)
    ids, others = outputs_of(RUN[format](str(path), np.pad(z, [(0, 0), (0, 1)])))
    np.testing.assert_array_equal(ids, decided(z, ids))
    # What nothing uses in a graph stands as one more output in OpenVINO's.
    assert len(others) == (name.startswith("top_k") or name == "all_in_order")


def test_probabilities_in_the_runtime_are_those_of_the_oracle(format, new_path):
    model = behind(ProbabilityLayer("multiclass", from_logits=True))
    path, z = new_path(), scores(UNITS)
    exported(model, path, format)
    (made,) = arrays_of(RUN[format](str(path), np.pad(z, [(0, 0), (0, 1)])))
    want = reference.probabilities(z, "multiclass", from_logits=True)
    np.testing.assert_allclose(made, want, rtol=0, atol=1e-5)
