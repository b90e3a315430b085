"""Arrays and a `Decoding` -> text, numbers, a page and pictures for papers.

Knows no model: `LabeledModel.report` brings the arrays.
"""

from keras_labels.reports._reliability_display import ReliabilityDisplay
from keras_labels.reports._report import Report, report, several
from keras_labels.reports._threshold_display import ThresholdDisplay

__all__ = [
    "ReliabilityDisplay",
    "Report",
    "ThresholdDisplay",
    "report",
    "several",
]
