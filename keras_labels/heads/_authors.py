"""Who wrote the code that `predict` runs around a model's `call`: Keras or the user."""

from __future__ import annotations

import inspect
from typing import Any

# What these libraries write around `predict` leaves what `call` gives as it is.
_PREDICT = ("keras", "keras_hub", "keras_nlp")
_STEPS = {
    "predict": _PREDICT,
    "predict_step": ("keras",),
    "make_predict_function": ("keras",),
}


def own_step(model: Any) -> str | None:
    """Return the name of the step of `predict` that Keras did not write, if any.

    Both a method of the class and an attribute of the object count.

    >>> import keras
    >>> own_step(keras.Sequential())
    """
    for name, libraries in _STEPS.items():
        if _author(getattr(model, name, None)) not in libraries:
            return name
    return None


def overrides(model: Any, method: str) -> bool:
    """Tell whether a method of a model is not the one that Keras wrote.

    >>> import keras
    >>> overrides(keras.Sequential(), "predict")
    False
    """
    return _author(getattr(model, method, None)) != "keras"


def _author(function: Any) -> str:
    """Return the package in which a function was written, not what it was named."""
    function = inspect.unwrap(function, stop=_wraps_by_keras) if function else function
    function = getattr(function, "__func__", function)
    module = getattr(function, "__globals__", {}).get("__name__", "")
    return str(module).partition(".")[0]


def _wraps_by_keras(function: Any) -> bool:
    """Stop at what a user wrote around Keras' function; look through Keras' own."""
    function = getattr(function, "__func__", function)
    module = str(getattr(function, "__globals__", {}).get("__name__", ""))
    return module.partition(".")[0] not in _PREDICT
