"""Making sure, before a file is written, that it can be loaded again."""

from __future__ import annotations

from typing import Any

import keras

from keras_labels.errors import SaveError


def refuse_h5(filepath: Any) -> None:
    """Raise for a path of the old HDF5 format, which cannot hold a LabeledModel."""
    if str(filepath).endswith((".h5", ".hdf5")):
        raise SaveError(
            "A LabeledModel cannot be loaded from the old .h5 format, so it is not "
            f"saved to it. Received: {str(filepath)!r}. Save to a path that ends in "
            ".keras."
        )


def serialized(model: keras.Model) -> dict[str, Any]:
    """Return a model as plain data that loads without `custom_objects`.

    Raises:
        SaveError: if a class in it is not registered, or cannot be made again.
    """
    try:
        config: dict[str, Any] = keras.saving.serialize_keras_object(model)
    except NotImplementedError as error:
        raise SaveError(_way_out(model, str(error))) from error
    for name in _unregistered(config):
        raise SaveError(_way_out(model, f"'{name}' is not registered with Keras"))
    return config


def require_rebuildable(model: keras.Model, config: dict[str, Any]) -> None:
    """Raise unless a subclassed model can be made from its own config."""
    if type(model).__module__.startswith("keras."):
        return
    try:
        keras.saving.deserialize_keras_object(config)
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise SaveError(
            _way_out(model, f"its config does not make it: {reason}")
        ) from (error)


def _unregistered(config: Any) -> list[str]:
    """Return the names of classes and functions that no loading program would find."""
    if isinstance(config, (list, tuple)):
        return [name for item in config for name in _unregistered(item)]
    if not isinstance(config, dict):
        return []
    found = [name for item in config.values() for name in _unregistered(item)]
    name, module = config.get("class_name"), config.get("module")
    custom = isinstance(module, str) and not module.startswith(("keras", "builtins"))
    if custom and "registered_name" in config:
        registered = config["registered_name"] or name
        if keras.saving.get_registered_object(registered) is None:
            found.append(str(name if name != "function" else config["config"]))
    return found


def _way_out(model: keras.Model, reason: str) -> str:
    return (
        f"The inner model '{model.name}' could be saved but not loaded again: "
        f"{reason}. Decorate its class with "
        "@keras.saving.register_keras_serializable() and give it a get_config that "
        "returns the arguments of its __init__."
    )
