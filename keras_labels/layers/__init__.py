"""Keras layers that decode scores; each calls the function of its name."""

from keras_labels.layers._argmax import ArgmaxLayer
from keras_labels.layers._decoding import DecodingLayer
from keras_labels.layers._multi_label import MultiLabelLayer
from keras_labels.layers._probability import ProbabilityLayer
from keras_labels.layers._temperature import TemperatureLayer
from keras_labels.layers._threshold import ThresholdLayer
from keras_labels.layers._top_k import TopKLayer

__all__ = [
    "ArgmaxLayer",
    "DecodingLayer",
    "MultiLabelLayer",
    "ProbabilityLayer",
    "TemperatureLayer",
    "ThresholdLayer",
    "TopKLayer",
]
