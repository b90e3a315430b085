"""An independent oracle: the decision rules once more, in NumPy and float64.

Written from DESIGN's semantics row by row, slow and plain, and sharing no code with
the package.
"""

import itertools
import math

import ml_dtypes
import numpy as np


def widen(scores):
    """16-bit numbers and integers to float32; float32 and float64 as they are."""
    scores = np.asarray(scores)
    if scores.dtype in (np.float32, np.float64):
        return scores
    return scores.astype(np.float32)


def is_narrow(scores):
    return np.asarray(scores).dtype in (np.float16, ml_dtypes.bfloat16)


def flush(x):
    """Scores up to the smallest normal number count as 0, for a cut."""
    return np.where(np.abs(x) <= np.finfo(x.dtype).tiny, x.dtype.type(0), x)


def logit(t):
    return math.log(t) - math.log1p(-t)


def is_over(x, t, from_logits, inclusive):
    """One widened score against one cut."""
    dtype = x.dtype
    value = flush(np.asarray(x))
    if from_logits:
        value, cut = float(value), logit(t)
    else:
        cut = dtype.type(t)
        if 0 < cut <= np.finfo(dtype).tiny:  # a positive cut: 0 stays below it
            return bool(value > 0)
    return bool(value >= cut) if inclusive else bool(value > cut)


def _rows(scores, axis):
    x = np.moveaxis(widen(scores), axis, -1)
    return x.reshape(-1, x.shape[-1]), x.shape[:-1]


def _back(rows, lead, axis):
    rows = np.asarray(rows)
    return np.moveaxis(rows.reshape(*lead, rows.shape[-1]), -1, axis)


def threshold(scores, cuts, from_logits=False, inclusive=False, axis=-1):
    rows, lead = _rows(scores, axis)
    cuts = np.broadcast_to(np.asarray(cuts, float), rows.shape[-1:])
    out = [
        [
            -1 if np.isnan(v) else int(is_over(v, t, from_logits, inclusive))
            for v, t in zip(row, cuts, strict=True)
        ]
        for row in rows
    ]
    return _back(np.array(out, np.int32).reshape(rows.shape), lead, axis)


def argmax(scores, axis=-1, found=None):
    """Ids of the highest; of two answers that are right, the one that was found."""
    rows, lead = _rows(scores, axis)
    out = [-1 if np.isnan(r).any() else int(np.argmax(r)) for r in rows]
    if found is not None:
        ids = np.ravel(found)
        near = [
            o >= 0 and is_best(r, i) for r, o, i in zip(rows, out, ids, strict=True)
        ]
        out = np.where(np.array(near, bool), ids, out)
    return np.array(out, np.int32).reshape(lead)


def ordinal(scores, cuts, from_logits=False, inclusive=False, axis=-1):
    """The number of cuts that the units of a row pass."""
    marks = np.moveaxis(threshold(scores, cuts, from_logits, inclusive, axis), axis, -1)
    return np.where((marks == -1).any(-1), -1, (marks == 1).sum(-1)).astype(np.int32)


def ordered(higher):
    """P(y = k) from P(y > k), the class axis last; one that rises is held down."""
    out = []
    for row in higher.reshape(-1, higher.shape[-1]):
        at_least = [1.0]
        for p in row:
            at_least.append(min(at_least[-1], p) if len(at_least) > 1 else p)
        at_least.append(0.0)
        made = [a - b for a, b in itertools.pairwise(at_least)]
        out.append([math.nan] * len(made) if np.isnan(row).any() else made)
    shape = (*higher.shape[:-1], higher.shape[-1] + 1)
    return np.array(out).reshape(shape)


def is_best(row, i, among=None):
    """Tell whether a runtime may take i for the first of the highest.

    Where the best differ by less than the smallest normal number it may take either,
    as it compares them. Of those that are equal, the first.
    """
    left = range(len(row)) if among is None else among
    if i not in left:
        return False
    with np.errstate(invalid="ignore"):
        below = float(max(row[j] for j in left)) - float(row[i])
    near = row[i] == max(row[j] for j in left) or below < np.finfo(row.dtype).tiny
    return bool(near) and not any(row[j] == row[i] for j in left if j < i)


def order(row):
    """Ids from the best to the worst; ties by the lower id."""
    return sorted(range(len(row)), key=lambda i: (-float(row[i]), i))


def multi_label(
    scores,
    cuts,
    from_logits=False,
    inclusive=False,
    low=0,
    high=None,
    axis=-1,
    found=None,
):
    """0 or 1 for each label; of two answers that are right, the one that was found."""
    rows, lead = _rows(scores, axis)
    marks = threshold(rows, cuts, from_logits, inclusive)
    had = rows if found is None else np.moveaxis(found, axis, -1).reshape(rows.shape)
    out = []
    for row, mark, seen in zip(rows, marks, had, strict=True):
        if np.isnan(row).any():
            out.append([-1] * len(row))
            continue
        either = [_labels(order(one), mark, low, high) for one in (row, denormal(row))]
        out.append(either[1] if list(seen) == either[1] else either[0])
    return _back(np.array(out, np.int32).reshape(rows.shape), lead, axis)


def _labels(best, mark, low, high):
    chosen = {i for i, m in enumerate(mark) if m == 1}
    for i in best:
        if len(chosen) < low:
            chosen.add(i)
    if high is not None:
        chosen = set([i for i in best if i in chosen][:high])
    return [int(i in chosen) for i in range(len(best))]


def denormal(x):
    """Numbers below the smallest normal one as 0: some runtimes take them so."""
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, x.dtype.type(0), x)


def sigmoid(z):
    z = np.asarray(z, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))


def softmax(z, axis=-1):
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(z - np.max(z, axis=axis, keepdims=True))
        return e / e.sum(axis=axis, keepdims=True)


def probabilities(scores, task, from_logits=False, axis=-1, temperature=1.0):
    narrow = is_narrow(scores)
    wide = widen(scores)
    x = wide.astype(np.float64)
    if from_logits:
        largest = float(np.finfo(wide.dtype).max)
        x = np.clip(x, -largest, largest) / temperature
    if task == "multiclass" or (task == "binary" and x.shape[axis] == 2):
        if from_logits:
            return softmax(x, axis)
        total = x.sum(axis=axis, keepdims=True)
        return x / np.where(total > 0, total, 1) if narrow else x
    p = sigmoid(x) if from_logits and x.size else x
    if task == "binary":
        return np.concatenate([1 - p, p], axis=axis)
    if task == "ordinal":
        return np.moveaxis(ordered(np.moveaxis(p, axis, -1)), -1, axis)
    return p


def top_k(scores, k, axis=-1, found=None):
    """Ids of the k best, where every class has its own score; or those found."""
    rows, lead = _rows(scores, axis)
    out = [[-1] * k if np.isnan(row).any() else order(row)[:k] for row in rows]
    if found is not None:
        had = np.moveaxis(found, axis, -1).reshape(len(rows), k).tolist()
        both = zip(rows, out, had, strict=True)
        out = [ids if ids[0] >= 0 and _ranked(row, ids) else o for row, o, ids in both]
    return _back(np.array(out, np.int32).reshape(len(rows), k), lead, axis)


def _ranked(row, ids):
    left = list(range(len(row)))
    for i in ids:
        if not is_best(row, i, left):
            return False
        left.remove(i)
    return True


def _columns(x, task, from_logits):
    """One column per decision (two units have one), or one per exclusive class."""
    if task == "binary" and x.shape[-1] == 2:
        return x[:, 1:] - x[:, :1] if from_logits else x[:, 1:]
    return x


def corrected(scores, task, from_logits, fitted=None, prior=None, trained=None):
    """Probabilities after a calibration (a dict) and a prior; the class axis is last.

    Logits of probabilities are log(p), or log(p) - log(1 - p); a prior multiplies the
    odds (Saerens et al. 2002).
    """
    x = widen(scores).astype(np.float64)
    fitted = fitted or {"method": "temperature", "temperature": [1.0]}
    exclusive = task == "multiclass"
    x = _columns(x, task, from_logits)
    if fitted["method"] == "isotonic":
        raw = softmax(x) if exclusive and from_logits else x
        pairs = zip(raw.T, fitted["tables"], strict=True)
        p = np.stack([np.interp(c, *map(np.array, t)) for c, t in pairs], axis=-1)
    else:
        if not from_logits:
            p = np.clip(x, np.finfo("float32").tiny, 1 if exclusive else 1 - 2**-24)
            x = np.log(p) if exclusive else np.log(p) - np.log1p(-p)
        if fitted["method"] == "temperature":
            z = x / np.array(fitted["temperature"])
        else:
            z = np.array(fitted["slope"]) * x + np.array(fitted["intercept"])
        p = softmax(z) if exclusive else sigmoid(z)
    if prior is not None:
        now, before = np.array(prior), np.array(trained)
        if task == "binary":
            now, before = now[1:], before[1:]
        odds = p * now / before
        rest = 0 if exclusive else (1 - p) * (1 - now) / (1 - before)
        p = odds / (odds + rest) if not exclusive else odds
    if exclusive:
        total = p.sum(axis=-1, keepdims=True)
        p = np.where(total > 0, p, 1) / np.where(total > 0, total, p.shape[-1])
    if task == "ordinal":
        return ordered(p)
    return np.concatenate([1 - p, p], axis=-1) if task == "binary" else p
