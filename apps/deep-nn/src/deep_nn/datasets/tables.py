"""Tables to train on: columns to predict from, and the column to predict."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import RawExamples
from deep_nn.datasets.columns import Columns, Feature
from deep_nn.datasets.features import TooManyCategoriesError, Values, interpret, spelled_alike
from deep_nn.datasets.labels import class_labels
from deep_nn.datasets.missing_values import drop_remark, incomplete_rows, refuse_missing
from deep_nn.datasets.remarks import is_identifier, is_row_number, remarks
from deep_nn.datasets.table_options import DEFAULTS, TableOptions
from deep_nn.datasets.target import Target, choose_target, numbers_of, select
from nn_core.cli.dataset import Part
from nn_core.cli.standard_input import source_of
from nn_core.errors import DataError, remark
from nn_core.tables.reader import read_table
from nn_core.tables.table import Column, Table


def read_labeled(path: Path, options: TableOptions = DEFAULTS) -> Part[RawExamples]:
    """The examples (N, D) and labels of a table to train on, "-" for standard input; its schema is a `Columns`.

    Columns of numbers, booleans (1 for yes) and dates (days since 1970) are numbers, NaN where missing;
    columns of text are codes of their categories. Labels are classes, or numbers to predict, as `options` and
    the values say. Conversions and useless columns are reported by DataWarning.
    Raises DataError with file, line and column for a cell of another kind, and for a table whose label is
    uncertain, naming the option that decides it.
    """
    source, name = source_of(path)
    table = read_table(source, name=name)
    notes: list[str] = []
    try:
        target = choose_target(table, options, notes)
        columns = _features(table, target, options, notes)
        x, features = _examples(table, columns, options, notes)
        y, names = _labels(table, target, options, notes)
        x, y = _complete(table, columns, x, y, options, notes)
        notes += remarks(columns, x, y, 0 if names is None else len(names))
    finally:
        give_notes(table, notes)  # the choice of the label may explain an error
    schema = Columns(
        features,
        target.column.number,
        target.column.name,
        len(table.columns),
        header=table.names is not None,
        regress=target.regress,
    )
    return Part(table.name, x, y, names, schema=schema)


def give_notes(table: Table, notes: list[str]) -> None:
    """Give each note as a DataWarning, after the name of the table."""
    for note in notes:
        remark(f"{table.name}: {note}")


def side_by_side(table: Table, columns: list[Column], values: list[Values]) -> Values:
    """Columns as (N, D); without a copy if they are columns of numbers beside each other."""
    if all(column.numbers is found for column, found in zip(columns, values, strict=True)):
        return table.matrix([column.number - 1 for column in columns])
    x = np.empty((len(table), len(values)))
    for j, found in enumerate(values):
        x[:, j] = found
    return x


def _features(table: Table, target: Target, options: TableOptions, notes: list[str]) -> list[Column]:
    """The columns to predict from."""
    kept = select(table, options)
    if options.drop is not None and target.column not in select(table, TableOptions(drop=options.drop)):
        raise DataError(f"{table.name}: --drop leaves out {target.column.title}, the one to predict")
    found = []
    for column in kept:
        if column is target.column:
            continue
        if options.columns is None and is_row_number(column):
            notes.append(f"{column.title} is a row number and is left out; --columns keeps it")
        elif options.columns is None and is_identifier(column):
            notes.append(f"{column.title} is an identifier and is left out; --columns keeps it")
        elif options.columns is None and column.is_empty:
            notes.append(f"{column.title} is empty and is left out")
        else:
            found.append(column)
    if not found:
        raise DataError(f"{table.name}: no column is left to predict {target.column.title} from")
    return found


def _examples(
    table: Table, columns: list[Column], options: TableOptions, notes: list[str]
) -> tuple[Values, tuple[Feature, ...]]:
    features: list[Feature] = []
    values: list[Values] = []
    too_many: list[tuple[Column, str]] = []
    for column in columns:
        try:
            feature, found = interpret(table, column, merge_case=options.merge_case, notes=notes)
        except TooManyCategoriesError as error:
            too_many.append((column, str(error)))
            continue
        features.append(feature)
        values.append(found)
        alike = spelled_alike(feature.categories)
        if alike:
            notes.append(f"{column.title} has {' and '.join(map(repr, alike[0]))}; --merge-case makes them one")
    if too_many:
        shown = ", ".join(words for _, words in too_many[:5])
        keys = ",".join(column.key for column, _ in too_many)
        them = "it" if len(too_many) == 1 else "them"
        raise DataError(f"{table.name}: too many categories: {shown}; --drop {keys} leaves {them} out")
    return side_by_side(table, columns, values), tuple(features)


def _labels(
    table: Table, target: Target, options: TableOptions, notes: list[str]
) -> tuple[npt.NDArray[np.generic], tuple[str, ...] | None]:
    if target.regress:
        return numbers_of(table, target.column), None
    return class_labels(table, target.column, merge_case=options.merge_case, notes=notes)


def _complete(
    table: Table, columns: list[Column], x: Values, y: npt.NDArray[np.generic], options: TableOptions, notes: list[str]
) -> tuple[Values, npt.NDArray[np.generic]]:
    """Examples and labels without the rows that `--missing` leaves out, among them all without a label."""
    unlabeled = np.isnan(y) if y.dtype.kind == "f" else y == -1
    if options.missing == "error":
        if unlabeled.any():
            line = table.line_of(int(np.argmax(unlabeled)))
            count = f" ({int(unlabeled.sum()):,} rows)" if unlabeled.sum() > 1 else ""
            raise DataError(
                f"{table.name}, line {line}: the label is missing{count}; --missing drop leaves such rows out"
            )
        refuse_missing(table, columns, x)
        return x, y
    gone = unlabeled | incomplete_rows(x) if options.missing == "drop" else unlabeled
    if gone.all():
        raise DataError(f"{table.name}: every row has missing values; --drop NAMES leaves out columns that lack many")
    if gone.any():
        missing = "values" if options.missing == "drop" else "labels"
        notes.append(drop_remark(int(gone.sum()), len(table), missing))
        return x[~gone], y[~gone]
    return x, y
