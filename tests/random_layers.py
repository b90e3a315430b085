"""Random models, drawn layer by layer."""

import random

import keras
import numpy as np
from keras import layers as L
from keras import ops
from random_moves import FIRST, LAST, Moves
from random_units import MIXED, NO_UNIT, State, changed, class_axes, numbered


class Own(L.Layer):
    """Code that no graph shows: it moves the last axis to the front, or nothing."""

    def __init__(self, moves):
        super().__init__()
        self.moves = moves

    def call(self, x):
        return ops.moveaxis(x, -1, 1) if self.moves else ops.multiply(x, 2.0)

    def compute_output_shape(self, shape):
        return (shape[0], shape[-1], *shape[1:-1]) if self.moves else shape


class Maker(Moves):
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
        one = len(set(s.units.flat) - {NO_UNIT}) == 1  # softmax chooses places
        if axes and axis not in axes and s.seen and not one:
            return State(x, np.full(s.units.shape, MIXED), "softmax")
        return State(x, numbered(s.units.shape, axis), "softmax")
