"""Targets and predictions come from one pass, so they stay paired."""

import itertools

import keras
import numpy as np
import pytest
import reference

import keras_labels as kl

ROWS = 50


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(1).normal(size=(ROWS, 4)).astype("float32")


@pytest.fixture(scope="module")
def targets(labeled, features):
    """The decisions, with every fifth wrong: accuracy is 0.8 if pairs stay paired."""
    ids = reference.argmax(labeled.predict(features, verbose=0))
    return np.where(np.arange(ROWS) % 5 == 0, (ids + 1) % 3, ids)


def accuracy(y, p):
    assert p.shape == (ROWS, 3)
    return np.mean(y == p.argmax(axis=1))


def batches(features, targets, size=8):
    for start in range(0, len(targets), size):
        yield features[start : start + size], targets[start : start + size]


class TestShuffled:
    def test_tf_data(self, labeled, features, targets):
        tf = pytest.importorskip("tensorflow")
        data = tf.data.Dataset.from_tensor_slices((features, targets))
        data = data.shuffle(ROWS, reshuffle_each_iteration=True).batch(8)
        y, p = labeled.predict_with_targets(data)
        assert accuracy(y, p) == 0.8
        assert not np.array_equal(y, targets)  # it did shuffle

    def test_data_loader(self, labeled, features, targets):
        torch = pytest.importorskip("torch")
        rows = torch.utils.data.TensorDataset(
            torch.tensor(features), torch.tensor(targets)
        )
        loader = torch.utils.data.DataLoader(rows, batch_size=8, shuffle=True)
        y, p = labeled.predict_with_targets(loader)
        assert accuracy(y, p) == 0.8
        assert not np.array_equal(y, targets)

    @pytest.mark.parametrize("workers", [1, 3])
    def test_py_dataset(self, labeled, features, targets, workers):
        class Shuffled(keras.utils.PyDataset):
            def on_epoch_begin(self):
                self.order = np.random.default_rng().permutation(ROWS)

            def __len__(self):
                return 5

            def __getitem__(self, index):
                part = self.order[index * 10 : index * 10 + 10]
                return features[part], targets[part]

        y, p = labeled.predict_with_targets(Shuffled(workers=workers))
        assert accuracy(y, p) == 0.8


@pytest.mark.parametrize("steps", [None, 3])
def test_read_exactly_once(labeled, features, targets, steps):
    read = []

    def data():
        for number, batch in enumerate(batches(features, targets)):
            read.append(number)
            yield batch

    y, p = labeled.predict_with_targets(data(), steps=steps)
    assert read == list(range(steps or 7))
    assert len(y) == len(p) == (24 if steps else ROWS)


def test_probabilities_are_those_of_the_rows(labeled, features, targets):
    y, p = labeled.predict_with_targets(batches(features, targets))
    scores = labeled.predict(features, verbose=0)
    expected = reference.probabilities(scores, "multiclass", from_logits=True)
    np.testing.assert_allclose(p, expected, atol=2e-6)
    np.testing.assert_array_equal(y, targets)


def test_endless_dataset_needs_steps(labeled, features, targets):
    data = itertools.cycle([(features[:8], targets[:8])])
    y, _ = labeled.predict_with_targets(data, steps=4)
    np.testing.assert_array_equal(y, np.tile(targets[:8], 4))


def test_sample_weights_are_left_out(labeled, features, targets):
    y, p = labeled.predict_with_targets(
        (*batch, np.ones(len(batch[1]))) for batch in batches(features, targets)
    )
    assert accuracy(y, p) == 0.8


def test_targets_by_name(labeled, features, targets):
    y, p = labeled.predict_with_targets(
        (x, {"animal": y, "age": y[:, None]}) for x, y in batches(features, targets)
    )
    assert accuracy(y["animal"], p) == 0.8
    np.testing.assert_array_equal(y["age"], targets[:, None])


def test_list_of_targets(labeled, features, targets):
    y, _ = labeled.predict_with_targets(
        (x, [y, y * 2]) for x, y in batches(features, targets)
    )
    np.testing.assert_array_equal(y[0], targets)
    np.testing.assert_array_equal(y[1], targets * 2)


class TestText:
    def names(self, targets):
        return np.array(["cat", "dog", "émeu"])[targets]

    def test_arrays_and_lists_of_str(self, labeled, features, targets):
        names = self.names(targets)
        for form in (np.asarray, list, tuple):
            data = ((x, form(y)) for x, y in batches(features, names))
            y, _ = labeled.predict_with_targets(data)
            np.testing.assert_array_equal(y, names)

    def test_bytes_of_tf_data_become_str(self, labeled, features, targets):
        tf = pytest.importorskip("tensorflow")
        names = self.names(targets)
        data = tf.data.Dataset.from_tensor_slices((features, names)).batch(8)
        y, _ = labeled.predict_with_targets(data)
        np.testing.assert_array_equal(y, names)

    def test_data_loader(self, labeled, features, targets):
        torch = pytest.importorskip("torch")
        rows = list(zip(features, map(str, self.names(targets)), strict=True))
        loader = torch.utils.data.DataLoader(rows, batch_size=8)
        y, _ = labeled.predict_with_targets(loader)
        np.testing.assert_array_equal(y, self.names(targets))


def test_several_heads(features):
    inputs = keras.Input((4,))
    outputs = {
        "species": keras.layers.Dense(3, "softmax", name="species")(inputs),
        "sick": keras.layers.Dense(1, "sigmoid", name="sick")(inputs),
    }
    labeled = kl.LabeledModel(
        keras.Model(inputs, outputs), heads={"species": {}, "sick": {}}
    )
    scores = labeled.predict(features, verbose=0)
    data = ((x, {"sick": y, "species": y}) for x, y in batches(features, features))
    y, p = labeled.predict_with_targets(data)
    np.testing.assert_array_equal(y["sick"], features)
    np.testing.assert_allclose(p["species"], scores["species"], atol=2e-6)
    expected = reference.probabilities(scores["sick"], "binary")
    np.testing.assert_allclose(p["sick"], expected, atol=2e-6)


class TestRefused:
    @pytest.mark.parametrize("form", [np.asarray, list, lambda x: (x, x[:, 0])])
    def test_arrays_name_predict_proba(self, labeled, features, form):
        with pytest.raises(kl.InputError, match="For arrays call predict_proba"):
            labeled.predict_with_targets(form(features))

    @pytest.mark.parametrize("given", [None, "data", 3])
    def test_what_is_no_dataset(self, labeled, given):
        with pytest.raises(kl.InputError, match=r"Received: .*type"):
            labeled.predict_with_targets(given)

    @pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (x,), lambda x: (x, None)])
    def test_no_targets(self, labeled, features, wrap):
        with pytest.raises(kl.InputError, match=r"without targets.*predict_proba"):
            labeled.predict_with_targets(iter([wrap(features)]))

    def test_no_batch(self, labeled):
        with pytest.raises(kl.InputError, match="no batch"):
            labeled.predict_with_targets(iter(()))

    def test_rows_that_do_not_pair(self, labeled, features, targets):
        with pytest.raises(kl.InputError, match=r"Batch 1 .*one row.*\[20, 50\]"):
            labeled.predict_with_targets(iter([(features, targets[:20])]))

    @pytest.mark.parametrize("y", [3, np.float32(3)])
    def test_targets_that_are_no_array(self, labeled, features, y):
        with pytest.raises(kl.InputError, match="targets of a batch are arrays"):
            labeled.predict_with_targets(iter([(features, y)]))

    def test_wrong_inputs_name_the_batch(self, labeled, features, targets):
        data = iter([(features, targets), (features[:, :3], targets)])
        with pytest.raises(kl.InputError, match=r"batch 2,.*\(50, 3\)"):
            labeled.predict_with_targets(data)


@pytest.mark.parametrize("size", [1, 7, ROWS])
def test_weights_stay_beside_their_rows(labeled, features, targets, size):
    weights = np.arange(ROWS) % 4
    data = (
        (x, y, weights[at * size : at * size + size])
        for at, (x, y) in enumerate(batches(features, targets, size))
    )
    y, p, w = labeled.predict_with_targets(data, sample_weight=True)
    assert accuracy(y, p) == 0.8
    np.testing.assert_array_equal(y, targets)
    np.testing.assert_array_equal(w, weights)


def test_batches_of_no_rows_are_passed_over(labeled, features, targets):
    none = features[:0], targets[:0]
    parts = list(batches(features, targets))
    for data in ([none, *parts], [*parts, none, none], [parts[0], none, *parts[1:]]):
        y, p = labeled.predict_with_targets(iter(data))
        assert accuracy(y, p) == 0.8
        found = labeled.report(iter(data)).to_dict()
        assert found["metrics"]["accuracy"] == 0.8
        assert found["rows"] == ROWS
    y, p = labeled.predict_with_targets(iter([none, none]))
    assert (y.shape, p.shape) == ((0,), (0, 3))
    with pytest.raises(kl.InputError, match="nothing to fit on"):
        labeled.report(iter([none]))
