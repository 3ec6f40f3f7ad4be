"""Tables of pixels, a photo a row: label,pixel1,...,pixel784."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.arrays import fit_flat
from cnn_sign_digits.datasets.photos import Photos
from nn_core.cli.arrays.axes import unfold_square
from nn_core.cli.dataset import Part
from nn_core.cli.labels import MANY_CLASSES, read_labels
from nn_core.cli.standard_input import source_of
from nn_core.errors import DataError, ShapeError, remark
from nn_core.tables.reader import read_table
from nn_core.tables.table import Column, Table

NUMBERED = re.compile(r"(\D*)(\d{1,9})")
"""Names of pixels: pixel1, p_0, 17."""
LABELS = frozenset({"label", "labels", "class", "target", "y"})


def read_pixel_table(path: Path) -> Part[Photos]:
    """The photos of a table with a label and the pixels of a square image, gray or RGB, in each row.

    The label is the column that is called so, or the only one of text; without a header, the first or
    the last column, whichever has few different whole numbers. Warns with a DataWarning of what is
    converted. Raises DataError or ShapeError, naming the file.
    """
    source, name = source_of(path)
    table = read_table(source, name=name, dtype=np.float32)
    label = _label_column(table)
    pixels = _pixel_columns(table, label)
    if unfold_square(len(pixels)) is None:
        raise ShapeError(
            f"{name} has {len(pixels)} columns beside {label.title}, which is not a square gray or RGB image;"
            " expected label,pixel1,...,pixel784 for 28x28"
        )
    _check_pixels(table, pixels)
    x = table.matrix(pixels)
    y, names = read_labels(_labels(table, label), None, x.shape, name)
    return Part(name, fit_flat(x, name), y, names)


def _label_column(table: Table) -> Column:
    columns = table.columns
    named = [column for column in columns if column.name is not None and column.name.lower() in LABELS]
    texts = [column for column in columns if column.numbers is None]
    if len(named) == 1:
        return named[0]
    if len(texts) == 1:
        return texts[0]
    fitting = [column for column in (columns[0], columns[-1]) if _is_label(column)]
    if len(fitting) != 1 or texts:
        raise DataError(f"{table.name}: which column holds the label? Add a header: label,pixel1,pixel2,...")
    remark(f"{table.name}: {fitting[0].title} read as the label")
    return fitting[0]


def _is_label(column: Column) -> bool:
    """Whether a column has few different whole numbers, which the pixels at a corner have not."""
    values = column.numbers
    if values is None or not bool((values == np.rint(values)).all()):
        return False
    distinct = len(np.unique(values))
    return 2 <= distinct <= max(MANY_CLASSES, min(100, len(values) // 10))


def _pixel_columns(table: Table, label: Column) -> list[int]:
    """The positions of the pixels, in the order of the numbers in their names if these differ by their numbers only."""
    pixels = [column for column in table.columns if column is not label]
    positions = [column.number - 1 for column in pixels]
    names = [NUMBERED.fullmatch(column.name or "") for column in pixels]
    numbers = [int(name[2]) for name in names if name]
    prefixes = {name and name[1] for name in names}
    if len(prefixes) > 1 or len(set(numbers)) < len(pixels) or numbers == sorted(numbers):
        return positions
    remark(f"{table.name}: pixels read in the order of their numbers, not of their columns")
    return [position for _, position in sorted(zip(numbers, positions, strict=True))]


def _check_pixels(table: Table, pixels: list[int]) -> None:
    for index in pixels:
        column = table.columns[index]
        if column.numbers is None:
            raise DataError(f"{table.name}: {column.title} is text, not pixels")
        if np.isnan(column.numbers).any():
            row = int(np.flatnonzero(np.isnan(column.numbers))[0])
            raise DataError(f"{table.place(row, column)}: the pixel is missing")


def _labels(table: Table, column: Column) -> npt.NDArray[Any]:
    if column.numbers is None:
        return np.array(column.texts)[column.codes]
    if np.isnan(column.numbers).any():
        row = int(np.flatnonzero(np.isnan(column.numbers))[0])
        raise DataError(f"{table.place(row, column)}: the label is missing")
    return column.numbers
