"""Independent labels as a layer."""

from __future__ import annotations

from typing import Any

import keras

from keras_labels import functional
from keras_labels.layers._base import ScoreLayer, Shape, spec
from keras_labels.layers._threshold import plain
from keras_labels.spec import Decoding, Head, as_thresholds, check_label_counts


@keras.saving.register_keras_serializable(package="keras_labels")
class MultiLabelLayer(ScoreLayer):
    """Turn scores of independent labels into 0 or 1 for each label.

    A label is set if its probability is over its threshold. Then the best labels that
    are not are added until there are `min_labels`, and the best `max_labels` are kept.

    Args:
        threshold: a float in (0, 1), or one per label.
        from_logits: whether the scores are logits.
        inclusive: whether a probability on the cut sets the label.
        min_labels: least number of labels of a row.
        max_labels: largest number of labels of a row, or `None`.
        axis: the label axis.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`. The layer
            computes in float32 at least, whatever `dtype` says.

    Input shape: `(rows, ..., labels)`, float or integer.
    Output shape: the same, int32; a row with NaN is -1 throughout.

    Raises:
        DecodingError: if an argument is out of range, or (on the first call) does not
            fit the number of labels.

    >>> import numpy as np
    >>> np.asarray(MultiLabelLayer()(np.array([[0.6, 0.1, 0.7]]))).tolist()
    [[1, 0, 1]]
    """

    def __init__(
        self,
        threshold: Any = 0.5,
        from_logits: bool = False,
        inclusive: bool = False,
        min_labels: int = 0,
        max_labels: int | None = None,
        axis: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(axis=axis, **kwargs)
        cuts = as_thresholds(threshold)
        self.threshold = cuts[0] if len(cuts) == 1 else cuts
        self.from_logits = bool(from_logits)
        self.inclusive = bool(inclusive)
        self.min_labels, self.max_labels = check_label_counts(min_labels, max_labels)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data."""
        return {
            **super().get_config(),
            "threshold": plain(self.threshold),
            "from_logits": self.from_logits,
            "inclusive": self.inclusive,
            "min_labels": self.min_labels,
            "max_labels": self.max_labels,
        }

    def _specs(self, shape: Shape) -> Any:
        Decoding(
            Head("multilabel", self._units(shape), self.from_logits, self.axis),
            threshold=self.threshold,
            min_labels=self.min_labels,
            max_labels=self.max_labels,
        )
        return spec(shape, "int32")

    def decode(self, scores: Any) -> Any:
        """Decode scores, as the call does after its checks."""
        return functional.multi_label(
            scores,
            self.threshold,
            self.from_logits,
            self.inclusive,
            self.min_labels,
            self.max_labels,
            self.axis,
        )
