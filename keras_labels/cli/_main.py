"""Where the command starts, with or without the packages that it takes."""

from __future__ import annotations

import io
import sys

_TAKEN = {"typer", "rich", "click", "shellingham"}


def main() -> None:
    """Run `keras-labels` with the arguments of the process, and exit.

    The exit code is 0 if it was done, 1 after a mistake of the user (one line on
    stderr), 2 if the command line itself is wrong.
    """
    try:
        import rich  # noqa: F401  the commands import parts of it later

        from keras_labels.cli._app import app
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _TAKEN:
            raise
        sys.exit(
            f"keras-labels: The command needs the package '{missing}', which is not "
            'installed. Install it: pip install "keras-labels[cli]"'
        )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that a terminal of another encoding lacks is no reason to stop.
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="keras-labels")
