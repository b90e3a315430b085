"""Turn the scores of any trained Keras classifier into decisions."""

from keras_labels.decoding import Decoding
from keras_labels.head import Head
from keras_labels.layers import (
    ArgmaxLayer,
    DecodingLayer,
    MultiLabelLayer,
    ProbabilityLayer,
    ThresholdLayer,
    TopKLayer,
)

__version__ = "0.1.0"
