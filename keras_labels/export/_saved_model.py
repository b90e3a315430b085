"""TensorFlow SavedModel: a folder with one endpoint for each question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_labels.export._contents import KEY, Contents, of_heads
from keras_labels.export._exporter import quiet
from keras_labels.export._file_format import FileFormat, Run
from keras_labels.export._served import Served, with_labels
from keras_labels.extras import imported

_EXTRA = "assets.extra"  # where tensorflow leaves what is not its own


class SavedModel(FileFormat):
    """A folder that TensorFlow Serving and `tf.saved_model.load` read.

    Its endpoints: `serve` (also the default) with all outputs, `predict_proba`,
    `predict_classes`, `predict_labels`; `decode` is what they call.
    """

    name = "tf_saved_model"
    suffix = ""
    backends = ("tensorflow", "jax")
    has_labels = True
    extra = "tensorflow"

    def packages(self, backend: str) -> tuple[str, ...]:
        """Return the modules that writing takes beside Keras and its backend."""
        return () if backend == "tensorflow" else ("tensorflow",)

    def options(self, backend: str) -> tuple[str, ...]:
        """Return the names of the options of Keras' exporter that are passed on."""
        return ("is_static", "jax2tf_kwargs") if backend == "jax" else ()

    def takes_strings(self, backend: str) -> bool:
        """Tell whether a file that is written on a backend may take strings."""
        return backend == "tensorflow"

    def write(self, served: Served, path: Path) -> None:
        """Write the folder."""
        with quiet():
            _write_out(served, path)
        extra = path / _EXTRA
        extra.mkdir(exist_ok=True)
        text = served.contents(self.name).to_json()
        (extra / f"{KEY}.json").write_text(text, encoding="utf-8")

    def read(self, path: Path) -> str | None:
        """Return the metadata of a folder."""
        file = path / _EXTRA / f"{KEY}.json"
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def start(self, path: Path, contents: Contents) -> Run:
        """Load the folder with tensorflow."""
        tf = imported("tensorflow", self.extra)
        loaded = tf.saved_model.load(str(path))

        def run(arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
            named = zip(contents.inputs, arrays, strict=True)
            serve = loaded.signatures["serve"]  # `loaded` holds the weights
            made = serve(**{one.name: tf.constant(a) for one, a in named})
            return {name: made[name].numpy() for name in contents.outputs}

        return run


def _write_out(served: Served, path: Path) -> None:
    archive = keras.export.ExportArchive()
    whole = _whole(served)
    model = whole.as_dict()
    archive.track(model)

    def decode(inputs: Any) -> Any:
        return model(inputs)

    signature = served.signature.nested
    core = archive.add_endpoint("decode", decode, signature, **served.options)
    for name, outputs in _endpoints(served).items():
        archive.add_endpoint(name, _endpoint(core, outputs))
    archive.write_out(str(path), verbose=False)


def _whole(served: Served) -> Served:
    """Return what answers every endpoint, in numbers: labels are looked up behind."""
    kinds = ["probabilities", "classes"]
    if "scores" in served.kinds:
        kinds.append("scores")
    return Served(served.model, served.decoding, kinds, served.signature)


def _endpoints(served: Served) -> dict[str, Served]:
    def only(*kinds: str) -> Served:
        model, rules = served.model, served.decoding
        return Served(model, rules, kinds, served.signature)

    named = any(rule.class_names for rule in of_heads(served.decoding).values())
    return {
        "serve": served,
        "serving_default": served,
        "predict_proba": only("probabilities"),
        "predict_classes": only("classes"),
        **({"predict_labels": only("labels")} if named else {}),
    }


def _endpoint(core: Callable[[Any], Any], outputs: Served) -> Any:
    import tensorflow as tf

    signature = keras.tree.map_structure(
        lambda spec: tf.TensorSpec(spec.shape, spec.dtype, spec.name),
        outputs.signature.nested,
    )
    function = tf.function(
        lambda inputs: with_labels(core(inputs), outputs),
        input_signature=signature,
        autograph=False,
    )
    function.get_concrete_function()  # an archive takes what was traced
    return function
