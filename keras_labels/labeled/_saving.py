"""Refusing the old HDF5 format, from which a LabeledModel cannot be loaded."""

from __future__ import annotations

import contextlib
from typing import Any

from keras_labels.errors import SaveError


def refuse_h5(filepath: Any) -> None:
    """Raise for a path of the old format."""
    if str(filepath).endswith((".h5", ".hdf5")):
        raise SaveError(_message(repr(str(filepath))))


def refuse_h5_config() -> None:
    """Raise while Keras writes that format: `keras.saving.save_model(m, "m.h5")`."""
    with contextlib.suppress(ImportError):  # a private place of Keras
        from keras.src.backend.common import global_state

        if global_state.get_global_attribute("use_legacy_config", False):
            raise SaveError(_message("a request for the config of that format"))


def _message(received: str) -> str:
    return (
        "A LabeledModel cannot be loaded from the old .h5 format, so it is not saved "
        f"to it. Received: {received}. Save to a path that ends in .keras."
    )
