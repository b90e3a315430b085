"""What every format has: how it is written, read without running it, and run."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from keras_labels.export._contents import Contents
from keras_labels.export._served import Served

# Runs arrays in the order of the inputs, and gives the outputs by name.
Run = Callable[[Sequence[np.ndarray]], dict[str, np.ndarray]]


class FileFormat(abc.ABC):
    """One format of exported files.

    Attributes:
        name: as in `keras.Model.export`.
        suffix: of the path; none for a folder.
        backends: those on which Keras can export to it.
        has_labels: whether its outputs can be strings.
        extra: the extra of this package that installs what it takes.
    """

    name: str
    suffix: str
    backends: tuple[str, ...]
    has_labels: bool
    extra: str

    @abc.abstractmethod
    def packages(self, backend: str) -> tuple[str, ...]:
        """Return the modules that writing takes beside Keras and its backend."""

    def options(self, backend: str) -> tuple[str, ...]:
        """Return the names of the options of Keras' exporter that are passed on."""
        del backend
        return ()

    def takes_strings(self, backend: str) -> bool:
        """Tell whether a file that is written on a backend may take strings."""
        del backend
        return False

    @abc.abstractmethod
    def write(self, served: Served, path: Path) -> None:
        """Write a model, with its names and metadata where the format has them."""

    @abc.abstractmethod
    def read(self, path: Path) -> str | None:
        """Return the metadata of a file without running it; `None`: it has none."""

    @abc.abstractmethod
    def start(self, path: Path, contents: Contents) -> Run:
        """Load a file in the runtime of its format."""
