"""Every kind of data gives the decisions that the model makes in Python."""

import tracemalloc

import keras
import numpy as np
import pytest
from twins import X

from keras_labels.cli._data import open_arrays

NAMES = ["ant", "bee, the", 'größe "x"']
BEST = [0, 2, 1, 0, 0]


def labels_of(rows):
    return [row["label"] for row in rows]


def test_npy(decide, files, npy):
    rows = decide(files["labeled"], npy)
    assert labels_of(rows) == [NAMES[i] for i in BEST]
    assert [row["class"] for row in rows] == [str(i) for i in BEST]
    assert [row["file"] for row in rows] == [str(npy)] * 5
    assert [row["row"] for row in rows] == list("01234")


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_batches_change_nothing(decide, files, npy, size):
    assert decide(files["labeled"], npy, "--batch-size", size) == decide(
        files["labeled"], npy
    )


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "uint8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_any_numbers(decide, files, x, tmp_path, dtype, order):
    np.save(tmp_path / "x.npy", np.array(x * 10, dtype, order=order))
    assert labels_of(decide(files["labeled"], tmp_path / "x.npy")) == [
        NAMES[i] for i in BEST
    ]


def test_file_larger_than_memory_is_read_in_parts(tmp_path):
    path, shape = tmp_path / "x.npy", (2**28, 4)  # 4 GiB of nothing on the disk
    np.lib.format.open_memmap(path, "w+", "float32", shape).flush()
    source = open_arrays(path, ())
    tracemalloc.start()
    first = next(source.batches())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert source.count == shape[0]
    assert first.x.shape == (4096, 4)
    assert peak < 2**22


def test_rows_at_a_time_follow_from_their_size(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((40, 2**20), "uint8"))
    batches = open_arrays(tmp_path / "x.npy", ()).batches()
    assert [len(batch.rows) for batch in batches] == [16, 16, 8]


def test_one_row_and_no_row(decide, files, x, tmp_path):
    np.save(tmp_path / "one.npy", x[:1])
    np.save(tmp_path / "none.npy", x[:0])
    assert labels_of(decide(files["labeled"], tmp_path / "one.npy")) == ["ant"]
    assert decide(files["labeled"], tmp_path / "none.npy") == []


def test_several_files_in_their_order(decide, files, npy, x, tmp_path):
    np.savetxt(tmp_path / "y.csv", x[:2], delimiter=",")
    rows = decide(files["labeled"], tmp_path / "y.csv", npy)
    assert [(row["file"], row["row"]) for row in rows] == [
        *[(str(tmp_path / "y.csv"), str(i)) for i in range(2)],
        *[(str(npy), str(i)) for i in range(5)],
    ]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_of_one_array(decide, files, x, tmp_path, save):
    save(tmp_path / "x.npz", whatever=x)
    assert labels_of(decide(files["labeled"], tmp_path / "x.npz")) == [
        NAMES[i] for i in BEST
    ]


def test_npz_of_named_inputs(decide, files, x, tmp_path):
    np.savez(tmp_path / "x.npz", right=x[:, 2:], y=[9], left=x[:, :2])
    assert labels_of(decide(files["wide"], tmp_path / "x.npz")) == [
        NAMES[i] for i in BEST
    ]


def test_npz_with_the_input_beside_targets(decide, files, x, tmp_path):
    np.savez(tmp_path / "x.npz", x=x, y=np.zeros(3))
    assert labels_of(decide(files["labeled"], tmp_path / "x.npz")) == [
        NAMES[i] for i in BEST
    ]


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.csv"])
def test_model_that_does_not_say_its_inputs(decide, files, tmp_path, name):
    np.save(tmp_path / "x.npy", X)
    np.savez(tmp_path / "x.npz", whatever=X)
    np.savetxt(tmp_path / "x.csv", X, delimiter=",")
    labeled = keras.saving.load_model(files["subclassed"])
    rows = decide(files["subclassed"], tmp_path / name)
    assert labels_of(rows) == labeled.predict_labels(X).tolist()


def test_npz_for_a_model_that_does_not_say_its_inputs(tmp_path, x):
    np.savez(tmp_path / "x.npz", left=x, right=x)
    (batch,) = open_arrays(tmp_path / "x.npz", ()).batches()
    assert set(batch.x) == {"left", "right"}


@pytest.mark.parametrize("missing", [{"left"}, {"left", "right"}])
def test_npz_without_an_input(run, files, x, tmp_path, missing):
    arrays = {"left": x[:, :2], "right": x[:, 2:], "z": x}
    kept = {name: a for name, a in arrays.items() if name not in missing}
    np.savez(tmp_path / "x.npz", **kept)
    result = run("predict", files["wide"], tmp_path / "x.npz")
    assert result.exit_code == 1
    assert f"missing: {', '.join(sorted(missing))}" in result.stderr


def test_npz_of_unequal_rows(run, files, x, tmp_path):
    np.savez(tmp_path / "x.npz", left=x[:, :2], right=x[:3, 2:])
    result = run("predict", files["wide"], tmp_path / "x.npz")
    assert result.exit_code == 1
    assert "(5, 2), (3, 1)" in result.stderr


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("header", [[], ["a,b,c"], ['"a, b",größe,c']])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_with_and_without_header(decide, files, x, tmp_path, header, end, mark):
    lines = [*header, *(",".join(map(str, row)) for row in x.tolist()), ""]
    text = mark + end.join(lines)
    (tmp_path / "x.csv").write_text(text, encoding="utf-8", newline="")
    rows = decide(files["labeled"], tmp_path / "x.csv", "--batch-size", 2)
    assert labels_of(rows) == [NAMES[i] for i in BEST]
    assert [row["row"] for row in rows] == list("01234")


def test_tsv(decide, files, x, tmp_path):
    np.savetxt(tmp_path / "x.tsv", x, delimiter="\t")
    assert labels_of(decide(files["labeled"], tmp_path / "x.tsv")) == [
        NAMES[i] for i in BEST
    ]


@pytest.mark.parametrize("field", ["", "NaN", "NA", " "])
def test_missing_number_is_nan(run, decide, files, tmp_path, field):
    (tmp_path / "x.csv").write_text(f"1,{field},0\n5,0,0\n")
    missing, other = decide(files["labeled"], tmp_path / "x.csv")
    assert missing["label"] == missing["probability"] == ""
    assert missing["class"] == "-1"
    assert other["label"] == "ant"
    result = run("predict", files["labeled"], tmp_path / "x.csv")
    assert "1 of 2 rows have NaN scores" in result.stderr


def test_csv_names_the_inputs(decide, files, tmp_path):
    table = "id,kind,age,size\n7,0,3,1\n8,9,1,2\n"
    (tmp_path / "x.csv").write_text(table)
    assert labels_of(decide(files["columns"], tmp_path / "x.csv")) == ["ant", NAMES[2]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2,3\n", "must name the inputs of the model: age, size, kind"),
        ("age,size\n1,2\n", "Received age, size"),
        ("age,size,kind\n1,2,2.5\n", "'kind' takes whole numbers (int32)"),
        ("age,size,kind\n1,2,\n", "'kind' takes whole numbers (int32)"),
    ],
)
def test_csv_that_does_not_fit_the_inputs(run, files, tmp_path, text, said):
    (tmp_path / "x.csv").write_text(text)
    result = run("predict", files["columns"], tmp_path / "x.csv")
    assert result.exit_code == 1
    assert said in result.stderr


def test_csv_for_inputs_of_several_columns(run, files, tmp_path):
    (tmp_path / "x.csv").write_text("left,right\n1,2\n")
    result = run("predict", files["wide"], tmp_path / "x.csv")
    assert result.exit_code == 1
    assert "left takes more" in result.stderr
