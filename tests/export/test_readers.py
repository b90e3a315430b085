"""What the readers of each format find without this library."""

import json
import zipfile

import keras
import numpy as np
import pytest
from labelers import NAMES, WRITTEN, X, binary, multiclass, multilabel, several_heads

import keras_labels as kl


def only(format):
    reason = f"{format} is not written on this backend"
    return pytest.mark.skipif(format not in WRITTEN, reason=reason)


@only("tf_saved_model")
class TestSavedModel:
    def served(self, labeled, folder, **options):
        import tensorflow as tf

        labeled.export(folder, **options)
        return tf.saved_model.load(str(folder))

    def test_endpoints_answer_one_question_each(self, tmp_path):
        import tensorflow as tf

        labeled = multiclass()
        loaded = self.served(labeled, tmp_path / "m")
        x = tf.constant(X)
        for name, outputs in {
            "serve": {"probabilities", "classes"},
            "serving_default": {"probabilities", "classes"},
            "predict_proba": {"probabilities"},
            "predict_classes": {"classes"},
            "predict_labels": {"labels"},
        }.items():
            assert set(loaded.signatures[name](x)) == outputs
            assert set(getattr(loaded, name)(x)) == outputs
        labels = loaded.predict_labels(x)["labels"].numpy()
        assert [t.decode() for t in labels] == labeled.predict_labels(X).tolist()
        classes = loaded.predict_classes(x)["classes"].numpy()
        np.testing.assert_array_equal(classes, labeled.predict_classes(X))

    def test_without_names_there_is_no_endpoint_of_labels(self, tmp_path):
        loaded = self.served(multiclass(class_names=None), tmp_path / "m")
        assert "predict_labels" not in loaded.signatures
        assert not (tmp_path / "m" / "labels.txt").exists()

    def test_labels_of_several_heads_that_have_names(self, tmp_path):
        import tensorflow as tf

        loaded = self.served(several_heads(), tmp_path / "m", outputs=("classes",))
        found = loaded.predict_labels(tf.constant(X))
        assert set(found) == {"species_labels", "raw"}


@only("onnx")
class TestOnnx:
    def test_names_and_outputs(self, tmp_path):
        import onnx
        import onnxruntime

        labeled = multiclass()
        labeled.export(tmp_path / "m.onnx", outputs=("classes", "labels", "scores"))
        onnx.checker.check_model(str(tmp_path / "m.onnx"), full_check=True)
        session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
        metadata = session.get_modelmeta().custom_metadata_map
        assert json.loads(metadata["class_names"]) == list(NAMES)
        stored = json.loads(metadata["keras_labels"])["decoding"]
        assert kl.Decoding.from_dict(stored) == labeled.decoding
        outputs = [(one.name, one.type, one.shape) for one in session.get_outputs()]
        assert outputs == [
            ("classes", "tensor(int32)", ["batch"]),
            ("labels", "tensor(string)", ["batch"]),
            ("scores", "tensor(float)", ["batch", 3]),
        ]
        assert session.get_inputs()[0].shape[1:] == [4]
        assert isinstance(session.get_inputs()[0].shape[0], str)
        labels = session.run(["labels"], {"input": X})[0]
        assert labels.tolist() == labeled.predict_labels(X).tolist()

    def test_names_of_every_head(self, tmp_path):
        import onnxruntime

        several_heads().export(tmp_path / "m.onnx")
        session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
        metadata = session.get_modelmeta().custom_metadata_map
        assert json.loads(metadata["species_class_names"]) == list(NAMES)
        assert "sick_class_names" not in metadata


@only("litert")
class TestLiteRt:
    def test_label_file_is_packed_into_the_model(self, tmp_path):
        multiclass().export(tmp_path / "m.tflite")
        with zipfile.ZipFile(tmp_path / "m.tflite") as archive:
            assert archive.read("labels.txt").decode().splitlines() == list(NAMES)

    def test_metadata_names_the_label_file_of_each_output(self, tmp_path):
        """Read with the offsets of metadata_schema.fbs."""
        from ai_edge_litert import schema_py_generated as schema
        from flatbuffers.table import Table

        several_heads().export(tmp_path / "m.tflite")
        buffer = (tmp_path / "m.tflite").read_bytes()
        model = schema.Model.GetRootAs(buffer, 0)
        entries = [model.Metadata(i) for i in range(model.MetadataLength())]
        entry = next(one for one in entries if one.Name() == b"TFLITE_METADATA")
        data = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
        assert data[4:8] == b"M001"

        def field(table, slot):
            offset = table.Offset(4 + 2 * slot)
            return offset + table.Pos if offset else None

        def tables(table, slot):
            place = table.Offset(4 + 2 * slot)
            if not place:
                return []
            start = table.Vector(place)
            places = range(start, start + 4 * table.VectorLen(place), 4)
            return [Table(table.Bytes, table.Indirect(one)) for one in places]

        root = Table(data, int.from_bytes(data[:4], "little"))
        (subgraph,) = tables(root, 3)
        outputs = {
            one.String(field(one, 0)).decode(): [
                file.String(field(file, 0)).decode() for file in tables(one, 6)
            ]
            for one in tables(subgraph, 3)
        }
        assert outputs["species_probabilities"] == ["species_labels.txt"]
        assert outputs["species_classes"] == ["species_labels.txt"]
        assert outputs["sick_classes"] == outputs["raw"] == []

    def test_no_operation_of_tensorflow_is_needed(self, tmp_path):
        from ai_edge_litert import schema_py_generated as schema

        multilabel(min_labels=1).export(
            tmp_path / "m.tflite", outputs=("labels", "probabilities")
        )
        model = schema.Model.GetRootAs((tmp_path / "m.tflite").read_bytes(), 0)
        codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
        assert codes
        assert not any(code.CustomCode() for code in codes)

    def test_half_precision_needs_operations_that_phones_lack(self, tmp_path):
        layer = keras.layers.Dense(3, dtype="mixed_float16")
        model = keras.Sequential([keras.Input((4,)), layer])
        labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
        with pytest.raises(kl.ExportError, match="computes in 16 bits"):
            labeled.export(tmp_path / "m.tflite")
        assert not list(tmp_path.iterdir())


@only("openvino")
class TestOpenVino:
    def test_model_api_finds_labels_and_threshold(self, tmp_path):
        import openvino

        binary(threshold=0.3).export(tmp_path / "b.xml")
        multilabel().export(tmp_path / "new" / "l.xml")
        core = openvino.Core()
        model = core.read_model(str(tmp_path / "b.xml"))
        info = {
            key: str(model.get_rt_info(["model_info", key]).astype(str))
            for key in ("labels", "label_ids", "multilabel", "confidence_threshold")
        }
        assert info == {
            "labels": "no yes",
            "label_ids": "0 1",
            "multilabel": "False",
            "confidence_threshold": "0.3",
        }
        other = core.read_model(str(tmp_path / "new" / "l.xml"))
        labels = other.get_rt_info(["model_info", "labels"]).astype(str)
        assert labels == "red_fox Bär emu"
        assert [one.get_any_name() for one in model.outputs] == [
            "probabilities",
            "classes",
        ]

    def test_weights_keep_their_precision(self, tmp_path):
        labeled = multiclass()
        labeled.export(tmp_path / "m.xml")
        size = (tmp_path / "m.bin").stat().st_size
        assert size > 3.5 * sum(np.size(w) for w in labeled.get_weights())


@only("torch")
class TestTorch:
    def test_program_gives_named_outputs_and_extra_files(self, tmp_path):
        import torch

        labeled = multiclass()
        labeled.export(tmp_path / "m.pt2")
        extra = {"labels.txt": "", "keras_labels.json": ""}
        program = torch.export.load(str(tmp_path / "m.pt2"), extra_files=extra)
        made = program.module()(torch.from_numpy(X))
        assert list(made) == ["probabilities", "classes"]
        classes = made["classes"].numpy()
        np.testing.assert_array_equal(classes, labeled.predict_classes(X))
        assert extra["labels.txt"].splitlines() == list(NAMES)
        stored = json.loads(extra["keras_labels.json"])["decoding"]
        assert kl.Decoding.from_dict(stored) == labeled.decoding
