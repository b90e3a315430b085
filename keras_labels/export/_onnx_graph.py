"""An ONNX graph as an exporter left it -> one with our names, labels and metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_labels.export._contents import KEY, Contents, named_classes
from keras_labels.export._served import Served, label_steps, rule_of

_BATCH = "batch"


def finish(path: Path, served: Served, contents: Contents) -> None:
    """Name inputs and outputs, add labels and metadata, and check the model."""
    import onnx

    model = onnx.load(str(path))
    _drop_domains(model)
    _drop_idle_casts(onnx, model)
    # Lengths of inner results have names of their own, which nobody needs.
    del model.graph.value_info[:]
    _name_inputs(model.graph, [one.name for one in contents.inputs])
    _name_outputs(model.graph, served)
    props = {KEY: contents.to_json()}
    for prefix, names in named_classes(served.decoding).items():
        props[f"{prefix}class_names"] = json.dumps(names, ensure_ascii=False)
    onnx.helper.set_model_props(model, props)
    opsets = model.opset_import
    model.ir_version = onnx.helper.find_min_ir_version_for(opsets)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def _drop_domains(model: Any) -> None:
    """Drop operator domains that no operation is of: some runtimes do not know them."""
    used = {"", *(node.domain for node in _nodes(model.graph))}
    for function in model.functions:
        used |= {function.domain, *(node.domain for node in function.node)}
    kept = [one for one in model.opset_import if one.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def _drop_idle_casts(onnx: Any, model: Any) -> None:
    """Drop casts to the dtype that is there: a converter to float16 breaks them."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    values = [*graph.value_info, *graph.input, *graph.output]
    dtypes = {one.name: one.type.tensor_type.elem_type for one in values}
    dtypes |= {one.name: one.data_type for one in graph.initializer}
    for node in model.graph.node:
        if node.op_type != "Cast":
            continue
        if node.attribute[0].i == dtypes.get(node.input[0]):
            node.op_type = "Identity"  # which runtimes drop
            del node.attribute[:]


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)


def _name_inputs(graph: Any, names: list[str]) -> None:
    """Give the inputs the names of the model's, which some exporters change."""
    for value, name in zip(graph.input, names, strict=True):
        old, value.name = value.name, name
        first = value.type.tensor_type.shape.dim[0]
        if not first.HasField("dim_value"):
            first.dim_param = _BATCH
        _rename(graph, old, name)


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
    """Call a result otherwise where it is made and read, in inner graphs too."""
    for node in _nodes(graph):
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _shape(typed: Any) -> list[Any]:
    sizes = [d.dim_value or d.dim_param or None for d in typed.shape.dim]
    rows = sizes[0] if isinstance(sizes[0], int) else _BATCH
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
