"""Settings that every test needs before Keras is imported."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
sys.path.insert(0, str(Path(__file__).parent))

import keras
import pytest
from hypothesis import settings

# tensorflow and jax compile on a first call: wall time says nothing about a property.
settings.register_profile("default", deadline=None, max_examples=60)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# What training gives differs between processors, as it does between seeds: no test may
# depend on it. `KERAS_LABELS_SEED=1 make test` tells.
SEED = int(os.environ.get("KERAS_LABELS_SEED", "0"))
_set_random_seed = keras.utils.set_random_seed


@pytest.fixture(autouse=True)
def _fixed_seed(monkeypatch):
    def set_random_seed(seed):
        _set_random_seed(seed + SEED)

    if SEED:  # of the examples, too
        monkeypatch.setattr(keras.utils, "set_random_seed", set_random_seed)
    keras.utils.set_random_seed(0)
