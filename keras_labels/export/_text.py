"""Models of strings, which one format alone can hold."""

from __future__ import annotations

import keras

from keras_labels.errors import ExportError
from keras_labels.export._file_format import FileFormat
from keras_labels.export._signature import Signature
from keras_labels.export._taken import text_layer


def check_strings(kind: FileFormat, model: keras.Model, signature: Signature) -> None:
    """Refuse a model that takes strings where a file takes numbers alone.

    Raises:
        ExportError: naming the layer that cannot go there, and the way out.
    """
    taking = [spec.name for spec in signature.specs if spec.dtype == "string"]
    if not taking or kind.takes_strings(keras.backend.backend()):
        return
    layer = text_layer(model)
    if layer is None:
        found = f"The input '{taking[0]}' of '{model.name}'"
        way_out = "Export the model behind the layer that takes them"
    else:
        found = f"The layer '{layer.name}' ({type(layer).__name__}) of '{model.name}'"
        sequential = isinstance(model, keras.Sequential)  # it may have no `.output`
        end = "layers[-1].output" if sequential else "output"
        way_out = (
            "Export what stands behind it, and run the layer itself before the file: "
            f"rest = keras.Model(model.get_layer({layer.name!r}).output, model.{end});"
            " LabeledModel(rest, decoding=labeled.decoding).export(...)"
        )
    raise ExportError(
        f"{found} takes strings, and a file of format '{kind.name}' written on the "
        f"backend {keras.backend.backend()} takes numbers alone. {way_out}. Or export "
        "the whole on tensorflow to a SavedModel, which holds it."
    )
