"""What a model emits, read from its graph and its compiled loss."""

from keras_labels.heads._authors import overrides
from keras_labels.heads._detect import (
    describe_outputs,
    detect_head,
    ignored_class,
    output_names,
    resolve_head,
)
from keras_labels.heads._graph import is_keras_own, recorded_shapes
from keras_labels.heads._scores import gives_logits

__all__ = [
    "describe_outputs",
    "detect_head",
    "gives_logits",
    "ignored_class",
    "is_keras_own",
    "output_names",
    "overrides",
    "recorded_shapes",
    "resolve_head",
]
