"""Packages that only some users need, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from keras_labels.errors import MissingExtraError


def imported(module: str, extra: str, package: str | None = None) -> Any:
    """Import a module of an optional package.

    Args:
        module: its dotted name.
        extra: the extra of this package that installs it.
        package: its name where it is installed from, if the module has another.

    Raises:
        MissingExtraError: with the line that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"This needs the package '{package or module.partition('.')[0]}', which "
            f"cannot be imported ({error}). Install it: "
            f'pip install "keras-labels[{extra}]"'
        ) from error
