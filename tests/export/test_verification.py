"""What a comparison lets pass and what it refuses, shown with doctored outputs."""

import numpy as np
import pytest
from export_cases import exact_scores
from labelers import X, multiclass, multilabel

import keras_labels as kl
from keras_labels.export import _formats

TIES = np.array([[1, 2, 2], [0, 0, 0], [-1, -2, -1], [3, 1, 2]], "float32")
SHARES = np.array([[0.5, 0.5, 0], [0.25, 0.25, 0.5]], "float32")


@pytest.fixture
def doctored(format, monkeypatch):
    """Return a function that changes what the runtime gives, as another file would."""

    def change(**changes):
        kind = type(_formats._BY_NAME[format])
        start = kind.start

        def other(self, path, contents):
            run = start(self, path, contents)

            def run_otherwise(arrays):
                made = {name: np.array(a) for name, a in run(arrays).items()}
                for name, function in changes.items():
                    made[name] = function(made[name])
                return made

            return run_otherwise

        monkeypatch.setattr(kind, "start", other)

    return change


def replaced(place, value):
    """Return a function that puts a value in place of another."""

    def replace(array):
        assert array[place] != value
        array[place] = value
        return array

    return replace


# --- exact scores -----------------------------------------------------------------


def head(units, task, from_logits, **options):
    model = exact_scores(units)
    return kl.LabeledModel(model, task=task, from_logits=from_logits, **options)


# A labeled model, its scores, a place in its classes, and another decision for it.
EXACT = {
    "three_logits": (head(3, "multiclass", True), TIES, 0, 2),
    "two_logits": (head(2, "binary", True), TIES[:, 1:], 0, 1),
    "a_logit": (head(1, "binary", True), TIES[:, :1], 1, 1),
    "a_label": (head(3, "multilabel", True), TIES, (1, 2), 1),
    "best_label": (head(3, "multilabel", True, max_labels=1), TIES, (0, 2), 1),
    "three_shares": (head(3, "multiclass", False), SHARES, 0, 1),
    "two_shares": (head(2, "binary", False), SHARES[:, :2], 0, 1),
    "on_the_cut": (head(1, "binary", False, inclusive=True), SHARES[:, :1], 0, 0),
    "label_share": (head(3, "multilabel", False, threshold=0.25), SHARES, (1, 0), 1),
    "too_unsure": (
        head(3, "multiclass", False, reject_below=0.5),
        SHARES,
        1,
        -1,
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_tie_or_a_score_on_the_cut_decided_otherwise_is_refused(
    name, format, new_path, doctored
):
    labeled, scores, place, decision = EXACT[name]
    doctored(classes=replaced(place, decision))
    x = np.pad(scores, [(0, 0), (0, 1)])
    with pytest.raises(kl.ExportError, match=f"in row {np.ravel(place)[0]}"):
        labeled.export(new_path(), format, samples=x)


@pytest.mark.parametrize("name", EXACT)
def test_the_same_file_passes_untouched(name, format, new_path):
    labeled, scores, _, _ = EXACT[name]
    x = np.pad(scores, [(0, 0), (0, 1)])
    report = labeled.export(new_path(), format, samples=x)
    assert report.agreement.near == 0


def test_scores_in_the_file_show_that_it_has_no_excuse(format, new_path, doctored):
    """Also one step beside a cut, where probabilities would not tell."""
    labeled = head(1, "binary", True, threshold=0.3)
    cut = np.float32(np.log(0.3) - np.log1p(-0.3))
    steps = np.array([[np.nextafter(cut, -np.inf)], [np.nextafter(cut, np.inf)]])
    doctored(classes=replaced(1, 0))
    x = np.pad(steps.astype("float32"), [(0, 0), (0, 1)])
    options = {"samples": x, "outputs": ("classes", "scores")}
    with pytest.raises(kl.ExportError, match="'classes' differs in 1 of"):
        labeled.export(new_path(), format, **options)


def test_rows_with_nan_agree_under_a_table_of_probabilities(format, new_path):
    table = kl.Calibration("isotonic", tables=[([0.2, 0.8], [0.1, 0.9])])
    labeled = head(1, "binary", False, calibration=table)
    x = np.array([[0.3, 0], [np.nan, 0], [0.7, 0]], "float32")
    assert labeled.export(new_path(), format, samples=x).agreement.invalid == 0


# --- drift --------------------------------------------------------------------------


def moved(by):
    def move(p):
        p[0, 0] += np.float32(by)
        return p

    return move


def test_a_drift_is_refused_with_its_size_and_the_way_out(format, new_path, doctored):
    labeled, path = multilabel(), new_path()
    doctored(probabilities=moved(4e-5))
    with pytest.raises(kl.ExportError) as raised:
        labeled.export(path, format, samples=X)
    said = str(raised.value)
    assert "within 1e-05 of Keras': 'probabilities' differs in 1 of" in said
    assert "largest drift is 4e-05. Pass tolerance=1e-4 if that is" in said
    assert not path.exists()


def test_a_score_on_a_step_of_a_table_may_fall_to_its_other_end(
    format, new_path, doctored
):
    # In float32 the score is the end of the step, and a little less in float64.
    table = kl.Calibration("isotonic", tables=[([0.49, 0.4900001], [0.1, 0.4])])
    labeled = head(1, "binary", False, calibration=table, threshold=0.95)
    x = np.array([[0.4900001, 0], [0.25, 0]], "float32")
    assert labeled.predict_proba(x)[0, 1] == np.float32(0.4)

    def move(p):
        p[0] = [0.9, 0.1]
        return p

    doctored(probabilities=move)
    labeled.export(new_path(), format, samples=x, outputs="probabilities")


def test_a_drift_within_the_tolerance_passes(format, new_path, doctored):
    labeled, path = multilabel(), new_path()
    doctored(probabilities=moved(4e-5))
    report = kl.export.export(
        labeled.model,
        labeled.decoding,
        path,
        format=format,
        samples=X,
        tolerance=1e-4,
    )
    assert report.agreement.drift == pytest.approx(4e-5, rel=0.01)
    assert path.exists()


@pytest.mark.parametrize("by", [0.2, np.nan])
def test_what_is_no_drift_has_no_such_way_out(by, format, new_path, doctored):
    doctored(probabilities=moved(by))
    with pytest.raises(kl.ExportError, match=f"largest drift is {by}") as raised:
        multiclass().export(new_path(), format, samples=X)
    assert "Pass tolerance" not in str(raised.value)


@pytest.mark.parametrize("tolerance", [0, 1, -1e-5, np.nan, True, "1e-4"])
def test_a_tolerance_is_a_difference_of_probabilities(tolerance, format, new_path):
    labeled, path = multilabel(), new_path()
    with pytest.raises(kl.ExportError, match="`tolerance` is a difference"):
        kl.export.export(
            labeled.model, labeled.decoding, path, format=format, tolerance=tolerance
        )
    assert not path.parent.exists() or not list(path.parent.iterdir())
