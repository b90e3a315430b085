"""Keras and its backend, loaded when a command needs them, and quietly."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_ERRORS_ALONE = "3"


def silence() -> None:
    """Let backends log nothing, unless the environment says what they may."""
    os.environ.setdefault(_LEVEL, _ERRORS_ALONE)


def load_backend() -> None:
    """Load all of `keras_labels`, whose layers Keras then finds in files."""
    package = sys.modules["keras_labels"]
    if hasattr(package, "LabeledModel"):
        return  # it was imported, and not only its commands
    quiet = os.environ.get(_LEVEL) == _ERRORS_ALONE
    with _unheard() if quiet else contextlib.nullcontext():
        package.__spec__.loader.exec_module(package)  # type: ignore[union-attr]


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Drop what is written to stderr, by compiled code too; show it after a failure."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
