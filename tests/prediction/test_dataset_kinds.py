"""Datasets of every kind give the decisions of their rows, in order."""

import itertools

import keras
import numpy as np
import pytest
import reference

import keras_labels as kl

CUTS = (0, 4, 8, 10)  # the last batch is smaller


def parts(x):
    return [x[i:j] for i, j in itertools.pairwise(CUTS)]


class Rows(keras.utils.PyDataset):
    """A PyDataset of (x, y), of a length that is known or not."""

    def __init__(self, x, count=3, **kwargs):
        super().__init__(**kwargs)
        self.parts, self.count, self.began, self.ended = parts(x), count, 0, 0

    @property
    def num_batches(self):
        return self.count

    def __getitem__(self, index):
        one = self.parts[index % 3]
        return one, np.zeros(len(one))

    def on_epoch_begin(self):
        self.began += 1

    def on_epoch_end(self):
        self.ended += 1


def with_y(x):
    return [(p, np.zeros(len(p))) for p in parts(x)]


GENERATORS = {
    "bare arrays": lambda x: (p for p in parts(x)),
    "nested lists": lambda x: (p.tolist() for p in parts(x)),
    "(x,)": lambda x: ((p,) for p in parts(x)),
    "(x, y)": lambda x: (pair for pair in with_y(x)),
    "(x, None)": lambda x: ((p, None) for p in parts(x)),
    "[x, y]": lambda x: (list(pair) for pair in with_y(x)),
    "(x, y, w)": lambda x: ((*pair, pair[1]) for pair in with_y(x)),
    "backend tensors": lambda x: map(keras.ops.convert_to_tensor, parts(x)),
    "a map": lambda x: map(np.asarray, parts(x)),
    "an iterator of a list": lambda x: iter(parts(x)),
    "an empty batch between": lambda x: iter([x[:4], x[:0], x[4:]]),
    "PyDataset": Rows,
    "PyDataset with workers": lambda x: Rows(x, workers=3),
}


@pytest.mark.parametrize("kind", GENERATORS)
def test_batches_are_read_in_order(labeled, x, kind, assert_right):
    scores = labeled.predict(x, verbose=0)
    assert_right(labeled, lambda: GENERATORS[kind](x), scores)


def test_generator_of_dicts(two_inputs, x, assert_right):
    def data():
        return ({"zone": p[:, 1:], "left": p[:, :2]} for p in parts(x))

    whole = {"left": x[:, :2], "zone": x[:, 1:]}
    scores = two_inputs.predict(whole, verbose=0)
    assert_right(two_inputs, data, scores)
    assert_right(two_inputs, lambda: ((one, 0) for one in data()), scores)


def test_generator_of_a_tuple_of_inputs(x, assert_right):
    inputs = [keras.Input((2,)), keras.Input((3,))]
    scores = keras.layers.Dense(3)(keras.layers.Concatenate()(inputs))
    labeled = kl.LabeledModel(
        keras.Model(inputs, scores),
        class_names=("cat", "dog", "emu"),
        task="multiclass",
        from_logits=True,
    )
    expected = labeled.predict([x[:, :2], x[:, 1:]], verbose=0)
    assert_right(labeled, lambda: (((p[:, :2], p[:, 1:]),) for p in parts(x)), expected)


def test_batches_of_different_sequence_length():
    inputs = keras.Input((None, 2))
    pooled = keras.layers.GlobalMaxPooling1D()(inputs)
    model = keras.Model(inputs, keras.layers.Activation("softmax")(pooled))
    labeled = kl.LabeledModel(model)
    rng = np.random.default_rng(0)
    batches = [rng.normal(size=(2, n, 2)).astype("float32") for n in (3, 7, 5)]
    expected = [reference.argmax(batch.max(axis=1)) for batch in batches]
    made = labeled.predict_classes(iter(batches))
    np.testing.assert_array_equal(made, np.concatenate(expected))


def test_dense_outputs_of_different_length_are_refused(identity):
    labeled = identity((None, 3), task="multiclass", from_logits=True)
    batches = [np.zeros((2, n, 3), "float32") for n in (3, 3, 5)]
    with pytest.raises(kl.InputError, match=r"different shapes.*\(4, 3\).*\(2, 5\)"):
        labeled.predict_classes(iter(batches))


class TestSteps:
    def test_endless_generator(self, labeled, x, assert_right):
        scores = labeled.predict(x[:8], verbose=0)
        data = lambda: itertools.cycle(parts(x))  # noqa: E731
        assert_right(labeled, data, scores, steps=2)

    def test_reads_no_batch_more(self, labeled, x):
        source = iter(parts(x))
        labeled.predict_classes(source, steps=2)
        assert len(next(source)) == 2

    def test_endless_py_dataset(self, labeled, x, assert_right):
        scores = labeled.predict(np.concatenate([x, x[:4]]), verbose=0)
        assert_right(labeled, lambda: Rows(x, count=None), scores, steps=4)

    def test_endless_py_dataset_with_workers(self, labeled, x, assert_right):
        scores = labeled.predict(np.concatenate([x, x[:4]]), verbose=0)
        data = lambda: Rows(x, count=None, workers=2)  # noqa: E731
        assert_right(labeled, data, scores, steps=4)

    def test_endless_py_dataset_without_steps_is_refused(self, labeled, x):
        with pytest.raises(kl.InputError, match=r"never ends.*steps="):
            labeled.predict_proba(Rows(x, count=None))


def test_py_dataset_is_told_of_the_epoch(labeled, x):
    rows = Rows(x)
    labeled.predict_classes(rows)
    assert (rows.began, rows.ended) == (1, 1)


class TestTensorFlowData:
    @pytest.fixture(autouse=True)
    def _data(self, x):
        self.tf = pytest.importorskip("tensorflow")
        self.rows = self.tf.data.Dataset.from_tensor_slices(x).batch(4)
        self.pairs = self.tf.data.Dataset.from_tensor_slices((x, x[:, 0])).batch(4)
        triples = (x, x[:, 0], x[:, 0])
        self.triples = self.tf.data.Dataset.from_tensor_slices(triples).batch(4)

    @pytest.mark.parametrize("kind", ["rows", "pairs", "triples"])
    def test_with_and_without_targets(self, labeled, x, kind, assert_right):
        scores = labeled.predict(x, verbose=0)
        assert_right(labeled, lambda: getattr(self, kind), scores)

    def test_unknown_length(self, labeled, x, assert_right):
        data = self.rows.filter(lambda _: True)
        assert_right(labeled, lambda: data, labeled.predict(x, verbose=0))

    def test_endless(self, labeled, x, assert_right):
        data = self.pairs.repeat()
        scores = labeled.predict(np.concatenate([x, x[:4]]), verbose=0)
        assert_right(labeled, lambda: data, scores, steps=4)
        with pytest.raises(kl.InputError, match=r"never ends.*steps="):
            labeled.predict_proba(data)

    def test_dicts(self, two_inputs, x, assert_right):
        whole = {"zone": x[:, 1:], "left": x[:, :2]}
        data = self.tf.data.Dataset.from_tensor_slices((whole, x[:, 0])).batch(3)
        assert_right(two_inputs, lambda: data, two_inputs.predict(whole, verbose=0))


class TestDataLoader:
    @pytest.fixture(autouse=True)
    def _data(self):
        self.torch = pytest.importorskip("torch")
        self.data = self.torch.utils.data

    def test_bare_batches(self, labeled, x, assert_right):
        loader = self.data.DataLoader(list(x), batch_size=4)
        assert_right(labeled, lambda: loader, labeled.predict(x, verbose=0))

    def test_pairs(self, labeled, x, assert_right):
        tensors = self.torch.tensor(x), self.torch.arange(10)
        rows = self.data.TensorDataset(*tensors)
        loader = self.data.DataLoader(rows, batch_size=4)
        assert_right(labeled, lambda: loader, labeled.predict(x, verbose=0))

    def test_dicts(self, two_inputs, x, assert_right):
        rows = [{"zone": row[1:], "left": row[:2], "id": 1} for row in x]
        loader = self.data.DataLoader(rows, batch_size=4)
        whole = {"zone": x[:, 1:], "left": x[:, :2]}
        scores = two_inputs.predict(whole, verbose=0)
        assert_right(two_inputs, lambda: loader, scores)

    def test_unknown_length(self, labeled, x, assert_right):
        class Stream(self.data.IterableDataset):
            def __iter__(self):
                return iter(x)

        loader = self.data.DataLoader(Stream(), batch_size=4)
        assert_right(labeled, lambda: loader, labeled.predict(x, verbose=0))
