"""torch's .pt2: an exported program, with the decoding as extra files."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_labels.export._contents import KEY, Contents, label_files
from keras_labels.export._exporter import quiet
from keras_labels.export._file_format import FileFormat, Run
from keras_labels.export._served import Served
from keras_labels.extras import imported

_OPTIONS = (  # of torch.export.export
    "dynamic_shapes",
    "prefer_deferred_runtime_asserts_over_guards",
    "preserve_module_call_signature",
    "strict",
)


class TorchProgram(FileFormat):
    """A file that `torch.export.load` reads; its program gives a dict.

    `torch.export.load(path, extra_files={"keras_labels.json": ""})` fills in the
    decoding, `labels.txt` the names.
    """

    name = "torch"
    suffix = ".pt2"
    backends = ("torch",)
    has_labels = False
    extra = "torch"

    def packages(self, backend: str) -> tuple[str, ...]:
        """Return the modules that writing takes beside Keras and its backend."""
        del backend
        return ()

    def options(self, backend: str) -> tuple[str, ...]:
        """Return the names of the options of Keras' exporter that are passed on."""
        del backend
        return _OPTIONS

    def write(self, served: Served, path: Path) -> None:
        """Write the file."""
        import torch

        rows = torch.export.Dim("rows")
        # An axis of length 1 or 0 would be taken for a constant.
        examples = [_example(spec) for spec in served.signature.specs]
        open_axes = [_open_axes(spec, rows) for spec in served.signature.specs]
        extra = label_files(served.decoding)
        extra[f"{KEY}.json"] = served.contents(self.name).to_json()
        model = served.as_tuple()
        options = {"dynamic_shapes": (tuple(open_axes),), "strict": False}
        with quiet():
            program = torch.export.export(
                _forward(model, served.numeric()),
                tuple(examples),
                **{**options, **served.options},
            )
            # In place of operations that change a tensor, as a batch norm has some:
            # AOTInductor takes none of these.
            program = program.run_decompositions()
            torch.export.save(program, str(path), extra_files=extra)

    def read(self, path: Path) -> str | None:
        """Return the metadata of a file."""
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(f"/extra/{KEY}.json"):
                    return archive.read(name).decode("utf-8")
        return None

    def start(self, path: Path, contents: Contents) -> Run:
        """Load the file in torch."""
        torch = imported("torch", self.extra)
        program = torch.export.load(str(path)).module()

        def run(arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
            with torch.inference_mode():
                made = program(*map(torch.from_numpy, arrays))
            return {name: made[name].numpy() for name in contents.outputs}

        return run


def _example(spec: Any) -> Any:
    import keras

    sizes = [2 if size is None else size for size in spec.shape]
    return keras.ops.zeros(sizes, spec.dtype)


def _open_axes(spec: Any, rows: Any) -> dict[int, Any]:
    import torch

    open_ones = [axis for axis, size in enumerate(spec.shape) if size is None]
    lengths = dict.fromkeys(open_ones, torch.export.Dim.AUTO)
    return {**lengths, 0: rows} if 0 in lengths else lengths


def _forward(model: Any, names: Sequence[str]) -> Any:
    """Return a torch module that gives a dict of named outputs."""
    import torch

    class Forward(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: Any) -> dict[str, Any]:
            made = self.model(inputs[0] if len(inputs) == 1 else list(inputs))
            return dict(zip(names, made, strict=True))

    return Forward()
