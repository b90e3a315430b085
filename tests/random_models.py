"""Random models that know what they emit: `python tests/random_models.py 2000`.

Beside each tensor goes an array that says which unit each value is of. NumPy moves it
as Keras moves the tensor, so the truth does not depend on the code under test.
"""

import collections
import functools
import sys
import warnings
from typing import NamedTuple

import keras
import numpy as np
from keras import losses
from random_layers import Maker
from random_units import NO_UNIT, class_axes


class Truth(NamedTuple):
    """What a model emits; `axes` are several where one unit stands among ones."""

    task: str
    from_logits: bool
    units: int
    axes: tuple[int, ...]


class Coded(keras.Model):
    """A model whose graph is code."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(x)


class OwnStep(keras.Model):
    """A model whose `predict` does not give what its `call` does."""

    def predict_step(self, *args):
        return keras.ops.sigmoid(super().predict_step(*args))


def random_model(seed):
    """Return a model, what it emits (`None`: nobody can tell), and its rank."""
    maker = Maker(seed)
    inputs, state = maker.start()
    for _ in range(maker.pick(range(6))):
        state = maker.step(state)
    state = maker.end(state)
    model = keras.Model(inputs, state.x)
    if maker.coin(0.2):
        outer = keras.Input(inputs.shape[1:])
        model = Coded(model)
        if maker.coin():
            model = keras.Model(outer, model(outer))
        else:
            model(np.zeros((1, *inputs.shape[1:]), "float32"))
        state = state._replace(kind="opaque", seen=False)
    elif maker.coin(0.05):
        model = OwnStep(inputs, state.x)
        state = state._replace(kind="hidden")
    return model, compiled(maker, model, state), state.units.ndim


def compiled(maker, model, state):
    """Compile a model with a loss that trains what it emits, and say what that is."""
    units, kind, rank = state.units, state.kind, state.units.ndim
    axes = class_axes(units)
    binary = kind == "sigmoid" or (kind != "softmax" and maker.coin(0.4))
    of_loss = kind in ("linear", "opaque") and not binary
    if not state.seen and rank == 2:
        axes = (1,)  # a row of scores, as the loss was given it
    if rank < 2:
        return None
    clash = of_loss and rank > 2 and maker.coin(0.1)
    if of_loss and (clash or not axes):  # what it was trained for
        chosen = (maker.pick(range(1, rank)),)
        known = bool(axes) and len(set(units.flat) - {NO_UNIT}) > 1
        seen = kind == "linear" and known and not set(chosen) & set(axes)
        axes = () if seen else chosen
        axis = chosen[0]
    else:
        axis = axes[0] if axes else rank - 1
    axis -= rank * maker.coin()
    from_logits = kind not in ("softmax", "sigmoid") and maker.coin(0.8)
    if maker.coin(0.85):
        model.compile(loss=drawn_loss(maker, binary, from_logits, axis))
    if kind not in ("linear", "opaque", "sigmoid", "softmax") or not axes:
        return None
    if kind == "linear" and not from_logits:
        return None  # a loss on probabilities and no activation contradict
    n = units.shape[axes[0]]
    task = ("binary" if n == 1 else "multilabel") if binary else "multiclass"
    return Truth(task, from_logits, n, axes)


def drawn_loss(maker, binary, from_logits, axis):
    if binary:
        return maker.pick(
            (
                losses.BinaryCrossentropy(from_logits),
                functools.partial(losses.binary_crossentropy, from_logits=from_logits),
            )
        )
    said = {"from_logits": from_logits, "axis": axis}
    return maker.pick(
        (
            losses.CategoricalCrossentropy(**said),
            losses.SparseCategoricalCrossentropy(**said),
            functools.partial(losses.sparse_categorical_crossentropy, **said),
        )
    )


def judged(seed):
    """Say "right", "refused" or what is wrong, of one model."""
    from keras_labels.errors import HeadError
    from keras_labels.heads import detect_head

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras, of a softmax over one unit
            model, truth, rank = random_model(seed)
            head = detect_head(model)
    except HeadError:
        return "refused" if truth else "rightly refused"
    axis = head.axis % rank
    found = Truth(head.task, head.from_logits, head.units, (axis,))
    right = truth and found[:3] == truth[:3] and axis in truth.axes
    return "right" if right else f"wrong (seed {seed}): {found}, in truth {truth}"


def main(first, last):
    """Try the models of these seeds, and print how many were told."""
    counts = collections.Counter()
    for seed in range(first, last):
        verdict = judged(seed)
        counts[verdict.partition(" (")[0]] += 1
        if verdict.startswith("wrong"):
            print(verdict, flush=True)
        if seed % 100 == 99:
            keras.backend.clear_session()
    print(f"{keras.backend.backend()}: {last - first} tried, {dict(counts)}")
    return counts["wrong"]


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    sys.exit(bool(main(first, first + count)))
