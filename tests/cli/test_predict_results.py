"""What is written, for every kind of head and every kind of file."""

import csv
import json
import sys

import numpy as np
import pyarrow.parquet
import pytest

NAMES = ["ant", "bee, the", 'größe "x"']
BEST = [0, 2, 1, 0, 0]


@pytest.fixture
def table(run, tmp_path):
    """Return what a command writes, read again by somebody else's reader."""

    def read(ending, *args):
        out = tmp_path / f"decisions{ending}"
        result = run("predict", *args, "-o", out)
        assert result.exit_code == 0, result.output
        assert result.stdout.endswith(f" rows written to {out}\n")
        if ending == ".csv":
            with out.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
        if ending == ".json":
            return json.loads(out.read_text(encoding="utf-8"))
        return pyarrow.parquet.read_table(out).to_pylist()

    return read


def saved(tmp_path, rows, name="rows.npy"):
    np.save(tmp_path / name, np.array(rows, "float32"))
    return tmp_path / name


def softmax(x):
    e = np.exp(x.astype("float64"))
    return e / e.sum(axis=-1, keepdims=True)


def test_lines_say_where_label_and_probability(run, files, npy, x):
    result = run("predict", files["labeled"], npy)
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = list(csv.reader(result.stdout.splitlines(), delimiter="\t"))
    assert [line[0] for line in lines] == [f"{npy}:{row}" for row in range(5)]
    assert [line[1] for line in lines] == [NAMES[i] for i in BEST]
    found = [float(line[2]) for line in lines]
    np.testing.assert_allclose(found, softmax(x).max(axis=1), rtol=1e-6)


@pytest.mark.parametrize("ending", [".json", ".parquet"])
def test_rows_with_types(table, files, npy, x, ending):
    rows = table(ending, files["labeled"], npy)
    for number, row in enumerate(rows):
        p = row.pop("probability")
        assert p == pytest.approx(softmax(x)[number].max(), rel=1e-6)
        assert row == {
            "file": str(npy),
            "row": number,
            "label": NAMES[BEST[number]],
            "class": BEST[number],
        }
    assert len(rows) == 5


def test_csv_keeps_commas_quotes_and_letters(table, files, npy):
    rows = table(".csv", files["labeled"], npy)
    assert [row["label"] for row in rows] == [NAMES[i] for i in BEST]
    assert list(rows[0]) == ["file", "row", "label", "class", "probability"]


def test_ids_stand_for_names_that_there_are_not(table, files, npy):
    rows = table(".json", files["nameless"], npy)
    assert [row["label"] for row in rows] == [str(i) for i in BEST]


@pytest.mark.parametrize("ending", [".csv", ".json", ".parquet"])
def test_rejected_row_has_no_label_and_the_best_probability(table, files, npy, ending):
    rows = table(ending, files["rejecting"], npy)
    nothing = "" if ending == ".csv" else None
    assert [row["label"] for row in rows[3:]] == [nothing, nothing]
    assert [int(row["class"]) for row in rows] == [0, 2, 1, -1, -1]
    assert float(rows[4]["probability"]) == pytest.approx(1 / 3)


@pytest.mark.parametrize("ending", [".csv", ".json", ".parquet"])
def test_row_with_nan_has_nothing_and_is_counted(run, table, files, tmp_path, ending):
    data = saved(tmp_path, [[5, 0, 0], [np.nan, 0, 0], [0, np.nan, 9]])
    rows = table(ending, files["rejecting"], data)
    nothing = "" if ending == ".csv" else None
    assert [int(row["class"]) for row in rows] == [0, -1, -1]
    for row in rows[1:]:
        assert row["label"] == row["probability"] == nothing
    result = run("predict", files["rejecting"], data, "-o", tmp_path / "x.csv")
    assert result.stderr.splitlines() == [
        "keras-labels: warning: 2 of 3 rows have NaN scores, and so class -1. Look for "
        "NaN in the data."
    ]


def test_binary_shows_the_probability_of_the_decided_class(table, files, tmp_path):
    data = saved(tmp_path, [[3], [2], [-3]])
    rows = table(".json", files["binary"], data)
    assert [row["label"] for row in rows] == ["spam", "ham", "ham"]
    expected = 1 / (1 + np.exp([-3.0, 2.0, -3.0]))
    np.testing.assert_allclose([row["probability"] for row in rows], expected, 1e-6)


MARKS = [[4, 4, -4], [-4, -4, -4], [0.1, -0.1, 0.2], [0.1, 4, 4], [np.nan, 4, 4]]


@pytest.mark.parametrize("ending", [".json", ".parquet"])
def test_multilabel_gives_lists(table, files, tmp_path, ending):
    rows = table(ending, files["multilabel"], saved(tmp_path, MARKS))
    assert [row["label"] for row in rows] == [
        ["red", "semi;colon"],
        [],
        None,
        ["semi;colon", "round"],
        None,
    ]
    assert [row["class"] for row in rows] == [[0, 1], [], [-1], [1, 2], [-1]]
    p = 1 / (1 + np.exp(-4.0))
    assert rows[0]["probability"] == pytest.approx([p, p], rel=1e-6)
    assert [row["probability"] for row in rows[1:3]] == [[], None]


def test_multilabel_is_joined_in_csv_and_lines(run, table, files, tmp_path):
    data = saved(tmp_path, MARKS)
    rows = table(".csv", files["multilabel"], data)
    expected = ["red;semi\\;colon", "", "", "semi\\;colon;round", ""]
    assert [row["label"] for row in rows] == expected
    assert [row["class"] for row in rows] == ["0;1", "", "-1", "1;2", "-1"]
    lines = run("predict", files["multilabel"], data).stdout.splitlines()
    assert [line.split("\t")[1] for line in lines] == expected


def test_heads_have_columns_of_their_own(run, table, files, npy, x):
    rows = table(".json", files["heads"], npy)
    assert list(rows[0]) == [
        "file",
        "row",
        *(f"species_{word}" for word in ("label", "class", "probability")),
        *(f"sick_{word}" for word in ("label", "class", "probability")),
    ]
    assert [row["species_label"] for row in rows] == [NAMES[i] for i in BEST]
    sick = 1 / (1 + np.exp(-x[:, 0])) > 0.3
    assert [row["sick_class"] for row in rows] == sick.astype(int).tolist()
    lines = run("predict", files["heads"], npy).stdout.splitlines()
    assert all(line.count("\t") == 4 for line in lines)


@pytest.mark.parametrize("ending", [".csv", ".json", ".parquet"])
def test_no_rows(table, files, x, tmp_path, ending):
    assert table(ending, files["labeled"], saved(tmp_path, x[:0])) == []
    assert table(ending, files["multilabel"], saved(tmp_path, x[:0])) == []


def test_decision_at_every_position_is_refused(run, files, tmp_path):
    data = saved(tmp_path, np.zeros((2, 4, 3)))
    result = run("predict", files["dense"], data)
    assert result.exit_code == 1
    assert "one decision for each row" in result.stderr


def test_file_is_replaced_at_the_end_or_not_at_all(run, files, npy, tmp_path):
    out = tmp_path / "out" / "decisions.csv"
    out.parent.mkdir()
    out.write_text("what was there")
    bad = tmp_path / "bad.csv"
    bad.write_text("1,2,3\n1,2,words\n")
    result = run("predict", files["labeled"], npy, bad, "-o", out)
    assert result.exit_code == 1
    assert out.read_text() == "what was there"
    assert list(out.parent.iterdir()) == [out]
    assert run("predict", files["labeled"], npy, "-o", out).exit_code == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 6
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("name", ["out.xlsx", "out", "no/such/folder/out.csv"])
def test_place_that_cannot_be_written_is_told_first(run, tmp_path, name):
    result = run("predict", "no.keras", "no.npy", "-o", tmp_path / name)
    assert result.exit_code == 1
    assert name in result.stderr


def test_missing_pyarrow_names_what_to_install(run, files, npy, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    result = run("predict", files["labeled"], npy, "-o", tmp_path / "y.parquet")
    assert result.exit_code == 1
    assert 'pip install "keras-labels[cli]"' in result.stderr


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (["--threshold", "0.5"], ["spam", "spam", "ham"]),
        (["--threshold", "spam=0.97"], ["ham", "ham", "ham"]),
        (["--reject-below", "0.9"], ["spam", "", "ham"]),
    ],
)
def test_options_change_the_decision(run, files, tmp_path, words, labels):
    data = saved(tmp_path, [[3], [2], [-3]])
    result = run("predict", files["binary"], data, *words)
    assert result.exit_code == 0
    assert [line.split("\t")[1] for line in result.stdout.splitlines()] == labels


def test_plain_model_takes_names_and_head_from_options(run, files, npy, tmp_path):
    (tmp_path / "names.txt").write_text("a\nb \nc d\n", encoding="utf-8")
    (tmp_path / "names.json").write_text('{"0": "a", "2": "c d", "1": "b "}')
    for names in ("names.txt", "names.json"):
        args = "--class-names", tmp_path / names, "--task", "multiclass"
        result = run("predict", files["logits"], npy, "--from-logits", *args)
        assert result.exit_code == 0, result.output
        assert [line.split("\t")[1] for line in result.stdout.splitlines()] == [
            ["a", "b ", "c d"][i] for i in BEST
        ]
