"""The metadata that MediaPipe Tasks and TFLite readers find in a .tflite file.

It is a flatbuffer of its own (`metadata_schema.fbs` of TensorFlow Lite Support, file
identifier "M001") inside of the model's. Its package cannot be installed beside
tensorflow 2.21, so the few tables are written field by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keras_labels.extras import imported

_NAME = "TFLITE_METADATA"
_IDENTIFIER = b"M001"
_AXIS_LABELS = 2  # AssociatedFileType.TENSOR_AXIS_LABELS
# Table: how many fields it has, and where those that we write stand.
_MODEL = (8, {"name": 0, "subgraph_metadata": 3})
_SUBGRAPH = (7, {"output_tensor_metadata": 3})
_TENSOR = (7, {"name": 0, "associated_files": 6})
_FILE = (5, {"name": 0, "type": 2})


def with_metadata(model: bytes, name: str, files: Mapping[str, str]) -> bytes:
    """Return a .tflite model that names the label files of its outputs.

    Args:
        model: the model.
        name: of the model.
        files: the label files by name: `species_labels.txt` belongs to the outputs
            `species_...`, `labels.txt` to all.
    """
    flatbuffers = imported("flatbuffers", "litert")
    schema = imported("ai_edge_litert.schema_py_generated", "litert")
    whole = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    metadata = _metadata(flatbuffers, name, _output_files(whole, files))
    buffer = schema.BufferT()
    buffer.data = list(metadata)
    whole.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = _NAME, len(whole.buffers) - 1
    whole.metadata = [*(whole.metadata or []), entry]
    builder = flatbuffers.Builder(len(model))
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _output_files(model: Any, files: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Return the outputs in the order of the graph, with their label files."""
    named = {}
    for signature in model.signatureDefs or []:
        named = {one.tensorIndex: one.name.decode() for one in signature.outputs}
    outputs = []
    for index in model.subgraphs[0].outputs:
        name = named.get(index, f"output_{index}")
        own = [
            file for file in files if name.startswith(file.removesuffix("labels.txt"))
        ]
        outputs.append((name, own))
    return outputs


def _metadata(
    flatbuffers: Any, name: str, outputs: Iterable[tuple[str, list[str]]]
) -> bytes:
    builder = flatbuffers.Builder(0)
    tensors = []
    for output, files in outputs:
        made = [
            _table(builder, _FILE, {"name": file, "type": _AXIS_LABELS})
            for file in files
        ]
        tensors.append(
            _table(builder, _TENSOR, {"name": output, "associated_files": made})
        )
    subgraph = _table(builder, _SUBGRAPH, {"output_tensor_metadata": tensors})
    root = _table(builder, _MODEL, {"name": name, "subgraph_metadata": [subgraph]})
    builder.Finish(root, file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _table(builder: Any, kind: tuple[int, dict[str, int]], values: Any) -> int:
    """Write a table: strings, lists of tables, and one enumeration of a byte."""
    count, slots = kind
    placed = {key: _placed(builder, value) for key, value in values.items()}
    builder.StartObject(count)
    for key, value in placed.items():
        if isinstance(values[key], int):
            builder.PrependInt8Slot(slots[key], value, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(slots[key], value, 0)
    table: int = builder.EndObject()
    return table


def _placed(builder: Any, value: Any) -> Any:
    """Write what a table points to, which stands before it."""
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return builder.CreateString(value)
    builder.StartVector(4, len(value), 4)
    for one in reversed(value):
        builder.PrependUOffsetTRelative(one)
    return builder.EndVector()
