"""Read a .tflite file as a phone does: with LiteRT alone, no Keras, no keras_labels.

    pip install ai-edge-litert
    python examples/serve_litert.py digits/digits.tflite digits/images.json

The metadata in the model (a flatbuffer "M001", as MediaPipe Tasks reads it) names the
label file of each output; that file is packed into the .tflite, which is a zip as well.
"""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from flatbuffers.table import Table


def label_files(path):
    """Return `{output: its label file}`, as the metadata says."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(Path(path).read_bytes()))
    (place,) = [m.buffer for m in model.metadata if m.name == b"TFLITE_METADATA"]
    data = bytes(model.buffers[place].data)
    if data[4:8] != b"M001":
        raise ValueError(f"The metadata of '{path}' is of another kind.")
    root = Table(data, int.from_bytes(data[:4], "little"))
    (subgraph,) = tables(root, 3)  # ModelMetadata.subgraph_metadata
    return {
        text(output, 0): text(file, 0)  # TensorMetadata.name, AssociatedFile.name
        for output in tables(subgraph, 3)  # SubGraphMetadata.output_tensor_metadata
        for file in tables(output, 6)  # TensorMetadata.associated_files
    }


def tables(table, field):
    """Return the tables that a field of a flatbuffer table lists."""
    offset = table.Offset(4 + 2 * field)
    if not offset:
        return []
    start, size = table.Vector(offset), table.VectorLen(offset)
    return [Table(table.Bytes, table.Indirect(start + 4 * i)) for i in range(size)]


def text(table, field):
    return table.String(table.Pos + table.Offset(4 + 2 * field)).decode("utf-8")


def main(path, samples):
    """Print the label file, and the label of each sample."""
    file = label_files(path)["classes"]
    with zipfile.ZipFile(path) as packed:
        names = packed.read(file).decode("utf-8").splitlines()
    print(f"{file}:", json.dumps(names))

    serve = Interpreter(str(path)).get_signature_runner()
    (name,) = serve.get_input_details()
    x = np.asarray(json.loads(Path(samples).read_text("utf-8")), "float32")
    classes = serve(**{name: x})["classes"]
    print("labels:", json.dumps([names[i] if i >= 0 else None for i in classes]))


if __name__ == "__main__":
    main(*sys.argv[1:3])
