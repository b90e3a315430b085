"""LiteRT: one .tflite file, with the label file that its readers look for."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_labels.export._contents import KEY, Contents, label_files
from keras_labels.export._exporter import export_quietly
from keras_labels.export._file_format import FileFormat, Run
from keras_labels.export._litert_metadata import with_metadata
from keras_labels.export._served import Served
from keras_labels.extras import imported

_OPTIONS = (  # of tensorflow's converter
    "allow_custom_ops",
    "exclude_conversion_metadata",
    "experimental_new_quantizer",
    "inference_input_type",
    "inference_output_type",
    "optimizations",
    "representative_dataset",
    "target_spec",
)


class LiteRt(FileFormat):
    """A file that LiteRT (TensorFlow Lite) and MediaPipe Tasks read.

    It has one signature, `serving_default`, the metadata of MediaPipe Tasks, and,
    packed into it (`unzip -l model.tflite`), `labels.txt` and `keras_labels.json`.
    """

    name = "litert"
    suffix = ".tflite"
    backends = ("tensorflow",)
    has_labels = True
    extra = "litert"

    def packages(self, backend: str) -> tuple[str, ...]:
        """Return the modules that writing takes beside Keras and its backend."""
        del backend
        return ("ai_edge_litert",)

    def options(self, backend: str) -> tuple[str, ...]:
        """Return the names of the options of Keras' exporter that are passed on."""
        del backend
        return _OPTIONS

    def write(self, served: Served, path: Path) -> None:
        """Write the file."""
        import tensorflow as tf

        model = served.as_dict()
        # Without the operations of tensorflow that phones do not have.
        target = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
        options = dict(served.options)
        options["target_spec"] = {**target, **options.get("target_spec", {})}
        signature = served.signature.nested
        export_quietly(model, path, self.name, signature, **options)
        files = label_files(served.decoding)
        name = served.model.name
        path.write_bytes(with_metadata(path.read_bytes(), name, files))
        with zipfile.ZipFile(path, "a") as archive:
            contents = served.contents(self.name).to_json()
            for file, text in (files | {f"{KEY}.json": contents}).items():
                archive.writestr(file, text)

    def read(self, path: Path) -> str | None:
        """Return the metadata of a file."""
        if not zipfile.is_zipfile(path):
            return None
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            file = f"{KEY}.json"
            return archive.read(file).decode("utf-8") if file in names else None

    def start(self, path: Path, contents: Contents) -> Run:
        """Load the file in LiteRT."""
        litert = imported("ai_edge_litert.interpreter", self.extra)
        interpreter = litert.Interpreter(str(path))
        serve = interpreter.get_signature_runner()  # the only one

        def run(arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
            named = zip(contents.inputs, arrays, strict=True)
            made = serve(**{one.name: a for one, a in named})
            return {name: made[name] for name in contents.outputs}

        return run
