"""Class names from whatever carries them, and what is refused."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_labels import Decoding, DecodingError, Head, LabeledModel
from keras_labels.spec import as_class_names

PETS = ("cat", "dog", "emu")


class Carrier:
    """What datasets, generators and encoders look like."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


@pytest.mark.parametrize(
    "source",
    [
        list(PETS),
        PETS,
        np.array(PETS),
        np.array(PETS, dtype=object),
        (name for name in PETS),
        dict.fromkeys(PETS).keys(),
        {0: "cat", 1: "dog", 2: "emu"},
        {2: "emu", 0: "cat", 1: "dog"},
        {"emu": 2, "cat": 0, "dog": 1},
        {np.int64(1): "dog", np.int64(0): "cat", np.int64(2): "emu"},
        {"emu": np.int32(2), "cat": np.int32(0), "dog": np.int32(1)},
        Carrier(class_names=list(PETS)),
        Carrier(class_indices={"dog": 1, "cat": 0, "emu": 2}),
        Carrier(classes_=np.array(PETS)),
        Carrier(class_names=None, classes_=list(PETS)),
        {"0": "cat", "1": "dog", "2": "emu"},
        {"2": "emu", "0": "cat", "1": "dog"},
        {"cat": "0", "emu": "2", "dog": "1"},
        {"0": ["n1", "cat"], "1": ["n2", "dog"], "2": ["n3", "emu"]},
        {0: ("n1", "cat"), 1: ("n2", "dog"), 2: "emu"},
        Carrier(get_vocabulary=lambda: list(PETS)),
        Carrier(categories_=[np.array(PETS, object)]),
        Carrier(names=list(PETS), int2str=PETS.__getitem__),
        Carrier(categories=PETS),
        Carrier(dtype=Carrier(categories=PETS)),
    ],
    ids=lambda source: type(source).__name__,
)
def test_names_come_in_the_order_of_the_ids(source):
    names = as_class_names(source)
    assert names == PETS
    assert {type(name) for name in names} == {str}


def test_no_names_are_none():
    assert as_class_names(None) is None


def test_scikit_learn_encoder_carries_names():
    encoders = pytest.importorskip("sklearn.preprocessing")
    encoder = encoders.LabelEncoder().fit(["emu", "cat", "dog", "cat"])
    assert as_class_names(encoder) == PETS


def test_digits_of_both_sides_are_ids_by_what_they_fit():
    """The folders 3 and 7 of a generator, and JSON of names that are digits."""
    assert as_class_names({"3": 0, "10": 1, "7": 2}) == ("3", "10", "7")
    assert as_class_names({"0": 0, "1": 1, "10": 2, "2": 3}) == ("0", "1", "10", "2")
    assert as_class_names({"0": "3", "1": "8"}) == ("3", "8")
    assert as_class_names({"8": "1", "3": "0"}) == ("3", "8")
    assert as_class_names({"0": "1", "1": "0"}) == ("1", "0")


def test_names_of_imagenet_that_stand_twice_are_told_apart():
    cranes = {"0": ["n02012849", "crane"], "1": ["n03126707", "crane"]}
    names = as_class_names({**cranes, "2": ["n01440764", "tench"]})
    assert names == ("crane (n02012849)", "crane (n03126707)", "tench")


@pytest.mark.parametrize("suffix", [".txt", ".json", ".JSON"])
@pytest.mark.parametrize("kind", [str, Path])
def test_files_hold_names(tmp_path, suffix, kind):
    path = tmp_path / f"names{suffix}"
    pets = dict(enumerate(PETS))
    path.write_text("\n".join(PETS) if suffix == ".txt" else json.dumps(pets))
    assert as_class_names(kind(path)) == PETS


@pytest.mark.parametrize("text", [None, b"\xff\xfe\xff", b"{"])
def test_files_that_hold_none_are_named(tmp_path, text):
    path = tmp_path / "names.json"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(DecodingError, match=r"file '.*names\.json', and cannot be"):
        as_class_names(path)


@pytest.mark.parametrize(
    "options",
    [{"num_oov_indices": 0}, {}, {"mask_token": "[M]"}, {"output_mode": "one_hot"}],
    ids=str,
)
def test_a_lookup_names_the_class_of_each_id_that_it_gives(options):
    pytest.importorskip("tensorflow")
    lookup = keras.layers.StringLookup(vocabulary=PETS, **options)
    words = ["emu", "cat", "dog"] if "num_oov_indices" in options else ["emu", "gnu"]
    ids = keras.ops.convert_to_numpy(lookup(np.array(words)))
    ids = ids.argmax(axis=-1) if ids.ndim > 1 else ids
    names = as_class_names(lookup)
    wanted = [word if word in PETS else "[UNK]" for word in words]
    assert [names[i] for i in ids] == wanted


def test_a_lookup_with_an_unknown_class_says_how_to_go_without():
    lookup = Carrier(get_vocabulary=lambda: ["[UNK]", *PETS])
    head = Head("multiclass", units=3, from_logits=True)
    with pytest.raises(DecodingError, match=r"Received 4.*num_oov_indices=0"):
        Decoding(head, lookup)
    assert Decoding(dataclasses.replace(head, units=4), lookup).class_names[0] == (
        "[UNK]"
    )


def _fitted(name, values, **options):
    encoders = pytest.importorskip("sklearn.preprocessing")
    return getattr(encoders, name)(**options).fit(values)


COLUMN = [["emu"], ["cat"], ["dog"], ["cat"]]


@pytest.mark.parametrize(
    ("name", "values", "options"),
    [
        ("LabelEncoder", [pet for (pet,) in COLUMN], {}),
        ("LabelBinarizer", [pet for (pet,) in COLUMN], {}),
        ("MultiLabelBinarizer", COLUMN, {}),
        ("OneHotEncoder", COLUMN, {}),
        ("OneHotEncoder", COLUMN, {"handle_unknown": "ignore"}),
        ("OrdinalEncoder", COLUMN, {}),
        ("OrdinalEncoder", np.array(COLUMN, object), {"dtype": "int64"}),
    ],
)
def test_encoders_carry_names(name, values, options):
    assert as_class_names(_fitted(name, values, **options)) == PETS


def test_the_order_of_an_ordinal_encoder_is_kept():
    sizes = ["small", "large"]
    encoder = _fitted("OrdinalEncoder", [["large"], ["small"]], categories=[sizes])
    assert as_class_names(encoder) == ("small", "large")


@pytest.mark.parametrize(("drop", "want"), [("if_binary", "ab"), (["b"], "ba")])
def test_of_two_categories_the_column_left_is_class_1(drop, want):
    encoder = _fitted("OneHotEncoder", [["a"], ["b"]], drop=drop)
    names = as_class_names(encoder)
    assert names == tuple(want)
    one = encoder.transform([[names[1]]]).toarray()
    assert one.tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("options", "values", "said"),
    [
        ({}, [["a", "x"], ["b", "y"]], "fitted on one column.*This one has 2"),
        ({"drop": "first"}, COLUMN, "no column for some"),
        ({"min_frequency": 2}, COLUMN, "no column for some"),
        ({}, [[1], [2]], "must be strings"),
    ],
)
def test_encoders_of_other_columns_are_refused(options, values, said):
    with pytest.raises(DecodingError, match=said):
        as_class_names(_fitted("OneHotEncoder", values, **options))


@pytest.mark.parametrize("name", ["LabelEncoder", "OneHotEncoder", "OrdinalEncoder"])
def test_an_encoder_is_fitted_first(name):
    encoders = pytest.importorskip("sklearn.preprocessing")
    with pytest.raises(DecodingError, match=f"from this {name}.*fitted first"):
        as_class_names(getattr(encoders, name)())


def test_pandas_categories_are_names():
    pandas = pytest.importorskip("pandas")
    made = pandas.Categorical(["emu", "cat"], categories=PETS)
    series = pandas.Series(made)
    for source in (made, made.dtype, series, made.categories, pandas.Index(made)):
        assert as_class_names(source) == PETS
    assert as_class_names(pandas.Series(list(PETS))) == PETS


def test_class_labels_of_datasets_are_names():
    datasets = pytest.importorskip("datasets")
    label = datasets.ClassLabel(names=list(PETS))
    assert as_class_names(label) == PETS
    data = datasets.Dataset.from_dict({"y": [0, 2]})
    with pytest.raises(DecodingError, match=r'dataset\.features\["label"\]'):
        as_class_names(data)


def test_names_of_another_labeled_model_are_taken():
    def model():
        dense = keras.layers.Dense(3, activation="softmax")
        return keras.Sequential([keras.Input((2,)), dense])

    first = LabeledModel(model(), class_names=PETS)
    assert LabeledModel(model(), class_names=first).class_names == PETS


@pytest.fixture(scope="module")
def image_dataset(tmp_path_factory):
    tf = pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("images")
    for name in ("dog", "cat"):
        (folder / name).mkdir()
        pixels = tf.zeros((4, 4, 3), "uint8")
        tf.io.write_file(str(folder / name / "0.png"), tf.io.encode_png(pixels))
    return keras.utils.image_dataset_from_directory(
        str(folder), image_size=(4, 4), verbose=False
    )


def test_image_folder_carries_names(image_dataset):
    assert as_class_names(image_dataset) == ("cat", "dog")


def test_mapped_dataset_says_how_it_lost_its_names(image_dataset):
    lost = image_dataset.map(lambda x, y: (x / 255, y)).prefetch(1)
    with pytest.raises(DecodingError) as error:
        as_class_names(lost)
    text = str(error.value)
    assert "it has no `class_names`" in text
    assert "image_dataset_from_directory" in text
    assert "Read `dataset.class_names` first and pass that list" in text


@pytest.mark.parametrize(
    "dataset",
    [
        type("Loader", (), {"batch_size": 4, "__getitem__": None})(),
        type("Batches", (keras.utils.PyDataset,), {"__len__": lambda self: 1})(),
    ],
    ids=lambda dataset: type(dataset).__name__,
)
def test_dataset_without_names_is_not_read_for_them(dataset):
    with pytest.raises(DecodingError, match=r"Read `dataset\.class_names` first"):
        as_class_names(dataset)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("cat", "as a list.*Received: 'cat'"),
        (b"cat", "as a list.*type bytes"),
        ({"cat", "dog"}, "in the order of the class ids.*type set"),
        (frozenset(PETS), "type frozenset"),
        (3, "from this int: it is neither a list nor a mapping"),
        (object(), "class_names, class_indices, classes_"),
        (["cat", 1], r"name 1 is 1 \(type int\). Pass \[str\(name\) for name"),
        (np.array([3, 4]), r"name 0 is .*3.*\[str\(name\) for name in names\]"),
        ([b"cat"], r"name 0 is b'cat' \(type bytes\). Pass \[name.decode\(\) for"),
        (["cat", None], "name 1 is None"),
        ([["cat", "dog"]], r"name 0 is \['cat', 'dog'\] \(type list\)"),
        (["cat", ""], "must not be empty: name 1"),
        (["cat", " \t"], "must not be empty: name 1"),
        (["cat", "d\0g"], "text that files can hold: name 1"),
        (["cat", "\ud800"], "text that files can hold: name 1"),
        (["cat", "dog", "cat"], r"more than once: \['cat'\]"),
        (Carrier(classes_=np.array([0, 1])), "must be strings"),
        ({0: "cat", 2: "dog"}, "ids 0 to 1, each once"),
        ({1: "cat", 2: "dog"}, "ids 0 to 1, each once"),
        ({"cat": 0, "dog": 0}, "ids 0 to 1, each once"),
        ({"cat": "dog"}, "{id: name} or {name: id}"),
        ({"cat": 0.0}, "{id: name} or {name: id}"),
        ({"0": "cat", "2": "dog"}, r"each once. Outside: \[2\]. Missing: \[1\]"),
        ({"00": "cat", "0": "dog"}, r"each once. Twice: \[0\]. Missing: \[1\]"),
        ({"cat": 0, "dog": 0, "emu": 2}, r"Twice: \[0\]. Missing: \[1\]"),
        ({"0": "cat", "x": "dog"}, "{id: name} or {name: id}"),
        ({"0": "1", "1": "2", "2": "0"}, "digits on both sides"),
        ({"0": ["n01", "cat"], "1": ["n01", "cat"]}, r"once: \['cat \(n01\)'\]"),
        ({"0": []}, r"must be strings: name 0 is \[\]"),
        ({False: "cat", True: "dog"}, "{id: name} or {name: id}"),
        ({0: 1, 1: 0}, "must be strings"),
        ({0: "cat", 1: "cat"}, "more than once"),
    ],
)
def test_what_are_no_names_is_refused(source, message):
    with pytest.raises(DecodingError, match=message):
        as_class_names(source)


def test_many_names_are_checked_fast_and_reported_short():
    many = [f"class {i}" for i in range(200_000)]
    assert len(as_class_names(many)) == 200_000
    with pytest.raises(DecodingError) as error:
        as_class_names(many * 2)
    assert len(str(error.value)) < 300
