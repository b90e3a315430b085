"""The outputs of a model: their names, their shapes and the loss of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras

from keras_labels.errors import HeadError
from keras_labels.heads._authors import own_step
from keras_labels.heads._graph import graph_outputs, recorded_shapes
from keras_labels.heads._losses import LossFact, loss_of
from keras_labels.heads._parts import opaque_says
from keras_labels.heads._trace import Where, class_axis
from keras_labels.heads._walk import Tail, tail_of


class Output(NamedTuple):
    """One output: what is known of it before anything is decided."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    tail: Tail
    loss: LossFact
    axis: Where = None  # as the graph shows it


class Outputs(NamedTuple):
    """The outputs of a model, and whether a call returns them by name or place."""

    several: bool
    items: tuple[Output, ...]


def outputs_of(model: Any) -> Outputs:
    """Collect what the graph and the compiled loss say of each output.

    Raises:
        HeadError: if the model is no Keras model, or its outputs are not known yet.
    """
    _check_is_model(model)
    structure = _structure(model)
    several = isinstance(structure, (Mapping, list, tuple))
    keys = _loss_keys(model, structure)
    names = _unique(keys)
    items = [
        Output(
            name,
            tuple(tensor.shape),
            str(tensor.dtype),
            _tail(model, tensor),
            _loss(model, loss_of(model, key, position, len(keys))),
            class_axis(tensor) if _is_shown(model) else None,
        )
        for position, (name, key, tensor) in enumerate(
            zip(names, keys, _tensors(model, structure), strict=True)
        )
    ]
    if isinstance(structure, Mapping):  # flat tensors are sorted, `call` may not be
        items.sort(key=lambda item: list(structure).index(item.name))
    return Outputs(several, tuple(items))


def _structure(model: Any) -> Any:
    """Return a spec of what `model(x)` returns: a tensor, or a flat dict or list."""
    if graph_outputs(model) is None:
        structure = _traced(model)
    else:
        structure = model.compute_output_spec(model.inputs)
        if isinstance(structure, (list, tuple)) and len(structure) == 1:
            structure = structure[0]  # Functional unpacks a list of one
    leaves = [structure]
    if isinstance(structure, Mapping):
        leaves = list(structure.values())
    elif isinstance(structure, (list, tuple)):
        leaves = list(structure)
    if not leaves or not all(hasattr(leaf, "shape") for leaf in leaves):
        raise HeadError(
            f"The outputs of '{model.name}' must be one tensor, or a flat dict or list "
            f"of tensors. Received: {structure!r}. Wrap it: keras.Model(inputs, "
            "{name: tensor})."
        )
    return structure


def _traced(model: Any) -> Any:
    """Run a subclassed model on symbolic inputs of the shapes it was built with."""
    inputs = getattr(model, "inputs", None)
    if inputs:
        return model.compute_output_spec(inputs)
    shapes = recorded_shapes(model)
    if not shapes:
        raise HeadError(
            f"Cannot tell what '{model.name}' emits: it was never called or built, so "
            "its output has no shape yet. Call it once on a batch, or call "
            "model.build(input_shape)."
        )
    return _run_on_specs(model, shapes)


def _run_on_specs(model: Any, shapes: dict[str, Any]) -> Any:
    failure: Exception | None = None
    for dtype in (model.input_dtype, "int32"):  # token ids are not recorded as such
        args = [_specs(shape, dtype) for shape in shapes.values()]
        names = [key.removesuffix("_shape") for key in shapes]
        try:
            if len(args) == 1:
                return model.compute_output_spec(*args)
            return model.compute_output_spec(**dict(zip(names, args, strict=True)))
        except Exception as error:  # whatever the user's `call` raises
            failure = error
    raise HeadError(
        f"Cannot tell what '{model.name}' emits: its `call` fails on symbolic inputs "
        f"of the shapes it was built with, {shapes}. Wrap it: keras.Model(inputs, "
        f"model(inputs)). It raised: {failure}"
    ) from failure


def _specs(shape: Any, dtype: Any) -> Any:
    """Turn recorded shapes, nested as the inputs were, into symbolic inputs."""
    if isinstance(shape, Mapping):
        return {key: _specs(value, dtype) for key, value in shape.items()}
    if all(size is None or isinstance(size, int) for size in shape):
        return keras.KerasTensor((None, *shape[1:]), dtype=dtype)
    return [_specs(value, dtype) for value in shape]


def _loss_keys(model: Any, structure: Any) -> list[str]:
    """Keys that `compile(loss={...})` takes, in the order of the flat outputs."""
    if isinstance(structure, Mapping):
        return list(keras.tree.flatten({key: key for key in structure}))
    graph = graph_outputs(model)
    if graph is not None:
        return [tensor._keras_history.operation.name for tensor in graph]
    if isinstance(structure, (list, tuple)):
        return [f"output_{i}" for i in range(len(structure))]
    return [model.name]


def _tensors(model: Any, structure: Any) -> list[Any]:
    return graph_outputs(model) or list(keras.tree.flatten(structure))


def _is_shown(model: Any) -> bool:
    """Whether the graph is all that makes the scores."""
    return graph_outputs(model) is not None and own_step(model) is None


def _tail(model: Any, tensor: Any) -> Tail:
    step = own_step(model)
    if graph_outputs(model) is not None and len(tensor.shape) > 1:
        tail = tail_of(tensor)
        # A `predict` that preprocesses gives the probabilities of its call; of logits
        # it may as well make probabilities.
        if step is None or (step == "predict" and tail.kind in ("softmax", "sigmoid")):
            return tail
    says = opaque_says(model)
    if step is not None:
        says = f"has a `{step}` of its own (class {type(model).__name__})"
    return Tail("opaque", model.name, f"model '{model.name}'", says)


def _loss(model: Any, fact: LossFact) -> LossFact:
    """Forget what a loss says if it was not given the scores of `predict`."""
    if own_step(model) is None or fact.name is None:
        return fact
    return LossFact(fact.name, ignore_class=fact.ignore_class, of_call=False)


def _unique(names: list[str]) -> list[str]:
    """One layer may make two outputs: number the later ones, as old Keras did."""
    return [
        name if name not in names[:i] else f"{name}_{names[:i].count(name)}"
        for i, name in enumerate(names)
    ]


def _check_is_model(model: Any) -> None:
    if isinstance(model, keras.Model):
        return
    module, kind = type(model).__module__, type(model).__name__
    if isinstance(model, (str, bytes)) or hasattr(model, "__fspath__"):
        way_out = "Load it first: keras.saving.load_model(path)."
    elif isinstance(model, keras.layers.Layer):
        way_out = "Put the layer into a model: keras.Sequential([inputs, layer])."
    elif module.startswith(("tf_keras", "tensorflow")):
        way_out = "Save it as .keras or .h5 and load that with keras.saving.load_model."
    else:
        way_out = "Pass a keras.Model."
    raise HeadError(
        f"A head is read from a Keras 3 model. Received: {model!r:.200} "
        f"(type {module}.{kind}). {way_out}"
    )
