"""True classes are found in every kind of data, and stay with their rows."""

import csv

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from keras_labels.cli._class_text import as_ids
from keras_labels.cli._counting import IGNORED, Counting
from keras_labels.cli._data import Input
from keras_labels.cli._errors import CommandError
from keras_labels.cli._labeled_data import open_labeled, read_labeled, rule_of
from keras_labels.cli._tables import _in_one_cell
from keras_labels.spec import Decoding, Head

X = np.arange(10, dtype="float32").reshape(5, 2)
Y = np.array([0, 2, 1, 0, 2])
NAMES = ["ant", "bee, the", 'größe "x"']
INPUTS = [Input("x", (None, 2), "float32")]
PIXELS = [Input("image", (None, 2, 3, 3), "float32")]
CLASSES = Decoding(Head("multiclass", 3, from_logits=False), class_names=NAMES)
NAMELESS = Decoding(Head("multiclass", 3, from_logits=False))
LABELS = Decoding(
    Head("multilabel", 3, from_logits=False), class_names=["red", "a;b", "round"]
)


def write(path, header, *columns):
    """Write columns as a file with commas or tabs."""
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([header] if header else [])
        writer.writerows(zip(*columns, strict=True))
    return path


@pytest.fixture(params=["npz", "other name", "csv", "tsv", "npy", "names", "column"])
def given_as(request, tmp_path):
    """The same rows and classes in every form: a path, and where the classes are."""
    names = [NAMES[i] for i in Y]
    if request.param == "npz":
        np.savez(tmp_path / "d.npz", whatever=X, y=Y)
        return tmp_path / "d.npz", "y"
    if request.param == "other name":
        np.savez(tmp_path / "d.npz", x=X, species=names, weights=np.ones(5))
        return tmp_path / "d.npz", "species"
    if request.param in ("csv", "tsv"):
        path = tmp_path / f"d.{request.param}"
        return write(path, ["a", "kind", "b"], X[:, 0], names, X[:, 1]), "kind"
    np.save(tmp_path / "x.npy", X)
    if request.param == "column":
        return tmp_path / "x.npy", str(write(tmp_path / "y.csv", None, names))
    np.save(tmp_path / "y.npy", names if request.param == "names" else Y)
    return tmp_path / "x.npy", str(tmp_path / "y.npy")


def test_every_form_gives_the_rows_and_their_ids(given_as):
    path, targets = given_as
    x, y = read_labeled(path, INPUTS, CLASSES, targets)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_number_of_rows_is_known_before_they_are_read(given_as):
    path, targets = given_as
    assert open_labeled(path, INPUTS, CLASSES, targets).count == 5


def test_names_as_bytes(tmp_path):
    names = [NAMES[i].encode() for i in Y]
    np.savez(tmp_path / "d.npz", x=X, y=np.array(names))
    y = read_labeled(tmp_path / "d.npz", INPUTS, CLASSES)[1]
    np.testing.assert_array_equal(y, Y)


def test_default_name_is_y(tmp_path):
    path = write(tmp_path / "d.csv", ["y", "a", "b"], Y, *X.T)
    np.testing.assert_array_equal(read_labeled(path, INPUTS, NAMELESS)[1], Y)


def test_first_line_that_names_the_targets_is_a_header(tmp_path):
    # pandas names columns by numbers where they have no names.
    path = write(tmp_path / "d.csv", ["0", "1", "y"], *X.T, Y)
    x, y = read_labeled(path, INPUTS, CLASSES)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_inputs_by_name(tmp_path):
    inputs = [Input("b", (None, 1), "float32"), Input("a", (None, 1), "float32")]
    path = write(tmp_path / "d.csv", ["a", "y", "b"], X[:, 0], Y, X[:, 1])
    np.savez(tmp_path / "d.npz", a=X[:, :1], b=X[:, 1:], y=Y)
    for file in (path, tmp_path / "d.npz"):
        x, y = read_labeled(file, inputs, CLASSES)
        np.testing.assert_array_equal(x["a"], X[:, :1])
        np.testing.assert_array_equal(x["b"], X[:, 1:])
        np.testing.assert_array_equal(y, Y)


def test_model_that_does_not_say_its_inputs(tmp_path):
    np.savez(tmp_path / "one.npz", x=X, y=Y)
    np.savez(tmp_path / "two.npz", a=X, y=Y, b=X + 1)
    np.testing.assert_array_equal(read_labeled(tmp_path / "one.npz", (), CLASSES)[0], X)
    x, _ = read_labeled(tmp_path / "two.npz", (), CLASSES)
    assert {name: array.tolist() for name, array in x.items()} == {
        "a": X.tolist(),
        "b": (X + 1).tolist(),
    }


def test_rows_come_in_parts_with_their_classes(tmp_path):
    x = np.arange(1000, dtype="float32")[:, None]
    path = write(tmp_path / "d.csv", ["x", "y"], x[:, 0], (x[:, 0] % 3).astype(int))
    labeled = open_labeled(path, [Input("x", (None, 1), "float32")], NAMELESS)
    sizes = []
    for part, y in labeled.batches():
        sizes.append(len(y))
        np.testing.assert_array_equal(part[:, 0] % 3, y)
    assert sum(sizes) == 1000
    assert max(sizes) <= 256


@pytest.fixture
def folder(tmp_path):
    """Images whose color says the number of their class."""
    for name, color in (("b", 1), ("a", 0), ("c", 2)):
        (tmp_path / "images" / "more" / name).mkdir(parents=True)
        for copy in range(2):
            image = Image.new("RGB", (3, 2), (color, 0, 0))
            image.save(tmp_path / "images" / "more" / name / f"{copy}.png")
    (tmp_path / "images" / "._x.png").write_bytes(b"what macOS leaves")
    return tmp_path / "images"


@pytest.mark.parametrize("names", [["a", "b", "c"], ["c", "a", "b"]])
def test_folders_are_classes_in_the_order_of_the_model(folder, names):
    rule = NAMELESS.replace(class_names=names)
    x, y = read_labeled(folder, PIXELS, rule)
    expected = [names.index("abc"[int(color)]) for color in x[:, 0, 0, 0]]
    assert y.tolist() == expected
    assert len(y) == 6


def test_folders_of_numbers_are_ids(folder):
    for number, name in ((2, "a"), (0, "b"), (1, "c")):
        (folder / "more" / name).rename(folder / "more" / str(number))
    x, y = read_labeled(folder, PIXELS, NAMELESS)
    assert y.tolist() == [0, 0, 1, 1, 2, 2]
    assert x[:, 0, 0, 0].tolist() == [1, 1, 2, 2, 0, 0]


def test_folder_of_one_class_and_a_single_image(folder, monkeypatch):
    rule = NAMELESS.replace(class_names=["a", "b", "c"])
    path = folder / "more" / "b"
    assert read_labeled(path, PIXELS, rule)[1].tolist() == [1, 1]
    assert read_labeled(path / "0.png", PIXELS, rule)[1].tolist() == [1]
    monkeypatch.chdir(path)
    assert read_labeled(type(path)(), PIXELS, rule)[1].tolist() == [1, 1]


def test_images_with_targets_of_their_own(folder, tmp_path):
    np.save(tmp_path / "y.npy", [2, 2, 0, 0, 1, 1])
    _, y = read_labeled(folder, PIXELS, NAMELESS, str(tmp_path / "y.npy"))
    assert y.tolist() == [2, 2, 0, 0, 1, 1]


def test_unknown_folder_is_named(folder):
    with pytest.raises(
        CommandError, match=r"names of folders .*Received also: \['c'\]"
    ):
        open_labeled(folder, PIXELS, NAMELESS.replace(class_names=["a", "b", "x"]))


def test_numbers_are_names_if_all_are():
    rule = NAMELESS.replace(class_names=["2", "1", "0"])
    assert as_ids(["2", "0", "2"], rule, "it").tolist() == [0, 2, 0]
    rule = NAMELESS.replace(class_names=["1", "2", "3"])
    assert as_ids(["2", "0", "2"], rule, "it").tolist() == [2, 0, 2]


def test_whole_numbers_in_any_form_are_ids():
    assert as_ids(["1", "2.0", " 0", "1e0"], CLASSES, "it").tolist() == [1, 2, 0, 1]


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("red;round", [1, 0, 1]),
        ("round | red", [1, 0, 1]),
        (r"a\;b", [0, 1, 0]),
        (r"red;a\;b|round", [1, 1, 1]),
        ("", [0, 0, 0]),
        (";", [0, 0, 0]),
        ("0;2", [1, 0, 1]),
        ("1", [0, 1, 0]),
    ],
)
def test_labels_of_a_row_stand_in_one_text(text, marks):
    assert as_ids([text], LABELS, "it").tolist() == [[bool(mark) for mark in marks]]


names_of_labels = st.lists(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=4
    ).filter(lambda name: name.strip() and not name.endswith("\\")),
    min_size=2,
    max_size=4,
    unique=True,
)


@given(names_of_labels, st.data())
@example([" a", "a", "a|b"], None)
@example(["1", "0", ";"], None)
def test_labels_that_predict_writes_are_read_again(names, data):
    rule = Decoding(Head("multilabel", len(names), True), class_names=names)
    marks = [[True] * len(names), [True] + [False] * (len(names) - 1)]
    if data is not None:
        some = st.lists(st.booleans(), min_size=len(names), max_size=len(names))
        marks += data.draw(st.lists(some, min_size=1))
    rows = [[n for n, mark in zip(names, m, strict=True) if mark] for m in marks]
    cells = [_in_one_cell(row) for row in rows]
    assert as_ids(cells, rule, "it").tolist() == marks


def test_arrays_of_marks_stay_as_they_are(tmp_path):
    marks = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 1]])
    np.savez(tmp_path / "d.npz", x=X, y=marks)
    _, y = read_labeled(tmp_path / "d.npz", INPUTS, LABELS)
    np.testing.assert_array_equal(y, marks)


@pytest.mark.parametrize("header", [None, ["kind"], ["y"]])
@pytest.mark.parametrize("texts", [list("02102"), [NAMES[i] for i in Y]])
def test_column_of_targets_with_and_without_a_header(tmp_path, header, texts):
    np.save(tmp_path / "x.npy", X)
    path = write(tmp_path / "y.csv", header, texts)
    y = read_labeled(tmp_path / "x.npy", INPUTS, CLASSES, str(path))[1]
    assert y.tolist() == Y.tolist()


def test_one_head_of_several():
    rules = {"species": CLASSES, "tags": LABELS}
    assert rule_of(rules, "tags") is LABELS
    assert rule_of({"": CLASSES}) is rule_of(CLASSES) is CLASSES
    for head in (None, "color"):
        with pytest.raises(CommandError, match=r"species, tags.*--head species"):
            rule_of(rules, head)
    with pytest.raises(CommandError, match="Leave out --head tags"):
        rule_of(CLASSES, "tags")


def refused(match, path, rule=CLASSES, targets="y"):
    with pytest.raises(CommandError, match=match):
        read_labeled(path, INPUTS, rule, str(targets))


def test_missing_array_or_column_lists_what_there_is(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, labels=Y)
    refused(r"array 'y'.*\['x', 'labels'\].*--targets", tmp_path / "d.npz")
    path = write(tmp_path / "d.csv", ["a", "b", "labels"], *X.T, Y)
    refused(r"'y'.*\['a', 'b', 'labels'\].*--targets", path)
    path = write(tmp_path / "bare.csv", None, *X.T, Y)
    refused(r"'y'.*\['0.0', '1.0', '0'\]", path)


def test_targets_alone_are_no_data(tmp_path):
    np.savez(tmp_path / "d.npz", y=Y)
    refused("inputs beside the array 'y'", tmp_path / "d.npz")


def test_rows_without_targets(tmp_path):
    np.save(tmp_path / "x.npy", X)
    refused("--targets y.npy", tmp_path / "x.npy")
    refused("no file", tmp_path / "x.npy", targets=tmp_path / "gone.npy")
    refused("no file", tmp_path / "gone.csv")


@pytest.mark.parametrize("rows", [0, 1, 4, 6])
def test_other_number_of_targets_is_refused(tmp_path, rows):
    y = np.resize(Y, rows)
    np.savez(tmp_path / "d.npz", x=X, y=y)
    refused(rf"has 5 rows, and array 'y' .* has {rows}", tmp_path / "d.npz")
    np.save(tmp_path / "y.npy", y)
    path = write(tmp_path / "x.csv", None, *X.T)
    refused(rf"has 5 rows.* has {rows}", path, targets=tmp_path / "y.npy")


def test_no_rows_are_refused(tmp_path):
    np.savez(tmp_path / "d.npz", x=X[:0], y=Y[:0])
    refused("It has none", tmp_path / "d.npz")
    refused("It has none", write(tmp_path / "d.csv", ["a", "b", "y"], [], [], []))


def test_single_value_is_refused(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=1)
    refused("single value: array 'y'", tmp_path / "d.npz")


@pytest.mark.parametrize(
    ("texts", "match"),
    [
        (["ant", "wasp", "", "", "ant"], r"column 'y' .* 2 of 5 are empty"),
        (["ant", "wasp", "ant", "ant", "ant"], r"Received also: \['wasp'\]"),
        (["ant", "0", "ant", "ant", "ant"], r"Received also: \['0'\]"),
        (["0", "1", "2", "3", "0"], r"ids from 0 to 2.*\[3.0\]"),
        (["0", "1", "-1", "2", "0"], r"ids from 0 to 2.*\[-1.0\]"),
        (["0", "1", "0.5", "2", "0"], r"not how likely.*\[0.5\]"),
        (["0", "1", "nan", "2", "0"], r"Received also: .*'nan'"),
    ],
)
def test_text_that_is_no_class_is_refused(tmp_path, texts, match):
    refused(match, write(tmp_path / "d.csv", ["a", "b", "y"], *X.T, texts))


def test_names_need_a_model_with_names(tmp_path):
    path = write(tmp_path / "d.csv", ["a", "b", "y"], *X.T, [NAMES[i] for i in Y])
    refused(r"\['ant', 'bee, the', .*--class-names", path, NAMELESS)


def test_column_of_targets_is_alone(tmp_path):
    np.save(tmp_path / "x.npy", X)
    path = write(tmp_path / "y.csv", None, Y, Y)
    refused("must have one column", tmp_path / "x.npy", targets=path)
    (tmp_path / "y.csv").write_text("")
    refused("It is empty", tmp_path / "x.npy", targets=path)


@pytest.mark.parametrize("line", ["1,2", "1,2,3,4", "1"])
def test_line_of_another_length_is_named(tmp_path, line):
    (tmp_path / "d.csv").write_text(f"a,b,y\n1,2,0\n{line}\n")
    refused("must have 3 fields.*Line 3", tmp_path / "d.csv")


def test_field_is_counted_in_the_file(tmp_path):
    (tmp_path / "d.csv").write_text("a,y,b\n1,0,2\n1,0,two\n")
    refused("'two' in line 3, field 3", tmp_path / "d.csv")


@pytest.mark.parametrize("name", ["d.npz", "y.npy"])
def test_pickles_and_broken_files_are_told(tmp_path, name):
    np.save(tmp_path / "x.npy", X)
    y = np.array([{}] * 5, dtype=object)
    np.savez(tmp_path / "d.npz", x=X, y=y)
    np.save(tmp_path / "y.npy", y)
    path = tmp_path / ("x.npy" if name == "y.npy" else name)
    targets = tmp_path / name if name == "y.npy" else "y"
    refused(f"Cannot read '.*{name}'", path, targets=targets)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:40])
    refused(f"Cannot read '.*{name}'", path, targets=targets)
    np.save((tmp_path / name).with_suffix(".other.npy"), X)
    (tmp_path / name).with_suffix(".other.npy").rename(tmp_path / "other.npz")
    refused("npy file with another ending", tmp_path / "other.npz")


W = np.array([1.0, 0, 2, 0.5, 1])


def weighed(path, targets="y", rule=CLASSES, **said):
    opened = open_labeled(path, INPUTS, rule, targets, counting=Counting(**said))
    parts = list(opened.batches())
    assert {len(part) for part in parts} == {3}
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


@pytest.fixture(params=["npz", "named", "csv", "npy", "column", "header"])
def weights_given_as(request, tmp_path):
    """Files of X, Y and W, and what the command line says of these."""
    kind = request.param
    if kind in ("npz", "named"):
        name = "sample_weight" if kind == "npz" else "w"
        np.savez(tmp_path / "d.npz", x=X, y=Y, **{name: W})
        return tmp_path / "d.npz", {} if kind == "npz" else {"sample_weight": "w"}
    path = write(tmp_path / "d.csv", ["a", "w", "y", "b"], X[:, 0], W, Y, X[:, 1])
    if kind == "csv":
        return path, {"sample_weight": "w"}
    path = write(tmp_path / "d.csv", ["a", "y", "b"], X[:, 0], Y, X[:, 1])
    if kind == "npy":
        np.save(tmp_path / "w.npy", W)
        return path, {"sample_weight": str(tmp_path / "w.npy")}
    header = ["weight"] if kind == "header" else None
    return path, {"sample_weight": str(write(tmp_path / "w.csv", header, W))}


def test_weights_stand_in_the_data_or_beside_it(weights_given_as):
    path, said = weights_given_as
    x, y, w = weighed(path, **said)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(w, W)


def test_weights_of_images_and_of_rows_with_targets_beside(folder, tmp_path):
    np.save(tmp_path / "w.npy", np.arange(6))
    opened = open_labeled(
        folder,
        PIXELS,
        NAMELESS.replace(class_names=["a", "b", "c"]),
        counting=Counting(str(tmp_path / "w.npy")),
    )
    assert [part[2].tolist() for part in opened.batches()] == [list(range(6))]
    np.savez(tmp_path / "xw.npz", x=X, sample_weight=W)
    np.save(tmp_path / "y.npy", Y)
    x, _, w = weighed(tmp_path / "xw.npz", str(tmp_path / "y.npy"))
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(w, W)


def test_an_input_of_that_name_is_no_weight(tmp_path):
    inputs = [Input("a", (None, 2), "f"), Input("sample_weight", (None, 1), "f")]
    np.savez(tmp_path / "d.npz", a=X, y=Y, sample_weight=W[:, None])
    ((x, _),) = open_labeled(tmp_path / "d.npz", inputs, CLASSES).batches()
    assert list(x) == ["a", "sample_weight"]


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ("v", "must name its columns, 'v' among them"),
        ("a", "Weights are numbers .* Received 'x'"),
        ("w.npy", "one weight for each row"),
    ],
)
def test_weights_that_are_none_are_told(tmp_path, monkeypatch, said, match):
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "w.npy", W[:3])
    path = write(tmp_path / "d.csv", ["a", "y", "b"], list("x1234"), Y, X[:, 1])
    with pytest.raises(CommandError, match=match):
        weighed(path, sample_weight=said)
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    with pytest.raises(CommandError, match="the weights as the array 'v'"):
        weighed(tmp_path / "d.npz", sample_weight="v")
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    with pytest.raises(CommandError, match="holds rows and no weights"):
        weighed(tmp_path / "x.npy", str(tmp_path / "y.npy"), sample_weight="v")


def test_text_that_is_ignored_need_not_be_a_class():
    said = Counting(None, ["void", "255", NAMES[1]])
    ids = as_ids([NAMES[0], "void", NAMES[1], " 255"], CLASSES, "it", said.ignore_class)
    assert ids.tolist() == [0, IGNORED, IGNORED, IGNORED]
    assert said.ignored(CLASSES) == [IGNORED, 255, 1]
    assert as_ids(["void"], CLASSES, "it", ["void"]).tolist() == [IGNORED]
    marks = as_ids(["red", "?", ""], LABELS, "it", ["?"])
    assert marks.tolist() == [[1, 0, 0], [IGNORED] * 3, [0, 0, 0]]
    assert Counting().ignored(CLASSES) is None


def test_a_name_that_no_class_has_is_told_beside_numbers(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    with pytest.raises(CommandError, match="--ignore-class 'void' is no class"):
        open_labeled(
            tmp_path / "d.npz", INPUTS, CLASSES, counting=Counting(None, ["void"])
        )
