r"""A SavedModel for TensorFlow Serving, and what its REST API is asked and answers.

    python examples/export_tensorflow_serving.py served
    tensorflow_model_server --rest_api_port=8501 \
        --model_name=tumor --model_base_path=$PWD/served/tumor
    curl -d @served/request.json localhost:8501/v1/models/tumor:predict

The server is not run here: the same signatures are called with tensorflow alone, and
their results put in the shape of a response.
"""

import json
import sys
from pathlib import Path

import keras
import tensorflow as tf
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import keras_labels as kl


def train(x, y):
    scaling = keras.layers.Normalization()
    scaling.adapt(x)
    model = keras.Sequential(
        [
            keras.Input((30,)),
            scaling,
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    model.fit(x, y, epochs=20, batch_size=16, verbose=0)
    return model


def respond(signatures, request):
    """Answer as TensorFlow Serving does: one prediction for each instance."""
    signature = signatures[request.get("signature_name", "serving_default")]
    ((name, spec),) = signature.structured_input_signature[1].items()
    made = signature(**{name: tf.constant(request["instances"], spec.dtype)})
    columns = {output: plain(tensor) for output, tensor in made.items()}
    if len(columns) == 1:  # a single output goes without its name
        return {"predictions": next(iter(columns.values()))}
    rows = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}


def plain(tensor):
    if tensor.dtype == tf.string:
        return [label.decode("utf-8") for label in tensor.numpy()]
    return tensor.numpy().tolist()


def main(folder="served"):
    """Train, export, ask; return the model and what was asked and answered."""
    keras.utils.set_random_seed(0)
    data = load_breast_cancer()
    x, x_test, y, _ = train_test_split(data.data, data.target, random_state=0)
    # It says "benign" only where it is rather sure.
    names = {"class_names": ["malignant", "benign"], "threshold": 0.8}
    labeled = kl.LabeledModel(train(x, y), **names)

    path = Path(folder, "tumor", "1")  # the server wants a number: the version
    print(labeled.export(path, samples=x))

    signatures = tf.saved_model.load(path).signatures
    instances = x_test[:4].tolist()
    asked = {}
    for name in ("predict_labels", "predict_classes", "serving_default"):
        request = {"signature_name": name, "instances": instances}
        asked[name] = request, respond(signatures, request)
        shown = {**request, "instances": [[*instances[0][:2], "..."], "..."]}
        print("\nrequest: ", json.dumps(shown))
        print("response:", json.dumps(asked[name][1]))

    text = json.dumps(asked["predict_labels"][0])
    Path(folder, "request.json").write_text(text, encoding="utf-8")
    return labeled, asked


if __name__ == "__main__":
    main(*sys.argv[1:2])
