"""Model files -> models."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_labels.cli._backend import load_backend
from keras_labels.cli._data import Input
from keras_labels.cli._errors import CommandError, message_of
from keras_labels.cli._options import Said
from keras_labels.errors import HeadError


def is_keras_file(path: Path) -> bool:
    """Tell whether a path names a Keras model rather than an exported file."""
    return path.suffix.lower() in (".keras", ".h5", ".hdf5")


def require(path: Path) -> None:
    """Raise if there is no such file or folder.

    Raises:
        CommandError: naming it.
    """
    if not path.exists():
        raise CommandError(f"There is no file '{path}'.")


def load_labeled(path: Path, said: Said, *, unsafe: bool = False) -> Any:
    """Load a `.keras` file as a `LabeledModel`.

    Args:
        path: the file: that of a `LabeledModel`, or of any other Keras classifier.
        said: what the command line says of it.
        unsafe: whether code in the file may run.

    Raises:
        CommandError: if the file is none, is broken, or holds code.
        HeadError: if it cannot be told what the model emits.
    """
    model = _loaded(path, unsafe)
    from keras_labels.labeled import LabeledModel

    if not isinstance(model, LabeledModel):
        try:
            return LabeledModel(model, **said.head(), **said.decision())
        except HeadError as error:
            raise HeadError(
                f"{error} (Here: --task, --from-logits, --from-probabilities.)"
            ) from error
    if said.head():
        raise CommandError(
            f"'{path}' holds a LabeledModel, which knows its task and whether it gives "
            "logits. Leave out --task, --from-logits and --from-probabilities."
        )
    decision = said.decision()
    return model.with_decoding(**decision) if decision else model


def _loaded(path: Path, unsafe: bool) -> Any:
    _check_keras_file(path)
    load_backend()
    import keras

    def load(*, compile: bool) -> Any:
        return keras.saving.load_model(path, compile=compile, safe_mode=not unsafe)

    try:
        return load(compile=True)
    except Exception as error:
        if "safe_mode" in str(error):
            raise _holds_code(path) from error
        try:  # a loss or metric of the user's own, which decisions do not need
            return load(compile=False)
        except Exception:
            raise CommandError(
                f"Cannot load '{path}': {_reason(error)} If it needs code of your own, "
                "load it in Python and call labeled.export there."
            ) from error


def _check_keras_file(path: Path) -> None:
    require(path)
    if path.suffix.lower() != ".keras":
        raise CommandError(
            f"A Keras model is a file that ends in .keras. Received: '{path}'. Load it "
            "in Python and write it with model.save('model.keras')."
        )
    if not zipfile.is_zipfile(path):
        raise CommandError(
            f"'{path}' is not a .keras file: it is no zip archive, so it was cut "
            "short, or is of another kind. Save the model again."
        )


def _reason(error: Exception) -> str:
    """Return the part of a message of Keras that is not a config."""
    text = message_of(error, most=100_000)
    reason = text.rpartition("Exception encountered: ")[2].partition(" Full object")[0]
    return reason if len(reason) <= 300 else f"{reason[:300]} ..."


def _holds_code(path: Path) -> CommandError:
    return CommandError(
        f"'{path}' holds Python code, as of a Lambda layer, which could do anything on "
        "this computer, so it is not loaded. If you trust the file, pass --unsafe."
    )


def inputs_of(model: Any) -> tuple[Input, ...]:
    """Return the inputs of a Keras model; none if it does not say them."""
    from keras_labels.prediction import declares_inputs, structure_of

    if not declares_inputs(model):
        return ()
    return tuple(
        Input(name, tuple(tensor.shape), str(tensor.dtype))
        for name, tensor in _named(structure_of(model))
    )


def _named(structure: Any) -> Sequence[tuple[str, Any]]:
    import keras

    if isinstance(structure, Mapping):
        return list(structure.items())
    return [(tensor.name, tensor) for tensor in keras.tree.flatten(structure)]
