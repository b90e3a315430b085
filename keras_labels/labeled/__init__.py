"""The front door: a trained model with its decisions."""

from keras_labels.labeled._explanation import corrections_in_words, rules_in_words
from keras_labels.labeled._labeled import LabeledModel

__all__ = ["LabeledModel", "corrections_in_words", "rules_in_words"]
