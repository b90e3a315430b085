"""Steps of random models that move axes, in Keras and in NumPy side by side."""

import functools

import numpy as np
from keras import layers as L
from keras import ops
from random_units import (
    NO_UNIT,
    State,
    changed,
    class_axes,
    numbered,
    reduced,
    together,
)

FIRST, LAST = "channels_first", "channels_last"


class Moves:
    """Steps that move, drop, repeat or mix axes; `pick` and `coin` draw."""

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
