"""Arrays of every kind give the decisions of their float32 values."""

import keras
import numpy as np
import pytest
import reference

import keras_labels as kl

KINDS = {
    "float64": lambda x: x.astype("float64"),
    "float32": lambda x: x,
    "fortran order": np.asfortranarray,
    "every second row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "reversed view": lambda x: x[::-1].copy()[::-1],
    "backend tensor": keras.ops.convert_to_tensor,
    "list with the array": lambda x: [x],
    "nested lists": lambda x: x.tolist(),
    "tuples of tuples": lambda x: tuple(map(tuple, x.tolist())),
    "lists of numpy numbers": lambda x: [list(row) for row in x],
    "last axis of one": lambda x: x[:, :, None],
}


@pytest.mark.parametrize("kind", KINDS)
def test_kind_of_array_changes_nothing(labeled, x, kind, assert_right):
    scores = labeled.predict(x, verbose=0)
    assert_right(labeled, lambda: KINDS[kind](x), scores)


@pytest.mark.parametrize("rows", [1, 3, 10])
@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_batch_size_changes_nothing(labeled, x, rows, batch_size, assert_right):
    scores = labeled.predict(x[:rows], verbose=0)
    assert_right(labeled, lambda: x[:rows], scores, batch_size=batch_size)


def test_steps_counts_batches_of_arrays(labeled, x, assert_right):
    scores = labeled.predict(x[:6], verbose=0)
    assert_right(labeled, lambda: x, scores, batch_size=3, steps=2)


@pytest.mark.parametrize("dtype", ["float16", "int64", "uint8", "bool"])
def test_other_dtypes_are_their_numbers(labeled, x, dtype, assert_right):
    given = np.abs(np.round(x * 3)).astype(dtype)
    scores = labeled.predict(given.astype("float32"), verbose=0)
    assert_right(labeled, lambda: given, scores)


def test_uint8_images(assert_right):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 8, 8, 3)).astype("uint8")
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    model = keras.Sequential([keras.Input((8, 8, 3)), *layers, keras.layers.Dense(3)])
    labeled = kl.LabeledModel(
        model, class_names=("cat", "dog", "emu"), task="multiclass", from_logits=True
    )
    assert_right(labeled, lambda: images, labeled.predict(images, verbose=0))


def test_column_for_an_input_without_axes(identity):
    labeled = identity((1,), task="binary", from_logits=False)
    p = np.linspace(0, 1, 7, dtype="float32")
    expected = reference.threshold(p[:, None], [0.5])[:, 0]
    np.testing.assert_array_equal(labeled.predict_classes(p), expected)
    np.testing.assert_array_equal(labeled.predict_classes(p[:, None]), expected)


def test_images_without_their_channel_axis(identity):
    labeled = identity((6, 6, 1), task="binary", from_logits=False)
    p = np.random.default_rng(0).random((3, 6, 6)).astype("float32")
    expected = reference.threshold(p[..., None], [0.5])[..., 0]
    np.testing.assert_array_equal(labeled.predict_classes(p), expected)


def test_float64_is_rounded_as_model_predict_does(identity):
    # 0.5 + 1e-12 is over 0.5 in float64 and on it in float32.
    labeled = identity((1,), task="binary", from_logits=False)
    given = np.array([[0.5 + 1e-12]])
    assert labeled.predict(given, verbose=0)[0, 0] == 0.5
    assert labeled.predict_classes(given).tolist() == [0]


@pytest.mark.parametrize("module", ["torch", "tensorflow"])
def test_tensor_of_another_framework(labeled, x, module, assert_right):
    framework = pytest.importorskip(module)
    scores = labeled.predict(x, verbose=0)
    make = getattr(framework, "as_tensor", None) or framework.constant
    assert_right(labeled, lambda: make(x), scores)


def test_torch_tensor_that_requires_grad(labeled, x, assert_right):
    torch = pytest.importorskip("torch")
    given = torch.tensor(x, requires_grad=True)
    assert_right(labeled, lambda: given, labeled.predict(x, verbose=0))


def test_pandas(labeled, x, assert_right):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    assert_right(labeled, lambda: pandas.DataFrame(x), labeled.predict(x, verbose=0))


@pytest.mark.parametrize("form", ["csr_matrix", "coo_matrix", "csr_array"])
def test_sparse_matrix(labeled, x, form, assert_right):
    sparse = pytest.importorskip("scipy.sparse", reason="scipy is not installed")
    given = getattr(sparse, form)(x)
    assert_right(labeled, lambda: given, labeled.predict(x, verbose=0), batch_size=4)


DICTS = {
    "dict": lambda a, b: {"left": a, "zone": b},
    "dict in another order": lambda a, b: {"zone": b, "left": a},
    "dict with more": lambda a, b: {"id": a, "zone": b, "left": a},
    "dict of lists": lambda a, b: {"left": a.tolist(), "zone": b.tolist()},
    "dict of tensors": lambda a, b: {
        "zone": keras.ops.convert_to_tensor(b),
        "left": keras.ops.convert_to_tensor(a),
    },
}


class TestSeveralInputs:
    @pytest.mark.parametrize("kind", DICTS)
    def test_dict_is_taken_by_name(self, two_inputs, x, kind, assert_right):
        a, b = x[:, :2], x[:, 1:]
        scores = two_inputs.predict({"left": a, "zone": b}, verbose=0)
        assert_right(two_inputs, lambda: DICTS[kind](a, b), scores, batch_size=4)

    @pytest.mark.parametrize("kind", [list, tuple])
    def test_list_is_taken_in_order(self, x, kind, assert_right):
        inputs = [keras.Input((2,), name="z"), keras.Input((3,), name="a")]
        scores = keras.layers.Dense(3)(keras.layers.Concatenate()(inputs))
        model = keras.Model(inputs, scores)
        names = ("cat", "dog", "emu")
        labeled = kl.LabeledModel(
            model, class_names=names, task="multiclass", from_logits=True
        )
        a, b = x[:, :2], x[:, 1:]
        expected = model.predict([a, b], verbose=0)
        assert_right(labeled, lambda: kind((a, b)), expected)
        assert_right(labeled, lambda: {"a": b, "z": a}, expected)
        sample = labeled.predict_one(kind((a[0], b[0])))
        assert sample.class_id == reference.argmax(expected)[0]

    def test_predict_one_of_a_dict(self, two_inputs, x):
        a, b = x[:, :2], x[:, 1:]
        scores = two_inputs.predict({"left": a, "zone": b}, verbose=0)
        made = two_inputs.predict_one({"zone": b[3].tolist(), "left": a[3]})
        assert made.class_id == reference.argmax(scores)[3]


@pytest.mark.parametrize("form", [np.asarray, list, keras.ops.convert_to_tensor, tuple])
def test_predict_one_of_every_form(labeled, x, form):
    scores = labeled.predict(x, verbose=0)
    p = reference.probabilities(scores, "multiclass", from_logits=True)
    made = labeled.predict_one(form(x[2].tolist()))
    assert made.class_id == reference.argmax(scores)[2]
    np.testing.assert_allclose(list(made.probabilities.values()), p[2], atol=2e-6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="text is tf's")
def test_text(labeled):
    import tensorflow as tf

    words = keras.layers.TextVectorization(max_tokens=10, output_sequence_length=3)
    words.adapt(["good day", "bad night"])
    layers = [words, keras.layers.Embedding(10, 4), keras.layers.Flatten()]
    model = keras.Sequential(
        [keras.Input((), dtype="string"), *layers, keras.layers.Dense(3)]
    )
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    text = ["good", "bad day"]
    expected = reference.argmax(model.predict(tf.constant(text), verbose=0)).tolist()
    for given in (text, np.array(text), tf.constant(text)):
        assert labeled.predict_classes(given).tolist() == expected
    assert labeled.predict_one(text[1]).class_id == expected[1]
    assert labeled.predict_classes(np.array([], str)).shape == (0,)
