"""Class names from whatever carries them, and what is refused."""

import keras
import numpy as np
import pytest

from keras_labels import DecodingError, LabeledModel
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
        ({"0": "cat", "1": "dog"}, "{id: name} or {name: id}"),
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
