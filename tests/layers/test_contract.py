"""Every layer through Keras' own `run_layer_test`, with values from the oracle.

`run_layer_test` maps tuples and dicts too, except for `run_training_check` (its loss
sums one output) and for expected values of unequal dtypes: TopKLayer and the dict of
DecodingLayer have their values checked in test_values.
"""

import keras
import numpy as np
import pytest
import reference
from keras.src.testing import TestCase
from scores import as_given, cast, numpy

import keras_labels as kl

DTYPES = ("float16", "bfloat16", "float32", "float64", "int32", "uint8")
CUTS = [0.3, 0.5, 0.9]
COLORS = kl.Decoding(
    kl.Head("multiclass", units=3, from_logits=True), ["red", "green", "blue"]
)
TAGS = kl.Decoding(kl.Head("multilabel", units=3, from_logits=False), threshold=CUTS)
SIZES = kl.Decoding(kl.Head("ordinal", units=3, from_logits=True), threshold=CUTS)

# layer, arguments, what the oracle says of the scores
INTEGER_LAYERS = {
    "threshold": (kl.ThresholdLayer, {}, lambda x: reference.threshold(x, 0.5)),
    "thresholds": (
        kl.ThresholdLayer,
        {"threshold": CUTS, "from_logits": True, "inclusive": True},
        lambda x: reference.threshold(x, CUTS, from_logits=True, inclusive=True),
    ),
    "argmax": (kl.ArgmaxLayer, {}, reference.argmax),
    "argmax_axis": (
        kl.ArgmaxLayer,
        {"axis": 1},
        lambda x: reference.argmax(x, axis=1),
    ),
    "argmax_keepdims": (
        kl.ArgmaxLayer,
        {"keepdims": True},
        lambda x: reference.argmax(x)[..., None],
    ),
    "argmax_one_hot": (
        kl.ArgmaxLayer,
        {"output_mode": "one_hot"},
        lambda x: (reference.argmax(x)[..., None] == np.arange(3)).astype("int32"),
    ),
    "multi_label": (
        kl.MultiLabelLayer,
        {"threshold": CUTS, "min_labels": 1, "max_labels": 2},
        lambda x: reference.multi_label(x, CUTS, low=1, high=2),
    ),
    "decoding_classes": (
        kl.DecodingLayer,
        {"decoding": COLORS, "outputs": "classes"},
        reference.argmax,
    ),
    "decoding_labels": (
        kl.DecodingLayer,
        {"decoding": TAGS, "outputs": "classes"},
        lambda x: reference.multi_label(x, CUTS),
    ),
    "decoding_ordered": (
        kl.DecodingLayer,
        {"decoding": SIZES, "outputs": "classes"},
        lambda x: reference.ordinal(x, CUTS, from_logits=True),
    ),
}
FLOAT_LAYERS = {
    "softmax": ({}, 3, ("multiclass", True)),
    "softmax_warm": ({"temperature": 2.0}, 3, ("multiclass", True, -1, 2.0)),
    "softmax_given": ({"from_logits": False}, 3, ("multiclass", False)),
    "softmax_axis": ({"axis": 1}, 3, ("multiclass", True, 1)),
    "sigmoid": ({"task": "binary"}, 1, ("binary", True)),
    "two_units": ({"task": "binary"}, 2, ("binary", True)),
    "sigmoid_given": ({"task": "binary", "from_logits": False}, 1, ("binary", False)),
    "labels": ({"task": "multilabel"}, 3, ("multilabel", True)),
    "ordered": ({"task": "ordinal"}, 3, ("ordinal", True)),
}


def scores(dtype, units=3, rank=3):
    """Return scores with ties, edge values and a NaN row where the dtype has them."""
    shape = (4, 3, units) if rank == 3 else (6, units)
    x = np.random.default_rng(0).normal(size=shape)
    x[0, 0], x[1, 0] = 0.25, 0.29999
    return as_given(cast(x, dtype))


def with_edges(x):
    x = np.array(x)
    x[2, 0], x[3, 0, 0], x[3, 1, 1] = np.nan, np.inf, -np.inf
    return x


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", INTEGER_LAYERS)
def test_integer_layers_hold_the_contract_of_keras(name, dtype):
    layer_class, arguments, want = INTEGER_LAYERS[name]
    _, seen = scores(dtype)
    data, seen = as_given(seen if dtype in ("int32", "uint8") else with_edges(seen))
    TestCase().run_layer_test(
        layer_class,
        init_kwargs=arguments,
        input_data=data,
        expected_output=keras.ops.convert_to_tensor(want(seen)),
        expected_output_dtype="int32",
        expected_num_trainable_weights=0,
        expected_num_non_trainable_weights=0,
        expected_num_seed_generators=0,
        expected_num_losses=0,
        supports_masking=True,
        run_training_check=False,  # integers have no gradient, in Keras' layers too
        run_mixed_precision_check=True,
        assert_built_after_instantiation=True,
    )


# Keras' own check trains a layer without weights, from a generator.
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FLOAT_LAYERS)
def test_probability_layer_holds_the_contract_of_keras(name, dtype):
    arguments, units, oracle = FLOAT_LAYERS[name]
    data, seen = scores(dtype, units)
    want = reference.probabilities(seen, *oracle).astype("float32")
    TestCase().run_layer_test(
        kl.ProbabilityLayer,
        init_kwargs=arguments,
        input_data=data,
        expected_output=keras.ops.convert_to_tensor(want),
        expected_output_dtype="float32",
        expected_num_trainable_weights=0,
        supports_masking=True,
        run_training_check=dtype == "float32",
        assert_built_after_instantiation=True,
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_top_k_layer_holds_the_contract_of_keras(dtype):
    data, seen = scores(dtype)
    TestCase().run_layer_test(
        kl.TopKLayer,
        init_kwargs={"k": 2, "from_logits": True},
        input_data=data,
        expected_output_shape=((4, 3, 2), (4, 3, 2)),
        expected_output_dtype=("int32", "float32"),
        expected_num_trainable_weights=0,
        supports_masking=True,
        run_training_check=False,
        assert_built_after_instantiation=True,
    )
    ids, p = map(numpy, kl.TopKLayer(k=2, from_logits=True)(data))
    want = reference.top_k(seen, 2)
    want_p = reference.probabilities(seen, "multiclass", from_logits=True)
    np.testing.assert_array_equal(ids, want)
    np.testing.assert_allclose(p, np.take_along_axis(want_p, want, -1), atol=2e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_decoding_layer_holds_the_contract_of_keras(dtype):
    data, seen = scores(dtype)
    outputs = ("probabilities", "classes", "scores")
    given = keras.backend.standardize_dtype(data.dtype)
    TestCase().run_layer_test(
        kl.DecodingLayer,
        init_kwargs={"decoding": COLORS, "outputs": outputs},
        input_data=data,
        expected_output_shape={
            "probabilities": (4, 3, 3),
            "classes": (4, 3),
            "scores": (4, 3, 3),
        },
        expected_output_dtype={
            "probabilities": "float32",
            "classes": "int32",
            "scores": given,
        },
        expected_num_trainable_weights=0,
        supports_masking=True,
        run_training_check=False,
        assert_built_after_instantiation=True,
    )
    made = kl.DecodingLayer(COLORS, outputs)(data)
    p = reference.probabilities(seen, "multiclass", from_logits=True)
    assert list(made) == list(outputs)
    np.testing.assert_allclose(numpy(made["probabilities"]), p, atol=2e-6)
    np.testing.assert_array_equal(numpy(made["classes"]), reference.argmax(seen))
    np.testing.assert_array_equal(numpy(made["scores"]), seen)
