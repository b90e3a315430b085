"""Pure functions of scores: the only place where a number becomes a class.

Every function takes NumPy arrays or tensors of the Keras backend and works inside a
graph. Layers, models and predictions call these and never restate a rule.
"""

from keras_labels.functional._argmax import argmax
from keras_labels.functional._arithmetic import widen
from keras_labels.functional._corrections import corrected, positive_column
from keras_labels.functional._decode import OUTPUTS, check_outputs, decode
from keras_labels.functional._formulations import unexported, written_for
from keras_labels.functional._multi_label import multi_label
from keras_labels.functional._probabilities import probabilities
from keras_labels.functional._threshold import threshold
from keras_labels.functional._top_k import top_k

__all__ = [
    "OUTPUTS",
    "argmax",
    "check_outputs",
    "corrected",
    "decode",
    "multi_label",
    "positive_column",
    "probabilities",
    "threshold",
    "top_k",
    "unexported",
    "widen",
    "written_for",
]
