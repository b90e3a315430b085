"""ONNX: one file, with the names and the whole decoding in its metadata."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_labels.export._contents import KEY, Contents
from keras_labels.export._exporter import export_quietly
from keras_labels.export._file_format import FileFormat, Run
from keras_labels.export._frozen import frozen
from keras_labels.export._onnx_graph import finish
from keras_labels.export._served import Served
from keras_labels.extras import imported

_PACKAGES = {
    "tensorflow": ("onnx", "tf2onnx"),
    "jax": ("onnx", "flax", "jax2onnx"),
    "torch": ("onnx",),
}
# The first that holds the graph is written: the lower, the older a runtime may be. All
# backends write 15 (onnxruntime of 2021); a layer may need operations of a later one.
_OPSETS = {"tensorflow": (15, 18), "jax": (15, 18, 21, 23), "torch": (15, 18, 20)}


class Onnx(FileFormat):
    """A file that onnxruntime reads.

    `metadata_props` holds the class names as a JSON list under `class_names`
    (`species_class_names` for a head `species`), and everything under `keras_labels`.
    The number of rows is called `batch` in the shapes of inputs and outputs.
    """

    name = "onnx"
    suffix = ".onnx"
    backends = ("tensorflow", "jax", "torch")
    has_labels = True
    extra = "onnx"

    def packages(self, backend: str) -> tuple[str, ...]:
        """Return the modules that writing takes beside Keras and its backend."""
        return _PACKAGES[backend]

    def options(self, backend: str) -> tuple[str, ...]:
        """Return the names of the options of Keras' exporter that are passed on."""
        del backend
        return ("opset_version",)

    def write(self, served: Served, path: Path) -> None:
        """Write the file."""
        imported("onnx", self.extra)
        exported = served.as_tuple()
        if keras.backend.backend() == "tensorflow":
            exported = frozen(exported, served.signature)
        *lower, last = _opsets(served.options)
        for opset in lower:
            with contextlib.suppress(Exception):  # the last one says what is wrong
                self._write_at(opset, exported, served, path)
                return
        self._write_at(last, exported, served, path)

    def _write_at(
        self, opset: int, exported: keras.Model, served: Served, path: Path
    ) -> None:
        signature = served.signature.flat
        export_quietly(exported, path, "onnx", signature, opset_version=opset)
        finish(path, served, served.contents(self.name))

    def read(self, path: Path) -> str | None:
        """Return the metadata of a file."""
        onnx = imported("onnx", self.extra)
        model = onnx.load(str(path), load_external_data=False)
        props = {prop.key: prop.value for prop in model.metadata_props}
        return props.get(KEY)

    def start(self, path: Path, contents: Contents) -> Run:
        """Load the file with onnxruntime."""
        runtime = imported("onnxruntime", self.extra)
        session = runtime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"]
        )
        outputs = list(contents.outputs)

        def run(arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
            named = zip(contents.inputs, arrays, strict=True)
            made = session.run(outputs, {one.name: a for one, a in named})
            return dict(zip(outputs, made, strict=True))

        return run


def _opsets(options: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the opsets to try: the one that was asked for, or ours from the lowest."""
    chosen = options.get("opset_version")
    return _OPSETS[keras.backend.backend()] if chosen is None else (chosen,)
