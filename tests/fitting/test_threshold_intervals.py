"""How sure a cut is, what a tuning says of itself, and the memory it takes."""

import json
import tracemalloc

import cuts_by_force as force
import numpy as np
import pytest

from keras_labels.fitting import tune_thresholds
from keras_labels.spec import Decoding, Head

LOGIT = Decoding(Head("binary", 1, from_logits=True))


def column(rows, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.random(rows) < 0.3
    return y, (rng.normal(size=(rows, 1)) + 1.5 * y[:, None]).astype("float32")


@pytest.mark.parametrize("rows", [300, 4000])
def test_intervals_are_those_of_resampled_rows(rows):
    """Against a plain bootstrap: rows drawn with replacement, all cuts tried again."""
    y, z = column(rows)
    got = tune_thresholds(y, z, LOGIT, bootstrap=1000)
    t = got.decoding.threshold[0]
    rng = np.random.default_rng(5)
    cuts, scores = [], []
    for _ in range(300):
        drawn = rng.integers(rows, size=rows)
        found = tune_thresholds(y[drawn], z[drawn], LOGIT, bootstrap=0)
        cuts.append(found.cuts[0].threshold)
        marks = z[drawn] > np.log(t) - np.log1p(-t)
        scores.append(float(force.score("f1", y[drawn], marks)))
    cut = got.cuts[0]
    width = np.subtract(*np.quantile(cuts, [0.975, 0.025]))
    assert abs(cut.low - np.quantile(cuts, 0.025)) < width / 4
    assert abs(cut.high - np.quantile(cuts, 0.975)) < width / 4
    spread = np.std(scores)
    assert abs(cut.score_low - np.quantile(scores, 0.025)) < spread / 2
    assert abs(cut.score_high - np.quantile(scores, 0.975)) < spread / 2


def test_intervals_of_one_cut_for_all_are_those_of_resampled_rows():
    """Labels that go together make it as unsure as one label is."""
    y, z = column(1000)
    rule = Decoding(Head("multilabel", 3, from_logits=True))
    y3, z3 = np.stack([y] * 3, axis=1), np.concatenate([z] * 3, axis=1)
    one = tune_thresholds(y, z, LOGIT, bootstrap=1000).cuts[0]
    for average in ("macro", "micro"):
        options = {"shared": True, "average": average, "bootstrap": 1000}
        cut = tune_thresholds(y3, z3, rule, **options).cuts[1]
        assert cut.threshold == pytest.approx(one.threshold)
        width, spread = one.high - one.low, one.score_high - one.score_low
        assert cut.low == pytest.approx(one.low, abs=width / 4)
        assert cut.high == pytest.approx(one.high, abs=width / 4)
        assert cut.score_low == pytest.approx(one.score_low, abs=spread / 6)
        assert cut.score_high == pytest.approx(one.score_high, abs=spread / 6)


@pytest.mark.parametrize(
    "options", [{}, {"average": "micro"}, {"shared": True}, {"min_recall": 0.9}]
)
def test_intervals_are_seeded(options):
    rng = np.random.default_rng(0)
    y = rng.random((200, 2)) < 0.4
    z = rng.normal(size=y.shape) + y
    rule = Decoding(Head("multilabel", 2, from_logits=True))
    first = tune_thresholds(y, z, rule, seed=3, **options)
    assert first == tune_thresholds(y, z, rule, seed=3, **options)
    other = tune_thresholds(y, z, rule, seed=4, **options)
    assert other.decoding == first.decoding
    assert other.cuts != first.cuts
    wide = tune_thresholds(y, z, rule, seed=3, confidence=0.99, **options)
    for cut, wider in zip(first.cuts, wide.cuts, strict=True):
        assert wider.low <= cut.low <= cut.high <= wider.high
        assert wider.score_low <= cut.score_low <= cut.score <= wider.score_high
    none = tune_thresholds(y, z, rule, bootstrap=0, **options)
    assert all(cut.low is None and cut.score_high is None for cut in none.cuts)
    assert none.decoding == first.decoding


def test_a_draw_without_a_class_is_left_out():
    rng = np.random.default_rng(0)
    y = np.arange(50) == 7
    got = tune_thresholds(y, rng.normal(size=(50, 1)), LOGIT)
    assert 0 < got.cuts[0].low <= got.cuts[0].high < 1


def test_where_no_draw_has_both_classes_nothing_is_known():
    z = np.array([[-1.0], [1.0]])
    got = [tune_thresholds([0, 1], z, LOGIT, bootstrap=1, seed=s) for s in range(20)]
    lows = [tuning.cuts[0].low for tuning in got]
    assert set(lows) == {None, 0.5}
    assert str(got[lows.index(None)]).splitlines()[-1].split()[2] == "-"


def test_a_tuning_is_plain_data_and_text():
    y, z = column(300)
    rule = LOGIT.replace(class_names=["ham", "spam"])
    got = tune_thresholds(y, z, rule, metric="precision", min_recall=0.9)
    data = json.loads(json.dumps(got.to_dict()))
    assert Decoding.from_dict(data["decoding"]) == got.decoding
    assert data["cuts"][0]["threshold"] == got.decoding.threshold[0]
    assert (data["rows"], data["metric"]) == (300, "precision with recall >= 0.9")
    first, header, line = str(got).splitlines()
    assert first.startswith(f"precision with recall >= 0.9 {got.score:.4g} (before ")
    assert line.startswith("spam ")
    assert header.index("score") == line.index(f"{got.score:.4g}")
    assert header.index("positives") == line.index(str(y.sum()))


def test_text_of_a_cut_near_one_tells_it_from_one():
    z = np.array([[18.0], [20.0], [22.0]])
    got = tune_thresholds([0, 0, 1], z, LOGIT, bootstrap=0)
    assert got.decoding.threshold[0] == pytest.approx(1 / (1 + np.exp(-21.0)))
    assert "1 - 7.6e-10" in str(got)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "macro f1"),
        ({"metric": "fbeta", "beta": 2}, "macro fbeta (beta 2)"),
        ({"average": "micro", "metric": "youden_j"}, "micro youden j"),
        ({"shared": True}, "macro f1, one cut for all"),
        (
            {"metric": "cost", "false_positive_cost": 1, "false_negative_cost": 2.5},
            "macro cost (false positive 1, false negative 2.5)",
        ),
        (
            {"max_false_positive_rate": 0.5, "min_recall": 0.25},
            "macro f1 with recall >= 0.25 and false positive rate <= 0.5",
        ),
    ],
)
def test_the_metric_says_what_was_sought(options, text):
    y, p = [[0, 1], [1, 0]], np.array([[0.2, 0.8], [0.6, 0.4]])
    rule = Decoding(Head("multilabel", 2, from_logits=False))
    assert tune_thresholds(y, p, rule, **options).metric == text


@pytest.mark.parametrize("options", [{}, {"average": "micro"}])
def test_memory_is_that_of_some_columns(options):
    rng = np.random.default_rng(0)
    y = rng.random((50_000, 100)) < 0.3
    z = rng.normal(size=y.shape).astype("float32") + y
    z = z.astype("float32")
    rule = Decoding(Head("multilabel", 100, from_logits=True))
    tracemalloc.start()
    tune_thresholds(y, z, rule, **options)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # About a hundred bytes for a row, and the draws.
    assert most < 50_000 * 120 + 30e6
    assert most < 2 * z.nbytes
