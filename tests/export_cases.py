"""Heads of every task, and rows for them: random ones, ties, and beside every cut."""

from typing import NamedTuple

import keras
import numpy as np
import reference
from scores import logits_beside

from keras_labels import LabeledModel

ROWS = 10_000
NAMES = ("Gans (weiß)", "hen", "white dove", "emu", "rhea")
CUTS = (0.1, 0.3, 0.5, 0.7, 0.9)


class Case(NamedTuple):
    task: str
    units: int
    from_logits: bool
    options: dict

    def labeled(self, model):
        names = NAMES[: max(self.units + (self.task == "ordinal"), 2)]
        return LabeledModel(
            model,
            task=self.task,
            from_logits=self.from_logits,
            class_names=names,
            **self.options,
        )


CASES = {
    "logit": Case("binary", 1, True, {"threshold": 0.3}),
    "logit_inclusive_reject": Case(
        "binary", 1, True, {"threshold": 0.3, "inclusive": True, "reject_below": 0.8}
    ),
    "probability": Case("binary", 1, False, {"threshold": 0.7}),
    "probability_inclusive": Case(
        "binary", 1, False, {"threshold": 0.7, "inclusive": True}
    ),
    "two_logits": Case("binary", 2, True, {"threshold": 0.3}),
    "two_probabilities": Case("binary", 2, False, {"threshold": 0.3}),
    "multiclass_logits": Case("multiclass", 5, True, {}),
    "multiclass_probabilities": Case("multiclass", 5, False, {}),
    "multiclass_reject": Case("multiclass", 5, False, {"reject_below": 0.4}),
    "multilabel_logits": Case("multilabel", 5, True, {"threshold": CUTS}),
    "multilabel_probabilities": Case(
        "multilabel", 5, False, {"threshold": CUTS, "inclusive": True}
    ),
    "multilabel_reject": Case(
        "multilabel", 5, True, {"threshold": CUTS, "reject_below": 0.6}
    ),
    "multilabel_best": Case(
        "multilabel", 5, True, {"threshold": CUTS, "min_labels": 1, "max_labels": 2}
    ),
    "multilabel_counts": Case(
        "multilabel", 5, True, {"threshold": CUTS, "min_labels": 2, "max_labels": 3}
    ),
    "ordinal_logits": Case("ordinal", 4, True, {"threshold": CUTS[:4]}),
    "ordinal_probabilities": Case(
        "ordinal", 4, False, {"threshold": CUTS[:4], "inclusive": True}
    ),
    "ordinal_reject": Case(
        "ordinal", 4, False, {"threshold": CUTS[:4], "reject_below": 0.4}
    ),
}


def random_scores(case):
    z = 3 * np.random.default_rng(0).normal(size=(ROWS, case.units))
    if not case.from_logits:
        exclusive = case.units > 1 and case.task in ("binary", "multiclass")
        z = reference.softmax(z) if exclusive else reference.sigmoid(z)
    return z.astype("float32")


def brinks(case):
    """Return rows of ties and of scores on, beside and far from every cut."""
    cuts = np.ravel([case.options.get("threshold", 0.5)])
    cuts = np.append(cuts, case.options.get("reject_below", 0.5))
    cuts = np.concatenate([cuts, 1 - cuts])
    small = [0.0, -0.0, 1e-40, -1e-40, 1.1754944e-38, np.nan]
    if case.from_logits:
        beside = logits_beside(cuts).ravel()
        others = [np.inf, -np.inf, 3.4028235e38, -3.4028235e38]
    else:
        near = cuts.astype("float32")
        zero, one = np.float32(0), np.float32(1)
        beside = [*near, *np.nextafter(near, zero), *np.nextafter(near, one)]
        others = [one, np.nextafter(one, zero)]
    values = np.array([*small, *beside, *others], "float32")
    mixed = np.random.default_rng(1).choice(values, (1000, case.units))
    return np.concatenate([np.repeat(values[:, None], case.units, axis=1), mixed])


def exact_scores(units):
    """Return a model of exact scores: a slice, since a file may drop an identity."""
    inputs = keras.Input((units + 1,), name="rows")
    return keras.Model(inputs, inputs[:, :-1])


def network(case):
    keras.utils.set_random_seed(4)
    exclusive = case.units > 1 and case.task in ("binary", "multiclass")
    activation = "softmax" if exclusive else "sigmoid"
    layers = [
        keras.layers.Dense(16, "relu"),
        keras.layers.Dense(case.units, None if case.from_logits else activation),
    ]
    return keras.Sequential([keras.Input((8,)), *layers])
