"""What the best threshold costs, beside what a user would write to find it.

    python benchmarks/thresholds.py [labels ...]

Every label of a million rows by itself, by F1, on probabilities of a rare class. Times
over ours, the memory that a call takes beside scores and targets, and the mean F1 that
its thresholds reach. `TunedThresholdClassifierCV` has no multilabel.
"""

import sys
import tracemalloc
from functools import partial

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import TunedThresholdClassifierCV
from timing import medians

from keras_labels.fitting import tune_thresholds
from keras_labels.spec import Decoding, Head

ROWS = 1_000_000
GRID = np.linspace(0.01, 0.99, 100)


def data(labels):
    """Return calibrated float32 probabilities of rare labels, and what came true."""
    rng = np.random.default_rng(0)
    p = rng.standard_normal((ROWS, labels), dtype="float32")
    p *= -1.5
    p += 7
    np.exp(p, out=p)
    p += 1
    np.reciprocal(p, out=p)
    y = np.empty(p.shape, bool)
    for column in range(labels):
        y[:, column] = rng.random(ROWS, dtype="float32") < p[:, column]
    return p, y


def f1(y, decided):
    tp = np.count_nonzero(decided & y)
    return 2 * tp / max(np.count_nonzero(decided) + np.count_nonzero(y), 1)


def ours(p, y, bootstrap):
    rule = Decoding(Head("multilabel", p.shape[1], from_logits=False))
    return tune_thresholds(y, p, rule, bootstrap=bootstrap).decoding.threshold


def grid(p, y):
    """A hundred cuts, as it stands in many a notebook."""
    support, scores = y.sum(axis=0), []
    for t in GRID:
        decided = p > t
        found = (decided & y).sum(axis=0)
        scores.append(2 * found / (decided.sum(axis=0) + support))
    return GRID[np.argmax(scores, axis=0)]


def curve(p, y):
    """Every cut, by scikit-learn; `>=` makes it lie on a sample."""
    cuts = []
    for x, marks in zip(p.T, y.T, strict=True):
        precision, recall, at = precision_recall_curve(marks, x)
        both = precision + recall
        scores = 2 * precision * recall / np.where(both > 0, both, 1)
        cuts.append(np.nextafter(at[np.argmax(scores[:-1])], np.float32(0)))
    return cuts


class Given(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose input is its output."""

    classes_ = np.array([False, True])

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, *_):
        """Return itself: there is nothing to fit."""
        return self

    def predict_proba(self, x):
        """Return one column per class."""
        return np.column_stack([1 - x, x])


def tuned(p, y):
    """A hundred cuts, by scikit-learn."""
    search = TunedThresholdClassifierCV(
        Given(), scoring="f1", cv="prefit", refit=False, thresholds=100
    )
    return [search.fit(p, y[:, 0]).best_threshold_]


def kept(results, name, call):
    results[name] = call()


def extra_megabytes(call):
    tracemalloc.start()
    call()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def main():
    for labels in map(int, sys.argv[1:] or (1, 100)):
        p, y = data(labels)
        calls = {
            "ours": partial(ours, p, y, 0),
            "ours, 200 resamplings": partial(ours, p, y, 200),
            "NumPy, 100 cuts": partial(grid, p, y),
            "precision_recall_curve": partial(curve, p, y),
        }
        if labels == 1:
            calls["TunedThresholdClassifierCV"] = partial(tuned, p, y)
        cuts = {}
        timed = {name: partial(kept, cuts, name, call) for name, call in calls.items()}
        took = medians(timed, seconds=60, least=1)
        print(f"{ROWS:,} rows, labels: {labels}, ours {took['ours'] / 1e3:.2f} s")
        print(f"  {'':28}{'over ours':>10}{'extra MB':>10}{'mean F1':>10}")
        for name, call in calls.items():
            pairs = zip(y.T, p.T, np.float32(cuts[name]), strict=True)
            reached = np.mean([f1(marks, x > t) for marks, x, t in pairs])
            print(
                f"  {name:28}{took[name] / took['ours']:10.1f}"
                f"{extra_megabytes(call):10.0f}{reached:10.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
