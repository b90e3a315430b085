"""A model -> plain data that makes it again, tried out before a file is written."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator
from typing import Any

import keras

from keras_labels.errors import SaveError

# Keras imports these by itself when it loads a file, and nothing else.
_FOUND = ("keras", "keras_hub", "keras_cv", "keras_nlp")
# After these Keras' messages tell what happened.
_CAUSE = ("Exception encountered: ", "Error encountered during deserialization:")


def rebuildable_config(model: keras.Model, tried: bool = False) -> dict[str, Any]:
    """Return a model as plain data that loads without `custom_objects`.

    How it was compiled is left out: that belongs to the model around it.

    Args:
        model: the model.
        tried: whether this was found to hold before; making a model twice takes time.

    Raises:
        SaveError: if a class in it is not registered, or cannot be made again.
    """
    try:
        with _not_asked_how_compiled(model):
            config: dict[str, Any] = keras.saving.serialize_keras_object(model)
        made = model if tried or not _is_custom(config) else _made(config)
    except Exception as error:
        raise SaveError(_way_out(model, _reason(error))) from error
    found, count = len(made.weights), len(model.weights)
    if found != count:
        reason = f"made from its config it has {found} of its {count} weights"
        raise SaveError(_way_out(model, reason))
    return config


@contextlib.contextmanager
def _not_asked_how_compiled(model: keras.Model) -> Iterator[None]:
    """Keep Keras from writing losses: a `functools.partial` cannot be, nor need be."""
    models = [one for one in model._flatten_layers() if isinstance(one, keras.Model)]
    asked = [one for one in models if "get_compile_config" not in vars(one)]
    for one in asked:  # Keras would track an attribute
        object.__setattr__(one, "get_compile_config", lambda: None)
    try:
        yield
    finally:
        for one in asked:
            object.__delattr__(one, "get_compile_config")


def _made(config: dict[str, Any]) -> keras.Model:
    plain = json.loads(json.dumps(config))  # as in the file; making a model empties it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a model that is not built is counted above
        return keras.saving.deserialize_keras_object(plain, safe_mode=False)


def _is_custom(config: Any) -> bool:
    """Tell whether a config holds a class or a function that is not Keras' own."""
    if isinstance(config, (list, tuple)):
        return any(_is_custom(item) for item in config)
    if not isinstance(config, dict):
        return False
    package = str(config.get("module")).partition(".")[0]
    if "registered_name" in config and package not in _FOUND:
        return True
    return any(_is_custom(item) for item in config.values())


def _reason(error: Exception) -> str:
    """Return what is wrong, without the configs and advice that Keras adds."""
    text = str(error) or repr(error)
    for mark in _CAUSE:
        text = text.rpartition(mark)[2]
    first_paragraph = text.strip().partition("\n\n")[0]
    return " ".join(first_paragraph.partition(" Make sure custom classes")[0].split())


def _way_out(model: keras.Model, reason: str) -> str:
    return (
        f"The model '{model.name}' could be saved but not loaded again: "
        f"{reason.rstrip('.')}. Decorate each class and function of your own in it "
        "with @keras.saving.register_keras_serializable(), and give each class a "
        "get_config that returns the arguments of its __init__ and, if its weights "
        "are not made there, a build(input_shape)."
    )
