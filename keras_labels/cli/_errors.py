"""Mistakes of the user as one line, whatever raised them."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from keras_labels.errors import KerasLabelsError

_LONGEST = 600


class CommandError(KerasLabelsError, ValueError):
    """The command was given something that it cannot work on."""


def message_of(error: BaseException, most: int = _LONGEST) -> str:
    """Return what an error says, on one line.

    >>> message_of(ValueError("no   rows"))
    'no rows'
    """
    if isinstance(error, OSError) and error.strerror:
        named = f": '{error.filename}'" if error.filename else ""
        return f"{error.strerror}{named}."
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= most else f"{text[:most]} ..."


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Say in front of any error what was tried.

    Readers and runtimes raise whatever they like on a broken file, from `KeyError` to
    `zlib.error`: to the user all of them mean that the file is at fault.

    Args:
        what: such as "Cannot read 'x.npy'".

    Raises:
        CommandError: in place of the error; errors of this library stay themselves.
    """
    try:
        yield
    except KerasLabelsError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            raise
        raise CommandError(f"{what}: {message_of(error)}") from error
