"""Environments that hold a client of our files, and neither Keras nor this library.

`make test` makes one in `.venv-clients/NAME` for each `tests/clients/NAME.txt`.
"""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
HIDDEN = ("PYTHONPATH", "PYTHONHOME", "KERAS_BACKEND", "VIRTUAL_ENV")


def python_of(client):
    """Return the python of an environment that `make test` made."""
    folder = ROOT / ".venv-clients" / client
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    assert python.exists(), f"make .venv-clients/{client}/.ready"
    return python


def bare():
    """Return the environment without what could lead to this one's packages."""
    return {key: value for key, value in os.environ.items() if key not in HIDDEN}


def run(*command, **options):
    """Run a command without a way to this environment; return what it prints."""
    done = subprocess.run(
        [str(one) for one in command],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=bare(),
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
