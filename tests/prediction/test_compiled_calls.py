"""A compiled call is the model as it is now: weights, states, kinds of arrays."""

import gc
import sys
import tracemalloc

import keras
import numpy as np
import pytest
import reference
from keras import layers

import keras_labels as kl

BACKEND = keras.backend.backend()
on_torch = pytest.mark.skipif(BACKEND != "torch", reason="torch's way to compile")
LOGITS = {"task": "multiclass", "from_logits": True}
Y = np.arange(10) % 3


def loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def assert_current(labeled, x):
    """Check both kinds of decisions against the model's own `predict`."""
    scores = labeled.model.predict(x, verbose=0)
    p = reference.probabilities(scores, "multiclass", from_logits=True)
    np.testing.assert_allclose(labeled.predict_proba(x), p, atol=2e-6)
    np.testing.assert_array_equal(labeled.predict_classes(x), reference.argmax(scores))


def by_fit(model, x, path):
    model.compile("sgd", loss())
    model.fit(x, Y, epochs=3, verbose=0)


def by_set_weights(model, x, path):
    model.set_weights([2 - w for w in model.get_weights()])


def by_assign(model, x, path):
    for variable in model.variables:
        variable.assign(2 - variable)


def by_load_weights(model, x, path):
    weights = model.get_weights()
    by_set_weights(model, x, path)
    model.save_weights(path)
    model.set_weights(weights)
    model.load_weights(path)


def by_quantization(model, x, path):
    by_set_weights(model, x, path)
    model.quantize("int8")
    assert "int8" in {str(v.dtype) for v in model.variables}


CHANGES = [by_fit, by_set_weights, by_assign, by_load_weights, by_quantization]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.filterwarnings("ignore:.*quantiz:UserWarning")
def test_changes_of_the_inner_model_are_seen_by_all_that_share_it(
    change, make_dense, x, tmp_path
):
    """Two wrappers of one model, and one of another model with the same layers."""
    model = make_dense(4, 3)
    inputs = keras.Input((4,))
    twice = keras.Model(inputs, model.layers[0](2 * inputs))
    every = [kl.LabeledModel(one, **LOGITS) for one in (model, model, twice)]
    before = [labeled.predict_proba(x) for labeled in every]
    for labeled in every:
        labeled.predict_classes(x)
    change(model, x, str(tmp_path / "w.weights.h5"))
    for labeled, old in zip(every, before, strict=True):
        assert np.abs(labeled.predict_proba(x) - old).max() > 1e-3
        assert_current(labeled, x)


class Lazy(keras.Model):
    """A model whose weights are made in its first call."""

    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(5, "relu")
        self.head = layers.Dense(3)

    def call(self, x):
        return self.head(self.hidden(x))


def test_weights_made_in_a_prediction_can_be_trained(make_dense, x):
    rule = kl.LabeledModel(make_dense(4, 3), **LOGITS).decoding
    model = Lazy()
    labeled = kl.LabeledModel(model, decoding=rule)
    for _ in range(3):
        labeled.predict_classes(x)
    before = model.get_weights()
    model.compile("sgd", loss())
    model.fit(x, Y, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert not np.array_equal(old, new)
    assert_current(labeled, x)


@on_torch
def test_gradients_exist_after_predictions(make_dense, x):
    import torch

    model = make_dense(4, 3)
    labeled = kl.LabeledModel(model, **LOGITS)
    labeled.predict_proba(x)
    labeled.predict_one(x[0])
    model(torch.as_tensor(x)).square().sum().backward()
    for variable in model.trainable_variables:
        assert float(variable.value.grad.abs().sum()) > 0
    assert torch.is_grad_enabled()


@on_torch
def test_layer_that_keeps_tensors_can_be_trained():
    """As rotary embeddings do, which make their table once for each length."""

    class Positions(layers.Layer):
        def __init__(self):
            super().__init__()
            self.tables = {}

        def call(self, x):
            if (n := x.shape[1]) not in self.tables:
                self.tables[n] = keras.ops.arange(1, n + 1, dtype="float32")[:, None]
            return x * self.tables[n]

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

    inputs = keras.Input((None, 4))
    scaled = Positions()(layers.Dense(3)(inputs))
    model = keras.Model(inputs, layers.GlobalAveragePooling1D()(scaled))
    labeled = kl.LabeledModel(model, **LOGITS)
    for length in (3, 5):
        labeled.predict_classes(np.ones((2, length, 4)))
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 5, 4)), np.zeros((2, 3)), verbose=0)


class Look(keras.callbacks.Callback):
    """Decides after every batch and epoch, and keeps the weights of that time."""

    def __init__(self, labeled, x):
        super().__init__()
        self.labeled, self.x, self.seen = labeled, x, []

    def look(self):
        classes = self.labeled.predict_classes(self.x)
        probabilities = self.labeled.predict_proba(self.x[:1])
        if BACKEND == "jax":
            self.labeled.model.jax_state_sync()  # for the weights
        weights = [np.array(w) for w in self.labeled.model.get_weights()]
        self.seen.append((classes, probabilities, weights))

    def on_train_batch_end(self, batch, logs=None):
        self.look()

    def on_epoch_end(self, epoch, logs=None):
        self.look()


def test_callbacks_decide_with_the_weights_of_the_moment(make_dense, x):
    models = [make_dense(4, 3), make_dense(4, 3)]
    models[1].set_weights(models[0].get_weights())
    look = Look(kl.LabeledModel(models[0], **LOGITS), x)
    histories = []
    for model, callbacks in zip(models, ([look], []), strict=True):
        model.compile(keras.optimizers.Adam(0.3), loss())
        options = {"batch_size": 4, "epochs": 3, "shuffle": False, "verbose": 0}
        histories.append(model.fit(x, Y, callbacks=callbacks, **options).history)
    assert histories[0] == histories[1]
    for one, other in zip(*(m.get_weights() for m in models), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(look.seen) == 3 * (3 + 1)
    for classes, probabilities, (kernel, bias) in look.seen:
        scores = x @ kernel + bias
        np.testing.assert_array_equal(classes, reference.argmax(scores))
        p = reference.probabilities(scores[:1], "multiclass", from_logits=True)
        np.testing.assert_allclose(probabilities, p, atol=2e-6)
    assert len({classes.tobytes() for classes, _, _ in look.seen}) > 3


class Noise(layers.Layer):
    def __init__(self):
        super().__init__()
        self.seed = keras.random.SeedGenerator(1)

    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x), seed=self.seed)


def test_seeds_advance_as_in_predict():
    """The same random numbers, batch by batch, as of a twin that Keras predicts."""
    x = np.random.default_rng(2).normal(size=(70, 3)).astype("float32")
    one, twin = (keras.Sequential([keras.Input((3,)), Noise()]) for _ in "ab")
    labeled = kl.LabeledModel(one, **LOGITS)
    made = [labeled.predict_proba(x) for _ in range(3)]
    for p in made:
        scores = twin.predict(x, verbose=0)
        expected = reference.probabilities(scores, "multiclass", from_logits=True)
        np.testing.assert_allclose(p, expected, atol=2e-6)
    assert not np.array_equal(made[0], made[1])


def test_states_advance_as_in_predict():
    steps = np.random.default_rng(2).normal(size=(6, 3, 4)).astype("float32")
    inputs = keras.Input(batch_shape=(2, 3, 4))
    layer = layers.SimpleRNN(3, stateful=True)
    model = keras.Model(inputs, layer(inputs))
    labeled = kl.LabeledModel(model, **LOGITS)
    scores = [model.predict(steps, batch_size=2, verbose=0) for _ in range(2)]
    layer.reset_state()
    for expected in scores:
        p = reference.probabilities(expected, "multiclass", from_logits=True)
        np.testing.assert_allclose(labeled.predict_proba(steps), p, atol=2e-6)
    if BACKEND != "jax":  # there `Model.predict` of keras 3.15 keeps no state
        assert not np.array_equal(scores[0], scores[1])


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_jit_compile_decides_the_same(make_dense, x):
    model = make_dense(4, 3)
    labeled = kl.LabeledModel(model, **LOGITS)
    for change in (1, -1):
        model.set_weights([change * w for w in model.get_weights()])
        scores = model.predict(x, verbose=0)
        for rows in (1, 3, 10):
            made = labeled.predict_classes(x[:rows], jit_compile=True)
            np.testing.assert_array_equal(made, reference.argmax(scores[:rows]))
    expected = labeled.predict_classes(x)
    np.testing.assert_array_equal(
        labeled.predict_classes(x, jit_compile=True), expected
    )


@on_torch
def test_jit_compile_of_what_torch_cannot_export_is_refused(x):
    class Branching(layers.Layer):
        def call(self, x):
            return x if float(keras.ops.sum(x)) > 0 else -x

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

    model = keras.Sequential([keras.Input((4,)), Branching()])
    labeled = kl.LabeledModel(model, **LOGITS)
    with pytest.raises(kl.InputError, match="jit_compile=True"):
        labeled.predict_classes(x, jit_compile=True)
    assert_current(labeled, x)


@pytest.mark.parametrize("options", [{}, {"batch_size": 3}, {"batch_size": 1}])
@pytest.mark.parametrize("rows", [0, 1, 10])
def test_results_may_be_written_to(labeled, x, rows, options):
    for method in (labeled.predict_classes, labeled.predict_proba):
        first = method(x[:rows], **options)
        kept = first.copy()
        first += 1
        first[:] = 7
        np.testing.assert_array_equal(method(x[:rows], **options), kept)


DTYPES = ["float64", "float16", "int8", "int32", "int64", "uint8", "bool"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_of_any_type_are_what_predict_makes_of_them(labeled, dtype):
    most = 2 if dtype == "bool" else 5
    numbers = np.random.default_rng(3).integers(0, most, (10, 4)).astype(dtype)
    scores = labeled.model.predict(numbers, verbose=0)
    ids = reference.argmax(scores).tolist()
    assert_current(labeled, numbers)
    assert labeled.predict_classes(numbers.tolist()).tolist() == ids
    assert labeled.predict_classes(iter([numbers[:3], numbers[3:]])).tolist() == ids
    assert [labeled.predict_one(row).class_id for row in numbers] == ids
    assert [labeled.predict_one(row.tolist()).class_id for row in numbers] == ids


@pytest.mark.parametrize("dtype", DTYPES)
def test_dicts_of_any_type_are_what_predict_makes_of_them(two_inputs, dtype):
    numbers = np.random.default_rng(3).integers(0, 2, (10, 5)).astype(dtype)
    data = {"left": numbers[:, :2], "zone": numbers[:, 2:].astype("float32")}
    assert_current(two_inputs, data)
    ids = two_inputs.predict_classes(data)
    sample = {name: value[4] for name, value in data.items()}
    assert two_inputs.predict_one(sample).class_id == ids[4]


def test_types_in_turn_do_not_disturb_each_other(labeled):
    numbers = np.random.default_rng(3).integers(0, 2, (10, 4))
    for dtype in DTYPES * 2:
        assert_current(labeled, numbers.astype(dtype))


def counted(layer):
    """Return how often a layer is run in Python: where it is traced, in a list."""
    runs = [0]
    call = layer.call

    def run(*args, **kwargs):
        runs[0] += 1
        return call(*args, **kwargs)

    layer.call = run
    return runs


def test_ten_thousand_calls_leave_nothing_behind(make_dense):
    model = make_dense(4, 3)
    labeled = kl.LabeledModel(model, **LOGITS)
    rng = np.random.default_rng(4)
    x = rng.normal(size=(40, 4)).astype("float32")
    expected = reference.argmax(model.predict(x, verbose=0))
    runs = counted(model.layers[0])
    sizes = rng.integers(1, 41, 10_000)

    def call(some):
        for rows in some:
            assert labeled.predict_classes(x[:rows])[-1] == expected[rows - 1]

    call(sizes[:2000])
    gc.collect()
    blocks = sys.getallocatedblocks()
    call(sizes[2000:8000])
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 1000
    tracemalloc.start()  # which makes a call four times slower
    try:
        call(sizes[8000:])
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 100_000
    assert len(labeled._predictor("classes")._calls[None]._calls) == 1
    if BACKEND != "torch":  # which traces nothing
        assert 1 <= runs[0] <= (8 if BACKEND == "jax" else 2)
