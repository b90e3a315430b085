"""Medians of functions that take turns, so that a busy machine slows all of them."""

import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

BACKEND = keras.backend.backend()


def medians(calls, seconds=3.0, most=300, least=3, turn=0.0):
    """Return the median milliseconds of each call, taken in turns (A B C A B C ...).

    A turn is one call, or as many as fill `turn` seconds: calls of less than a
    millisecond are then timed as in a loop of their own, with what they use in the
    caches.
    """
    counts = {}
    for name, call in calls.items():
        call()
        counts[name] = max(1, round(turn / timed(call)))
    times = {name: [] for name in calls}
    end = time.perf_counter() + seconds
    turns = 0
    while turns < least or (time.perf_counter() < end and turns < most):
        for name, call in calls.items():
            times[name].append(1e3 * timed(call, counts[name]))
        turns += 1
    return {name: statistics.median(taken) for name, taken in times.items()}


def timed(call, count=1):
    """Return the seconds of a call, on average over some."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def compiled(function):
    """Return a function of one tensor as the backend compiles it, awaited."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(function, autograph=False)
    if BACKEND == "jax":
        import jax

        jitted = jax.jit(function)
        return lambda x: jax.block_until_ready(jitted(x))
    import torch

    return torch.inference_mode()(function)


def versions():
    """Return what the numbers were measured on."""
    module = __import__(BACKEND)
    return f"{BACKEND} {module.__version__}, keras {keras.__version__}"
