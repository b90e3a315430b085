"""Export writes the decoded graph."""

import keras
import numpy as np
import pytest
from twins import NAMES, X, sequential

from keras_labels import LabeledModel

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="a SavedModel needs tensorflow"
)


def test_saved_model_serves_the_same_decisions(tmp_path):
    import tensorflow as tf

    labeled = LabeledModel(sequential(), class_names=NAMES, reject_below=0.5)
    labeled.export(str(tmp_path / "served"), verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "served"))
    served = loaded.serve(tf.constant(X))
    assert set(served) == {"probabilities", "classes"}
    np.testing.assert_array_equal(served["classes"].numpy(), labeled.predict_classes(X))
    np.testing.assert_allclose(
        served["probabilities"].numpy(), labeled.predict_proba(X), atol=1e-6
    )
