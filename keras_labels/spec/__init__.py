"""Plain data: what a model emits, and how its scores become decisions."""

from keras_labels.spec._arguments import (
    as_thresholds,
    check_flag,
    check_integer,
    check_k,
    check_label_counts,
    check_probability,
    shortened,
)
from keras_labels.spec._calibration import (
    METHODS,
    Calibration,
    Method,
    Table,
    check_method,
)
from keras_labels.spec._class_names import as_class_names
from keras_labels.spec._costs import as_costs
from keras_labels.spec._cuts import (
    LARGEST,
    LEAST,
    least_decided,
    least_positive,
    least_refusing,
    least_scores,
    logit,
    probability_at,
    sigmoid,
)
from keras_labels.spec._decoding import (
    DEFAULT_THRESHOLD,
    Decoding,
    Decodings,
    cut_names,
    from_plain,
    plain,
)
from keras_labels.spec._head import TASKS, Head, Task
from keras_labels.spec._name_carriers import read_names
from keras_labels.spec._ordered import as_labels, marks_of_order, of_classes
from keras_labels.spec._prior import log_ratios
from keras_labels.spec._wording import corrections_in_words, rules_in_words

__all__ = [
    "DEFAULT_THRESHOLD",
    "LARGEST",
    "LEAST",
    "METHODS",
    "TASKS",
    "Calibration",
    "Decoding",
    "Decodings",
    "Head",
    "Method",
    "Table",
    "Task",
    "as_class_names",
    "as_costs",
    "as_labels",
    "as_thresholds",
    "check_flag",
    "check_integer",
    "check_k",
    "check_label_counts",
    "check_method",
    "check_probability",
    "corrections_in_words",
    "cut_names",
    "from_plain",
    "least_decided",
    "least_positive",
    "least_refusing",
    "least_scores",
    "log_ratios",
    "logit",
    "marks_of_order",
    "of_classes",
    "plain",
    "probability_at",
    "read_names",
    "rules_in_words",
    "shortened",
    "sigmoid",
]
