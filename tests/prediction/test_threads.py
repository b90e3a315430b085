"""Predictions from several threads are all right."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import reference

import keras_labels as kl

THREADS, CALLS = 8, 80


def run_together(jobs):
    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(job) for job in jobs]:
            future.result(timeout=60)


def job_of(labeled, x, scores, call):
    """Return a prediction of some rows, by one of the methods, and its check."""
    rows = slice(call % 5, call % 5 + 1 + call % 3)
    ids = reference.argmax(scores[rows])
    p = reference.probabilities(scores[rows], "multiclass", from_logits=True)

    def classes():
        np.testing.assert_array_equal(labeled.predict_classes(x[rows]), ids)

    def proba():
        np.testing.assert_allclose(labeled.predict_proba(x[rows]), p, atol=2e-6)

    def generator():
        np.testing.assert_array_equal(labeled.predict_classes(iter([x[rows]])), ids)

    def on_batch():
        made = np.asarray(labeled.predict_on_batch(x[rows]))
        np.testing.assert_allclose(made, scores[rows], atol=1e-5)

    def one():
        assert labeled.predict_one(x[rows][0]).class_id == ids[0]

    return (classes, proba, generator, on_batch, one)[call % 5]


def test_one_labeled_model(labeled, x):
    scores = labeled.predict(x, verbose=0)
    run_together(job_of(labeled, x, scores, call) for call in range(CALLS))


def test_predict_beside_the_decisions(labeled, x):
    scores = labeled.predict(x, verbose=0)

    def predict():
        made = labeled.predict(x, verbose=0, batch_size=3)
        np.testing.assert_allclose(made, scores, atol=1e-5)

    jobs = [job_of(labeled, x, scores, call) for call in range(CALLS // 2)]
    jobs[::4] = [predict] * len(jobs[::4])
    run_together(jobs)


def test_two_with_the_same_model(labeled, x):
    scores = labeled.predict(x, verbose=0)
    other = labeled.with_decoding(reject_below=0.01)
    both = (labeled, other)
    run_together(job_of(both[call % 2], x, scores, call) for call in range(CALLS))


def test_two_models_with_shared_layers(make_dense, x):
    base = make_dense(4, 5, "relu")
    inputs = keras.Input((4,))
    models = [
        kl.LabeledModel(
            keras.Model(inputs, keras.layers.Dense(3)(base(inputs))),
            task="multiclass",
            from_logits=True,
        )
        for _ in range(2)
    ]
    scores = [labeled.predict(x, verbose=0) for labeled in models]
    run_together(
        job_of(models[call % 2], x, scores[call % 2], call) for call in range(CALLS)
    )


def test_first_predictions_at_once(make_dense, x):
    """Eight threads make the decoder, and trace it, at the same time."""
    model = make_dense(4, 3)
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    scores = model.predict(x, verbose=0)
    run_together(job_of(labeled, x, scores, call) for call in range(THREADS))


def test_model_that_feeds_another(labeled, make_dense, x):
    """A prediction may wait for data that another thread predicts."""
    second = kl.LabeledModel(make_dense(3, 2), task="multiclass", from_logits=True)
    p = labeled.predict_proba(x)
    expected = reference.argmax(second.predict(p, verbose=0))
    with ThreadPoolExecutor(1) as pool:
        source = (pool.submit(labeled.predict_proba, x).result(30) for _ in range(3))
        made = second.predict_classes(source)
    np.testing.assert_array_equal(made, np.tile(expected, 3))


def test_generator_that_predicts_with_the_same_model(labeled, x):
    """Its own prediction runs between the batches of the outer one."""
    with ThreadPoolExecutor(1) as pool:

        def source():
            for _ in range(2):
                own = pool.submit(labeled.predict_proba, x).result(timeout=30)
                yield x + own.sum() * 0

        made = labeled.predict_classes(source())
    scores = labeled.predict(x, verbose=0)
    np.testing.assert_array_equal(made, np.tile(reference.argmax(scores), 2))


@pytest.mark.parametrize("workers", [2])
def test_workers_that_predict(labeled, x, workers):
    class Rows(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            labeled.predict_proba(x[:2])
            return x, x[:, 0]

    y, p = labeled.predict_with_targets(Rows(workers=workers))
    assert (y.shape, p.shape) == ((40,), (40, 3))
