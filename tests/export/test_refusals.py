"""What cannot be exported, or is no export, is one sentence; nothing is left behind."""

import sys
import zipfile

import keras
import numpy as np
import pytest
from labelers import (
    BACKEND,
    SUFFIXES,
    WRITTEN,
    X,
    binary,
    multiclass,
    path_of,
    several_heads,
)

import keras_labels as kl

every_format = pytest.mark.parametrize("format", WRITTEN)
REFUSED = sorted(set(SUFFIXES) - set(WRITTEN))


@pytest.mark.parametrize("format", REFUSED)
def test_backend_that_cannot_write_a_format_names_the_way_round(format, tmp_path):
    with pytest.raises(kl.ExportError, match=f"{format} on the backend {BACKEND}") as e:
        multiclass().export(path_of(tmp_path, format))
    assert "keras-labels export" in str(e.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "format", "match"),
    [
        ("model.bin", None, "names no format"),
        ("model.onnx", "litert", "ends with '.tflite'"),
        ("model.onnx", "tf_saved_model", "names a folder"),
        ("model", "onnx", "ends with '.onnx'"),
        ("model.onnx", "coreml", "one of"),
    ],
)
def test_path_and_format_must_go_together(name, format, match, tmp_path):
    with pytest.raises(kl.ExportError, match=match):
        multiclass().export(tmp_path / name, format)


@pytest.mark.parametrize("outputs", [(), ("labels", "labels"), ("proba",), "class"])
def test_outputs_are_known_and_named_once(outputs, tmp_path):
    with pytest.raises(kl.ExportError, match="one or more of"):
        multiclass().export(path_of(tmp_path, WRITTEN[0]), outputs=outputs)


@every_format
def test_labels_need_names_and_a_format_of_strings(format, tmp_path):
    path = path_of(tmp_path, format)
    with pytest.raises(kl.ExportError, match="needs class names"):
        multiclass(class_names=None).export(path, outputs=["labels"])
    if format in ("openvino", "torch"):
        with pytest.raises(kl.ExportError, match="hold no strings"):
            multiclass().export(path, outputs=["labels"])
    assert not list(tmp_path.iterdir())


@every_format
def test_file_that_decides_otherwise_does_not_stay(format, tmp_path, monkeypatch):
    """The comparison can fail: Keras is made to decide otherwise than the file."""
    from keras_labels.prediction import Predictor

    predict = Predictor.predict

    def other(self, *args, **kwargs):
        made = predict(self, *args, **kwargs)
        if len(made["classes"]) >= len(X):
            made["classes"][5] = (made["classes"][5] + 1) % 3
        return made

    monkeypatch.setattr(Predictor, "predict", other)
    with pytest.raises(kl.ExportError, match=r"'classes' differs in .* first in row 5"):
        multiclass().export(path_of(tmp_path, format), samples=X)
    assert not list(tmp_path.iterdir())


@every_format
def test_failed_export_leaves_what_stood_there(format, tmp_path, monkeypatch):
    path = path_of(tmp_path, format)
    labeled = multiclass()
    labeled.export(path, verify=False)

    def broken(*args, **kwargs):
        raise RuntimeError("no runtime")

    kind = sys.modules["keras_labels.export._trial"]
    monkeypatch.setattr(kind, "compared", broken)
    with pytest.raises(RuntimeError):
        labeled.with_decoding(reject_below=0.9).export(path)
    assert kl.read_decoding(path) == labeled.decoding


@every_format
def test_missing_package_is_named_with_its_line(format, tmp_path, monkeypatch):
    package = {
        "tf_saved_model": "tensorflow" if BACKEND == "jax" else None,
        "onnx": "onnx",
        "litert": "ai_edge_litert",
        "openvino": "openvino",
        "torch": None,
    }[format]
    if package is None:
        pytest.skip("the format takes no package beside the backend")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(kl.MissingExtraError, match="pip install") as raised:
        multiclass().export(path_of(tmp_path, format))
    assert isinstance(raised.value, ImportError)
    assert not list(tmp_path.iterdir())


def test_folder_with_other_files_is_not_replaced(tmp_path):
    path = path_of(tmp_path, WRITTEN[0])
    path.mkdir(exist_ok=True)
    (path / "notes.txt").write_text("mine")
    with pytest.raises(kl.ExportError, match="other files in it"):
        multiclass().export(path)
    assert (path / "notes.txt").read_text() == "mine"


def test_what_is_no_export_cannot_be_read(tmp_path):
    (tmp_path / "text.onnx").write_text("no model")
    (tmp_path / "text.pt2").write_text("no archive")
    (tmp_path / "text.xml").write_text("<net><layers>")
    (tmp_path / "text.keras").write_text("no archive")
    (tmp_path / "text.txt").write_text("no export")
    (tmp_path / "folder").mkdir()
    for name in ("text.onnx", "text.pt2", "text.xml", "text.keras", "text.txt"):
        with pytest.raises(kl.ExportError, match=name):
            kl.read_decoding(tmp_path / name)
    for name in ("folder", "absent.onnx"):
        with pytest.raises(kl.ExportError):
            kl.read_decoding(tmp_path / name)


def test_keras_file_without_decisions_says_so(tmp_path):
    multiclass().model.save(tmp_path / "plain.keras")
    with pytest.raises(kl.ExportError, match="holds no decoding"):
        kl.read_decoding(tmp_path / "plain.keras")


def test_metadata_of_a_later_release_is_refused(tmp_path):
    labeled = binary()
    labeled.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        config = archive.read("config.json").replace(b'"version": 1', b'"version": 9')
    with zipfile.ZipFile(tmp_path / "later.keras", "w") as archive:
        archive.writestr("config.json", config)
    with pytest.raises(kl.ExportError, match="later keras_labels"):
        kl.read_decoding(tmp_path / "later.keras")


@every_format
def test_inputs_of_another_shape_are_refused(format, tmp_path):
    path = path_of(tmp_path, format)
    multiclass().export(path, outputs=["classes"], verify=False)
    exported = kl.load_exported(path)
    for x in (X[:, :3], X[0], np.array([["a"] * 4])):
        with pytest.raises(kl.InputError, match="Input 'input' takes numbers of shape"):
            exported.predict_classes(x)
    with pytest.raises(kl.InputError, match="no probabilities"):
        exported.predict_proba(X)
    odd = X.copy()
    odd[3] = np.nan
    with pytest.raises(kl.InputError, match="rows 3"):
        exported.predict_classes(odd)
    assert exported.predict_classes(odd, invalid="mark")[3] == -1


def test_subclassed_model_of_unknown_inputs_asks_for_samples(tmp_path):
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(kl.ExportError, match="samples="):
        kl.export.export(Own(), multiclass().decoding, path_of(tmp_path, WRITTEN[0]))


def test_saved_model_does_not_replace_a_file(tmp_path):
    if "tf_saved_model" not in WRITTEN:
        pytest.skip("tf_saved_model is not written on this backend")
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(kl.ExportError, match="something else"):
        multiclass().export(tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_new_folders_of_a_failed_export_go_as_well(tmp_path):
    with pytest.raises(kl.ExportError, match="no row"):
        multiclass().export(tmp_path / "a" / "b" / "m.onnx", samples=X[:0])
    strings = keras.Sequential(
        [keras.Input((1,), dtype="string"), keras.layers.Identity(dtype="string")]
    )
    with pytest.raises(kl.ExportError):
        kl.export.export(strings, binary().decoding, tmp_path / "a" / "b" / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_decision_of_a_sibling_is_not_changed(tmp_path):
    labeled = multiclass()
    labeled.export(tmp_path / "one.onnx", verify=False)
    (tmp_path / "one.tflite").write_bytes(b"the same model for phones")
    with pytest.raises(
        kl.ExportError, match=r"one\.decoding\.json of another model or"
    ):
        labeled.with_decoding(reject_below=0.7).export(tmp_path / "one.onnx")


@every_format
def test_several_models_fit_in_one_folder(format, tmp_path):
    made = {"cat": multiclass(), "dog": binary(), "owl": several_heads()}
    paths = {n: path_of(tmp_path, format).with_stem(n) for n in made}
    for name, labeled in made.items():
        labeled.export(paths[name], format)
    for name, labeled in made.items():
        assert kl.read_decoding(paths[name]) == labeled.decoding
        kl.load_exported(paths[name]).predict(X)
    made["dog"].with_decoding(threshold=0.7).export(paths["dog"], format)
    if paths["dog"].is_file():
        found = {one.name for one in tmp_path.iterdir() if one.suffix != ".bin"}
        files = {"cat.labels.txt", "dog.labels.txt", "owl.species_labels.txt"}
        files |= {f"{name}.decoding.json" for name in made}
        assert found == {path.name for path in paths.values()} | files


def test_metadata_that_another_tool_dropped_is_read_beside(tmp_path):
    onnx = pytest.importorskip("onnx")
    rules = {"cat": multiclass(), "dog": binary()}
    for name, labeled in rules.items():
        labeled.export(tmp_path / f"{name}.onnx", verify=False)
        model = onnx.load(str(tmp_path / f"{name}.onnx"))
        del model.metadata_props[:]
        onnx.save(model, str(tmp_path / f"{name}.onnx"))
    for name, labeled in rules.items():
        path = tmp_path / f"{name}.onnx"
        assert kl.read_decoding(path) == labeled.decoding
        with pytest.raises(kl.ExportError, match=r"metadata of .* is lost"):
            kl.load_exported(path)
    (tmp_path / "cat.decoding.json").rename(tmp_path / "decoding.json")
    with pytest.raises(kl.ExportError, match="holds no decoding"):
        kl.read_decoding(tmp_path / "cat.onnx")  # it may be of the other
    (tmp_path / "dog.onnx").unlink()
    assert kl.read_decoding(tmp_path / "cat.onnx") == rules["cat"].decoding


def test_files_of_the_first_naming_go_with_the_export_that_they_tell_of(tmp_path):
    multiclass().export(tmp_path / "m.onnx", verify=False)
    for name in ("labels.txt", "decoding.json"):
        (tmp_path / f"m.{name}").rename(tmp_path / name)
    assert kl.read_decoding(tmp_path / "m.onnx") == multiclass().decoding
    multiclass().export(tmp_path / "m.onnx", verify=False)
    found = {one.name for one in tmp_path.iterdir()}
    assert found == {"m.onnx", "m.labels.txt", "m.decoding.json"}


def test_label_files_of_the_replaced_export_go(tmp_path):
    multiclass().export(tmp_path / "m.onnx", verify=False)
    assert (tmp_path / "m.labels.txt").exists()
    multiclass(class_names=None).export(tmp_path / "m.onnx", verify=False)
    assert not (tmp_path / "m.labels.txt").exists()
