"""A decoded model and data -> arrays, and arrays -> what people read."""

from keras_labels.prediction._batches import in_memory
from keras_labels.prediction._guard import guarded
from keras_labels.prediction._inputs import (
    arranged,
    batch_of_one,
    declares_inputs,
    structure_of,
)
from keras_labels.prediction._joining import joined
from keras_labels.prediction._labeled import Labeled, labeled_batches
from keras_labels.prediction._labels import (
    labels,
    names_of,
    one_prediction,
    ranked,
    refuse_improbable,
    refuse_invalid,
    refuse_undecided,
)
from keras_labels.prediction._own_predict import OwnPredictor, predictor_of
from keras_labels.prediction._predict import Predictor
from keras_labels.prediction._prediction import Prediction

__all__ = [
    "Labeled",
    "OwnPredictor",
    "Prediction",
    "Predictor",
    "arranged",
    "batch_of_one",
    "declares_inputs",
    "guarded",
    "in_memory",
    "joined",
    "labeled_batches",
    "labels",
    "names_of",
    "one_prediction",
    "predictor_of",
    "ranked",
    "refuse_improbable",
    "refuse_invalid",
    "refuse_undecided",
    "structure_of",
]
