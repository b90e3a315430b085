"""ONNX: one file, with the names and the whole decoding in its metadata."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_labels.export._contents import KEY, Contents, named_classes
from keras_labels.export._exporter import export_quietly
from keras_labels.export._file_format import FileFormat, Run
from keras_labels.export._frozen import frozen
from keras_labels.export._served import Served, label_steps, rule_of
from keras_labels.extras import imported

_PACKAGES = {
    "tensorflow": ("onnx", "tf2onnx"),
    "jax": ("onnx", "flax", "jax2onnx"),
    "torch": ("onnx",),
}


class Onnx(FileFormat):
    """A file that onnxruntime reads.

    `metadata_props` holds the class names as a JSON list under `class_names`
    (`species_class_names` for a head `species`), and everything under `keras_labels`.
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
        onnx = imported("onnx", self.extra)
        exported = served.as_tuple()
        if keras.backend.backend() == "tensorflow":
            exported = frozen(exported, served.signature)
        signature = served.signature.flat
        export_quietly(exported, path, "onnx", signature, **served.options)
        _finish(onnx, path, served, served.contents(self.name))

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


def _finish(onnx: Any, path: Path, served: Served, contents: Contents) -> None:
    """Name inputs and outputs, add labels and metadata, and check the model."""
    model = onnx.load(str(path))
    _name_inputs(model.graph, [one.name for one in contents.inputs])
    _name_outputs(model.graph, served)
    props = {KEY: contents.to_json()}
    for prefix, names in named_classes(served.decoding).items():
        props[f"{prefix}class_names"] = json.dumps(names, ensure_ascii=False)
    onnx.helper.set_model_props(model, props)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def _name_inputs(graph: Any, names: list[str]) -> None:
    """Give the inputs the names of the model's, which some exporters change."""
    for value, name in zip(graph.input, names, strict=True):
        old, value.name = value.name, name
        for node in graph.node:
            for place, source in enumerate(node.input):
                if source == old:
                    node.input[place] = name


def _name_outputs(graph: Any, served: Served) -> None:
    """Give the outputs their names and order, and add the labels."""
    from onnx import helper

    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    made = {}
    for value, name in zip(graph.output, served.numeric(), strict=True):
        if name in taken:  # some inner result is called so: it gets another name
            _rename(graph, name, f"{name}_of_the_model")
        graph.node.append(helper.make_node("Identity", [_last(value, name)], [name]))
        typed = value.type.tensor_type
        made[name] = helper.make_tensor_value_info(name, typed.elem_type, _shape(typed))
    for name in served.tables:
        made[name] = _add_labels(graph, name, served, made)
    del graph.output[:]
    graph.output.extend(made[name] for name in served.outputs)


def _last(value: Any, name: str) -> str:
    return f"{name}_of_the_model" if value.name == name else str(value.name)


def _rename(graph: Any, old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _shape(typed: Any) -> list[Any]:
    sizes = [d.dim_value or d.dim_param or None for d in typed.shape.dim]
    rows = sizes[0] if isinstance(sizes[0], int) else "batch"
    return [rows, *sizes[1:]]


def _add_labels(graph: Any, name: str, served: Served, made: dict[str, Any]) -> Any:
    """Add a look-up of strings: no table of tensorflow, which onnx has not."""
    from onnx import TensorProto, helper, numpy_helper

    rule = rule_of(name, served.decoding)
    classes = f"{name.removesuffix('labels')}classes"
    shape = _shape(made[classes].type.tensor_type)
    table = [text.encode() for text in served.tables[name]]
    graph.initializer.append(
        helper.make_tensor(f"{name}_table", TensorProto.STRING, [len(table)], table)
    )
    if rule.head.task == "multilabel":
        steps = {"zero": np.int32(0), "steps": label_steps(rule, len(shape))}
        ways = [
            ("Max", classes, "zero", "over"),
            ("Mul", f"{name}_over", "steps", "at"),
        ]
    else:
        steps = {"one": np.int32(1)}
        ways = [("Add", classes, "one", "at")]
    for part, value in steps.items():
        array = numpy_helper.from_array(np.asarray(value), f"{name}_{part}")
        graph.initializer.append(array)
    for kind, one, other, result in ways:
        inputs, outputs = [one, f"{name}_{other}"], [f"{name}_{result}"]
        graph.node.append(helper.make_node(kind, inputs, outputs))
    look_up = helper.make_node("Gather", [f"{name}_table", f"{name}_at"], [name])
    graph.node.append(look_up)
    return helper.make_tensor_value_info(name, TensorProto.STRING, shape)
