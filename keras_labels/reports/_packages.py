"""Packages that only reports need, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from keras_labels.errors import MissingExtraError


def required(module: str, extra: str = "report") -> Any:
    """Import a module, or say what to install.

    Raises:
        MissingExtraError: with the `pip install` line.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"This needs the module '{module}', which cannot be imported ({error}). "
            f'Install it: pip install "keras-labels[{extra}]"'
        ) from error
