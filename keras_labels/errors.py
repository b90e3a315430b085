"""What the library raises: each error is also the builtin a user would catch."""


class KerasLabelsError(Exception):
    """Base of every error that this library raises on purpose."""


class HeadError(KerasLabelsError, ValueError):
    """The head of a model cannot be told, or does not fit what was said of it."""


class DecodingError(KerasLabelsError, ValueError):
    """A decision was asked for that this head cannot give."""


class InputError(KerasLabelsError, ValueError):
    """The data given to a prediction does not fit the model, or holds no decision."""


class SaveError(KerasLabelsError, ValueError):
    """A file would be written that could not be loaded again."""


class ExportError(KerasLabelsError, ValueError):
    """A model cannot be exported so, or a file does not decide as Keras does."""


class MissingExtraError(KerasLabelsError, ImportError):
    """A package is missing that only some users need."""


class HeadWarning(UserWarning):
    """The model and what it was compiled with contradict each other."""


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, for a sentence of ours."""
    return (str(error).strip() or repr(error)).splitlines()[0][:300]
