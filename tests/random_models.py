"""Random models that know what they emit: `python tests/random_models.py 2000`.

Beside each tensor goes an array that says which unit each value is of. NumPy moves it
as Keras moves the tensor, so the truth does not depend on the code under test.
"""

import collections
import functools
import random
import sys
import warnings
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers as L
from keras import losses, ops

NO_UNIT, MIXED = -1, -2  # what no head made or padding did; what several units made
FIRST, LAST = "channels_first", "channels_last"


class Truth(NamedTuple):
    """What a model emits; `axes` are several where one unit stands among ones."""

    task: str
    from_logits: bool
    units: int
    axes: tuple[int, ...]


class State(NamedTuple):
    """A tensor, the unit of each of its values, and what the values are."""

    x: Any
    units: np.ndarray  # of one row
    kind: str = "linear"  # or "sigmoid", "softmax", "relu", "opaque", "changed"
    seen: bool = True  # whether no code of the user's stands behind the last head


class Own(L.Layer):
    """Code that no graph shows: it moves the last axis to the front, or nothing."""

    def __init__(self, moves):
        super().__init__()
        self.moves = moves

    def call(self, x):
        return ops.moveaxis(x, -1, 1) if self.moves else ops.multiply(x, 2.0)

    def compute_output_shape(self, shape):
        return (shape[0], shape[-1], *shape[1:-1]) if self.moves else shape


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


def class_axes(units):
    """Find the axes along which each step is another unit, and all else is the same."""
    found = []
    for axis in range(1, units.ndim):
        rows = np.moveaxis(units, axis, 0).reshape(units.shape[axis], -1)
        ids = [set(row) - {NO_UNIT} for row in rows]
        one_each = all(len(one) == 1 and MIXED not in one for one in ids)
        if one_each and len(set.union(*ids)) == len(rows):
            found.append(axis)
    return tuple(found)


def numbered(shape, axis):
    """Units along one axis, alike along the others."""
    sizes = [1] * len(shape)
    sizes[axis] = shape[axis]
    return np.broadcast_to(np.arange(shape[axis]).reshape(sizes), shape)


def together(arrays):
    """Find the unit of values that are computed of others, one to one."""
    return functools.reduce(
        lambda a, b: np.where(
            a == NO_UNIT, b, np.where((b == NO_UNIT) | (a == b), a, MIXED)
        ),
        np.broadcast_arrays(*arrays),
    )


def reduced(units, axes, keepdims=False):
    high = np.max(units, axes, keepdims=keepdims)
    known = np.where(units == NO_UNIT, np.iinfo(units.dtype).max, units)
    low = np.min(known, axes, keepdims=keepdims)
    return np.where((high == low) | (high == NO_UNIT), high, MIXED)


def changed(kind):
    """Probabilities are none once they are computed on; features may be logits."""
    return "linear" if kind in ("linear", "relu") else "changed"


class Maker:
    """Draws one model, step by step."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.coin = lambda p=0.5: self.random.random() < p
        self.pick = self.random.choice

    def head(self, x, shape, units, activation=None):
        """Draw a layer that makes units, of a tensor without its row axis."""
        rank = len(shape) + 1
        axis, sizes = rank - 1, (1, *shape[:-1], units)
        kinds = ["Dense", "EinsumDense", "matmul"]
        kinds += ["Conv1D", "TimeDistributed", "swapped"] if rank == 3 else []
        kinds += ["Conv2D", "Conv2D first", "Separable"] if rank == 4 else []
        kind = self.pick(kinds)
        if kind == "matmul" and activation is None:
            x = ops.matmul(x, np.ones((shape[-1], units), "float32"))
        elif kind in ("EinsumDense", "swapped"):
            letters = "bcde"[: rank - 1]
            out = letters[:-1]
            place = 0 if kind == "swapped" else len(out)
            sizes = (1, *shape[:-1][:place], units, *shape[:-1][place:])
            axis = place + 1
            equation = f"a{letters},{letters[-1]}z->a{out[:place]}z{out[place:]}"
            layer = L.EinsumDense(equation, sizes[1:], activation=activation)
            x = layer(x)
        elif kind == "TimeDistributed":
            x = L.TimeDistributed(L.Dense(units, activation))(x)
        elif kind in ("Conv1D", "Conv2D", "Conv2D first"):
            layer = getattr(L, kind[:6])
            form = FIRST if "first" in kind else LAST
            x = layer(units, 1, activation=activation, data_format=form)(x)
            if form == FIRST:
                axis, sizes = 1, (1, units, *shape[1:])
        elif kind == "Separable":
            x = L.SeparableConv2D(units, 1, activation=activation, data_format=LAST)(x)
        else:
            x = L.Dense(units, activation)(x)
        return State(x, numbered(sizes, axis), activation or "linear")

    def heads(self, x, shape, activation):
        """Draw heads of one unit side by side."""
        parts = [L.Dense(1, activation)(x) for _ in range(3)]
        units = numbered((1, *shape[:-1], 3), len(shape))
        return State(L.Concatenate()(parts), units, activation or "linear")

    def start(self):
        shape = tuple(self.pick((2, 3, 4)) for _ in range(self.pick((1, 2, 2, 3, 3))))
        inputs = keras.Input(shape)
        units = self.pick((1, 2, 3, 4, 6))
        activation = self.pick((None, None, None, "sigmoid"))
        if self.coin(0.1):
            return inputs, self.heads(inputs, shape, activation)
        return inputs, self.head(inputs, shape, units, activation)

    def step(self, s):
        """Draw one step that fits the tensor."""
        rank = s.units.ndim
        steps = [self.same, self.expand, self.reshape, self.again, self.joined]
        if rank > 2:
            steps += [self.permuted, self.permuted, self.mean, self.piece, self.padded]
            steps += [self.flat, self.stepwise, self.own, self.squeezed]
        else:
            steps += [self.repeated]
        if rank in (3, 4):
            steps += [self.pooled, self.sampled, self.cut]
        made = self.pick(steps)(s)
        return s if (made.units == NO_UNIT).all() else made  # of padding alone

    def same(self, s):
        """What keeps the shape: norms, gates and sums."""
        kind = self.pick(("norm", "scale", "drop", "gate", "sum", "relu", "mean"))
        if kind == "drop":
            layer = self.pick((L.Dropout(0.1), L.Identity(), L.GaussianNoise(0.1)))
            return s._replace(x=layer(s.x))
        if kind == "mean":
            return s._replace(x=L.Average()([s.x, s.x]))
        if kind == "norm":
            x = self.pick((L.BatchNormalization, L.LayerNormalization))(axis=-1)(s.x)
        elif kind == "scale":
            x = self.pick((lambda x: x * 2.0, L.Rescaling(0.5), ops.abs))(s.x)
        elif kind == "gate":
            x = L.Multiply()([s.x, s.x])
        elif kind == "sum":
            sums = (L.Add(), L.Subtract(), L.Maximum())
            x = self.pick(sums)([s.x, ops.negative(s.x)])
        else:
            return s._replace(x=L.ReLU()(s.x), kind="relu")
        return s._replace(x=x, kind=changed(s.kind))

    def permuted(self, s):
        order = list(range(1, s.units.ndim))
        self.random.shuffle(order)
        order = [0, *order]
        how = self.pick(("Permute", "transpose", "swapaxes", "moveaxis"))
        if how == "Permute":
            x = L.Permute(order[1:])(s.x)
        elif how == "transpose":
            x = ops.transpose(s.x, order)
        else:
            one, two = self.random.sample(range(1, s.units.ndim), 2)
            two -= s.units.ndim * self.coin()
            x = getattr(ops, how)(s.x, one, two)
            return s._replace(x=x, units=getattr(np, how)(s.units, one, two))
        return s._replace(x=x, units=np.transpose(s.units, order))

    def reshape(self, s):
        rest, shape = s.units.size, []
        while rest > 1 and len(shape) < 3:
            sizes = [n for n in range(2, rest + 1) if rest % n == 0]
            shape.append(self.pick(sizes) if len(shape) < 2 else rest)
            rest //= shape[-1]
        shape = [*shape, rest][: max(1, len(shape) + (rest > 1))] or [1]
        x = L.Reshape(shape)(s.x) if self.coin() else ops.reshape(s.x, (-1, *shape))
        return s._replace(x=x, units=s.units.reshape(1, *shape))

    def flat(self, s):
        form, units = self.pick((FIRST, LAST)), s.units
        if form == FIRST:  # as Keras' documentation says: the channels are moved last
            units = np.moveaxis(units, 1, -1)
        x = L.Flatten(data_format=form)(s.x)
        return s._replace(x=x, units=units.reshape(1, -1))

    def expand(self, s):
        if s.units.ndim > 3:
            return s
        axis = self.pick([*range(1, s.units.ndim + 1), -1])
        x = ops.expand_dims(s.x, axis)
        return s._replace(x=x, units=np.expand_dims(s.units, axis))

    def squeezed(self, s):
        ones = [i for i, n in enumerate(s.units.shape) if n == 1 and i]
        if not ones:
            return s
        axis = self.pick(ones)
        x = ops.squeeze(s.x, axis)
        return s._replace(x=x, units=np.squeeze(s.units, axis))

    def repeated(self, s):
        n = self.pick((2, 3))
        units = np.repeat(s.units[:, None], n, 1)
        return State(L.RepeatVector(n)(s.x), units, changed(s.kind), s.seen)

    def mean(self, s):
        axis, keeps = self.pick(range(1, s.units.ndim)), self.coin()
        x = self.pick((ops.mean, ops.max, ops.sum))(s.x, axis=axis, keepdims=keeps)
        units = reduced(s.units, axis, keeps)
        return State(x, units, changed(s.kind), s.seen)

    def piece(self, s):
        axis = self.pick(range(1, s.units.ndim))
        key = [slice(None)] * s.units.ndim
        key[axis] = self.pick((0, slice(0, 2), slice(None, None, 2)))
        key = tuple(key)
        if self.coin(0.3):
            key = (..., *key[axis:])
        if self.coin(0.3) and s.units.ndim < 4:
            key = (*key[:1], None, *key[1:]) if key[0] is not ... else (*key, None)
        return State(s.x[key], s.units[key], changed(s.kind), s.seen)

    def padded(self, s):
        axis = self.pick(range(1, s.units.ndim))
        if s.units.shape[axis] == 1:
            return s  # which of several axes of length one is no question
        width = [(0, 0)] * s.units.ndim
        width[axis] = (0, 1)
        units = np.pad(s.units, width, constant_values=NO_UNIT)
        if class_axes(s.units) == (axis,):
            units = numbered(units.shape, axis)  # one class more, whose score is 0
        return State(ops.pad(s.x, width), units, changed(s.kind), s.seen)

    def spatial(self, s):
        """Draw the axes beside the channels."""
        rank = s.units.ndim
        first = self.coin()
        axes = range(2, rank) if first else range(1, rank - 1)
        return (FIRST if first else LAST), list(axes)

    def pooled(self, s):
        form, axes = self.spatial(s)
        d, keeps = s.units.ndim - 2, self.coin()
        kind = self.pick(("Max", "Average"))
        if self.coin():
            layer = getattr(L, f"Global{kind}Pooling{d}D")
            x = layer(data_format=form, keepdims=keeps)(s.x)
            return State(
                x, reduced(s.units, tuple(axes), keeps), changed(s.kind), s.seen
            )
        layer = getattr(L, f"{kind}Pooling{d}D")
        x = layer(2, strides=1, padding="same", data_format=form)(s.x)
        units = s.units
        for axis in axes:
            shifted = np.take(
                units,
                np.minimum(np.arange(units.shape[axis]) + 1, units.shape[axis] - 1),
                axis,
            )
            units = together([units, shifted])
        return State(x, units, changed(s.kind), s.seen)

    def sampled(self, s):
        form, axes = self.spatial(s)
        if s.units.ndim == 3:
            form, axes = LAST, [1]
        layer = (
            L.UpSampling1D(2)
            if form is LAST and s.units.ndim == 3
            else L.UpSampling2D(2, data_format=form)
        )
        units = functools.reduce(lambda u, axis: np.repeat(u, 2, axis), axes, s.units)
        return State(layer(s.x), units, changed(s.kind), s.seen)

    def cut(self, s):
        form, axes = self.spatial(s)
        if s.units.ndim == 3:
            form, axes = LAST, [1]
        if min(s.units.shape[axis] for axis in axes) < 2:
            return s
        x = (
            L.Cropping1D((1, 0))(s.x)
            if s.units.ndim == 3
            else L.Cropping2D(((1, 0), (1, 0)), data_format=form)(s.x)
        )
        key = tuple(
            slice(1, None) if i in axes else slice(None) for i in range(s.units.ndim)
        )
        return State(x, s.units[key], changed(s.kind), s.seen)

    def stepwise(self, s):
        """A layer once per step."""
        inner = self.pick(
            (L.Dropout(0.1), L.Rescaling(2.0), L.Flatten(data_format=LAST))
        )
        if s.units.ndim == 4 and self.coin():
            x = L.TimeDistributed(L.Permute((2, 1)))(s.x)
            return State(x, np.swapaxes(s.units, 2, 3), changed(s.kind), s.seen)
        x = L.TimeDistributed(inner)(s.x)
        if isinstance(inner, L.Flatten):
            units = s.units.reshape(*s.units.shape[:2], -1)
            return s._replace(x=x, units=units)
        kind = s.kind if isinstance(inner, L.Dropout) else changed(s.kind)
        return s._replace(x=x, kind=kind)

    def own(self, s):
        moves = self.coin()
        units = np.moveaxis(s.units, -1, 1) if moves else s.units
        return State(Own(moves)(s.x), units, "opaque", seen=False)

    def again(self, s):
        """A new head on what there is, or a model in the model."""
        shape = s.units.shape[1:]
        if self.coin(0.3):
            inputs = keras.Input(shape)
            made = self.head(inputs, shape, self.pick((2, 3)))
            made = self.permuted(made) if made.units.ndim > 2 else made
            return made._replace(x=keras.Model(inputs, made.x)(s.x))
        return self.head(s.x, shape, self.pick((1, 2, 3, 4)))

    def joined(self, s):
        """Put two tensors together, along any axis."""
        axis = self.pick(range(1, s.units.ndim))
        other = s._replace(x=L.Identity()(s.x))
        if self.coin(0.3) and s.units.ndim > 2:
            other = self.permuted(other)
        if other.units.shape != s.units.shape or s.units.shape[axis] == 1:
            return s
        x = (
            L.Concatenate(axis=axis)([s.x, other.x])
            if self.coin()
            else ops.concatenate([s.x, other.x], axis=axis)
        )
        units = np.concatenate([s.units, other.units], axis)
        if class_axes(s.units) == class_axes(other.units) == (axis,):
            units = numbered(units.shape, axis)  # a longer class axis
        over = s.kind == "softmax" and axis in class_axes(s.units)
        kind = "changed" if over or s.kind == "opaque" else s.kind
        kind = "linear" if kind == "relu" else kind
        return State(x, units, kind, s.seen)

    def end(self, s):
        """Draw the final activation."""
        how = self.pick((None, None, "sigmoid", "softmax", "softmax"))
        if how is None:
            return s
        if how == "sigmoid":
            x = self.pick((L.Activation("sigmoid"), ops.sigmoid))(s.x)
            return s._replace(x=x, kind="sigmoid")
        axes = class_axes(s.units)
        axis = (
            self.pick(axes)
            if axes and self.coin(0.8)
            else self.pick(range(1, s.units.ndim))
        )
        x = self.pick((L.Softmax(axis=axis), lambda x: ops.softmax(x, axis)))(s.x)
        one = len(set(s.units.flat)) == 1  # softmax chooses among places of one unit
        if axes and axis not in axes and s.seen and not one:
            return State(x, np.full(s.units.shape, MIXED), "softmax")
        return State(x, numbered(s.units.shape, axis), "softmax")


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
        known = bool(axes) and len(set(units.flat)) > 1
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
    from keras_labels.errors import HeadError, HeadWarning
    from keras_labels.heads import detect_head

    model, truth, rank = random_model(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HeadWarning)
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
