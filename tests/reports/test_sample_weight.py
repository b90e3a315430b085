"""Every number of a report weighs as scikit-learn's `sample_weight` does."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from keras_labels.errors import InputError
from keras_labels.reports import report
from keras_labels.reports._evaluation import Evaluation, decided_by
from keras_labels.reports._page_data import page_data

TASKS = ["binary", "multiclass", "multilabel"]


def weighted(made, weights, **said):
    return report(
        made.y, made.p, made.decided, made.rule, sample_weight=weights, **said
    )


def repeated(made, kept, **said):
    return report(made.y[kept], made.p[kept], made.decided[kept], made.rule, **said)


def close(one, other, path="report"):
    """Compare nested data, numbers to 12 digits."""
    if isinstance(other, dict):
        assert list(one) == list(other)
        for key in other:
            close(one[key], other[key], f"{path}.{key}")
    elif isinstance(other, list):
        assert len(one) == len(other), path
        for at, pair in enumerate(zip(one, other, strict=True)):
            close(*pair, f"{path}[{at}]")
    elif isinstance(other, float):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-12), path
    else:
        assert one == other, path


NUMBERS = (
    *("metrics", "averages", "per_class", "confusion", "before", "reliability"),
    *("task", "class_names", "decoding", "rule"),
)


@pytest.mark.parametrize("bound", [None, 0.6])
@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=3)
@given(seed=st.integers(0, 2**32 - 1))
def test_whole_weights_are_rows_that_stand_so_often(case, task, bound, seed):
    said = {"costs": [[0, 2], [1, 0]]} if task != "multiclass" else {}
    made = case(task, rows=20, seed=seed, digits=1, reject_below=bound)
    weights = np.random.default_rng(seed).integers(0, 4, 20)
    rows = np.repeat(np.arange(20), weights)
    one, other = weighted(made, weights, **said), repeated(made, rows, **said)
    one, other = one.to_dict(), other.to_dict()
    close({k: one[k] for k in NUMBERS}, {k: other[k] for k in NUMBERS})
    assert one["rows"] == np.count_nonzero(weights)
    assert one["positions"] == 20


@pytest.mark.parametrize("task", TASKS)
def test_a_weight_of_0_takes_a_row_away(case, task):
    made = case(task, reject_below=0.6)
    kept = np.arange(600) % 3 > 0
    one = weighted(made, kept).to_dict()
    rows = np.flatnonzero(kept)
    other = repeated(made, rows, rows=rows, left_out=200).to_dict()
    assert one == other
    assert "Of 600 rows 400 count" in one["notes"][0]
    y = np.where(kept.reshape(-1, *[1] * (made.y.ndim - 1)), made.y, -1)
    p = np.where(kept[:, None], made.p, np.float32("nan"))
    marked = report(y, p, made.decided, made.rule, sample_weight=kept)
    assert marked.to_dict() == other


def test_exclusive_classes_are_those_of_scikit_learn(case):
    made = case("multiclass")
    weights = np.random.default_rng(1).exponential(size=600)
    found = weighted(made, weights).to_dict()
    y, d, said = made.y, made.decided, {"sample_weight": weights}
    theirs = metrics.precision_recall_fscore_support(y, d, **said)
    names = ("precision", "recall", "f1", "support")
    for name, values in zip(names, theirs, strict=True):
        ours = [one[name] for one in found["per_class"]]
        np.testing.assert_allclose(ours, values)
    matrix = metrics.confusion_matrix(y, d, **said)
    np.testing.assert_allclose(found["confusion"]["matrix"], matrix)
    whole = found["metrics"]
    assert whole["accuracy"] == pytest.approx(metrics.accuracy_score(y, d, **said))
    recall = metrics.balanced_accuracy_score(y, d, **said)
    assert whole["recall"] == pytest.approx(recall)
    p = made.p.astype("float64")
    p /= p.sum(axis=1, keepdims=True)
    loss = metrics.log_loss(y, p, **said)
    assert whole["log_loss"] == pytest.approx(loss, rel=1e-5)
    brier = metrics.brier_score_loss(y, p, **said)
    assert whole["brier_score"] == pytest.approx(brier, rel=1e-5)
    average = found["averages"]["weighted"]["f1"]
    f1 = metrics.f1_score(y, d, average="weighted", **said)
    assert average == pytest.approx(f1)
    for k, one in enumerate(found["per_class"]):
        area = metrics.roc_auc_score(y == k, made.p[:, k], **said)
        assert one["roc_auc"] == pytest.approx(area)
        average = metrics.average_precision_score(y == k, made.p[:, k], **said)
        assert one["average_precision"] == pytest.approx(average)


def test_rejection_and_cost_weigh(case):
    made = case("binary", reject_below=0.7)
    weights = np.random.default_rng(2).exponential(size=600)
    found = weighted(made, weights, costs=[[0, 2], [7, 0]]).to_dict()
    taken = made.decided >= 0
    whole = found["metrics"]
    coverage = weights[taken].sum() / weights.sum()
    assert whole["coverage"] == pytest.approx(coverage)
    y, d, w = made.y[taken], made.decided[taken], weights[taken]
    fp, fn = w[(y == 0) & (d == 1)].sum(), w[(y == 1) & (d == 0)].sum()
    assert whole["cost"] == pytest.approx(2 * fp + 7 * fn)
    rejected = np.bincount(made.y[~taken], weights[~taken])
    np.testing.assert_allclose(found["confusion"]["rejected"], rejected)


class TestLabelsOfTheirOwnWeight:
    weights = np.random.default_rng(3).integers(0, 3, (600, 4))

    @pytest.fixture
    def made(self, case):
        return case("multilabel", threshold=[0.3, 0.4, 0.5, 0.6], reject_below=0.6)

    def test_each_label_is_a_report_of_its_own(self, made):
        found = weighted(made, self.weights).to_dict()
        for k, one in enumerate(found["per_class"]):
            taken = made.decided[:, k] >= 0
            y, d = made.y[taken, k], made.decided[taken, k]
            w = self.weights[taken, k]
            theirs = metrics.precision_recall_fscore_support(
                y, d, labels=[1], sample_weight=w
            )
            names = ("precision", "recall", "f1", "support")
            assert [one[n] for n in names] == pytest.approx([v[0] for v in theirs])
            area = metrics.roc_auc_score(
                made.y[:, k], made.p[:, k], sample_weight=self.weights[:, k]
            )
            assert one["roc_auc"] == pytest.approx(area)
            curve = found["reliability"]["after"][k]
            assert sum(curve["counts"]) == self.weights[:, k].sum()
        taken = made.decided >= 0
        right = (made.decided == made.y)[taken]
        accuracy = np.average(right, weights=self.weights[taken])
        assert found["metrics"]["accuracy"] == pytest.approx(accuracy)

    def test_what_is_not_known_is_no_mistake(self, made):
        unknown = self.weights == 0
        y = np.where(unknown, made.decided != 1, made.y)
        found = report(
            y, made.p, made.decided, made.rule, sample_weight=self.weights
        ).to_dict()
        names = made.rule.class_names
        for one in found["mistakes"]:
            assert self.weights[one["row"], names.index(one["label"])] > 0
        exact = ((made.decided == made.y) | unknown).all(axis=1)
        heaviest = self.weights.max(axis=1)
        expected = np.average(exact, weights=heaviest)
        assert found["metrics"]["exact_match"] == pytest.approx(expected)

    def test_a_label_of_which_nothing_is_known(self, made, tmp_path):
        weights = self.weights * [1, 0, 1, 1]
        found = weighted(made, weights)
        data = found.to_dict()
        assert data["per_class"][1]["support"] == 0
        assert data["per_class"][1]["roc_auc"] is None
        assert data["reliability"]["after"][1]["counts"] == []
        found.save_html(tmp_path / "r.html")


def evaluation(made, weights):
    rows = np.arange(len(made.y))
    ids = decided_by(made.p, made.rule)
    return Evaluation(
        made.y, made.p, ids, made.rule, None, rows, None, 15, weights=weights
    )


@pytest.mark.parametrize("task", TASKS)
def test_the_page_counts_as_rows_that_stand_so_often(case, task):
    made = case(task, rows=50, digits=1, reject_below=0.6)
    weights = np.random.default_rng(4).integers(1, 4, 50)
    rows = np.repeat(np.arange(50), weights)
    one = page_data(evaluation(made, weights))
    made.y, made.p = made.y[rows], made.p[rows]
    other = page_data(evaluation(made, None))
    for question, expected in zip(one["questions"], other["questions"], strict=True):
        assert question["bars"] == expected["bars"]
        for at, cut in enumerate(question["cuts"]):
            if cut in expected["cuts"]:
                place = expected["cuts"].index(cut)
                for side in ("yes", "no"):
                    count = question["over"][side][at]
                    assert count == expected["over"][side][place]
    if task == "multiclass":
        assert one["matrix"]["cells"] == other["matrix"]["cells"]


@pytest.mark.parametrize("task", TASKS)
def test_sums_on_the_page_have_no_rounding(case, task):
    made = case(task, rows=200, reject_below=0.6)
    weights = np.random.default_rng(5).exponential(size=200) * 1e-5
    weights[7] = 1e-20  # which counts, however little
    data = page_data(evaluation(made, weights))
    json.dumps(data)
    for question in data["questions"]:
        both = question["rows"]
        # In any order: floats of 53 bits would differ.
        assert sum(question["bars"]["yes"]) == both["yes"]
        assert sum(reversed(question["bars"]["no"])) == both["no"]
        assert both["yes"] + both["no"] == pytest.approx(weights.sum(), rel=1e-9)
    if task == "multiclass":
        cells = data["matrix"]["cells"][1::2]
        assert sum(cells) == sum(data["questions"][0]["rows"].values())


def test_the_text_tells_what_counts(case):
    made = case("multiclass")
    weights = np.where(np.arange(600) < 450, 0.5, 0)
    text = weighted(made, weights).text
    assert "Of 600 rows 450 count: the others weigh 0" in text.replace("\n", " ")
    assert "sums of weights: 225 in all" in text.replace("\n", " ")
    plain = made.report.text
    assert "rows 450" not in plain
    assert "weights" not in plain


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.zeros(600), "None of 600 positions counts"),
        (np.ones(599), r"Received: shape \(599,\)"),
        (-np.ones(600), "600 of 600 are not so"),
        (np.ones((600, 4)), r"Received: shape \(600, 4\)"),
    ],
)
def test_what_is_no_weight_is_refused(case, weights, said):
    with pytest.raises(InputError, match=said):
        weighted(case("multiclass"), weights)
