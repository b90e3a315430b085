"""Where the command `keras-labels` starts: before Keras, and so before a backend does.

`import keras_labels` imports Keras, so that files which hold our layers load. A command
line is parsed, and a file is read, without. It stands beside the package, since a file
in it could not be imported before it.
"""

from __future__ import annotations

import importlib.util
import sys


def main() -> None:
    """Run the command; the rest of the package is loaded when a model is."""
    spec = importlib.util.find_spec("keras_labels")
    if spec is not None and "keras_labels" not in sys.modules:
        sys.modules["keras_labels"] = importlib.util.module_from_spec(spec)
    from keras_labels.cli import main as run

    run()


if __name__ == "__main__":
    main()
