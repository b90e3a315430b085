"""Files of every format that the backend writes, loaded in their own runtimes."""

import pytest
from labelers import WITH_LABELS, WRITTEN, path_of

from keras_labels import load_exported


@pytest.fixture(scope="session", params=WRITTEN)
def format(request):  # noqa: A001
    return request.param


@pytest.fixture(scope="session")
def new_path(format, tmp_path_factory):
    """Return a function that gives a path in a folder of its own."""
    return lambda: path_of(tmp_path_factory.mktemp(format), format)


@pytest.fixture(scope="session")
def round_trip(format, new_path):
    """Return a function that exports a labeled model and loads the file."""

    def made(labeled, **options):
        path = new_path()
        labeled.export(path, format, **options)
        return load_exported(path)

    return made


@pytest.fixture(scope="session")
def has_labels(format):
    return format in WITH_LABELS
