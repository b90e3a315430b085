"""A model and a decoding -> one model that gives decisions."""

from keras_labels.decoder._append import append_decoding
from keras_labels.decoder._model import DecodedModel
from keras_labels.decoder._rebuilding import rebuildable_config

__all__ = ["DecodedModel", "append_decoding", "rebuildable_config"]
