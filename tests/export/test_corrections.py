"""Calibrated decodings, priors and costs decide in every file as they do in Keras."""

import numpy as np
import pytest
import reference
from labelers import WRITTEN, binary, multiclass, multilabel, path_of
from runtimes import assert_takes_no_rows, refuses_no_rows

import keras_labels as kl
from keras_labels import Calibration

TABLE = ([-1.0, -0.25, 0.5, 2.0], [0.05, 0.3, 0.3, 0.9])
TABLES = [([0.1, 0.3, 0.6, 0.9], [0.0, 0.2 + k / 10, 0.5, 0.8]) for k in range(3)]
STEEP = ([0.49, 0.4900001, 0.51, 0.5100001], [0.1, 0.4, 0.4, 0.9])
CASES = {
    "temperature": (
        multiclass,
        {"calibration": Calibration("temperature", temperature=1.7)},
    ),
    "vector_and_prior": (
        multiclass,
        {
            "calibration": Calibration(
                "vector", slope=[0.5, 1, 2], intercept=[0.3, 0, -0.3]
            ),
            "prior": [1, 2, 7],
            "trained_prior": [1, 1, 1],
        },
    ),
    "costs": (multiclass, {"costs": [[0, 1, 9], [2, 0, 1], [1, 4, 0]]}),
    "costs_reject": (
        multiclass,
        {"costs": [[0, 1, 9], [2, 0, 1], [1, 4, 0]], "reject_below": 0.3},
    ),
    "isotonic_classes": (
        multiclass,
        {"calibration": Calibration("isotonic", tables=TABLES), "reject_below": 0.3},
    ),
    "platt": (
        binary,
        {
            "calibration": Calibration("platt", slope=[1.4], intercept=[-0.2]),
            "threshold": 0.4,
            "reject_below": 0.55,
        },
    ),
    "binary_prior": (binary, {"prior": 0.1, "trained_prior": 0.5, "threshold": 0.2}),
    "isotonic": (
        binary,
        {"calibration": Calibration("isotonic", tables=[STEEP]), "threshold": 0.35},
    ),
    "labels": (
        multilabel,
        {
            "calibration": Calibration(
                "platt", slope=[0.5, 1, 2], intercept=[0.1, 0, -0.1]
            ),
            "threshold": [0.4, 0.5, 0.6],
            "max_labels": 2,
            "prior": [0.2, 0.5, 0.4],
            "trained_prior": [0.3, 0.5, 0.3],
        },
    ),
    "isotonic_labels": (
        multilabel,
        {"calibration": Calibration("isotonic", tables=TABLES), "min_labels": 1},
    ),
}
X = np.random.default_rng(5).normal(size=(500, 4)).astype("float32")


@pytest.mark.parametrize("format", WRITTEN)
@pytest.mark.parametrize("case", CASES)
def test_file_decides_as_keras(case, format, tmp_path):
    make, options = CASES[case]
    labeled = make(**options)
    # Verified while it is written: a table's step may move p, and never a decision
    # that lies further from its cut.
    report = labeled.export(path_of(tmp_path, format), format=format)
    assert report.agreement.classes >= 2
    exported = kl.load_exported(report.path)
    assert exported.decoding == labeled.decoding
    differ = exported.predict_classes(X) != labeled.predict_classes(X)
    assert differ.mean() <= (0.004 if "isotonic" in case else 0)
    if "isotonic" not in case:
        np.testing.assert_allclose(
            exported.predict_proba(X), labeled.predict_proba(X), atol=1e-5
        )
    if not refuses_no_rows(format):
        assert_takes_no_rows(format, report.path, X[:1])


@pytest.mark.parametrize("case", CASES)
def test_keras_decides_as_the_formulas_say(case):
    make, options = CASES[case]
    labeled = make(**options)
    rule, scores = labeled.decoding, labeled.predict(X, verbose=0)
    fitted = rule.calibration and rule.calibration.to_dict()
    want = reference.corrected(
        scores,
        rule.head.task,
        rule.head.from_logits,
        fitted,
        rule.prior,
        rule.trained_prior,
    )
    steep = case == "isotonic"
    differ = np.abs(labeled.predict_proba(X) - want).max(axis=-1) > 1e-5
    assert differ.mean() <= (0.01 if steep else 0)
    if rule.costs is not None:
        ids = (want @ np.array(rule.costs)).argmin(-1)
        p = np.take_along_axis(want, ids[:, None], -1)[:, 0]
        ids = np.where(p >= (rule.reject_below or 0), ids, -1)
        assert (ids != labeled.predict_classes(X)).mean() <= 0.002


def test_saved_and_loaded_equal(tmp_path):
    import keras

    for case, (make, options) in CASES.items():
        labeled = make(**options)
        labeled.save(tmp_path / f"{case}.keras")
        again = keras.saving.load_model(tmp_path / f"{case}.keras")
        assert again.decoding == labeled.decoding
        assert kl.read_decoding(tmp_path / f"{case}.keras") == labeled.decoding
        np.testing.assert_array_equal(
            again.predict_classes(X), labeled.predict_classes(X)
        )
