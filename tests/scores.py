"""Scores that hypothesis draws: every dtype, many scales, ties and edge values."""

import keras
import ml_dtypes
import numpy as np
from hypothesis import strategies as st
from keras import ops

DTYPES = ("float16", "bfloat16", "float32", "float64", "int32", "uint8")
EDGES = (0.0, -0.0, 1.0, 0.5, float("inf"), -float("inf"), float("nan"))
# Where flushing of small numbers, and rounding, would show.
BRINKS = (1e-40, -1e-40, 1.1754944e-38, -1.1754944e-38, 3.4028235e38, -3.4028235e38)


def numpy_dtype(name):
    return ml_dtypes.bfloat16 if name == "bfloat16" else np.dtype(name)


def as_given(scores):
    """Return scores as the backend holds them (jax narrows float64 to float32)."""
    tensor = ops.convert_to_tensor(scores)
    return tensor, ops.convert_to_numpy(tensor)


@st.composite
def score_rows(draw, units=(2, 6), dtypes=DTYPES, edges=EDGES + BRINKS):
    """Return scores (rows, units), seeded so that thousands of numbers shrink fast."""
    shape = _shape(draw, units)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = 10.0 ** draw(st.floats(-3, 4))
    x = rng.normal(size=shape) * scale
    if draw(st.booleans()):
        x = np.round(x, draw(st.integers(-2, 2)))  # ties
    if edges and draw(st.booleans()):
        odd = rng.random(shape) < 0.3
        x = np.where(odd, rng.choice(edges, size=shape), x)
    return cast(x, draw(st.sampled_from(dtypes)))


@st.composite
def probability_rows(draw, units=(1, 6), cuts=(0.5,)):
    """Return probabilities (rows, units), many of them one step beside a cut."""
    shape = _shape(draw, units)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(DTYPES[:4]))
    x = cast(rng.random(shape), dtype)
    near = cast(rng.choice(cuts, size=shape), dtype)
    step = np.nextafter if dtype != "bfloat16" else (lambda a, b: a)
    toward = rng.choice([0, 1, 2], size=shape)
    beside = np.where(toward == 2, near, step(near, toward.astype(near.dtype)))
    x = np.where(rng.random(shape) < 0.5, beside, x)
    return np.where(rng.random(shape) < 0.05, cast(np.nan, dtype), x)


def _shape(draw, units):
    """Few shapes, since jax compiles for each: no row, one, or thirty-two."""
    low, high = units
    sizes = sorted({low, (low + high) // 2, high})
    return draw(st.sampled_from((0, 1, 32))), draw(st.sampled_from(sizes))


def cast(x, dtype):
    """Cast without warnings: out of range becomes infinite, integers are clipped."""
    if dtype in ("int32", "uint8"):
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        return np.nan_to_num(x).clip(low, high).astype(dtype)
    with np.errstate(over="ignore"):
        return np.asarray(x).astype(numpy_dtype(dtype))


def logits_beside(cuts, dtype="float32", steps=3):
    """Return, for every cut, the logits up to some steps on both sides, (n, 1)."""
    values = []
    for cut in cuts:
        z = np.asarray(np.log(cut) - np.log1p(-cut)).astype(dtype)
        below, above = z, z
        values.append(z)
        for _ in range(steps):
            below = np.nextafter(below, np.array(-np.inf, dtype))
            above = np.nextafter(above, np.array(np.inf, dtype))
            values += [below, above]
    return np.array(values, dtype).reshape(-1, 1)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)
