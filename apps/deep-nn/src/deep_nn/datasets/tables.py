"""CSV files of numeric columns, with the label in the last column."""

import math
from pathlib import Path

import numpy as np

from deep_nn.datasets import RawExamples
from nn_core.cli.dataset import describe_shape
from nn_core.cli.labels import integer
from nn_core.errors import DataError
from nn_core.storage.files import printable
from nn_core.storage.text import Row, read_csv

MAX_LABEL_LENGTH = 100


def read_table(path: Path) -> tuple[RawExamples, list[str]]:
    """Columns (N, D) and N labels of a CSV file.

    The first row is a header if none of its cells is a number. A label is any text; ".0" is dropped
    from integers, so that "1.0" and "1" are the same class.
    Raises DataError with file, line and column for an invalid cell.
    """
    rows = read_csv(path)
    width = len(rows[0].cells)
    if width < 2:
        raise DataError(
            f"{printable(path)}, line {rows[0].line}: only one column;"
            " expected numeric columns and a label, separated by commas"
        )
    rows = _without_header(path, rows, width - 1)
    x = _numbers(path, rows, width, width - 1)
    return x, [_label(path, row) for row in rows]


def read_rows(path: Path, columns: int) -> RawExamples:
    """Rows (N, D) to predict, from a CSV file with D columns, or D + 1 with labels.

    columns  D, as in the training data
    Labels are ignored. A header is recognized as in `read_table`.
    Raises DataError as `read_table` does, and for another number of columns.
    """
    rows = read_csv(path)
    width = len(rows[0].cells)
    if width not in {columns, columns + 1}:
        raise DataError(
            f"the model was trained on {describe_shape((columns,))};"
            f" {printable(path)} has {width} (line {rows[0].line})"
        )
    return _numbers(path, _without_header(path, rows, columns), width, columns)


def _without_header(path: Path, rows: list[Row], columns: int) -> list[Row]:
    cells = rows[0].cells
    if any(_number(cell) is not None for cell in cells) or not any(cells[:columns]):
        return rows
    if len(rows) == 1:
        raise DataError(f"{printable(path)} has a header but no rows")
    return rows[1:]


def _numbers(path: Path, rows: list[Row], width: int, columns: int) -> RawExamples:
    """The first columns of the rows, all of which must have this width."""
    x = np.empty((len(rows), columns))
    for n, row in enumerate(rows):
        if len(row.cells) != width:
            raise DataError(
                f"{printable(path)}, line {row.line}: {len(row.cells)} columns, but the first row has {width}"
            )
        for column, cell in enumerate(row.cells[:columns]):
            value = _number(cell)
            if value is None or not math.isfinite(value):
                problem = "is not a number" if value is None else "is not finite"
                raise DataError(f"{_location(path, row, column)}: {_quoted(cell)} {problem}")
            x[n, column] = value
    return x


def _label(path: Path, row: Row) -> str:
    text = row.cells[-1]
    last = len(row.cells) - 1
    if not text:
        raise DataError(f"{_location(path, row, last)}: the label is missing")
    if len(text) > MAX_LABEL_LENGTH:
        raise DataError(
            f"{_location(path, row, last)}: label {_quoted(text)} is longer than {MAX_LABEL_LENGTH} characters"
        )
    whole = integer(text)
    if whole is None and _number(text) is not None:
        raise DataError(
            f"{_location(path, row, last)}: label {_quoted(text)} is not a class name;"
            " the last column must hold text or integers"
        )
    return whole or text


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _location(path: Path, row: Row, column: int) -> str:
    return f"{printable(path)}, line {row.line}, column {column + 1}"


def _quoted(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else cell[:37] + "...")
