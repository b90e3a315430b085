"""Serve an exported ONNX file with onnxruntime alone: no Keras, no keras_labels.

    pip install onnxruntime
    python examples/serve_onnx.py wine/wine.onnx wine/rows.json   # or rows on stdin
    python examples/serve_onnx.py wine/wine.onnx --port 8000      # POST rows to it

Rows are a JSON list. The file comes from `labeled.export` (see export_onnx.py) and has
decided already, threshold and rejection included: here ids only get their names.
"""

import argparse
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnxruntime


def decide(session, rows):
    """Return a decision, ready for JSON, on each of the rows."""
    metadata = session.get_modelmeta().custom_metadata_map
    names = json.loads(metadata["class_names"])  # "keras_labels" holds everything
    (one,) = session.get_inputs()
    x = np.asarray(rows, "float32")
    if x.shape[1:] != tuple(one.shape[1:]) or not np.isfinite(x).all():
        raise ValueError(f"Rows are finite numbers of shape {one.shape[1:]}.")
    made = session.run(["classes", "probabilities"], {one.name: x})
    return [
        {
            "label": label(decided, names),
            "class_id": decided.tolist(),
            "probabilities": dict(zip(names, p.tolist(), strict=True)),
        }
        for decided, p in zip(*made, strict=True)
    ]


def label(decided, names):
    if (decided == -1).all():
        return None  # rejected: no class is probable enough
    if decided.ndim:  # multilabel: 1 for each label that a row has
        return [names[i] for i in np.flatnonzero(decided == 1)]
    return names[decided]


def serve(session, port):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                code, answer = 200, decide(session, json.loads(body))
            except (ValueError, TypeError) as error:
                code, answer = 400, {"error": str(error)}
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def main():
    parser = argparse.ArgumentParser(description="Decide with an exported ONNX file.")
    parser.add_argument("model", help="the .onnx file")
    parser.add_argument("rows", nargs="?", help="a .json file; stdin if left out")
    parser.add_argument("--port", type=int, help="serve HTTP there instead")
    given = parser.parse_args()
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(given.model, providers=providers)
    if given.port is not None:
        serve(session, given.port)
    text = Path(given.rows).read_text("utf-8") if given.rows else sys.stdin.read()
    print(json.dumps(decide(session, json.loads(text)), indent=1))


if __name__ == "__main__":
    main()
