"""Turn the scores of any trained Keras classifier into decisions.

Importing this registers the layers and models of the library with Keras, so that files
that hold them load; it changes nothing else.
"""

from keras_labels import fitting, functional
from keras_labels.decoder import append_decoding
from keras_labels.errors import (
    DecodingError,
    ExportError,
    HeadError,
    HeadWarning,
    InputError,
    KerasLabelsError,
    MissingExtraError,
    SaveError,
)
from keras_labels.export import load_exported, read_decoding
from keras_labels.heads import detect_head
from keras_labels.integrations import remove_predict_classes, restore_predict_classes
from keras_labels.labeled import LabeledModel
from keras_labels.layers import (
    ArgmaxLayer,
    DecodingLayer,
    MultiLabelLayer,
    ProbabilityLayer,
    TemperatureLayer,
    ThresholdLayer,
    TopKLayer,
)
from keras_labels.prediction import Prediction
from keras_labels.reports import ReliabilityDisplay, Report, ThresholdDisplay
from keras_labels.spec import Calibration, Decoding, Head

__version__ = "0.1.0"

__all__ = [
    "ArgmaxLayer",
    "Calibration",
    "Decoding",
    "DecodingError",
    "DecodingLayer",
    "ExportError",
    "Head",
    "HeadError",
    "HeadWarning",
    "InputError",
    "KerasLabelsError",
    "LabeledModel",
    "MissingExtraError",
    "MultiLabelLayer",
    "Prediction",
    "ProbabilityLayer",
    "ReliabilityDisplay",
    "Report",
    "SaveError",
    "TemperatureLayer",
    "ThresholdDisplay",
    "ThresholdLayer",
    "TopKLayer",
    "append_decoding",
    "detect_head",
    "fitting",
    "functional",
    "load_exported",
    "read_decoding",
    "remove_predict_classes",
    "restore_predict_classes",
]
