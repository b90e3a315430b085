"""Logits of exclusive classes and ids -> the scale and shift that fit best."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keras_labels.extras import imported
from keras_labels.fitting._applied import class_logits, slices
from keras_labels.fitting._sample import Sample
from keras_labels.fitting._scaling import (
    UnfittedError,
    check_order,
    temperature_at_zero,
)
from keras_labels.fitting._weights import total_of
from keras_labels.spec import Head


def class_temperature(sample: Sample, head: Head) -> float:
    """Return the temperature of softmax logits: Guo et al. 2017, eq. 9."""
    gain = size = 0.0
    all_right = True
    for part in _parts(sample):
        z = class_logits(part.columns, head)
        true = _of_ids(z, part.targets)
        gains = true - z.mean(axis=1)
        gain, size = gain + _sum(gains, part), size + _sum(np.abs(gains), part)
        all_right = all_right and bool((true >= z.max(axis=1)).all())
    check_order(gain, size, all_right)
    rows = total_of(sample.weights, len(sample))

    def slope(beta: float) -> float:
        total = 0.0
        for part in _parts(sample):
            z = class_logits(part.columns, head)
            z -= z.max(axis=1, keepdims=True)
            true = _of_ids(z, part.targets)
            powers = np.exp(beta * z)
            expected = np.einsum("ij,ij->i", powers, z) / powers.sum(axis=1)
            total += _sum(expected - true, part)
        return float(total / rows)

    return temperature_at_zero(slope)


def vector(sample: Sample, head: Head) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return a slope and an intercept per class: Guo et al. 2017, eq. 8.

    Least log loss by L-BFGS, from the scores as they are. The intercepts sum to 0: a
    softmax does not see what is added to all.
    """
    center, spread = _spreads(sample, head)

    # On logits of mean 0 and deviation 1, where all parameters weigh alike.
    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slope = parameters[: head.units] / spread
        intercept = parameters[head.units :] - slope * center
        value, by_slope, by_intercept, _ = _loss(sample, head, slope, intercept)
        by_slope = (by_slope - center * by_intercept) / spread
        return value, np.concatenate([by_slope, by_intercept])

    found = imported("scipy.optimize", "fit").minimize(
        loss,
        np.concatenate([spread, center]),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": 1e-8, "ftol": 1e-15, "maxiter": 1000, "maxfun": 2000},
    )
    slope = found.x[: head.units] / spread
    intercept = found.x[head.units :] - slope * center
    if _loss(sample, head, slope, intercept)[-1]:
        raise UnfittedError(
            "a slope and an intercept per class decide every row rightly, so that "
            "larger ones are always better",
            'Give more rows, or take method="temperature".',
        )
    return tuple(slope.tolist()), tuple((intercept - intercept.mean()).tolist())


def _loss(
    sample: Sample, head: Head, slope: np.ndarray, intercept: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, bool]:
    """Return mean log loss, its gradients, and whether every row is right."""
    value, all_right = 0.0, True
    by_slope, by_intercept = np.zeros(head.units), np.zeros(head.units)
    for part in _parts(sample):
        z = class_logits(part.columns, head)
        p = z * slope + intercept
        p -= p.max(axis=1, keepdims=True)
        true = _of_ids(p, part.targets)
        all_right = all_right and bool((true >= 0).all())
        np.exp(p, out=p)
        total = p.sum(axis=1)
        value += _sum(np.log(total) - true, part)
        p /= total[:, None]
        p[np.arange(len(p)), part.targets] -= 1.0
        if part.weights is not None:
            p *= part.weights[:, None]
        by_slope += np.einsum("ij,ij->j", p, z)
        by_intercept += p.sum(axis=0)
    n = total_of(sample.weights, len(sample))
    return value / n, by_slope / n, by_intercept / n, all_right


def _spreads(sample: Sample, head: Head) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each class's logits (1 where that is 0).

    Of all rows alike: only the scale of the search depends on them.
    """
    sums = np.zeros((2, head.units))
    columns = sample.columns
    first = class_logits(columns[:1], head)
    for part in _parts(sample):
        z = class_logits(part.columns, head) - first
        sums += z.sum(axis=0), np.square(z).sum(axis=0)
    mean, square = sums / len(columns)
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    return mean + first[0], np.where(spread > 0, spread, 1.0)


def _of_ids(values: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return np.asarray(np.take_along_axis(values, ids[:, None], axis=1)[:, 0])


def _parts(sample: Sample) -> Iterator[Sample]:
    return (sample.at(rows) for rows in slices(sample.columns))


def _sum(values: np.ndarray, part: Sample) -> float:
    return float(values.sum() if part.weights is None else values @ part.weights)
