"""`keras-labels predict`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_labels.cli._options import (
    ClassNames,
    FromLogits,
    RejectBelow,
    Said,
    TaskOption,
    Thresholds,
    Unsafe,
)

if TYPE_CHECKING:
    from keras_labels.cli._data import Source
    from keras_labels.cli._deciders import Decider
    from keras_labels.cli._decisions import Column, Columns

PREDICT_HELP = """Decide on data with a .keras or an exported file.

\b
DATA is one or more of
  x.npy           an array of rows; read in parts, so it may be larger than memory
  x.npz           an array, or one for each input of the model, by their names
  x.csv, x.tsv    numbers, one row on each line, with or without a header; an empty
                  field is NaN; for a model of several inputs the header names them
  cat.png         an image: .png, .jpg, .jpeg, .bmp, .gif or .webp
  images/         a folder: all images in it and in the folders in it

Images are resized to the size that the model takes, as Keras'
image_dataset_from_directory does, and have values from 0 to 255 unless --rescale is
said: a model without a Rescaling layer was often trained on 0 to 1. Of 16 bits the
higher 8 count, of a moving GIF or PNG the first picture, as there; what it reads in
another way, such as a BMP with a palette, is refused.

Without -o, each row gives a line on stdout: where it is from (the image, or file:row,
counted from 0), a tab, its label (the class id if there are no names), a tab, the
probability. With -o, the columns are file, row, label, class and probability; of a
model with several outputs, species_label, species_class, and so on.

A rejected row has no label and class -1, and shows the best probability. A row with NaN
scores has no probability either, and is counted on stderr. Several labels of a row are
a list in JSON and Parquet; in CSV and on stdout a semicolon stands between them.

\b
Examples:
  keras-labels predict model.keras x.npy
  keras-labels predict model.onnx images/ more/cat.jpg -o decisions.csv
  keras-labels predict model.tflite day1.csv day2.csv -o decisions.parquet
  keras-labels predict spam.keras x.npz --class-names names.txt --threshold 0.9
"""


def predict(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A .keras or an exported file.", show_default=False
        ),
    ],
    data: Annotated[
        list[Path],
        typer.Argument(metavar="DATA", help="What to decide on.", show_default=False),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Write .csv, .json or .parquet in place of lines on stdout.",
        ),
    ] = None,
    class_names: ClassNames = None,
    task: TaskOption = None,
    from_logits: FromLogits = None,
    threshold: Thresholds = None,
    reject_below: RejectBelow = None,
    rescale: Annotated[
        bool, typer.Option("--rescale", help="Give images values from 0 to 1.")
    ] = False,
    image_size: Annotated[
        str | None,
        typer.Option(
            metavar="HxW", help="Size of images, for a model that takes any size."
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="ROWS",
            help="Rows read and run at a time; by default as many as take 16 MiB, at "
            "most 4096.",
        ),
    ] = None,
    unsafe: Unsafe = False,
) -> None:
    """Decide on data with a .keras or an exported file."""
    from keras_labels.cli._deciders import open_decider
    from keras_labels.cli._sources import as_size, check_data, open_sources
    from keras_labels.cli._tables import check_table

    if output is not None:
        check_table(output)
    size = None if image_size is None else as_size(image_size)
    check_data(data)
    said = Said(class_names, task, from_logits, threshold or None, reject_below)
    decider = open_decider(file, said, unsafe=unsafe)
    sources = open_sources(data, decider.inputs, size, rescale=rescale)
    _run(decider, sources, output, batch_size)


def _run(
    decider: Decider, sources: Sequence[Source], output: Path | None, size: int | None
) -> None:
    """Print or write what is decided, with a bar where a person waits for it."""
    from keras_labels.cli._decisions import columns_of, decide_all
    from keras_labels.cli._progress import counting

    counts = [source.count for source in sources]
    total = None if None in counts else sum(filter(None, counts))
    # On one terminal the lines of the result would run into the bar.
    hidden = output is None and sys.stdout.isatty()
    rows = invalid = 0
    columns = columns_of(decider.rules)
    with _writing(output, columns) as write, counting(total, hidden=hidden) as advance:
        for table, marked in decide_all(decider, sources, size):
            write(table)
            rows, invalid = rows + len(table["row"]), invalid + marked
            advance(len(table["row"]))
    if invalid:
        typer.echo(
            f"keras-labels: warning: {invalid} of {rows} rows have NaN scores, and so "
            "class -1. Look for NaN in the data.",
            err=True,
        )
    if output is not None:
        typer.echo(f"{rows} rows written to {output}")


@contextlib.contextmanager
def _writing(
    output: Path | None, columns: Sequence[Column]
) -> Iterator[Callable[[Columns], None]]:
    from keras_labels.cli._tables import open_table, write_lines

    if output is None:
        yield lambda table: write_lines(sys.stdout, table)
        return
    with open_table(output, columns) as write:
        yield write
