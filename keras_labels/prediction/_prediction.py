"""The decision on one sample, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Label = str | tuple[str, ...] | None


@dataclass(frozen=True)
class Prediction:
    """The decision on one sample.

    Args:
        label: the class name; a tuple of names for multilabel; `None` if rejected, or
            if the decoding has no names.
        class_id: the class id, -1 if rejected; a tuple of ids for multilabel.
        probability: the probability of the decided class (multilabel: one for each
            label in the tuple); of the most probable class if rejected.
        probabilities: every class (by name, or by id without names) to its
            probability.
    """

    label: Label
    class_id: int | tuple[int, ...]
    probability: float | tuple[float, ...]
    probabilities: dict[Any, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the prediction as plain data that `json.dumps` takes as it is.

        Tuples are lists, ids of classes without names are strings where they are keys,
        and NaN, which JSON has not, is `None`.
        """
        return {
            "label": list(self.label) if isinstance(self.label, tuple) else self.label,
            "class_id": _plain(self.class_id, int),
            "probability": _plain(self.probability, _number),
            "probabilities": {
                str(name): _number(p) for name, p in self.probabilities.items()
            },
        }

    def confidences(self) -> dict[str, float]:
        """Return every class and its probability, as gradio's `gr.Label` takes it.

        Without names the ids stand for them. Empty, so that nothing is shown, for a
        sample whose scores are NaN. Of several rows the same is
        `[dict(pairs) for pairs in labeled.predict_top_k(x, k=...)]`.
        """
        found = {str(name): float(p) for name, p in self.probabilities.items()}
        return {name: p for name, p in found.items() if not math.isnan(p)}


def _plain(value: Any, convert: Callable[[Any], Any]) -> Any:
    """Return a number, or the list of a tuple of them, in Python's own types."""
    if isinstance(value, tuple):
        return [convert(one) for one in value]
    return convert(value)


def _number(p: Any) -> float | None:
    return None if math.isnan(p) else float(p)
