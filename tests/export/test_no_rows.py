"""A file takes no rows as it takes any number of them, in its runtime alone."""

import numpy as np
import pytest
from export_cases import CASES, exact_scores, network
from runtimes import RUN, assert_takes_no_rows, refuses_no_rows

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
    if refuses_no_rows(format):
        with pytest.raises(Exception, match="Graph execution error"):
            RUN[format](str(path), row[:0])
    else:
        assert_takes_no_rows(format, path, row)


def test_no_rows_have_no_decisions_when_loaded(exported):
    path, row = exported
    model = load_exported(path)
    one, none = model.predict(row), model.predict(row[:0])
    for name, array in one.items():
        assert none[name].shape == (0, *array.shape[1:])
        assert none[name].dtype == array.dtype
