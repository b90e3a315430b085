"""A file takes no rows as it takes any number of them, in its runtime alone."""

import keras
import numpy as np
import pytest
from export_cases import CASES, exact_scores, network
from runtimes import RUN, arrays_of

from keras_labels import load_exported

SOME = (
    "logit",
    "two_logits",
    "multiclass_probabilities",
    "multiclass_reject",
    "multilabel_reject",
    "multilabel_counts",
)


@pytest.fixture(scope="module", params=[*SOME, "network"])
def exported(request, format, new_path):
    """Return a file, and a row for it."""
    name, path = request.param, new_path()
    case = CASES["multiclass_logits" if name == "network" else name]
    model = network(case) if name == "network" else exact_scores(case.units)
    case.labeled(model).export(path, format, verify=False)
    return path, np.zeros((1, *model.input_shape[1:]), "float32")


def test_no_rows_have_no_decisions_in_the_bare_runtime(exported, format):
    path, row = exported
    if keras.backend.backend() == "jax" and format == "tf_saved_model":
        # No function that Keras writes there takes them, decoded or not.
        with pytest.raises(Exception, match="Graph execution error"):
            RUN[format](str(path), row[:0])
        return
    assert_empty(arrays_of(RUN[format](str(path), row[:0])), RUN[format], path, row)


def test_no_rows_have_no_decisions_when_loaded(exported):
    path, row = exported
    model = load_exported(path)
    one, none = model.predict(row), model.predict(row[:0])
    for name, array in one.items():
        assert none[name].shape == (0, *array.shape[1:])
        assert none[name].dtype == array.dtype


def assert_empty(none, run, path, row):
    one = arrays_of(run(str(path), row))
    assert [a.shape for a in none] == [(0, *a.shape[1:]) for a in one]
    assert [a.dtype for a in none] == [a.dtype for a in one]
