"""A model and a decoding -> one model that gives decisions."""

from keras_labels.decoder._append import append_decoding
from keras_labels.decoder._model import DecodedModel, named
from keras_labels.decoder._preprocessing import check_preprocessing
from keras_labels.decoder._rebuilding import rebuildable_config

__all__ = [
    "DecodedModel",
    "append_decoding",
    "check_preprocessing",
    "named",
    "rebuildable_config",
]
