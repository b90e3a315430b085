"""OpenVINO IR: an .xml and a .bin, with what the Model API reads."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_labels.export._contents import KEY, Contents, of_heads
from keras_labels.export._exporter import export_quietly
from keras_labels.export._file_format import FileFormat, Run
from keras_labels.export._onnx import Onnx
from keras_labels.export._served import Served
from keras_labels.extras import imported


class OpenVino(FileFormat):
    """Two files that `openvino.Core.read_model` reads.

    `rt_info` / `model_info` holds `labels`, `label_ids`, `multilabel` and
    `confidence_threshold` as the OpenVINO Model API reads them (of the single head),
    and everything under `keras_labels`.
    """

    name = "openvino"
    suffix = ".xml"
    backends = ("tensorflow", "torch")
    has_labels = False
    extra = "openvino"

    def packages(self, backend: str) -> tuple[str, ...]:
        """Return the modules that writing takes beside Keras and its backend."""
        if backend == "tensorflow":
            return ("openvino",)
        return ("openvino", *Onnx().packages(backend))

    def write(self, served: Served, path: Path) -> None:
        """Write the two files."""
        openvino = imported("openvino", self.extra)
        raw = path.with_name("raw")
        raw.mkdir()
        source = _source(served, raw)
        model = openvino.Core().read_model(str(source))
        contents = served.contents(self.name)
        for port, one in zip(model.inputs, contents.inputs, strict=True):
            port.get_tensor().set_names({one.name})
        _name_outputs(model, served.numeric())
        for key, value in _model_info(contents).items():
            model.set_rt_info(value, ["model_info", key])
        # float16 weights would decide otherwise.
        openvino.save_model(model, str(path), compress_to_fp16=False)
        del model
        shutil.rmtree(raw)

    def read(self, path: Path) -> str | None:
        """Return the metadata of a file."""
        from xml.etree import ElementTree

        for _, element in ElementTree.iterparse(path):
            if element.tag == KEY and "value" in element.attrib:
                return element.attrib["value"]
        return None

    def start(self, path: Path, contents: Contents) -> Run:
        """Load the file in OpenVINO."""
        openvino = imported("openvino", self.extra)
        # By itself it takes bfloat16 on processors that have it: other decisions.
        exact = {"INFERENCE_PRECISION_HINT": "f32"}
        compiled = openvino.Core().compile_model(str(path), "CPU", exact)

        def run(arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
            names = (one.name for one in contents.inputs)
            made = compiled(dict(zip(names, arrays, strict=True)))
            return {name: made[name] for name in contents.outputs}

        return run


def _source(served: Served, folder: Path) -> Path:
    """Write a file that OpenVINO reads.

    It reads few operations of torch, not the `subtract` of a batch normalization, but
    all of the ONNX files that torch writes.
    """
    if keras.backend.backend() == "tensorflow":
        source = folder / "model.xml"
        signature = served.signature.flat
        export_quietly(served.as_tuple(), source, "openvino", signature)
    else:
        source = folder / "model.onnx"
        Onnx().write(served, source)
    return source


def _name_outputs(model: Any, names: Sequence[str]) -> None:
    """Name the outputs, and drop those that the model does not have.

    From tensorflow an operation whose result nobody uses comes out as one more. Outputs
    that are the same tensor, or an input, have its names in common.
    """
    outputs = list(model.outputs)
    if keras.backend.backend() == "tensorflow":
        wanted = ["Identity:0", *(f"Identity_{i}:0" for i in range(1, len(names)))]
        by_name = {one.get_node().get_friendly_name(): one for one in outputs}
        for name in set(by_name) - set(wanted):
            model.remove_result(by_name[name].get_node())
        outputs = [by_name[name] for name in wanted]
    shared: dict[tuple[str, int], set[str]] = {}
    for output, name in zip(outputs, names, strict=True):
        source = output.get_node().input_value(0)
        node = source.get_node()
        own = source.get_names() if node.get_type_name() == "Parameter" else set()
        key = (node.get_friendly_name(), source.get_index())
        shared.setdefault(key, set(own)).add(name)
        output.get_tensor().set_names(shared[key])


def _model_info(contents: Contents) -> dict[str, Any]:
    info: dict[str, Any] = {KEY: contents.to_json()}
    rule = of_heads(contents.decoding).get("")
    if rule is None:  # the Model API knows models of one head
        return info
    info["multilabel"] = str(rule.head.task == "multilabel")
    if rule.threshold and rule.head.task != "ordinal":
        info["confidence_threshold"] = str(max(rule.threshold))
    if rule.class_names:
        info["labels"] = " ".join(map(_word, rule.class_names))
        info["label_ids"] = " ".join(map(str, range(len(rule.class_names))))
    return info


def _word(name: str) -> str:
    """Return a name as one word: the Model API splits labels at white space."""
    return "_".join(name.split())
