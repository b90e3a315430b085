"""What a decision costs, in reads of the scores.

    KERAS_BACKEND=tensorflow python benchmarks/decisions.py

One read is the faster of NumPy's max and argmax over the same scores. Columns: what
`LabeledModel` runs; the portable formulation of layers and exported files; and the
backend's own operation, which decides ties, NaN or -0.0 otherwise. Ids of a top-5 are
measured where they are found: eager torch would add the probabilities to them.
"""

from functools import partial

import numpy as np
from keras import ops
from timing import BACKEND, compiled, medians, versions

from keras_labels import functional
from keras_labels.functional._ranking import best_ids
from keras_labels.spec import Decoding, Head

SHAPES = [
    (4096, 10),
    (1024, 1000),
    (1024, 100_000),
    (256, 1_000_000),
    (8, 512, 512, 21),
]


def fastest(function, highest):
    """Return a function in the formulation of `LabeledModel.predict_classes`.

    On jax that reports what makes it doubtful, which `LabeledModel` looks at.

    Args:
        function: of a tensor.
        highest: the highest id that it gives: 1 for a threshold and for labels.
    """
    signed = "int8" if highest < 2**7 else "int16" if highest < 2**15 else "int32"

    def run(x):
        doubts = [] if BACKEND == "jax" else None
        with functional.unexported(signed, doubts=doubts):
            return function(x), doubts

    return run


def labels_of(classes):
    rule = Decoding(Head("multilabel", classes, from_logits=True))
    return lambda x: functional.decode(x, rule, ["classes"])["classes"]


def decisions(shape):
    """Return what to compare, by name: ours, the backend's own, the highest id."""
    classes = shape[-1]
    found = {
        "argmax": (functional.argmax, lambda x: ops.argmax(x, axis=-1), classes - 1),
        "threshold": (
            lambda x: functional.threshold(x, 0.3, from_logits=True),
            lambda x: ops.sigmoid(x) > 0.3,
            1,
        ),
        "multilabel": (labels_of(classes), lambda x: ops.sigmoid(x) > 0.5, 1),
    }
    if len(shape) == 2:
        found["top-5 ids"] = (
            lambda x: best_ids(x, 5, -1)[0],
            lambda x: ops.top_k(x, 5)[1],
            classes - 1,
        )
        found["top-5 with probabilities"] = (
            lambda x: functional.top_k(x, 5, from_logits=True),
            lambda x: ops.top_k(ops.softmax(x), 5),
            classes - 1,
        )
    return found


def main():
    print(f"{versions()}: reads of the scores")
    for shape in SHAPES:
        x = np.random.default_rng(0).standard_normal(size=shape, dtype="float32")
        tensor = ops.convert_to_tensor(x)
        reads = {"max": partial(x.max, -1), "argmax": partial(x.argmax, -1)}
        read = min(medians(reads).values())
        print(f"{shape}: one read {read:.2f} ms")
        print(f"  {'':26}{'ours':>8}{'portable':>10}{'own':>8}")
        for name, (ours, native, highest) in decisions(shape).items():
            kinds = {
                "ours": compiled(fastest(ours, highest)),
                "portable": compiled(ours),
                "own": compiled(native),
            }
            calls = {kind: partial(f, tensor) for kind, f in kinds.items()}
            took = {kind: t / read for kind, t in medians(calls, seconds=4).items()}
            print(
                f"  {name:26}{took['ours']:8.2f}{took['portable']:10.2f}"
                f"{took['own']:8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
