"""Predicting again and again costs no more memory, nor files more space."""

import pickle
import zipfile

import keras
import numpy as np
import pytest

import keras_labels as kl


@pytest.fixture
def fresh(make_dense):
    return kl.LabeledModel(make_dense(4, 3), task="multiclass", from_logits=True)


def traces(decoder):
    """How often tensorflow traced a decoder's call, counted where it calls it."""
    count = [0]
    call = decoder.model.call

    def counted(*args, **kwargs):
        count[0] += 1
        return call(*args, **kwargs)

    decoder.model.call = counted
    return count


def test_rows_of_any_number_share_a_decoder(fresh, monkeypatch):
    x = np.random.default_rng(0).normal(size=(100, 4)).astype("float32")
    sizes = np.random.default_rng(1).integers(1, 100, 60)
    fresh.predict_classes(x[:2])
    decoder = fresh._predictor("classes")
    count = traces(decoder.decoder)
    for size in sizes:
        assert len(fresh.predict_classes(x[:size])) == size
    assert fresh._predictor("classes") is decoder
    if keras.backend.backend() == "tensorflow":
        assert count[0] <= 2  # one for rows of any number
    if keras.backend.backend() == "jax":
        assert count[0] <= 32  # one for each number of rows in a batch


def test_two_hundred_calls_make_one_decoder_each_kind(fresh):
    x = np.zeros((40, 4), "float32")
    made = set()
    for call in range(200):
        fresh.predict_classes(x[: call % 40 + 1])
        fresh.predict_proba(x[: call % 3 + 1])
        made |= {id(fresh._predictor("classes")), id(fresh._predictor("probabilities"))}
    assert len(made) == 2


def test_file_is_as_small_as_before_predictions(fresh, tmp_path):
    def listing(name):
        fresh.save(tmp_path / name)
        with zipfile.ZipFile(tmp_path / name) as file:
            return {one.filename: one.file_size for one in file.infolist()}

    before = listing("before.keras")
    fresh.predict_classes(np.zeros((3, 4), "float32"))
    fresh.predict_top_k(np.zeros((3, 4), "float32"), k=2)
    after = listing("after.keras")
    assert set(before) == set(after)
    assert abs(after["config.json"] - before["config.json"]) < 10


def test_pickle_carries_no_decoder(fresh):
    x = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    before = len(pickle.dumps(fresh))
    classes = fresh.predict_classes(x)
    data = pickle.dumps(fresh)
    assert abs(len(data) - before) < 100
    copy = pickle.loads(data)
    np.testing.assert_array_equal(copy.predict_classes(x), classes)


def test_model_is_freed_with_its_decoders(make_dense):
    import gc
    import weakref

    model = make_dense(4, 3)
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    labeled.predict_classes(np.zeros((3, 4), "float32"))
    labeled.predict(np.zeros((3, 4), "float32"), verbose=0)
    gone = weakref.ref(model)
    del model, labeled
    keras.backend.clear_session(free_memory=False)
    gc.collect()
    assert gone() is None
