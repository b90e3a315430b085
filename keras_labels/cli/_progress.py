"""What a person sees while waiting."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


def is_watched() -> bool:
    """Tell whether a person sees stderr; a setting that forces color is no person."""
    return sys.stderr.isatty()


@contextlib.contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show a text on a terminal while something runs."""
    if not is_watched():
        yield
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(text)):
        yield


@contextlib.contextmanager
def counting(total: int | None, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal.

    Args:
        total: how many rows there are; `None` if that is not known.
        hidden: whether to show none even there.

    Yields:
        A function that takes how many rows were done since.
    """
    if hidden or not is_watched():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("rows", total=total)
        yield lambda count: progress.advance(task, count)
