"""A row that weighs w counts as w rows; a weight of 0 leaves it out."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

from keras_labels.errors import DecodingError, InputError
from keras_labels.fitting import (
    FittingWarning,
    applied,
    brier_score,
    calibrate,
    expected_calibration_error,
    log_loss,
    reliability_curve,
    tune_rejection,
    tune_thresholds,
)
from keras_labels.spec import Decoding, Head

ONE = Decoding(Head("binary", 1, from_logits=True))
ONE_P = Decoding(Head("binary", 1, from_logits=False))
MANY = Decoding(Head("multiclass", 3, from_logits=True))
LABELS = Decoding(Head("multilabel", 3, from_logits=True))
TWO_LABELS = Decoding(Head("multilabel", 2, from_logits=False))

seeds = st.integers(0, 2**32 - 1)


class Data:
    """Scores, targets and whole weights; and rows repeated as often as these say."""

    def __init__(self, rule, n, seed, least=0):
        rng = np.random.default_rng(seed)
        units, head = rule.head.units, rule.head
        z = rng.integers(-16, 17, (n, units)) / 8  # with many ties
        noise = rng.normal(size=z.shape) * 1.5
        if head.task == "multilabel":
            y = z + noise > 0
        elif units == 1:
            y = (z + noise > 0)[:, 0].astype(int)
        else:
            y = (z + noise).argmax(axis=1)
        self.y, self.rule = y, rule
        self.scores = z if head.from_logits else (z + 2.125) / 4.25
        self.weights = rng.integers(least, 4, n)
        self.rows = np.repeat(np.arange(n), self.weights)

    @property
    def weighted(self):
        return self.y, self.scores

    @property
    def repeated(self):
        return self.y[self.rows], self.scores[self.rows]

    def both(self, function, *args, **options):
        """Return what a function makes of weighted and of repeated rows."""
        one = outcome(
            function, *self.weighted, *args, sample_weight=self.weights, **options
        )
        return one, outcome(function, *self.repeated, *args, **options)


def outcome(function, *args, **options):
    """Return what is found, or which error it was."""
    try:
        return function(*args, **options)
    except (DecodingError, InputError) as error:
        return type(error)


def data(rule, least=0):
    return st.builds(Data, st.just(rule), st.integers(20, 60), seeds, st.just(least))


def plain(found):
    """Return a fit as data, without what counts rows."""
    if isinstance(found, type):
        return found
    made = found.to_dict()
    made.pop("rows")
    return made


pytestmark = pytest.mark.filterwarnings("ignore::keras_labels.fitting.FittingWarning")


def option_id(options):
    return str({name: getattr(one, "__name__", one) for name, one in options.items()})


def gain(tp, fp, fn, tn):
    return tp - 2 * fp + tn


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metric": "balanced_accuracy"},
        {"metric": "accuracy", "min_recall": 0.6},
        {"metric": "cost", "false_positive_cost": 1, "false_negative_cost": 3},
        {"metric": gain},
        {"average": "micro"},
        {"shared": True},
        {"shared": True, "average": "micro", "metric": "fbeta", "beta": 2.0},
    ],
    ids=option_id,
)
@settings(max_examples=15)
@given(st.one_of(data(ONE), data(ONE_P), data(LABELS), data(TWO_LABELS)))
def test_thresholds_of_whole_weights_are_those_of_repeated_rows(options, made):
    one, other = made.both(tune_thresholds, made.rule, bootstrap=0, **options)
    assert plain(one) == plain(other)


@pytest.mark.parametrize("method", ["temperature", "platt", "vector", "isotonic"])
@settings(max_examples=15)
@given(st.one_of(data(ONE), data(ONE_P), data(MANY), data(LABELS)))
def test_calibrations_of_whole_weights_are_those_of_repeated_rows(method, made):
    one, other = made.both(calibrate, made.rule, method=method)
    if isinstance(other, type):
        assert one is other
        return
    p, q = (applied(made.scores, found.decoding) for found in (one, other))
    np.testing.assert_allclose(p, q, rtol=1e-5, atol=1e-6)
    for quality in ("before", "after"):
        pair = [dataclasses.astuple(getattr(found, quality)) for found in (one, other)]
        loose = 1e-12 if quality == "before" or method == "isotonic" else 2e-2
        np.testing.assert_allclose(*pair, atol=loose)


@pytest.mark.parametrize(
    "goal", [{"max_error": 0.1}, {"coverage": 0.6}, {"coverage": 1.0}], ids=str
)
@settings(max_examples=15)
@given(st.one_of(data(ONE_P), data(MANY), data(TWO_LABELS)))
def test_rejections_of_whole_weights_are_those_of_repeated_rows(goal, made):
    p = applied(made.scores, made.rule)
    labels = made.rule.head.task == "multilabel"
    decided = (p > 0.5).astype(int) if labels else p.argmax(axis=1)
    weighted = made.y, p, decided
    repeated = [part[made.rows] for part in weighted]
    one = outcome(
        tune_rejection, *weighted, made.rule, sample_weight=made.weights, **goal
    )
    other = outcome(tune_rejection, *repeated, made.rule, **goal)
    assert plain(one) == plain(other)


MEASURES = [
    log_loss,
    brier_score,
    expected_calibration_error,
    lambda *args, **kw: expected_calibration_error(
        *args, strategy="quantile", bins=7, **kw
    ),
    lambda *args, **kw: expected_calibration_error(*args, kind="classwise", **kw),
]


@pytest.mark.parametrize("measure", MEASURES)
@settings(max_examples=20)
@given(st.one_of(data(ONE_P), data(MANY), data(TWO_LABELS)))
def test_measures_of_whole_weights_are_those_of_repeated_rows(measure, made):
    p = applied(made.scores, made.rule)
    p = p[:, 1] if made.rule.head.task == "binary" else p
    assume(made.rows.size)
    one = measure(made.y, p, sample_weight=made.weights)
    other = measure(made.y[made.rows], p[made.rows])
    assert one == pytest.approx(other, abs=1e-12)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@given(data(TWO_LABELS))
def test_curves_of_whole_weights_are_those_of_repeated_rows(strategy, made):
    assume(made.rows.size)
    p = made.scores
    options = {"bins": 6, "strategy": strategy}
    one = reliability_curve(made.y, p, sample_weight=made.weights, **options)
    other = reliability_curve(made.y[made.rows], p[made.rows], **options)
    assert one.counts.dtype == np.int64
    for name in ("edges", "confidence", "accuracy", "counts"):
        pair = getattr(one, name), getattr(other, name)
        np.testing.assert_allclose(*pair, atol=1e-12)


def cut_by_cut(y, z, weights, metric):
    """Return the best weighted metric of all cuts, by scikit-learn."""
    cuts = np.unique(z)
    return max(
        metric(y, z >= cut, sample_weight=weights) for cut in [*cuts, cuts[-1] + 1]
    )


METRICS = {
    "f1": (metrics.f1_score, {"zero_division": 0}),
    "fbeta": (metrics.fbeta_score, {"beta": 2.0, "zero_division": 0}),
    "accuracy": (metrics.accuracy_score, {}),
    "balanced_accuracy": (metrics.balanced_accuracy_score, {}),
}


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=10)
@given(data(ONE), st.sampled_from([0.1, 1.0, 7.3]))
def test_the_best_cut_is_that_of_scikit_learns_weights(name, made, unit):
    weights = unit * np.random.default_rng(len(made.rows)).random(len(made.y))
    function, options = METRICS[name]
    beta = {"beta": 2.0} if name == "fbeta" else {}
    assume(0 < made.y.sum() < len(made.y))
    found = tune_thresholds(
        *made.weighted, ONE, metric=name, sample_weight=weights, bootstrap=0, **beta
    )
    z = made.scores[:, 0]
    decided = applied(made.scores, found.decoding)[:, 1] > found.decoding.threshold[0]

    def metric(y, d, sample_weight):
        return function(y, d, sample_weight=sample_weight, **options)

    assert found.score == pytest.approx(metric(made.y, decided, weights), abs=1e-12)
    best = cut_by_cut(made.y, z, weights, metric)
    assert found.score == pytest.approx(best, abs=1e-12)
    assert found.cuts[0].support == pytest.approx(weights[made.y == 1].sum())


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_losses_are_those_of_scikit_learn(dtype):
    rng = np.random.default_rng(4)
    y, p = rng.integers(0, 2, 300), rng.random(300)
    weights = (4 * rng.random(300)).astype(dtype)
    kept = weights > 0
    said = {"sample_weight": weights}
    assert log_loss(y, p, **said) == pytest.approx(metrics.log_loss(y, p, **said))
    brier = metrics.brier_score_loss(y, p, **said)
    assert brier_score(y, p, **said) == pytest.approx(brier)
    y, p = rng.integers(0, 3, 300), rng.dirichlet([1, 1, 1], 300)
    assert log_loss(y, p, **said) == pytest.approx(metrics.log_loss(y, p, **said))
    brier = metrics.brier_score_loss(y, p, **said)
    assert brier_score(y, p, **said) == pytest.approx(brier)
    curve = reliability_curve(y, p, **said)
    assert curve.counts.sum() == pytest.approx(weights[kept].sum(dtype=float))


def test_calibrations_are_those_of_scikit_learn():
    rng = np.random.default_rng(5)
    z = rng.normal(size=500).round(2)
    y = (z + rng.normal(size=500) > 0.5).astype(int)
    weights = rng.exponential(size=500)
    found = calibrate(y, z[:, None], ONE, method="platt", sample_weight=weights)
    fitted = _SigmoidCalibration().fit(z, y, weights)
    p = applied(z[:, None], found.decoding)[:, 1]
    np.testing.assert_allclose(p, fitted.predict(z), atol=1e-6)
    found = calibrate(y, z[:, None], ONE, method="isotonic", sample_weight=weights)
    fitted = IsotonicRegression(y_min=0, y_max=1).fit(z, y, weights)
    p = applied(z[:, None], found.decoding)[:, 1]
    np.testing.assert_allclose(p, fitted.predict(z), atol=1e-12)
    after = metrics.log_loss(y, p, sample_weight=weights)
    assert found.after.log_loss == pytest.approx(after)


def test_temperature_has_no_slope_of_the_weighted_loss_left():
    made = Data(MANY, 400, 6)
    weights = np.random.default_rng(7).random(400)
    found = calibrate(*made.weighted, MANY, sample_weight=weights)
    step = 1e-4
    losses = [
        metrics.log_loss(made.y, applied(made.scores, rule), sample_weight=weights)
        for rule in (
            MANY.replace(
                calibration=dataclasses.replace(found.calibration, temperature=(t,))
            )
            for t in np.array([1 - step, 1, 1 + step])
            * found.calibration.temperature[0]
        )
    ]
    assert losses[1] < min(losses[0], losses[2])


@pytest.mark.parametrize("unit", [3, 0.5, 1024.0])
@pytest.mark.parametrize("options", [{}, {"average": "micro"}, {"shared": True}])
@pytest.mark.parametrize("rule", [ONE, LABELS])
def test_intervals_do_not_depend_on_the_unit(rule, options, unit):
    made = Data(rule, 700, 8, least=1)
    plain_one = tune_thresholds(*made.weighted, rule, **options)
    weights = np.full(700, unit)
    one = tune_thresholds(*made.weighted, rule, sample_weight=weights, **options)
    for cut, expected in zip(one.cuts, plain_one.cuts, strict=True):
        assert cut == dataclasses.replace(expected, support=cut.support)
        assert cut.support == unit * expected.support


def test_intervals_resample_rows_with_their_weight():
    rng = np.random.default_rng(9)
    z = np.concatenate([np.full(40, 1.0), np.full(40, -1.0)])[:, None]
    y = np.concatenate([rng.random(40) < 0.7, rng.random(40) < 0.3]).astype(int)
    weights = rng.exponential(size=80)
    found = tune_thresholds(
        y, z, ONE, metric="accuracy", sample_weight=weights, bootstrap=4000
    )
    draws = weights * rng.poisson(1, (4000, 80))
    right = (z[:, 0] > 0) == y
    scores = (draws * right).sum(axis=1) / draws.sum(axis=1)
    expected = np.quantile(scores, [0.025, 0.975])
    (cut,) = found.cuts
    np.testing.assert_allclose([cut.score_low, cut.score_high], expected, atol=0.01)


@pytest.mark.parametrize("unit", [0.1, 1e-9, 1e9, 1 / 3])
@given(data(ONE, least=1), st.sampled_from(["f1", "balanced_accuracy"]))
@settings(max_examples=10)
def test_equal_cuts_stay_equal_whatever_the_unit(unit, made, metric):
    one = outcome(tune_thresholds, *made.weighted, ONE, metric=metric, bootstrap=0)
    weights = np.full(len(made.y), unit)
    other = outcome(
        tune_thresholds,
        *made.weighted,
        ONE,
        metric=metric,
        bootstrap=0,
        sample_weight=weights,
    )
    if isinstance(one, type):
        assert one is other
        return
    assert other.decoding == one.decoding
    assert other.score == pytest.approx(one.score)


def test_what_has_no_weight_is_not_looked_at():
    made = Data(ONE, 60, 10, least=1)
    weights = np.arange(60) % 3 > 0
    y, z = made.y.astype(float), made.scores.copy()
    y[~weights], z[~weights] = [np.nan, -1, 255, 0.5] * 5, np.nan
    kept = made.y[weights], made.scores[weights]
    for function in (tune_thresholds, calibrate):
        one = function(y, z, ONE, sample_weight=weights)
        assert one == function(*kept, ONE)
    p = np.concatenate([1 - z, z], axis=1)
    p[weights] = applied(made.scores[weights], ONE)
    decided = np.where(weights, p[:, 1] > 0.5, -1)
    one = tune_rejection(y, p, decided, ONE, coverage=0.5, sample_weight=weights)
    kept = made.y[weights], p[weights], decided[weights]
    assert one == tune_rejection(*kept, ONE, coverage=0.5)
    p = p[:, 1]
    assert log_loss(y, p, sample_weight=weights) == log_loss(kept[0], p[weights])


class TestLabelsOfTheirOwnWeight:
    made = Data(LABELS, 90, 11)
    weights = np.random.default_rng(12).integers(0, 3, (90, 3))

    def alone(self, at):
        """Return one label as a binary problem."""
        return self.made.y[:, at].astype(int), self.made.scores[:, [at]]

    def test_thresholds(self):
        found = tune_thresholds(
            *self.made.weighted, LABELS, sample_weight=self.weights, bootstrap=0
        )
        for at, cut in enumerate(found.cuts):
            one = tune_thresholds(
                *self.alone(at), ONE, sample_weight=self.weights[:, at], bootstrap=0
            )
            assert cut == dataclasses.replace(one.cuts[0], label=str(at))

    @pytest.mark.parametrize("method", ["temperature", "platt", "isotonic"])
    def test_calibration(self, method):
        found = calibrate(
            *self.made.weighted, LABELS, method=method, sample_weight=self.weights
        )
        each = [
            calibrate(
                *self.alone(at),
                ONE,
                method=method,
                sample_weight=self.weights[:, at],
            )
            for at in range(3)
        ]
        p = applied(self.made.scores, found.decoding)
        for at, one in enumerate(each):
            q = applied(self.made.scores[:, [at]], one.decoding)[:, 1]
            np.testing.assert_allclose(p[:, at], q)
        mean = np.mean([dataclasses.astuple(one.after) for one in each], axis=0)
        np.testing.assert_allclose(dataclasses.astuple(found.after), mean)

    def test_rejection(self):
        p = applied(self.made.scores, LABELS)
        decided = (p > 0.5).astype(int)
        found = tune_rejection(
            self.made.y, p, decided, LABELS, coverage=0.5, sample_weight=self.weights
        )
        sure = np.where(decided, p, 1 - p) > found.reject_below
        coverage = (sure * self.weights).sum() / self.weights.sum()
        assert found.coverage == pytest.approx(coverage)
        wrong = sure & (decided != self.made.y)
        error = (wrong * self.weights).sum() / (sure * self.weights).sum()
        assert found.error == pytest.approx(error)

    def test_one_cut_for_all(self):
        found = tune_thresholds(
            *self.made.weighted,
            LABELS,
            shared=True,
            average="micro",
            sample_weight=self.weights,
        )
        p = applied(self.made.scores, LABELS)
        y, w = self.made.y.ravel(), self.weights.ravel()
        f1 = [
            metrics.f1_score(y, p.ravel() >= cut, sample_weight=w)
            for cut in np.unique(p)
        ]
        assert found.score == pytest.approx(max(f1))

    def test_an_unknown_label_says_nothing(self):
        unknown = np.random.default_rng(13).random((90, 3)) < 0.3
        y = np.where(unknown, -1, self.made.y)
        one = tune_thresholds(y, self.made.scores, LABELS, ignore_class=-1)
        weights = ~unknown
        assert one == tune_thresholds(
            *self.made.weighted, LABELS, sample_weight=weights
        )
        y[:, 1] = -1
        with pytest.warns(FittingWarning, match=r"1 of 3 labels .*\['1'\]"):
            found = tune_thresholds(y, self.made.scores, LABELS, ignore_class=-1)
        assert found.cuts[1].kept
        assert found.cuts[1].support == 0


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1, -1, 1, 1], "1 of 4 are not so: the first is -1"),
        ([1, np.nan, np.inf, 1], "2 of 4 are not so: the first is nan"),
        ([0, 0, 0, 0], "None of 4 positions counts"),
        ([1, 1, 1], r"for each row, \(4,\).*Received: shape \(3,\)"),
        ([[1, 1, 1]] * 4, r"Received: shape \(4, 3\)"),
        (1.0, "an array of numbers"),
        (["a"] * 4, "an array of numbers"),
        ([1e308] * 4, "a finite sum"),
    ],
)
def test_what_is_no_weight_is_refused(weights, said):
    y, z = [0, 1, 0, 1], np.array([[-1.0], [1.0], [-2.0], [2.0]])
    said = pytest.raises(InputError, match=said)
    for function in (tune_thresholds, calibrate):
        with said:
            function(y, z, ONE, sample_weight=weights)
    for measure in (log_loss, reliability_curve):
        with said:
            measure(y, [0.1, 0.9, 0.2, 0.8], sample_weight=weights)
