"""Other people's protocols: what old scripts and other libraries expect of a model."""

from keras_labels.integrations._legacy import (
    remove_predict_classes,
    restore_predict_classes,
)

__all__ = ["remove_predict_classes", "restore_predict_classes"]
