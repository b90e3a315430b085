"""What becomes of a file afterwards: it is rounded to 8 or 16 bits, and still decides.

The class is the argmax, or the cut, of the file's own numbers.
"""

import keras
import numpy as np
import pytest
from labelers import WRITTEN

import keras_labels as kl

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
    def written(self, folder, task="multiclass", **options):
        path = folder / "m.onnx"
        labeled(task, **options).export(path)
        return path

    def run(self, path):
        import onnxruntime

        session = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"]
        )
        names = [one.name for one in session.get_outputs()]
        return dict(zip(names, session.run(names, {"rows": X}), strict=True))

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
