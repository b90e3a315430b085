"""An exported file in its own runtime, asked as a `LabeledModel` is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from keras_labels.errors import ExportError, InputError, first_line
from keras_labels.export._contents import Contents, Input
from keras_labels.export._formats import format_to_read
from keras_labels.export._reading import read_contents
from keras_labels.export._signature import array_dtype
from keras_labels.prediction import labels, refuse_invalid
from keras_labels.spec import Decoding, Decodings

Invalid = Literal["raise", "mark"]


def load_exported(path: str | Path) -> ExportedModel:
    """Load an exported file in the runtime of its format.

    Args:
        path: what `LabeledModel.export` wrote.

    Raises:
        ExportError: if it is no such file, or its runtime cannot load it.
        MissingExtraError: if the runtime is not installed.
    """
    path = Path(path)
    contents = read_contents(path)
    if not contents.outputs:
        raise ExportError(
            f"The metadata of '{path.name}' is lost, and with it the names of inputs "
            "and outputs. read_decoding reads the decision; run the file in its own "
            "runtime, or export it again."
        )
    kind = format_to_read(path)
    try:
        run = kind.start(path, contents)
    except ImportError:
        raise
    except Exception as error:
        raise ExportError(
            f"The runtime of {kind.name} cannot load '{path.name}': {first_line(error)}"
        ) from error
    return ExportedModel(contents, run)


class ExportedModel:
    """An exported file in its own runtime. Made by `load_exported`.

    Args:
        contents: what the file says of itself.
        run: runs arrays in the order of the inputs.
    """

    def __init__(self, contents: Contents, run: Callable[..., Any]) -> None:
        self._contents = contents
        self._run = run

    @property
    def format(self) -> str:
        """The format of the file."""
        return self._contents.format

    @property
    def decoding(self) -> Decodings:
        """How it decides; `{output name: Decoding}` for several heads."""
        return self._contents.decoding

    @property
    def inputs(self) -> list[Input]:
        """Its inputs: name, shape (`None`: any length) and dtype."""
        return list(self._contents.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of its outputs."""
        return self._contents.outputs

    def predict(self, x: Any) -> dict[str, np.ndarray]:
        """Return all outputs of the file by name.

        Args:
            x: an array for one input; a list, or a dict by name, for several.

        Raises:
            InputError: if it does not fit the inputs.
        """
        arrays = _fitted(x, self._contents.inputs)
        if all(len(array) for array in arrays):
            made: dict[str, np.ndarray] = self._run(arrays)
            return made
        # SavedModels of jax take one row at least; the shapes are those of one.
        one = [np.full((1, *a.shape[1:]), _nothing(a), a.dtype) for a in arrays]
        return {name: array[:0] for name, array in self._run(one).items()}

    def predict_proba(self, x: Any) -> Any:
        """Return float32 probabilities, one column per class; a dict for several heads.

        Raises:
            InputError: if the file does not give them, or `x` does not fit.
        """
        return self._each("probabilities", x, lambda _rule, p, _made: p)

    def predict_classes(self, x: Any, *, invalid: Invalid = "raise") -> Any:
        """Return int32 class ids, -1 where rejected; a dict for several heads.

        Args:
            x: as for `predict`.
            invalid: `"raise"` on rows with NaN scores, or `"mark"` them with -1.

        Raises:
            InputError: if the file does not give them, or `x` does not fit.
        """

        def checked(rule: Decoding, classes: Any, probabilities: Any) -> Any:
            if invalid == "raise":
                _refuse_nan(rule, classes, probabilities)
            return classes

        return self._each("classes", x, checked)

    def predict_labels(self, x: Any, *, invalid: Invalid = "raise") -> Any:
        """Return class names: array of str, tuples for multilabel, `None` if rejected.

        Args and Raises: as `predict_classes`.
        """
        classes, rules = self.predict_classes(x, invalid=invalid), self.decoding
        if isinstance(rules, dict):
            return {name: labels(classes[name], rule) for name, rule in rules.items()}
        return labels(classes, rules)

    def _each(self, kind: str, x: Any, function: Callable[..., Any]) -> Any:
        rules = self.decoding
        several = rules if isinstance(rules, dict) else {"": rules}
        prefixes = {name: f"{name}_" if name else "" for name in several}
        missing = [p for p in prefixes.values() if f"{p}{kind}" not in self.outputs]
        if missing:
            raise InputError(
                f"This file gives {', '.join(self.outputs)} and no {kind}. Export it "
                f'with outputs=("{kind}", ...).'
            )
        made = self.predict(x)
        results = {
            name: function(
                several[name],
                made[f"{prefix}{kind}"],
                made.get(f"{prefix}probabilities"),
            )
            for name, prefix in prefixes.items()
        }
        return results if several is rules else results[""]


def _refuse_nan(rule: Decoding, classes: Any, probabilities: Any) -> None:
    if probabilities is not None:
        refuse_invalid(np.isnan(probabilities))
    elif rule.reject_below is None:  # else -1 may be a rejected row
        refuse_invalid(classes < 0)


def _fitted(x: Any, inputs: tuple[Input, ...]) -> list[np.ndarray]:
    """Return arrays in the order of the inputs, in their dtypes."""
    if isinstance(x, Mapping):
        missing = [one.name for one in inputs if one.name not in x]
        if missing:
            raise InputError(
                f"`x` holds no input {missing}; the file takes "
                f"{[one.name for one in inputs]}. Received: {list(x)}."
            )
        arrays = [x[one.name] for one in inputs]
    else:
        arrays = [x] if len(inputs) == 1 else list(x)
    if len(arrays) != len(inputs):
        raise InputError(
            f"The file takes {len(inputs)} inputs: {[one.name for one in inputs]}. "
            f"Received: {len(arrays)}."
        )
    return [_checked(a, one) for a, one in zip(arrays, inputs, strict=True)]


def _checked(value: Any, one: Input) -> np.ndarray:
    array = np.asarray(keras.ops.convert_to_numpy(value))
    kinds = "OSUT" if one.dtype == "string" else "biuf"
    fits = array.ndim == len(one.shape) and all(
        want is None or want == size
        for want, size in zip(one.shape, array.shape, strict=True)
    )
    if not fits or array.dtype.kind not in kinds:
        what = "strings" if one.dtype == "string" else "numbers"
        raise InputError(
            f"Input '{one.name}' takes {what} of shape {one.shape}. Received: an "
            f"array of shape {array.shape} and type {array.dtype}."
        )
    return np.ascontiguousarray(array, dtype=array_dtype(one.dtype))


def _nothing(array: np.ndarray) -> Any:
    return "" if array.dtype.kind == "O" else 0
