"""What becomes of a file afterwards: it is rounded to 8 or 16 bits, and still decides.

The class is the argmax, or the cut, of the file's own numbers.
"""

import warnings

import keras
import numpy as np
import pytest
import reference
from labelers import WRITTEN

import keras_labels as kl

OUTPUTS = ("probabilities", "classes", "scores")
X = np.random.default_rng(0).normal(size=(400, 6)).astype("float32")


def labeled(task="multiclass", **options):
    """Return a network of fixed weights; the scores of its classes are far apart."""
    rng = np.random.default_rng(3)
    layers = [keras.layers.Dense(16, "relu"), keras.layers.Dense(4)]
    model = keras.Sequential([keras.Input((6,), name="rows"), *layers])
    shapes = [w.shape for w in model.weights]
    model.set_weights([rng.normal(size=shape).astype("float32") for shape in shapes])
    return kl.LabeledModel(model, task=task, from_logits=True, **options)


def assert_argmax_of_its_own(made, least=0.9):
    """Assert that no class is below another by the file's own probabilities."""
    p, classes = np.asarray(made["probabilities"]), np.asarray(made["classes"])
    assert (classes >= 0).all()
    chosen = np.take_along_axis(p, classes[:, None], axis=1)[:, 0]
    np.testing.assert_array_equal(chosen, p.max(axis=1))
    assert len(np.unique(classes)) > 1
    agreed = classes == labeled().predict_classes(X)
    assert agreed.mean() > least  # the rounding moves some, and only some


@pytest.mark.skipif("onnx" not in WRITTEN, reason="no ONNX on this backend")
class TestOnnx:
    def written(self, folder, task="multiclass", outputs=OUTPUTS, **options):
        path = folder / "m.onnx"
        labeled(task, **options).export(path, outputs=outputs)
        return path

    def half(self, path, keep_io_types):
        """Return the file in float16, and keep the file beside it."""
        import onnx
        from onnxconverter_common import float16

        with warnings.catch_warnings():
            # The largest float32 number, at which infinite logits are clipped.
            warnings.filterwarnings("ignore", "the float32 number .* will be truncated")
            model = float16.convert_float_to_float16(
                onnx.load(path), keep_io_types=keep_io_types
            )
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path.with_name("h.onnx"))
        return path.with_name("h.onnx")

    def run(self, path, x=X):
        import onnxruntime

        session = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"]
        )
        names = [one.name for one in session.get_outputs()]
        return dict(zip(names, session.run(names, {"rows": x}), strict=True))

    # It looks for the range of the NaN that a row with NaN is given.
    @pytest.mark.filterwarnings("ignore:All-NaN axis encountered")
    def test_static_quantisation(self, tmp_path):
        """An empty mask of the highest scores gave class 0, silently."""
        from onnxruntime import quantization

        class Reader(quantization.CalibrationDataReader):
            rows = iter([{"rows": row[None]} for row in X[:50]])

            def get_next(self):
                return next(self.rows, None)

        path = self.written(tmp_path)
        quantization.quantize_static(
            path,
            tmp_path / "q.onnx",
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
        )
        assert_argmax_of_its_own(self.run(tmp_path / "q.onnx"))

    def test_dynamic_quantisation(self, tmp_path):
        from onnxruntime import quantization

        quantization.quantize_dynamic(self.written(tmp_path), tmp_path / "q.onnx")
        assert_argmax_of_its_own(self.run(tmp_path / "q.onnx"))

    @pytest.mark.parametrize("floats", ["float16", "float32"])
    def test_float16(self, floats, tmp_path):
        path = self.half(self.written(tmp_path), keep_io_types=floats != "float16")
        made = self.run(path, X.astype(floats))
        assert made["probabilities"].dtype == floats
        assert_argmax_of_its_own(made)

    @pytest.mark.parametrize("counts", [{}, {"min_labels": 1, "max_labels": 2}])
    def test_labels_in_float16(self, counts, tmp_path):
        path = self.written(tmp_path, "multilabel", **counts)
        made = self.run(self.half(path, keep_io_types=True))
        low, high = counts.get("min_labels", 0), counts.get("max_labels")
        want = reference.multi_label(made["scores"], 0.5, True, low=low, high=high)
        np.testing.assert_array_equal(made["classes"], want)


FORMS = ("dynamic", "float16", "int8", "full_integer")


@pytest.mark.skipif("litert" not in WRITTEN, reason="no LiteRT on this backend")
class TestLiteRt:
    """A SavedModel is what tensorflow's converter quantises."""

    def run(self, labeled, form, folder, outputs=("probabilities", "classes")):
        """Return the outputs of a rounded file, and the steps of its integers."""
        import tensorflow as tf
        from ai_edge_litert.interpreter import Interpreter

        labeled.export(folder / "m", "tf_saved_model", outputs=outputs)
        source, keys = str(folder / "m"), ["serve"]
        converter = tf.lite.TFLiteConverter.from_saved_model(source, keys)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if form == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if form in ("int8", "full_integer"):
            converter.representative_dataset = lambda: ([row[None]] for row in X[:100])
        if form == "full_integer":
            ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.target_spec.supported_ops = ops
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
        serve = Interpreter(model_content=converter.convert()).get_signature_runner()
        x = X
        if form == "full_integer":
            scale, zero = serve.get_input_details()["rows"]["quantization"]
            x = np.clip(np.round(X / scale + zero), -128, 127).astype("int8")
        made = serve(rows=x)
        steps = {n: d["quantization"] for n, d in serve.get_output_details().items()}
        return made, steps

    @pytest.mark.parametrize("form", FORMS)
    def test_the_class_is_the_argmax_of_its_own_numbers(self, form, tmp_path):
        made, _ = self.run(labeled(), form, tmp_path)
        assert made["classes"].dtype == np.int32
        assert_argmax_of_its_own(made)

    @pytest.mark.parametrize("form", FORMS)
    def test_the_labels_are_the_cut_of_its_own_numbers(self, form, tmp_path):
        network = labeled("multilabel", threshold=(0.2, 0.4, 0.5, 0.7))
        made, steps = self.run(network, form, tmp_path, outputs=("scores", "classes"))
        scale, zero = steps["scores"]
        z = made["scores"].astype("float64")
        z, step = (z, 0) if scale == 0 else ((z - zero) * scale, scale)
        cuts = reference.logit
        for scores, marks, cut in zip(
            z.T, made["classes"].T, network.decoding.threshold, strict=True
        ):
            assert set(np.unique(marks)) == {0, 1}
            # Integers round the cut, too: to less than a step of the scores.
            assert scores[marks == 1].min() >= cuts(cut) - step
            assert scores[marks == 0].max() <= cuts(cut) + step
            assert scores[marks == 0].max() <= scores[marks == 1].min()
