"""Every number is the one that scikit-learn gives."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from keras_labels.reports import report


def kept(made):
    taken = made.decided >= 0
    return made.y[taken], made.decided[taken]


@pytest.mark.parametrize("bound", [None, 0.7])
def test_exclusive_classes(case, bound):
    made = case("multiclass", reject_below=bound)
    found = made.report.to_dict()
    y, d = kept(made)
    expected = metrics.classification_report(y, d, output_dict=True)
    for k, one in enumerate(found["per_class"]):
        assert one["name"] == made.rule.class_names[k]
        for ours, theirs in (("f1", "f1-score"), ("recall",) * 2, ("precision",) * 2):
            assert one[ours] == pytest.approx(expected[str(k)][theirs])
        assert one["support"] == expected[str(k)]["support"]
        area = metrics.roc_auc_score(made.y == k, made.p[:, k])
        assert one["roc_auc"] == pytest.approx(area)
    for average in ("macro", "weighted"):
        theirs = expected[f"{average} avg"]
        assert found["averages"][average]["f1"] == pytest.approx(theirs["f1-score"])
    whole = found["metrics"]
    assert whole["f1"] == pytest.approx(metrics.f1_score(y, d, average="macro"))
    assert whole["accuracy"] == pytest.approx(metrics.accuracy_score(y, d))
    assert whole["error"] == pytest.approx(1 - whole["accuracy"])
    assert whole["coverage"] == pytest.approx(len(y) / len(made.y))
    p = made.p.astype("float64")
    p /= p.sum(axis=1, keepdims=True)
    assert whole["log_loss"] == pytest.approx(metrics.log_loss(made.y, p), rel=1e-5)
    matrix = metrics.confusion_matrix(y, d)
    assert found["confusion"]["matrix"] == matrix.tolist()
    rejected = np.bincount(made.y[made.decided < 0], minlength=4)
    assert found["confusion"]["rejected"] == rejected.tolist()


@pytest.mark.parametrize("bound", [None, 0.7])
def test_yes_or_no(case, bound):
    made = case("binary", threshold=0.4, reject_below=bound)
    found = made.report.to_dict()
    y, d = kept(made)
    whole = found["metrics"]
    assert whole["f1"] == pytest.approx(metrics.f1_score(y, d))
    assert whole["precision"] == pytest.approx(metrics.precision_score(y, d))
    assert whole["recall"] == pytest.approx(metrics.recall_score(y, d))
    p = made.p[:, 1]
    assert whole["brier_score"] == pytest.approx(metrics.brier_score_loss(made.y, p))
    average = metrics.average_precision_score(made.y, p)
    assert whole["average_precision"] == pytest.approx(average)
    (curve,) = found["reliability"]["after"]
    accuracy, confidence = calibration_curve(made.y, p, n_bins=15)
    assert curve["accuracy"] == pytest.approx(accuracy.tolist())
    assert curve["confidence"] == pytest.approx(confidence.tolist())
    counts = np.array(curve["counts"])
    gaps = np.abs(accuracy - confidence)
    assert whole["ece"] == pytest.approx((counts * gaps).sum() / counts.sum())


@pytest.mark.parametrize("bound", [None, 0.7])
def test_labels(case, bound):
    made = case("multilabel", threshold=[0.3, 0.4, 0.5, 0.6], reject_below=bound)
    found = made.report.to_dict()
    scores = []
    for k, one in enumerate(found["per_class"]):
        taken = made.decided[:, k] >= 0
        y, d = made.y[taken, k], made.decided[taken, k]
        scores.append(metrics.f1_score(y, d))
        assert one["f1"] == pytest.approx(scores[-1])
        matrix = metrics.confusion_matrix(y, d).tolist()
        assert found["confusion"]["matrix"][k] == matrix
    assert found["metrics"]["f1"] == pytest.approx(np.mean(scores))
    if bound is None:
        expected = metrics.classification_report(
            made.y, made.decided, output_dict=True, zero_division=0
        )
        for average in ("macro", "micro", "weighted"):
            theirs = expected[f"{average} avg"]["f1-score"]
            assert found["averages"][average]["f1"] == pytest.approx(theirs)
        exact = metrics.accuracy_score(made.y, made.decided)
        assert found["metrics"]["exact_match"] == pytest.approx(exact)
        hamming = metrics.hamming_loss(made.y, made.decided)
        assert found["metrics"]["error"] == pytest.approx(hamming)


def test_cost_of_what_was_decided(case):
    costs = [[0, 2], [7, 0]]
    made = case("binary", costs=None, reject_below=0.6)
    found = report(made.y, made.p, made.decided, made.rule, costs=costs)
    y, d = kept(made)
    expected = 2 * ((y == 0) & (d == 1)).sum() + 7 * ((y == 1) & (d == 0)).sum()
    assert found.to_dict()["metrics"]["cost"] == expected


def test_before_calibration(case):
    made = case("binary")
    plain = np.stack([made.p[:, 0] ** 2, 1 - made.p[:, 0] ** 2], axis=1)
    found = report(made.y, made.p, made.decided, made.rule, plain=plain).to_dict()
    brier = metrics.brier_score_loss(made.y, plain[:, 1])
    assert found["before"]["brier_score"] == pytest.approx(brier, rel=1e-5)
    (curve,) = found["reliability"]["before"]
    accuracy, _ = calibration_curve(made.y, plain[:, 1], n_bins=15)
    assert curve["accuracy"] == pytest.approx(accuracy.tolist())


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("rows", [1, 2])
def test_a_row_or_two(case, task, rows, tmp_path):
    made = case(task, rows=rows).report
    found = made.to_dict()
    assert found["rows"] == rows
    if rows == 1:  # no curve has rows of both kinds
        assert found["metrics"]["roc_auc"] is None
    assert made.text
    assert made.save_html(tmp_path / "small.html").stat().st_size > 50_000


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_nothing_is_accepted(case, task):
    made = case(task, rows=50, reject_below=0.9999)
    assert (made.decided < 0).all()
    found = made.report.to_dict()
    assert found["metrics"]["coverage"] == 0
    assert found["metrics"]["f1"] == found["metrics"]["error"] == 0
    assert found["mistakes"] == []
    assert np.sum(found["confusion"]["matrix"]) == 0
    assert np.sum(found["confusion"]["rejected"]) == made.y.size


def test_classes_that_do_not_occur_are_no_part_of_the_mean(case):
    made = case("multiclass", classes=4)
    y = np.where(made.y == 3, 0, made.y)
    decided = np.where(made.decided == 3, 0, made.decided)
    found = report(y, made.p, decided, made.rule).to_dict()
    macro = metrics.f1_score(y, decided, average="macro")
    assert found["metrics"]["f1"] == pytest.approx(macro)
    assert found["per_class"][3]["support"] == 0


def test_surest_mistakes_come_first(case):
    made = case("multiclass", reject_below=0.4)
    found = made.report.to_dict()["mistakes"]
    wrong = (made.decided >= 0) & (made.decided != made.y)
    sure = np.where(wrong, made.p.max(axis=1), -1)
    assert [one["row"] for one in found] == np.argsort(-sure, kind="stable")[
        :25
    ].tolist()
    first = found[0]["row"]
    names = made.rule.class_names
    assert found[0]["decided"] == names[made.decided[first]]
    assert found[0]["truth"] == names[made.y[first]]
    assert np.float32(found[0]["probability"]) == made.p[first].max()
    assert np.float32(found[0]["truth_probability"]) == made.p[first, made.y[first]]


def test_mistakes_of_labels_name_the_label(case):
    made = case("multilabel", threshold=0.9)
    for one in made.report.to_dict()["mistakes"]:
        label = made.rule.class_names.index(one["label"])
        decided = made.decided[one["row"], label]
        assert decided != made.y[one["row"], label]
        assert one["decided"] == ("yes" if decided else "no")
        p = made.p[one["row"], label]
        assert one["probability"] == pytest.approx(p if decided else 1 - p)


def test_rows_are_known_by_the_users_numbers(case):
    made = case("multiclass", rows=12)
    places = np.stack(np.unravel_index(np.arange(12), (3, 4)), axis=1)
    found = report(made.y, made.p, made.decided, made.rule, rows=places)
    plain = made.report.to_dict()["mistakes"]
    expected = [list(divmod(one["row"], 4)) for one in plain]
    assert [one["row"] for one in found.to_dict()["mistakes"]] == expected
    row, column = expected[0]
    assert f" {row}, {column} " in found.text


def test_digits_that_float32_lost_are_told(case):
    made = case("binary")
    decided = made.decided.copy()
    decided[:3] = 1 - decided[:3]
    found = report(made.y, made.p, decided, made.rule)
    (note,) = found.to_dict()["notes"]
    assert note.startswith("3 of 600 rows")
    assert note in found.text.replace("\n", " ")
    assert made.report.to_dict()["notes"] == []
