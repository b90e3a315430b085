"""What is not ours to compile goes through Keras' own call, and nothing else does."""

import keras
import numpy as np
import pytest
import reference
from keras import layers

import keras_labels as kl
from keras_labels.prediction import _predict

BACKEND = keras.backend.backend()
on_tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="such tensors are tensorflow's"
)
LOGITS = {"task": "multiclass", "from_logits": True}


@pytest.fixture
def falls(monkeypatch):
    """Return the list of the batches that went through Keras' own call."""
    seen = []
    call = _predict.keras_call

    def counted(decoder, x):
        seen.append(x)
        return call(decoder, x)

    monkeypatch.setattr(_predict, "keras_call", counted)
    return seen


def assert_decided(labeled, given, scores):
    """Check classes and probabilities of some data against its scores."""
    classes = labeled.predict_classes(given)
    np.testing.assert_array_equal(classes, reference.argmax(scores))
    p = reference.probabilities(scores, "multiclass", from_logits=True)
    np.testing.assert_allclose(labeled.predict_proba(given), p, atol=2e-6)


def scores_of(model, x):
    """Return the scores of a single dense layer by hand."""
    kernel, bias = map(np.asarray, model.get_weights())
    return x @ kernel + bias


def test_plain_model_never_falls_back(make_dense, x, falls):
    model = make_dense(4, 3)
    labeled = kl.LabeledModel(model, **LOGITS)
    scores = scores_of(model, x)
    for given in (x, x.tolist(), x.astype("float64"), keras.ops.convert_to_tensor(x)):
        assert_decided(labeled, given, scores)
    ids = reference.argmax(scores)
    made = labeled.predict_classes(iter([x[:4], x[4:]]))
    np.testing.assert_array_equal(made, ids)
    assert labeled.predict_one(x[1]).class_id == ids[1]
    assert falls == []


def test_compiled_models_never_fall_back(make_dense, x, falls):
    model = make_dense(4, 3)
    model.compile("sgd", "mse")
    assert_decided(kl.LabeledModel(model, **LOGITS), x, scores_of(model, x))
    assert falls == []


def test_own_predict_step(x, falls):
    class Doubled(keras.Sequential):
        def predict_step(self, *args):
            *state, data = args  # jax gives the state as well
            return super().predict_step(*state, (2 * data[0],))

    model = Doubled([keras.Input((4,)), layers.Dense(3)])
    labeled = kl.LabeledModel(model, **LOGITS)
    assert_decided(labeled, x, scores_of(model, 2 * x))
    assert len(falls) == 2


def test_eager_model(make_dense, x, falls):
    model = make_dense(4, 3)
    model.compile(run_eagerly=True)
    assert_decided(kl.LabeledModel(model, **LOGITS), x, scores_of(model, x))
    assert len(falls) == 2


def test_model_that_is_made_eager_later(make_dense, x, falls):
    model = make_dense(4, 3)
    labeled = kl.LabeledModel(model, **LOGITS)
    for eager, calls in ((False, 0), (True, 2), (False, 2)):
        model.run_eagerly = eager
        assert_decided(labeled, x, scores_of(model, x))
        assert len(falls) == calls


def test_model_without_jit(make_dense, x, falls):
    """On jax that is: not compiled, which some layers need."""
    model = make_dense(4, 3)
    model.compile(jit_compile=False)
    assert_decided(kl.LabeledModel(model, **LOGITS), x, scores_of(model, x))
    assert len(falls) == (2 if BACKEND == "jax" else 0)


def test_stateful_layers_get_batches_of_their_length(falls):
    inputs = keras.Input(batch_shape=(2, 3, 4))
    model = keras.Model(inputs, layers.LSTM(3, stateful=True)(inputs))
    x = np.random.default_rng(0).normal(size=(6, 3, 4)).astype("float32")
    made = kl.LabeledModel(model, **LOGITS).predict_classes(x)
    assert [len(batch) for batch in falls] == [2, 2, 2]
    model.layers[1].reset_states()
    scores = keras.ops.convert_to_numpy(model(x[:2]))
    np.testing.assert_array_equal(made[:2], reference.argmax(scores))


class Plain(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(3)

    def call(self, x):
        return self.head(x)


@pytest.mark.parametrize("make", [Plain, lambda: keras.Sequential([layers.Dense(3)])])
def test_unbuilt_model_falls_back_once(make_dense, make, x, falls):
    rule = kl.LabeledModel(make_dense(4, 3), **LOGITS).decoding
    model = make()
    labeled = kl.LabeledModel(model, decoding=rule)
    first = labeled.predict_classes(x)
    assert len(falls) == 1
    np.testing.assert_array_equal(first, reference.argmax(scores_of(model, x)))
    assert_decided(labeled, x, scores_of(model, x))
    assert len(falls) == 1


class AddIfGiven(layers.Layer):
    def call(self, a, b):
        return a if b is None else a + b


@pytest.mark.parametrize("rows", [1, 10])
def test_optional_inputs(x, rows, falls):
    inputs = [keras.Input((4,), name="a"), keras.Input((4,), name="b", optional=True)]
    model = keras.Model(inputs, AddIfGiven()(*inputs))
    labeled = kl.LabeledModel(model, **LOGITS)
    assert_decided(labeled, [x[:rows], None], x[:rows])
    assert len(falls) == 2
    assert_decided(labeled, [x[:rows], -3 * x[:rows]], -2 * x[:rows])
    assert len(falls) == 2


@pytest.mark.parametrize("form", ["csr_matrix", "coo_array", "csc_matrix"])
def test_sparse_matrices(labeled, x, form):
    sparse = pytest.importorskip("scipy.sparse", reason="scipy is not installed")
    make = getattr(sparse, form)
    rows = np.where(x > 0.5, x, 0)
    scores = labeled.model.predict(rows, verbose=0)
    assert_decided(labeled, make(rows), scores)


def test_sparse_matrices_in_a_generator(labeled, x):
    sparse = pytest.importorskip("scipy.sparse", reason="scipy is not installed")
    make, rows = sparse.csr_matrix, np.where(x > 0.5, x, 0)
    scores = labeled.model.predict(rows, verbose=0)
    made = labeled.predict_classes(iter([make(rows[:4]), make(rows[4:])]))
    np.testing.assert_array_equal(made, reference.argmax(scores))


@on_tensorflow
class TestTensorflow:
    def test_sparse_tensors(self, x, falls):
        import tensorflow as tf

        inputs = keras.Input((4,), sparse=True)
        model = keras.Model(inputs, layers.Dense(3)(inputs))
        rows = np.where(x > 0.5, x, 0)
        data = tf.data.Dataset.from_tensor_slices(tf.sparse.from_dense(rows)).batch(4)
        labeled = kl.LabeledModel(model, **LOGITS)
        assert_decided(labeled, data, scores_of(model, rows))
        assert len(falls) == 6

    def test_sparse_tensors_beside_dense_ones(self, x, falls):
        """One model takes both: each batch goes its own way."""
        import tensorflow as tf

        inputs = keras.Input((4,), sparse=True)
        model = keras.Model(inputs, layers.Dense(3)(inputs))
        batches = [x[:4], tf.sparse.from_dense(x[4:7]), x[7:]]
        made = kl.LabeledModel(model, **LOGITS).predict_classes(iter(batches))
        np.testing.assert_array_equal(made, reference.argmax(scores_of(model, x)))
        assert len(falls) == 1

    def test_ragged_tensors(self, make_dense, falls):
        import tensorflow as tf

        class Mean(Plain):
            def call(self, x):
                return super().call(tf.reduce_mean(x, axis=1))

        ragged = [[[1.0, 2.0], [3.0, 5.0]], [[3.0, -1.0]], [[4.0, 5.0]] * 3]
        means = np.array([np.mean(row, axis=0) for row in ragged], "float32")
        model = Mean()
        model(means[:, None])
        tensor = tf.ragged.constant(ragged, ragged_rank=1, dtype="float32")
        data = tf.data.Dataset.from_tensor_slices(tensor).batch(2)
        labeled = kl.LabeledModel(model, **LOGITS)
        assert_decided(labeled, data, scores_of(model, means))
        assert len(falls) == 4

    def test_strings(self, falls):
        import tensorflow as tf

        lookup = layers.StringLookup(vocabulary=["a", "b"])
        inputs = keras.Input((1,), dtype="string")
        embedded = layers.Flatten()(layers.Embedding(3, 3)(lookup(inputs)))
        model = keras.Model(inputs, embedded)
        scores = np.asarray(model.get_weights()[-1])[[1, 2, 0, 1]]
        labeled = kl.LabeledModel(model, **LOGITS)
        text = np.array([["a"], ["b"], ["unknown"], ["a"]])
        for given in (text, text.astype(object), tf.constant(text)):
            assert_decided(labeled, given, scores)
        assert len(falls) == 6

    def test_text_in_a_dataset(self, falls):
        import tensorflow as tf

        words = layers.TextVectorization(vocabulary=["a", "b"], output_mode="count")
        inputs = keras.Input((), dtype="string")
        model = keras.Model(inputs, layers.Dense(3)(words(inputs)))
        counts = np.array([[0, 2, 0], [1, 0, 1], [0, 1, 1]], "float32")
        text = tf.data.Dataset.from_tensor_slices(["a a", "b c", "b a"]).batch(2)
        labeled = kl.LabeledModel(model, **LOGITS)
        assert_decided(labeled, text, scores_of(model, counts))
        assert len(falls) == 4


def test_layer_of_every_step_decides_every_step(falls):
    """keras 3.15 repeats it once for each row, where a graph of tf has no lengths."""
    inputs = keras.Input((None, 5))
    model = keras.Model(inputs, layers.TimeDistributed(layers.Dense(3))(inputs))
    labeled = kl.LabeledModel(model, **LOGITS)
    rng = np.random.default_rng(0)
    for length, rows in ((3, 2), (3, 3), (7, 1), (1, 5), (5, 40), (2, 2), (3, 9)):
        steps = rng.normal(size=(rows, length, 5)).astype("float32")
        assert_decided(labeled, steps, scores_of(model, steps))
    assert falls == []
