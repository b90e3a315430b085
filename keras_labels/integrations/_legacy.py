"""The methods that Keras 2.6 removed, put back on one model.

The arithmetic is that of `Sequential.predict_classes` and `Sequential.predict_proba`
in Keras 2.5 and is not our rule: it knows no names, no threshold and no logits.
"""

from __future__ import annotations

import logging
from types import MethodType
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_labels.errors import DecodingError
from keras_labels.prediction import guarded

_logger = logging.getLogger("keras_labels")


def restore_predict_classes(model: Any) -> Any:
    """Put `predict_classes` and `predict_proba` of Keras 2.5 back on one model.

    Both methods take `(x, batch_size=32, verbose=0)`, as they did. With several units
    `predict_classes` is `predict(x).argmax(axis=-1)`; with one unit it is
    `(predict(x) > 0.5).astype("int32")`, keeps the shape `(n, 1)` and takes NaN as 0.
    `predict_proba` is `predict`, and logs the old warning when a value lies outside
    [0, 1]. The deprecation warnings of Keras 2.5 are left out.

    The old rule does not look at the last layer: where a single unit emits a **logit**
    it is cut at 0.5, which is the probability 0.62. `LabeledModel` cuts it right.

    Only this object changes. A saved, cloned, copied or pickled model comes back
    without the methods; `remove_predict_classes` takes them off again.

    Args:
        model: A Sequential, Functional or subclassed `keras.Model` with one output.

    Returns:
        The same `model`, so that the call can stand around `load_model`.

    Raises:
        DecodingError: If `model` is not a Keras model, has several outputs, or has a
            `predict_classes` or `predict_proba` of its own.

    Example:
        model = restore_predict_classes(keras.saving.load_model("old.keras"))
        model.predict_classes(x_test)  # [[0], [1], ...] of one sigmoid unit
    """
    _check_model(model)
    _check_names_free(model)
    _check_one_output(model)
    for name, function in _METHODS.items():
        # Past Keras' own __setattr__, which tracks what is set for saving.
        object.__setattr__(model, name, MethodType(function, model))
    return model


def remove_predict_classes(model: Any) -> Any:
    """Take off what `restore_predict_classes` put on; without it, do nothing.

    Args:
        model: The `keras.Model` that `restore_predict_classes` was given.

    Returns:
        The same `model`, as it was before.

    Raises:
        DecodingError: If `model` is not a Keras model.
    """
    _check_model(model)
    for name in _METHODS:
        if _is_restored(model, name):
            object.__delattr__(model, name)
    return model


def predict_proba(
    self: Any, x: Any, batch_size: int = 32, verbose: Any = 0
) -> NDArray[Any]:
    """Return the scores of the model, as Keras 2.5 did.

    Args:
        self: The model that carries the method.
        x: Input data, as `predict` takes it.
        batch_size: Samples per batch.
        verbose: 0 is silent, 1 shows a progress bar.

    Returns:
        What `predict` returns; the old warning is logged if values leave [0, 1].

    Raises:
        DecodingError: If the model has several outputs.
    """
    scores = _scores(self, x, batch_size, verbose)
    if scores.min() < 0.0 or scores.max() > 1.0:
        _logger.warning(
            "Network returning invalid probability values. The last layer might not "
            "normalize predictions into probabilities (like softmax or sigmoid would)."
        )
    return scores


def predict_classes(
    self: Any, x: Any, batch_size: int = 32, verbose: Any = 0
) -> NDArray[Any]:
    """Return class ids, as Keras 2.5 did: `argmax(-1)`, or `> 0.5` for one unit.

    Args:
        self: The model that carries the method.
        x: Input data, as `predict` takes it.
        batch_size: Samples per batch.
        verbose: 0 is silent, 1 shows a progress bar.

    Returns:
        int64 ids without the last axis, or int32 0 and 1 of shape `(n, 1)`.

    Raises:
        DecodingError: If the model has several outputs, or no axis of classes.
    """
    scores = _scores(self, x, batch_size, verbose)
    if scores.ndim < 2:
        # Keras 2.5 took argmax over the samples here: one number for the whole batch.
        raise DecodingError(
            f"predict_classes needs scores with a last axis of classes, but "
            f"'{self.name}' gives shape {scores.shape}. Let the last layer keep its "
            "units, for example with Reshape((1,))."
        )
    if scores.shape[-1] > 1:
        classes: NDArray[Any] = scores.argmax(axis=-1)
        return classes
    return (scores > 0.5).astype("int32")


_METHODS = {"predict_proba": predict_proba, "predict_classes": predict_classes}


def _scores(model: Any, x: Any, batch_size: int, verbose: Any) -> NDArray[Any]:
    with guarded(model):
        scores = model.predict(x, batch_size=batch_size, verbose=verbose)
    if not isinstance(scores, np.ndarray):
        raise _several_outputs(model, f"predict() is a {type(scores).__name__}")
    return scores


def _is_restored(model: Any, name: str) -> bool:
    return getattr(vars(model).get(name), "__func__", None) is _METHODS[name]


def _check_model(model: Any) -> None:
    if not isinstance(model, keras.Model):
        kind = type(model)
        raise DecodingError(
            "predict_classes can be restored on a keras.Model only, received an object "
            f"of type {kind.__module__}.{kind.__qualname__}. Pass the model itself, "
            "loaded with Keras 3."
        )


def _check_names_free(model: Any) -> None:
    for name in _METHODS:
        if hasattr(model, name) and not _is_restored(model, name):
            raise DecodingError(
                f"'{model.name}' ({type(model).__name__}) has a {name} of its own, "
                "which is not replaced. Call that one, or restore the old methods on "
                "the plain Keras model."
            )


def _check_one_output(model: Any) -> None:
    # A subclass may use the word `outputs` for anything: only symbolic ones count.
    outputs = keras.tree.flatten(getattr(model, "outputs", None))
    if sum(isinstance(output, keras.KerasTensor) for output in outputs) > 1:
        raise _several_outputs(model, f"the outputs are {model.output_names}")


def _several_outputs(model: Any, found: str) -> DecodingError:
    return DecodingError(
        f"The old predict_classes knows one plain output only, but of '{model.name}' "
        f"{found}. Use keras_labels.LabeledModel(model, heads={{name: {{...}}}}), "
        "whose predict_classes returns a dict by output name."
    )
