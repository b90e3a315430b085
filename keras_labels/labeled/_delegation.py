"""A model that holds a model and passes on all that has to do with training it.

Loss, optimizer and metrics live once, in the inner model. (Compiling the outer one
too would save two optimizers, or lose the one that is shared.)
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import keras

from keras_labels.prediction import guarded


def _delegated(name: str, default: Any = None) -> Any:
    """Return a property that reads and writes an attribute of the inner model."""

    def get(self: Any) -> Any:
        inner = getattr(self, "model", None)
        return default if inner is None else getattr(inner, name, default)

    def put(self: Any, value: Any) -> None:
        # Keras sets defaults before there is an inner model; they are its own, too.
        if getattr(self, "model", None) is not None:
            setattr(self.model, name, value)

    return property(get, put, doc=f"`{name}` of the inner model.")


class _GiveModel(keras.callbacks.Callback):
    """Shows the outer model to callbacks that Keras gave the inner one."""

    def __init__(self, outer: keras.Model, callbacks: list[Any]) -> None:
        super().__init__()
        self._outer = outer
        self._callbacks = callbacks

    def _give(self, logs: Any = None) -> None:
        del logs
        for callback in self._callbacks:
            callback.set_model(self._outer)

    on_train_begin = on_test_begin = on_predict_begin = _give


class DelegatingModel(keras.Model):
    """Base of `LabeledModel`: call, training and structure are the inner model's."""

    model: keras.Model

    compiled = _delegated("compiled", False)
    loss = _delegated("loss")
    optimizer = _delegated("optimizer")
    stop_training = _delegated("stop_training", False)
    stop_evaluating = _delegated("stop_evaluating", False)
    stop_predicting = _delegated("stop_predicting", False)
    steps_per_execution = _delegated("steps_per_execution", 1)
    run_eagerly = _delegated("run_eagerly", False)
    jit_compile = _delegated("jit_compile", False)
    history = _delegated("history")
    train_function = _delegated("train_function")  # TensorBoard draws it
    _initial_epoch = _delegated("_initial_epoch")  # BackupAndRestore sets it
    inputs = _delegated("inputs")
    outputs = _delegated("outputs")
    input_shape = _delegated("input_shape")
    output_shape = _delegated("output_shape")

    def __init__(self, model: keras.Model, **kwargs: Any) -> None:
        # The inner model has its own policy: nothing is cast on the way to it.
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})
        self.model = model

    @property
    def built(self) -> bool:
        """Whether the inner model is built."""
        return bool(getattr(getattr(self, "model", None), "built", False))

    @built.setter
    def built(self, value: bool) -> None:
        """Nothing to keep: Keras sets it when the inner model was built with it."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return the scores of the inner model, unchanged."""
        return self.model(inputs, training=training)

    @property
    def input(self) -> Any:
        """Symbolic input of the inner model."""
        return self._symbolic("input", self.model.inputs)

    @property
    def output(self) -> Any:
        """Symbolic output of the inner model."""
        return self._symbolic("output", self.model.outputs)

    def _symbolic(self, name: str, tensors: Any) -> Any:
        if isinstance(self.model, keras.Sequential) and tensors:
            return tensors[0]  # a Sequential that was never called has no `.output`
        return getattr(self.model, name)

    @property
    def input_names(self) -> list[str] | None:
        """Names of the symbolic inputs of the inner model."""
        return None if self.inputs is None else [t.name for t in self.inputs]

    @property
    def output_names(self) -> list[str] | None:
        """Names of the output layers of the inner model."""
        if isinstance(self.model, keras.Sequential) and self.outputs:
            return [self.layers[-1].name]  # only a Functional model has its own
        return getattr(self.model, "output_names", None)

    @property
    def layers(self) -> Any:
        """Layers of the inner model."""
        return self.model.layers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Return a layer of the inner model."""
        return self.model.get_layer(name=name, index=index)

    def summary(self, *args: Any, **kwargs: Any) -> None:
        """Print the summary of the inner model."""
        self.model.summary(*args, **kwargs)

    @property
    def metrics(self) -> Any:
        """Metrics of the inner model."""
        return self.model.metrics

    @property
    def metrics_names(self) -> Any:
        """Names of the metrics of the inner model."""
        return self.model.metrics_names

    def reset_metrics(self) -> None:
        """Reset the metrics of the inner model."""
        self.model.reset_metrics()

    def get_metrics_result(self) -> Any:
        """Return the metrics of the inner model."""
        return self.model.get_metrics_result()

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the inner model."""
        self.model.compile(*args, **kwargs)

    def get_compile_config(self) -> Any:
        """Return what the inner model was compiled with."""
        try:
            return self.model.get_compile_config() if self.compiled else None
        except (OSError, TypeError, ValueError) as error:  # a `functools.partial`
            warnings.warn(
                f"'{self.model.name}' is saved as if it was not compiled: what it was "
                f"compiled with cannot be written ({error}). Compile it again after "
                "loading, or pass a keras.losses object or a registered function.",
                UserWarning,
                stacklevel=2,
            )
            return None

    def compile_from_config(self, config: Any) -> None:
        """Compile the inner model as it was when the file was written."""
        self.model.compile_from_config(config)

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """Train the inner model; callbacks see this one."""
        return self._run("fit", args, kwargs)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate the inner model; callbacks see this one."""
        return self._run("evaluate", args, kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the scores of the inner model, as its own `predict` does."""
        with guarded(self.model):
            return self._run("predict", args, kwargs)

    def _run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a method of the inner model, with callbacks that see this one."""
        method = getattr(self.model, name)
        call = inspect.signature(method).bind(*args, **kwargs)
        callbacks = call.arguments.get("callbacks")
        if callbacks and not isinstance(callbacks, keras.callbacks.CallbackList):
            flat = keras.tree.flatten(callbacks)
            call.arguments["callbacks"] = [_GiveModel(self, flat), *flat]
        return method(*call.args, **call.kwargs)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Train the inner model on one batch."""
        return self.model.train_on_batch(*args, **kwargs)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate the inner model on one batch."""
        return self.model.test_on_batch(*args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the scores of the inner model for one batch."""
        with guarded(self.model):
            return self.model.predict_on_batch(x)

    def quantize(self, *args: Any, **kwargs: Any) -> None:
        """Quantize the inner model."""
        self.model.quantize(*args, **kwargs)

    def save_weights(self, *args: Any, **kwargs: Any) -> None:
        """Save the weights of the inner model, in a file that it loads itself."""
        self.model.save_weights(*args, **kwargs)

    def load_weights(self, *args: Any, **kwargs: Any) -> None:
        """Load a weight file of the inner model."""
        self.model.load_weights(*args, **kwargs)

    def jax_state_sync(self) -> None:
        """Bring back the weights that a jax training step holds (see callbacks)."""
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
