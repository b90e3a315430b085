"""The command `keras-labels`: parse, call, print."""

from keras_labels.cli._main import main

__all__ = ["main"]
