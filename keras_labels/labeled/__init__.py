"""The front door: a trained model with its decisions."""

from keras_labels.labeled._labeled import LabeledModel

__all__ = ["LabeledModel"]
