"""SciPy, which only fitting takes, is imported at its first use."""

from __future__ import annotations

import importlib
from typing import Any

from keras_labels.errors import MissingExtraError


def optimizer() -> Any:
    """Return `scipy.optimize`.

    Raises:
        MissingExtraError: with the line that installs it.
    """
    try:
        return importlib.import_module("scipy.optimize")
    except ImportError as error:
        raise MissingExtraError(
            f"A calibration is fitted by the package 'scipy', which cannot be imported "
            f'({error}). Install it: pip install "keras-labels[fit]"'
        ) from error
