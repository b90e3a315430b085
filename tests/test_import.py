"""Importing the library changes nothing but what Keras can load."""

import json
import subprocess
import sys

# Runs where nothing is imported yet: the state before, the state after.
PROGRAM = """
import json, logging, sys, warnings
import keras, numpy as np

def state():
    methods = {
        f"{cls.__name__}.{name}": id(value)
        for cls in (keras.Model, keras.Sequential, keras.layers.Layer,
                    keras.layers.Dense, keras.callbacks.Callback, keras.losses.Loss)
        for name, value in vars(cls).items()
        if callable(value) or isinstance(value, (property, classmethod, staticmethod))
    }
    return {
        "filters": [repr(one) for one in warnings.filters],
        "showwarning": id(warnings.showwarning),
        "errors": np.geterr(),
        "print": repr(np.get_printoptions()),
        "handlers": len(logging.getLogger().handlers),
        "level": logging.getLogger().level,
        "policy": keras.config.dtype_policy().name,
        "floatx": keras.config.floatx(),
        "epsilon": keras.config.epsilon(),
        "format": keras.config.image_data_format(),
        "eager": keras.config.is_traceback_filtering_enabled(),
        "random": repr(np.random.get_state()[1][:4]),
        "objects": sorted(keras.saving.get_custom_objects()),
        "methods": methods,
        "hooks": [id(sys.excepthook), id(sys.displayhook)],
    }

before, loaded = state(), {m.partition(".")[0] for m in sys.modules}
import keras_labels
after = state()
added = set(after.pop("objects")) - set(before.pop("objects"))
print(json.dumps({
    "changed": [name for name in before if before[name] != after[name]],
    "methods": len(before["methods"]),
    "added": sorted(added),
    "modules": sorted({m.partition(".")[0] for m in sys.modules} - loaded),
}))
"""


def test_importing_changes_nothing_in_keras_numpy_logging_or_warnings():
    run = subprocess.run(
        [sys.executable, "-W", "default", "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(run.stdout)
    assert found["changed"] == []
    assert found["methods"] > 100
    assert found["modules"] == ["keras_labels"]
    assert found["added"] == [
        "keras_labels>ArgmaxLayer",
        "keras_labels>DecodedModel",
        "keras_labels>DecodingLayer",
        "keras_labels>LabeledModel",
        "keras_labels>MultiLabelLayer",
        "keras_labels>ProbabilityLayer",
        "keras_labels>TemperatureLayer",
        "keras_labels>ThresholdLayer",
        "keras_labels>TopKLayer",
    ]
