"""Arrays and a `Decoding` -> a new `Decoding`, chosen on data.

NumPy and SciPy only: nothing here knows Keras, reads a dataset or runs a model.
"""

from keras_labels.fitting._applied import applied
from keras_labels.fitting._calibration import calibrate, check_calibration
from keras_labels.fitting._calibration_fit import CalibrationFit
from keras_labels.fitting._confidence import compares_probability
from keras_labels.fitting._losses import brier_score, log_loss
from keras_labels.fitting._objective import CountMetric, Metric
from keras_labels.fitting._positions import (
    Positions,
    as_mask,
    joined_positions,
    positions_of,
)
from keras_labels.fitting._quality import Quality
from keras_labels.fitting._rejection import (
    RejectionTuning,
    check_rejection,
    tune_rejection,
)
from keras_labels.fitting._reliability import (
    ReliabilityCurve,
    expected_calibration_error,
    reliability_curve,
)
from keras_labels.fitting._sample import Counted, Sample
from keras_labels.fitting._signs import without_signs
from keras_labels.fitting._targets import as_columns, as_targets, flat_columns
from keras_labels.fitting._thresholds import (
    FittingWarning,
    check_thresholds,
    tune_thresholds,
)
from keras_labels.fitting._tuning import Cut, ThresholdTuning, amount
from keras_labels.fitting._weights import as_weights

__all__ = [
    "CalibrationFit",
    "CountMetric",
    "Counted",
    "Cut",
    "FittingWarning",
    "Metric",
    "Positions",
    "Quality",
    "RejectionTuning",
    "ReliabilityCurve",
    "Sample",
    "ThresholdTuning",
    "amount",
    "applied",
    "as_columns",
    "as_mask",
    "as_targets",
    "as_weights",
    "brier_score",
    "calibrate",
    "check_calibration",
    "check_rejection",
    "check_thresholds",
    "compares_probability",
    "expected_calibration_error",
    "flat_columns",
    "joined_positions",
    "log_loss",
    "positions_of",
    "reliability_curve",
    "tune_rejection",
    "tune_thresholds",
    "without_signs",
]
