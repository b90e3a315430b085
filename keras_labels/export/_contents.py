"""What an exported file says of itself: its outputs, and how it decides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from keras_labels.errors import DecodingError, ExportError
from keras_labels.spec import Decoding, Decodings, from_plain, plain

KEY = "keras_labels"  # under which every format keeps it
_VERSION = 1


class Input(NamedTuple):
    """One input of an exported file; `None` in the shape: any length."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Contents:
    """What an exported file says of itself.

    Args:
        format: one of `FORMATS`, or `"keras"`.
        inputs: its inputs, in the order of the model; none for a `.keras` file.
        outputs: the names of its outputs, in their order; none for a `.keras` file.
        decoding: the decoding, or `{output name: Decoding}` for several heads.
    """

    format: str
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    decoding: Decodings

    def to_json(self) -> str:
        """Return this as one line of JSON, for the metadata of a file."""
        return json.dumps(
            {
                "version": _VERSION,
                "inputs": [one._asdict() for one in self.inputs],
                "outputs": list(self.outputs),
                "decoding": stored(self.decoding),
            }
        )

    @classmethod
    def from_json(cls, format: str, text: str) -> Contents:
        """Read what `to_json` wrote.

        Raises:
            ExportError: if it is something else, or of a later release.
        """
        try:
            data = json.loads(text)
            version, outputs = data["version"], tuple(data["outputs"])
            inputs = tuple(
                Input(one["name"], tuple(one["shape"]), one["dtype"])
                for one in data["inputs"]
            )
            decoding = from_plain(data["decoding"])
        except (ValueError, KeyError, TypeError, DecodingError) as error:
            raise ExportError(
                "The metadata of this file cannot be read as a decoding of "
                f"keras_labels. It may come from a later release. ({error})"
            ) from None
        if version != _VERSION:
            raise ExportError(
                f"The metadata of this file has version {version}, and this release "
                f"reads version {_VERSION}. Install a later keras_labels."
            )
        return cls(format, inputs, outputs, decoding)


def stored(decoding: Decodings) -> dict[str, Any]:
    """Return decodings as a file holds them: equal thresholds once, for all labels."""
    data = plain(decoding)
    for one in data.get("heads", {"": data}).values():
        if len(set(one["threshold"])) == 1:
            del one["threshold"][1:]
    return data


def of_heads(decoding: Decodings) -> dict[str, Decoding]:
    """Return the decodings by the prefix of their outputs: `""`, or `"species_"`."""
    if not isinstance(decoding, dict):
        return {"": decoding}
    return {f"{name}_": one for name, one in decoding.items()}


def named_classes(decoding: Decodings) -> dict[str, tuple[str, ...]]:
    """Return the class names by the prefix of their outputs, where there are any."""
    heads = of_heads(decoding)
    return {p: tuple(d.class_names) for p, d in heads.items() if d.class_names}


def label_files(decoding: Decodings) -> dict[str, str]:
    """Return the text of each label file by its name: one class name a line."""
    return {
        f"{prefix}labels.txt": "".join(f"{_line(name)}\n" for name in names)
        for prefix, names in named_classes(decoding).items()
    }


def _line(name: str) -> str:
    return " ".join(name.splitlines())
