"""A labeled model -> a verified file of another runtime, and back."""

from keras_labels.export._contents import Contents, Input
from keras_labels.export._exported import ExportedModel, load_exported
from keras_labels.export._formats import FORMATS
from keras_labels.export._reading import read_contents, read_decoding
from keras_labels.export._verification import Agreement
from keras_labels.export._writing import ExportReport, export

__all__ = [
    "FORMATS",
    "Agreement",
    "Contents",
    "ExportReport",
    "ExportedModel",
    "Input",
    "export",
    "load_exported",
    "read_contents",
    "read_decoding",
]
