"""What every format has in common: outputs, names, files beside, reading back."""

import json

import keras
import numpy as np
import pytest
from labelers import (
    NAMES,
    WITH_LABELS,
    WRITTEN,
    X,
    binary,
    multiclass,
    multilabel,
    path_of,
    several_heads,
)

import keras_labels as kl


def beside(path, name):
    """Return the path of a file beside an export, or in its folder."""
    return path / name if path.is_dir() else path.parent / f"{path.stem}.{name}"


every_format = pytest.mark.parametrize("format", WRITTEN)


@every_format
def test_file_gives_the_decisions_of_the_model(format, tmp_path):
    labeled = multiclass(reject_below=0.6)
    report = labeled.export(path_of(tmp_path, format))
    exported = kl.load_exported(report.path)
    np.testing.assert_array_equal(
        exported.predict_classes(X), labeled.predict_classes(X)
    )
    np.testing.assert_array_equal(exported.predict_labels(X), labeled.predict_labels(X))
    p = exported.predict_proba(X)
    np.testing.assert_allclose(p, labeled.predict_proba(X), atol=1e-6)
    assert (report.format, exported.format) == (format, format)
    assert p.dtype == np.float32
    assert exported.predict_classes(X).dtype == np.int32
    assert set(exported.predict_classes(X)) >= {-1, 0}
    assert report.agreement.rows >= 64
    assert report.agreement.drift < 1e-6


@every_format
def test_decoding_is_read_back_equal(format, tmp_path):
    for number, make in enumerate((multiclass, binary, multilabel, several_heads)):
        labeled = make()
        path = path_of(tmp_path / str(number), format)
        labeled.export(path, verify=False)
        assert kl.read_decoding(path) == labeled.decoding


@every_format
def test_names_and_decoding_stand_beside(format, tmp_path):
    path = path_of(tmp_path / "new" / "folder", format)
    labeled = multiclass()
    labeled.export(path)
    text = beside(path, "labels.txt").read_text(encoding="utf-8")
    assert text.splitlines() == list(NAMES)
    stored = json.loads(beside(path, "decoding.json").read_text(encoding="utf-8"))
    assert kl.Decoding.from_dict(stored) == labeled.decoding
    assert not [one for one in path.parent.iterdir() if one.name.startswith(".")]


def test_thresholds_that_are_all_equal_stand_there_once(tmp_path):
    for name, cuts in (("equal", (0.3, 0.3, 0.3)), ("other", (0.3, 0.4, 0.3))):
        labeled, path = multilabel(threshold=cuts), path_of(tmp_path / name, WRITTEN[0])
        labeled.export(path, verify=False)
        stored = json.loads(beside(path, "decoding.json").read_text(encoding="utf-8"))
        assert stored["threshold"] == ([0.3] if name == "equal" else list(cuts))
        assert kl.Decoding.from_dict(stored) == labeled.decoding
        assert kl.read_decoding(path) == labeled.decoding


@every_format
def test_several_heads_have_prefixed_outputs_and_their_own_names(format, tmp_path):
    labeled = several_heads()
    path = path_of(tmp_path, format)
    report = labeled.export(path, outputs=("classes", "probabilities"))
    expected = ["species_classes", "species_probabilities"]
    expected += ["sick_classes", "sick_probabilities", "raw"]
    assert set(report.outputs) == set(expected)
    exported = kl.load_exported(path)
    classes = labeled.predict_classes(X)
    for head, found in exported.predict_classes(X).items():
        np.testing.assert_array_equal(found, classes[head])
    raw = exported.predict(X)["raw"]
    np.testing.assert_allclose(raw, labeled.predict_proba(X)["raw"], atol=1e-5)
    text = beside(path, "species_labels.txt").read_text(encoding="utf-8")
    assert text.startswith("red")
    assert not beside(path, "sick_labels.txt").exists()


@pytest.mark.parametrize("format", WITH_LABELS)
def test_labels_are_strings_in_the_file(format, tmp_path):
    for number, make in enumerate((multiclass, binary)):
        labeled = make(reject_below=0.6)
        path = path_of(tmp_path / str(number), format)
        labeled.export(path, outputs=("labels", "classes"))
        found = kl.load_exported(path).predict(X)
        texts = [
            one.decode() if isinstance(one, bytes) else one for one in found["labels"]
        ]
        assert texts == [one or "" for one in labeled.predict_labels(X)]
        assert "" in texts


@pytest.mark.parametrize("format", WITH_LABELS)
def test_labels_of_multilabel_stand_where_they_are_decided(format, tmp_path):
    labeled = multilabel(max_labels=2)
    path = path_of(tmp_path, format)
    labeled.export(path, outputs=["labels"])
    found = kl.load_exported(path).predict(X)["labels"]
    marks = labeled.predict_classes(X)
    texts = [[t.decode() if isinstance(t, bytes) else t for t in row] for row in found]
    assert texts == np.where(marks == 1, np.array(NAMES), "").tolist()


@every_format
def test_scores_pass_through(format, tmp_path):
    labeled = multiclass()
    path = path_of(tmp_path, format)
    assert labeled.export(path, outputs="scores").outputs == ("scores",)
    found = kl.load_exported(path).predict(X)["scores"]
    np.testing.assert_allclose(found, labeled.predict(X, verbose=0), atol=1e-5)


@every_format
@pytest.mark.parametrize("rows", [1, 2, 33])
def test_any_number_of_rows(format, rows, tmp_path):
    labeled = multiclass()
    path = path_of(tmp_path, format)
    labeled.export(path, verify=False)
    found = kl.load_exported(path).predict_classes(X[:rows])
    np.testing.assert_array_equal(found, labeled.predict_classes(X[:rows]))


@every_format
def test_inputs_keep_names_order_and_types(format, tmp_path):
    inputs = {
        "words": keras.Input((3,), dtype="int32", name="words"),
        "extra": keras.Input((2,), name="extra"),
    }
    vectors = keras.layers.Embedding(9, 4)(inputs["words"])
    both = [keras.layers.Flatten()(vectors), inputs["extra"]]
    scores = keras.layers.Dense(3)(keras.layers.Concatenate()(both))
    model = keras.Model(inputs, scores)
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    path = path_of(tmp_path, format)
    labeled.export(path)
    exported = kl.load_exported(path)
    found = {one.name: (one.shape, one.dtype) for one in exported.inputs}
    assert found == {"words": ((None, 3), "int32"), "extra": ((None, 2), "float32")}
    x = {"extra": X[:, :2], "words": np.arange(120).reshape(40, 3) % 9}
    np.testing.assert_array_equal(
        exported.predict_classes(x), labeled.predict_classes(x)
    )


@every_format
def test_input_without_a_name_is_called_input(format, tmp_path):
    path = path_of(tmp_path, format)
    multiclass().export(path, verify=False)
    assert [one.name for one in kl.load_exported(path).inputs] == ["input"]


@every_format
def test_subclassed_model_that_was_never_called_is_exported_with_samples(
    format, tmp_path
):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, x):
            return self.dense(x)

    model = Own()
    path = path_of(tmp_path, format)
    decoding = multiclass().decoding
    kl.export.export(model, decoding, path, samples=X[:16])
    labeled = kl.LabeledModel(model, decoding=decoding)
    found = kl.load_exported(path).predict_classes(X)
    np.testing.assert_array_equal(found, labeled.predict_classes(X))


@every_format
def test_second_export_replaces_the_first(format, tmp_path):
    path = path_of(tmp_path, format)
    multiclass().export(path, verify=False)
    again = multiclass(reject_below=0.9)
    again.export(path, verify=False)
    assert kl.read_decoding(path) == again.decoding


def test_formats_share_a_folder_of_one_decision(tmp_path):
    labeled = multiclass()
    for kind in WRITTEN:
        labeled.export(path_of(tmp_path, kind), verify=False)
        assert kl.read_decoding(path_of(tmp_path, kind)) == labeled.decoding
    assert len(list(tmp_path.glob("*.decoding.json"))) == 1


def test_keras_files_are_read_without_loading_them(tmp_path):
    labeled = binary(threshold=0.25)
    labeled.save(tmp_path / "labeled.keras")
    labeled.decoded().save(tmp_path / "decoded.keras")
    for name in ("labeled", "decoded"):
        assert kl.read_decoding(tmp_path / f"{name}.keras") == labeled.decoding


@every_format
def test_statistics_of_a_normalization_travel(format, tmp_path):
    """tf2onnx makes inputs of them, and Keras' own file of it cannot be run."""
    scale = keras.layers.Normalization()
    scale.adapt(100 * X + 7)
    model = keras.Sequential([keras.Input((4,)), scale, keras.layers.Dense(3)])
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    path = path_of(tmp_path, format)
    report = labeled.export(path, samples=100 * X + 7)
    assert report.agreement.classes == 3
    found = kl.load_exported(path).predict_classes(100 * X + 7)
    np.testing.assert_array_equal(found, labeled.predict_classes(100 * X + 7))


@every_format
def test_no_rows_have_no_decisions(format, tmp_path):
    path = path_of(tmp_path, format)
    multiclass().export(path, verify=False)
    exported = kl.load_exported(path)
    assert exported.predict_classes(X[:0]).shape == (0,)
    assert exported.predict_proba(X[:0]).shape == (0, 3)


def test_report_says_what_was_compared(tmp_path):
    report = multiclass().export(tmp_path / "m.onnx", outputs=["classes"], samples=X)
    said = str(report)
    assert "(onnx) with classes; verified: 40 rows" in said or "48 rows" in said
    assert report.agreement.drift is None
    unverified = multiclass().export(tmp_path / "n.onnx", verify=False)
    assert "not verified" in str(unverified)
