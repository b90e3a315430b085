"""Tasks of KerasHub, built from a configuration: they preprocess in their `predict`."""

import json

import keras
import numpy as np
import pytest
import reference
from labelers import BACKEND

from keras_labels import (
    ExportError,
    HeadWarning,
    LabeledModel,
    detect_head,
    load_exported,
)

hub = pytest.importorskip("keras_hub", reason="KerasHub takes python 3.11, keras 3.15")

NAMES = ["bad", "fair", "good"]
IMAGES = np.random.default_rng(0).integers(0, 256, (9, 20, 20, 3)).astype("uint8")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "dull"]
TEXTS = ["a good film", "bad", "a dull bad film", "good good", "film"]


def with_weights(task):
    """Give a task weights that no seed of Keras changes, and scores that differ."""
    rng = np.random.default_rng(5)
    task.set_weights([rng.normal(size=one.shape) for one in task.weights])
    return task


def image_task(activation=None):
    converter = hub.layers.ViTImageConverter(image_size=(16, 16), scale=1 / 255)
    backbone = hub.models.ViTBackbone(
        image_shape=(16, 16, 3),
        patch_size=4,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        mlp_dim=8,
    )
    task = hub.models.ViTImageClassifier(
        backbone=backbone,
        num_classes=3,
        activation=activation,
        preprocessor=hub.models.ViTImageClassifierPreprocessor(converter),
    )
    return with_weights(task)


def text_task(activation=None):
    tokenizer = hub.models.BertTokenizer(vocabulary=WORDS)
    backbone = hub.models.BertBackbone(
        vocabulary_size=len(WORDS),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=8,
        max_sequence_length=8,
    )
    task = hub.models.BertTextClassifier(
        backbone=backbone,
        num_classes=3,
        activation=activation,
        preprocessor=hub.models.BertTextClassifierPreprocessor(
            tokenizer, sequence_length=8
        ),
    )
    return with_weights(task)


TASKS = {"image": (image_task, IMAGES), "text": (text_task, TEXTS)}
tasks = pytest.mark.parametrize(("make", "x"), TASKS.values(), ids=list(TASKS))


@tasks
def test_probabilities_are_the_softmax_of_what_the_task_predicts(make, x):
    task = make()
    head = detect_head(task)
    assert (head.task, head.units, head.from_logits) == ("multiclass", 3, True)
    labeled = LabeledModel(task, class_names=NAMES)
    own = task.predict(x, verbose=0)
    p = labeled.predict_proba(x)
    np.testing.assert_allclose(p, reference.softmax(own), atol=1e-5)
    assert labeled.predict_classes(x).tolist() == own.argmax(-1).tolist()
    assert labeled.predict_labels(x).tolist() == [NAMES[i] for i in own.argmax(-1)]
    assert labeled.predict_one(x[0]).label == NAMES[own[0].argmax()]


@tasks
def test_a_softmax_that_the_task_applies_is_not_applied_again(make, x):
    task = make("softmax")
    # KerasHub compiles it with a loss from logits all the same, which is warned of.
    with pytest.warns(HeadWarning, match="The activation wins"):
        labeled = LabeledModel(task)
    assert not labeled.head.from_logits
    np.testing.assert_allclose(
        labeled.predict_proba(x), task.predict(x, verbose=0), atol=1e-6
    )


@tasks
def test_datasets_and_reports_see_what_the_task_predicts(make, x):
    task = make()
    labeled = LabeledModel(task, class_names=NAMES)
    y = task.predict(x, verbose=0).argmax(-1)
    batches = [(x[at : at + 2], y[at : at + 2]) for at in range(0, len(x), 2)]
    y_true, p = labeled.predict_with_targets(iter(batches))
    assert y_true.tolist() == y.tolist() == p.argmax(-1).tolist()
    assert labeled.report(iter(batches)).to_dict()["metrics"]["accuracy"] == 1


@tasks
def test_a_file_says_what_it_would_lack(make, x, tmp_path):
    del x
    labeled = LabeledModel(make(), class_names=NAMES)
    path = tmp_path / "m.onnx"
    with pytest.raises(ExportError, match=r"preprocessor .* preprocessing=False"):
        labeled.export(path)
    assert not path.exists()


def test_a_file_of_the_call_alone_takes_preprocessed_rows(tmp_path):
    task = image_task()
    labeled = LabeledModel(task, class_names=NAMES)
    # Exporters to ONNX have no operation for the gelu of this backbone.
    path = tmp_path / ("m.pt2" if BACKEND == "torch" else "m")
    report = labeled.export(path, preprocessing=False)
    assert report.agreement is not None
    rows = keras.ops.convert_to_numpy(task.preprocessor(IMAGES))
    made = load_exported(path).predict_classes(rows.astype("float32"))
    assert made.tolist() == labeled.predict_classes(IMAGES).tolist()


def test_a_saved_task_comes_back_with_its_preprocessor(tmp_path):
    labeled = LabeledModel(image_task(), class_names=NAMES)
    labeled.save(tmp_path / "m.keras")
    with pytest.warns(UserWarning, match="compile"):  # a task has a compile of its own
        again = keras.saving.load_model(tmp_path / "m.keras")
    before = labeled.predict_labels(IMAGES).tolist()
    assert again.predict_labels(IMAGES).tolist() == before
    assert json.dumps(again.predict_one(IMAGES[0]).to_dict())
