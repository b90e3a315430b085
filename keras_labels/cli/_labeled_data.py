"""Data files with the true classes -> pairs of arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_labels.cli._counting import Counting
from keras_labels.cli._csv import open_csv
from keras_labels.cli._data import Batch, Input, Source, array_names, open_arrays
from keras_labels.cli._errors import CommandError
from keras_labels.cli._image_files import ENDINGS
from keras_labels.cli._sources import check_data, open_sources
from keras_labels.cli._true_classes import by_folder, true_classes
from keras_labels.cli._weights import is_file, read_weights, weights_said
from keras_labels.spec import Decoding

_TEXTS = (".csv", ".tsv")
_ROWS = 256  # run at once, unlike in `predict`, which divides them by their memory
_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Labeled:
    """Data with its true classes that was opened.

    Args:
        source: the rows.
        count: how many; `None` where only reading would tell.
        targets: gives the true classes of a batch, which starts at that row.
        end: called with the number of rows that were read, when there are no more.
        weights: what each row weighs; `None`: all count once.
    """

    source: Source
    count: int | None
    targets: Callable[[Batch, int], Any]
    end: Callable[[int], None] = lambda _: None
    weights: Any = None

    def batches(self) -> Iterator[tuple[Any, ...]]:
        """Give x and y, and weights if there are any, some rows at a time.

        Raises:
            CommandError: if there are none, or not as many of both.
        """
        rows = 0
        size = max(1, min(_ROWS, _BYTES // max(1, self.source.row_bytes)))
        for batch in self.source.batches(size):
            pair = batch.x, self.targets(batch, rows)
            stop = rows + len(batch.rows)
            yield pair if self.weights is None else (*pair, self.weights[rows:stop])
            rows = stop
        self.end(rows)
        if not rows:
            raise CommandError(
                f"'{self.source.path}' must hold rows for the model. It has none."
            )


def read_labeled(
    path: Path,
    inputs: Sequence[Input],
    rules: Decoding | Mapping[str, Decoding],
    targets: str = "y",
    **options: Any,
) -> tuple[Any, Any]:
    """Read data with its true classes into memory.

    Args:
        path: as in `open_labeled`.
        inputs: as in `open_labeled`.
        rules: as in `open_labeled`.
        targets: as in `open_labeled`.
        **options: `head`, `size` and `rescale` of `open_labeled`.

    Returns:
        Rows as the model takes them, and numbers: ids, or marks of labels.

    Raises:
        CommandError: as `open_labeled` does, or if there are no rows.
    """
    labeled = open_labeled(path, inputs, rules, targets, **options)
    xs, ys = zip(*(batch[:2] for batch in labeled.batches()), strict=True)
    y = np.concatenate(ys)
    if isinstance(xs[0], Mapping):
        return {name: np.concatenate([x[name] for x in xs]) for name in xs[0]}, y
    return np.concatenate(xs), y


def open_labeled(
    path: Path,
    inputs: Sequence[Input],
    rules: Decoding | Mapping[str, Decoding],
    targets: str = "y",
    *,
    head: str | None = None,
    size: tuple[int, int] | None = None,
    rescale: bool = False,
    counting: Counting | None = None,
) -> Labeled:
    """Open data with its true classes.

    These are ids, or class names, which become ids: text that consists of numbers is
    ids, unless all of it is class names. Labels stand in one text with `;` or `|`
    between them. Arrays may be one-hot or multi-hot too.

    Args:
        path: an .npz file with the array `targets`; a .csv or .tsv file with that
            column; a folder of images, each in a folder named as its class; or, with a
            file of targets, whatever `predict` takes.
        inputs: those of the model; none if it does not say them.
        rules: the decoding, or that of each head, `""` if there is one without a name.
        targets: the array or column; or an .npy file, or a .csv file of one column.
        head: which of several heads the true classes are of.
        size: height and width of images, for a model that leaves them open.
        rescale: whether images have values from 0 to 1 in place of 0 to 255.
        counting: where weights are, and which true classes do not count.

    Raises:
        CommandError: if it cannot be read, or lacks what the model or `targets` need.
    """
    rule = rule_of(rules, head)
    check_data([path])
    counting = counting or Counting()
    weights = weights_said(path, counting.sample_weight, [one.name for one in inputs])
    folder = path.is_dir() or path.suffix.lower() in ENDINGS
    inside = () if folder else (targets, weights)
    taken = [name for name in inside if name is not None and not is_file(name)]
    source = _source(path, inputs, taken, size, rescale=rescale)
    if folder and not is_file(targets):
        made = Labeled(source, source.count, by_folder(path, rule, counting))
    else:
        y, where = true_classes(path, targets, rule, counting)
        made = _paired(source, y, where)
    return made if weights is None else _weighed(made, path, weights)


def _source(
    path: Path,
    inputs: Sequence[Input],
    taken: Sequence[str],
    size: tuple[int, int] | None,
    *,
    rescale: bool,
) -> Source:
    """Return the rows, without the columns or arrays that are taken."""
    ending = path.suffix.lower()
    if ending in _TEXTS and taken:
        return open_csv(path, inputs, without=taken)
    if ending != ".npz" or not taken:
        return open_sources([path], inputs, size, rescale=rescale)[0]
    rest = [name for name in array_names(path) if name not in taken]
    if not rest:
        raise CommandError(f"'{path}' must hold inputs beside the array '{taken[0]}'.")
    # A single array is the input, whatever it is called there.
    any_name = not inputs or (len(inputs) == 1 and len(rest) == 1)
    named = [Input(name, (), "") for name in rest] if any_name else inputs
    return open_arrays(path, named)


def _weighed(made: Labeled, path: Path, name: str) -> Labeled:
    weights = read_weights(path, name)
    if not np.ndim(weights) or (made.count is not None and len(weights) != made.count):
        raise CommandError(
            f"There is one weight for each row. '{path}' has {made.count} rows, and "
            f"'{name}' holds weights of shape {np.shape(weights)}."
        )
    return dataclasses.replace(made, weights=weights)


def rule_of(
    rules: Decoding | Mapping[str, Decoding], head: str | None = None
) -> Decoding:
    """Return the decoding of one head.

    Raises:
        CommandError: if there are several and none of them is said, or no such one.
    """
    named = {"": rules} if isinstance(rules, Decoding) else rules
    if "" in named and head is not None:
        raise CommandError(
            f"The model has one head, without a name. Leave out --head {head}."
        )
    found = named.get(head or "")
    if found is None:
        raise CommandError(
            "The true classes belong to one head of the model, which has the heads "
            f"{', '.join(named)}. Received: {head or 'none'}. Say which one: "
            f"--head {next(iter(named))}."
        )
    return found


def _paired(source: Source, y: Any, where: str) -> Labeled:
    """Pair rows with targets by their position."""

    def check(rows: int | None, more: str = "") -> None:
        if rows is not None and rows != len(y):
            raise CommandError(
                f"There is one true class for each row. '{source.path}' has {rows} "
                f"rows{more}, and {where} has {len(y)}."
            )

    def targets(batch: Batch, start: int) -> Any:
        stop = start + len(batch.rows)
        if stop > len(y):
            check(stop, " or more")
        return y[start:stop]

    check(source.count)
    return Labeled(source, len(y), targets, check)
