"""`Decoding` and `Head`: frozen plain data that refuses what does not fit."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_labels import Calibration, Decoding, DecodingError, Head, HeadError

BINARY = Head("binary", 1, from_logits=False)
TWO_UNITS = Head("multiclass", 2, from_logits=False)
CLASSES = Head("multiclass", 3, from_logits=True)
LABELS = Head("multilabel", 3, from_logits=True, axis=1, evidence=("said",))
NAMES = ["red", "round", "ripe"]

probability = st.floats(0, 1, exclude_min=True, exclude_max=True)
characters = st.characters(codec="utf-8", exclude_characters="\0")
texts = st.text(characters, min_size=1, max_size=8).filter(str.strip)


@st.composite
def calibrations(draw, head):
    """Any calibration of a head."""
    own = "vector" if head.task == "multiclass" else "platt"
    method = draw(st.sampled_from(["temperature", own, "isotonic"]))
    count = 1 if head.task == "binary" else head.units
    if method == "temperature":
        count = 1 if head.task == "multiclass" else count
        number = st.floats(1e-3, 1e3)
        temperature = draw(st.lists(number, min_size=count, max_size=count))
        return Calibration(method, temperature=temperature)
    if method == own:
        slopes = st.lists(st.floats(1e-3, 1e3), min_size=count, max_size=count)
        return Calibration(method, slope=draw(slopes), intercept=draw(slopes))
    tables = []
    for _ in range(count):
        points = sorted(set(draw(st.lists(st.floats(-9, 9), min_size=1, max_size=5))))
        values = st.lists(st.floats(0, 1), min_size=len(points), max_size=len(points))
        tables.append((points, sorted(draw(values))))
    return Calibration(method, tables=tables)


@st.composite
def decodings(draw):
    """Any decoding that can be made."""
    task = draw(st.sampled_from(["binary", "multiclass", "multilabel"]))
    units = draw(
        st.integers({"multiclass": 2}.get(task, 1), 2 if task == "binary" else 6)
    )
    head = Head(
        task,
        units,
        draw(st.booleans()),
        draw(st.sampled_from([-3, -1, 1, 2])),
        tuple(draw(st.lists(texts, max_size=3))),
    )
    size = head.classes
    fields = {
        "class_names": draw(
            st.none() | st.lists(texts, min_size=size, max_size=size, unique=True)
        ),
        "reject_below": draw(st.none() | probability),
        "calibration": draw(st.none() | calibrations(head)),
    }
    if draw(st.booleans()):
        numbers = st.floats(1e-3, 0.999)
        frequencies = st.lists(numbers, min_size=size, max_size=size)
        fields["prior"] = draw(frequencies)
        fields["trained_prior"] = draw(frequencies)
    if task == "multilabel":
        low = draw(st.integers(0, units))
        fields["min_labels"] = low
        fields["max_labels"] = draw(st.none() | st.integers(max(low, 1), units))
    if task != "multiclass":
        count = units if task == "multilabel" else 1
        cuts = st.lists(probability, min_size=count, max_size=count)
        fields["threshold"] = draw(st.none() | probability | cuts)
        fields["inclusive"] = draw(st.booleans())
    elif draw(st.booleans()):
        costs = st.lists(st.floats(0, 9), min_size=size, max_size=size)
        rows = draw(st.lists(costs, min_size=size, max_size=size))
        fields["costs"] = [
            [0 if i == j else cost for j, cost in enumerate(row)]
            for i, row in enumerate(rows)
        ]
    return Decoding(head, **fields)


@given(decodings())
def test_round_trip_through_json_is_equal_bit_for_bit(rule):
    plain = rule.to_dict()
    text = json.dumps(plain, allow_nan=False)
    made = Decoding.from_dict(json.loads(text))
    assert made == rule
    assert hash(made) == hash(rule)
    assert made.head.evidence == rule.head.evidence
    assert json.dumps(made.to_dict()) == text
    assert [t.hex() for t in made.threshold] == [t.hex() for t in rule.threshold]
    assert Decoding.from_dict(plain) == rule
    assert rule.replace() == rule


def test_fields_cannot_be_set():
    rule = Decoding(CLASSES)
    for thing, field in ((rule, "threshold"), (rule.head, "units")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, field, 3)


def test_evidence_is_no_part_of_equality():
    told = dataclasses.replace(CLASSES, evidence=("said",))
    assert told == CLASSES
    assert len({Decoding(told), Decoding(CLASSES), Decoding(CLASSES, NAMES)}) == 2


def test_names_and_cuts_are_stored_as_tuples_of_plain_values():
    rule = Decoding(
        Head("multilabel", np.int64(3), np.True_, np.int32(-1)),
        np.array(NAMES),
        threshold=np.array([0.1, 0.2, 0.3], "float32"),
        inclusive=np.bool_(True),
        reject_below=np.float64(0.6),
        min_labels=np.int8(1),
        max_labels=np.int16(2),
    )
    assert rule.class_names == tuple(NAMES)
    assert {type(name) for name in rule.class_names} == {str}
    assert rule.threshold == tuple(float(np.float32(t)) for t in (0.1, 0.2, 0.3))
    values = [*rule.threshold, rule.reject_below, rule.min_labels, rule.max_labels]
    values += [rule.inclusive, rule.head.units, rule.head.from_logits, rule.head.axis]
    kinds = [float, float, float, float, int, int, bool, int, bool, int]
    assert [type(value) for value in values] == kinds
    json.dumps(rule.to_dict())


@pytest.mark.parametrize(
    ("head", "given_cut", "stored"),
    [
        (BINARY, None, (0.5,)),
        (BINARY, 0.3, (0.3,)),
        (BINARY, [0.3], (0.3,)),
        (LABELS, None, (0.5, 0.5, 0.5)),
        (LABELS, 0.3, (0.3, 0.3, 0.3)),
        (LABELS, (0.1, 0.2, 0.3), (0.1, 0.2, 0.3)),
        (LABELS, {"ripe": 0.9}, (0.5, 0.5, 0.9)),
        (LABELS, {}, (0.5, 0.5, 0.5)),
        (CLASSES, None, ()),
        (CLASSES, (), ()),
    ],
)
def test_threshold_is_one_per_decision(head, given_cut, stored):
    names = None if head is BINARY else NAMES
    assert Decoding(head, names, threshold=given_cut).threshold == stored


def test_binary_threshold_by_name_is_of_the_positive_class():
    assert Decoding(BINARY, ["no", "yes"], threshold={"yes": 0.9}).threshold == (0.9,)
    with pytest.raises(DecodingError, match=r"\['yes'\]. Received: \['no'\]"):
        Decoding(BINARY, ["no", "yes"], threshold={"no": 0.9})


def test_threshold_makes_two_softmax_units_binary():
    rule = Decoding(TWO_UNITS, ["ham", "spam"], threshold=0.4)
    assert (rule.head.task, rule.head.units, rule.threshold) == ("binary", 2, (0.4,))
    assert rule.head.evidence[-1].startswith("a threshold on two units")
    assert Decoding.from_dict(rule.to_dict()).head.evidence == rule.head.evidence
    assert rule.replace(threshold=0.7).head.evidence == rule.head.evidence
    assert Decoding(TWO_UNITS).head.task == "multiclass"


def test_replacing_keeps_what_is_not_named():
    rule = Decoding(LABELS, NAMES, threshold=[0.1, 0.2, 0.3], max_labels=2)
    changed = rule.replace(threshold={"round": 0.7})
    assert changed.threshold == (0.1, 0.7, 0.3)
    assert changed.max_labels == 2
    renamed = rule.replace(class_names=["a", "b", "c"], threshold={"b": 0.7})
    assert renamed.threshold == (0.1, 0.7, 0.3)
    assert rule.threshold == (0.1, 0.2, 0.3)
    assert rule.replace(threshold=None).threshold == (0.5, 0.5, 0.5)
    with pytest.raises(DecodingError, match=r"'trained_prior'\]. Received: \['cut'\]"):
        rule.replace(cut=0.3)


@pytest.mark.parametrize("wrong", [0, 1, -0.1, 1.5, math.nan, "0.5", None, [0.2], True])
def test_probabilities_lie_between_0_and_1(wrong):
    if wrong is not None:
        with pytest.raises(DecodingError, match="between 0 and 1"):
            Decoding(CLASSES, reject_below=wrong)
    with pytest.raises(DecodingError, match="between 0 and 1"):
        Decoding(LABELS, threshold=[0.5, 0.5, wrong])


@pytest.mark.parametrize(
    ("head", "fields", "message"),
    [
        (CLASSES, {"threshold": 0.4}, "no threshold.*reject_below.*multilabel"),
        (CLASSES, {"threshold": {}}, "no threshold"),
        (CLASSES, {"inclusive": True}, "belongs to a threshold"),
        (CLASSES, {"min_labels": 1}, "belong to task 'multilabel'"),
        (BINARY, {"max_labels": 1}, "belong to task 'multilabel'"),
        (LABELS, {"min_labels": 4}, "at most 3 labels"),
        (LABELS, {"max_labels": 4}, "at most 3 labels"),
        (LABELS, {"max_labels": 0}, "1 or more"),
        (LABELS, {"min_labels": 2, "max_labels": 1}, "not below"),
        (LABELS, {"min_labels": -1}, "0 or more"),
        (LABELS, {"min_labels": 1.0}, "`min_labels` is a whole number"),
        (LABELS, {"min_labels": True}, "`min_labels` is a whole number"),
        (LABELS, {"threshold": [0.1, 0.2]}, "3 here. Received 2"),
        (LABELS, {"threshold": {"red": 0.1}}, "pass `class_names` first"),
        (BINARY, {"threshold": [0.1, 0.2]}, "1 here. Received 2"),
        (BINARY, {"inclusive": "yes"}, "`inclusive` is True or False"),
        (BINARY, {"class_names": ["yes"]}, r"two.*\[negative, positive\].*Received 1"),
        (CLASSES, {"class_names": ["a", "b"]}, "one per class, 3.*Received 2"),
        (LABELS, {"class_names": list("abcd")}, "one per label, 3.*Received 4"),
    ],
)
def test_what_does_not_fit_the_head_is_refused(head, fields, message):
    with pytest.raises(DecodingError, match=message):
        Decoding(head, **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": "regression"}, r"`task` is one of.*'regression'"),
        ({"task": None}, "`task` is one of"),
        ({"units": 0}, "at least 1. Received: 0"),
        ({"units": 1}, "over one unit is always 1.0"),
        ({"units": 2.5}, "`units` is a whole number"),
        ({"task": "binary"}, "one unit, or two.*units=3"),
        ({"from_logits": None}, "`from_logits` is True or False. Received: None"),
        ({"from_logits": "no"}, "`from_logits` is True or False. Received: 'no'"),
        ({"axis": 0}, "axis 0 holds the rows"),
        ({"axis": None}, "`axis` is a whole number"),
    ],
)
def test_what_is_no_head_is_refused(fields, message):
    with pytest.raises(HeadError, match=message):
        Head(**{"task": "multiclass", "units": 3, "from_logits": False, **fields})


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data | {"version": 2},
        lambda data: data | {"temperature": 2.0},
        lambda data: data | {"head": data["head"] | {"width": 3}},
        lambda data: data | {"head": {"task": "binary"}},
        lambda data: data | {"head": None},
        lambda data: {k: v for k, v in data.items() if k != "version"},
        lambda data: {k: v for k, v in data.items() if k != "head"},
        lambda data: [data],
        lambda data: None,
        json.dumps,
    ],
)
def test_data_of_another_kind_or_release_is_refused(change):
    data = change(Decoding(CLASSES).to_dict())
    with pytest.raises(DecodingError, match=r"Cannot read this decoding.*version 1"):
        Decoding.from_dict(data)


def test_data_with_values_that_do_not_fit_says_which():
    data = Decoding(BINARY).to_dict()
    with pytest.raises(DecodingError, match="`threshold` is a probability"):
        Decoding.from_dict(data | {"threshold": [2.0]})
    with pytest.raises(HeadError, match="`task` is one of"):
        Decoding.from_dict(data | {"head": data["head"] | {"task": "x"}})


def test_data_is_not_changed_by_reading_it():
    data = Decoding(LABELS, NAMES).to_dict()
    before = json.dumps(data)
    Decoding.from_dict(data)
    assert json.dumps(data) == before


@pytest.mark.parametrize(
    ("head", "classes", "activation"),
    [
        (BINARY, 2, "sigmoid"),
        (Head("binary", 2, from_logits=True), 2, "softmax"),
        (CLASSES, 3, "softmax"),
        (LABELS, 3, "sigmoid"),
        (Head("multilabel", 1, from_logits=True), 1, "sigmoid"),
    ],
)
def test_columns_and_activation_of_a_head(head, classes, activation):
    assert (head.classes, head.activation) == (classes, activation)


TEMPERATURE = Calibration("temperature", temperature=2.0)
PLATT = Calibration("platt", slope=[1.0], intercept=[0.0])


def test_costs_of_a_binary_head_are_its_threshold():
    """Elkan 2001, eq. 2: the cut is (c10 - c00) / (c10 - c00 + c01 - c11)."""
    rule = Decoding(BINARY, costs=[[0, 1], [4, 0]])
    assert rule.threshold == (0.2,)
    assert rule.costs is None
    assert rule.replace(costs=[[1, 4], [1, 0]]).threshold == (0.75,)
    assert Decoding(CLASSES, costs=1 - np.eye(3)).costs[0] == (0.0, 1.0, 1.0)


def test_counts_are_frequencies():
    rule = Decoding(CLASSES, NAMES, prior=[6, 3, 1], trained_prior=np.full(3, 7))
    assert rule.prior == (0.6, 0.3, 0.1)
    assert rule.trained_prior == pytest.approx((1 / 3,) * 3)
    by_name = rule.replace(prior={"ripe": 0.2, "red": 0.5, "round": 0.3})
    assert by_name.prior == (0.5, 0.3, 0.2)
    assert Decoding(BINARY, prior=0.25, trained_prior=0.5).prior == (0.75, 0.25)
    assert Decoding(LABELS, prior=[0.9] * 3, trained_prior=[0.5] * 3).prior[0] == 0.9


@pytest.mark.parametrize(
    ("head", "fields", "message"),
    [
        (BINARY, {"costs": [[0, 1], [1, 0]], "threshold": 0.3}, "only one of them"),
        (BINARY, {"costs": [[0, 0], [1, 0]]}, "both mistakes dearer"),
        (LABELS, {"costs": np.ones((3, 3))}, r"threshold=a / \(a \+ b\)"),
        (CLASSES, {"costs": np.ones((2, 2))}, "3 by 3 finite numbers"),
        (CLASSES, {"costs": np.eye(3)}, r"smallest of its row.*costs=-gains"),
        (CLASSES, {"costs": [[0, 1, math.inf]] * 3}, "finite numbers"),
        (CLASSES, {"prior": [1, 2, 3]}, "go together"),
        (CLASSES, {"prior": [1, 2], "trained_prior": [1, 2]}, "3 positive numbers"),
        (CLASSES, {"prior": [0, 1, 2], "trained_prior": [1, 1, 1]}, "3 positive"),
        (CLASSES, {"prior": {"red": 1}, "trained_prior": [1, 1, 1]}, "by name.*first"),
        (LABELS, {"prior": [0.5, 0.5, 2], "trained_prior": [0.5] * 3}, "between 0"),
        (CLASSES, {"calibration": 2.0}, "`calibration` is a Calibration"),
        (CLASSES, {"calibration": PLATT}, "does not fit task 'multiclass'"),
        (LABELS, {"calibration": TEMPERATURE}, "of length 3. Received: length 1"),
        (
            BINARY,
            {"calibration": Calibration("vector", slope=[1], intercept=[0])},
            "does not fit task 'binary'",
        ),
    ],
)
def test_corrections_that_do_not_fit_are_refused(head, fields, message):
    with pytest.raises(DecodingError, match=message):
        Decoding(head, **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"method": "beta"}, "`method` is one of"),
        ({"temperature": 0.0}, "keeps the order"),
        ({"temperature": math.nan}, "finite numbers"),
        ({"temperature": "hot"}, "finite numbers"),
        ({}, "has \\('temperature',\\)"),
        ({"temperature": 1.0, "slope": [1.0]}, "Received: \\('temperature', 'slope'"),
        ({"method": "platt", "slope": [-1], "intercept": [0]}, "keeps the order"),
        ({"method": "platt", "slope": [1, 2], "intercept": [0]}, "as many numbers"),
        ({"method": "isotonic", "tables": [([0, 0], [0, 1])]}, "scores that increase"),
        ({"method": "isotonic", "tables": [([0, 1], [1, 0])]}, "do not decrease"),
        ({"method": "isotonic", "tables": [([0, 1], [0, 2])]}, r"in \[0, 1\]"),
        ({"method": "isotonic", "tables": [3.0]}, "A table is"),
    ],
)
def test_what_is_no_calibration_is_refused(fields, message):
    with pytest.raises(DecodingError, match=message):
        Calibration(**{"method": "temperature", **fields})


def test_what_an_earlier_release_does_not_know_is_written_only_if_said():
    plain = Decoding(CLASSES, NAMES).to_dict()
    assert not {"calibration", "prior", "trained_prior", "costs"} & set(plain)
