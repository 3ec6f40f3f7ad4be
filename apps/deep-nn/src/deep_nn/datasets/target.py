"""The column of a table to predict, and whether it holds classes or numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deep_nn.datasets.features import Values, decimal_mark, interpret
from deep_nn.datasets.remarks import is_identifier, is_row_number
from deep_nn.datasets.table_options import TableOptions, split_names
from nn_core.cli.real_targets import FEW, is_quantity
from nn_core.errors import DataError
from nn_core.registry import nearest
from nn_core.storage.files import first_few
from nn_core.tables.cells import composed, is_missing, quoted
from nn_core.tables.dialect import TARGETS
from nn_core.tables.table import Column, Table

SMALL = 10
"""Rows below which any column may be the label."""


@dataclass(frozen=True)
class Target:
    """The column to predict.

    column   in the table
    regress  whether it is predicted as a number
    """

    column: Column
    regress: bool


def find_column(table: Table, text: str, option: str) -> Column:
    """A column by its name, in any case, or its number from 1.

    Raises DataError, naming the option, if there is none.
    """
    names, text = table.names or (), composed(text)
    folded = [name.casefold() for name in names]
    if text in names:
        return table.columns[names.index(text)]
    if folded.count(text.casefold()) == 1:
        return table.columns[folded.index(text.casefold())]
    if text.isdecimal() and 1 <= int(text[:9]) <= len(table.columns):
        return table.columns[int(text) - 1]
    if names:
        hint = nearest(text, list(names[:100]))
        raise DataError(f"{table.name} has no column {text!r} ({option}); {hint}")
    raise DataError(
        f"{table.name} has no column {text!r} ({option}); it has no header, and columns 1 to {len(table.columns)}"
    )


def select(table: Table, options: TableOptions) -> list[Column]:
    """The columns that `--columns` and `--drop` leave, in the order of the file, the target among them if it is."""
    kept = list(table.columns)
    if options.columns is not None:
        kept = [find_column(table, name, "--columns") for name in split_names(options.columns, "--columns")]
        kept = sorted(dict.fromkeys(kept), key=lambda column: column.number)
    if options.drop is not None:
        gone = [find_column(table, name, "--drop") for name in split_names(options.drop, "--drop")]
        kept = [column for column in kept if column not in gone]
    return kept


def choose_target(table: Table, options: TableOptions, notes: list[str]) -> Target:
    """The column to predict: that of `--target`, one with a known name, or the last.

    notes  where remarks are added
    Raises DataError, naming --target, if a column that nothing but its place tells from the others does not
    look like a label, or if the first looks more like one.
    """
    if options.target is not None:
        column = find_column(table, options.target, "--target")
        return Target(column, _regress(table, column, options, "name", notes))
    kept = [column for column in select(table, TableOptions(drop=options.drop)) if not column.is_empty]
    if len(kept) < 2:
        raise DataError(f"{table.name}: only one column; expected columns to predict from, and a label")
    named = _known(kept)
    if named is not None:
        return Target(named, _regress(table, named, options, "name", notes))
    kept = [column for column in kept if not (is_row_number(column) or is_identifier(column))] or kept
    first, last = kept[0], kept[-1]
    _check_place(table, first, last, options, notes)
    others = [column for column in kept[:-1] if _rivals(column, header=table.names is not None)]
    fractions = last.numbers is not None and not is_whole(last.numbers)
    if table.names is None and fractions and not any(_rivals(column, header=True) for column in kept[:-1]):
        return Target(last, _regress(table, last, options, "header", notes))
    if others and not notes:
        names = first_few([column.key for column in others], 3)
        notes.append(f"{last.title}, the last, is taken as the label, not {names}; --target NAME|NUMBER changes that")
    return Target(last, _regress(table, last, options, "header" if table.names else "place", notes))


def _known(columns: Sequence[Column]) -> Column | None:
    """The one column with the surest of the known names; "y" is none beside "x"."""
    names = [(column.name or "").casefold() for column in columns]
    for known in TARGETS:
        if names.count(known) == 1 and not (known == "y" and "x" in names):
            return columns[names.index(known)]
    return None


def _check_place(table: Table, first: Column, last: Column, options: TableOptions, notes: list[str]) -> None:
    """Refuse the last column as the label, or remark on it, if the first looks like one, too.

    Refused: a last column with too many values for a label; numbers with more values than the first has, if that
    numbers its classes (as in tables of images, whose last pixel takes few), or with three times as many; a
    column that is nearly constant, such as a dark pixel; and texts on both ends without a header.
    """
    if not _looks_like_label(first):
        return
    ways = f"name the label: --target {last.key} or --target {first.key}"
    count, count_first = different(last), different(first)
    numbered = first.numbers is not None and last.numbers is not None and _numbers_classes(first)
    more_values = last.numbers is not None and count > (count_first if numbered else 3 * count_first)
    nearly_constant = numbered and table.names is None and _top_share(last) > 0.9 and _top_share(first) < 0.5
    if not _looks_like_label(last) or more_values or nearly_constant:
        raise DataError(
            f"{table.name}: {first.title}, the first, looks more like the label ({count_first} values) than"
            f" {last.title}, the last ({count:,}); {ways}"
        )
    if table.names is None and first.numbers is None:
        raise DataError(f"{table.name}: the label may be the first column or the last; {ways}")
    if numbered or (first.numbers is None and last.numbers is None):
        notes.append(f"{last.title}, the last, is taken as the label; --target {first.key} takes the first")


def _rivals(column: Column, *, header: bool) -> bool:
    """Whether a column looks like a label, too: repeated texts, or under a header up to ten repeated whole numbers."""
    if column.numbers is None:
        return _looks_like_label(column)
    start = column.numbers[:1000]
    few = is_whole(start) and 2 <= np.unique(start).size <= 10
    return header and few and _looks_like_label(column) and different(column) <= 10


def _looks_like_label(column: Column) -> bool:
    """Whether a column holds few distinct texts or whole numbers, each repeated."""
    count = different(column)
    rows = len(column.codes) if column.numbers is None else len(column.numbers)
    if column.numbers is None:
        return 2 <= count <= max(min(FEW, rows // 2), rows // 10)
    return 2 <= count <= min(FEW, rows // 2) and is_whole(column.numbers)


def _numbers_classes(column: Column) -> bool:
    """Whether the values are 0, 1, ... or 1, 2, ... without a gap."""
    if column.numbers is None:
        return False
    present = np.unique(column.numbers[~np.isnan(column.numbers)])
    return present.size > 1 and present[0] in {0, 1} and present[-1] - present[0] == present.size - 1


def _top_share(column: Column) -> float:
    """The share of the most frequent value of a column of numbers, missing ones aside."""
    if column.numbers is None:
        return 0.0
    _, counts = np.unique(column.numbers[~np.isnan(column.numbers)], return_counts=True)
    return float(counts.max() / counts.sum())


def different(column: Column) -> int:
    """The number of different values, missing ones aside."""
    if column.numbers is None:
        return sum(not is_missing(text) for text in column.texts)
    return int(np.unique(column.numbers[~np.isnan(column.numbers)]).size)


def is_whole(values: Values) -> bool:
    """Whether all values are whole numbers or missing."""
    return bool(np.all((values == np.floor(values)) | np.isnan(values)))


def _regress(table: Table, column: Column, options: TableOptions, by: str, notes: list[str]) -> bool:
    """Whether a column is predicted as a number: as `--task` says, or by its values.

    by  how it was chosen: "name" (by --target or a known name), "header" (the last under a header), "place"
    """
    if options.task == "regress":
        return True
    count, rows = different(column), len(table)
    other = "--target NAME|NUMBER names another column, --task regress predicts it as a number"
    if column.numbers is None:
        texts = [text for text in column.texts if not is_missing(text)]
        if (
            options.task == "auto"
            and by != "place"
            and count > FEW
            and decimal_mark(texts, comma_first=table.decimal_comma) is not None
        ):
            notes.append(f"{column.title} is predicted as a number; --task classify predicts its values as classes")
            return True
        if _scarce(count, rows):
            raise DataError(
                f"{table.name}: {column.title} has {count:,} distinct texts in {rows:,} rows, such as"
                f" {quoted(texts[0])}, which is too many for a label; --target NAME|NUMBER names another column"
            )
        return False
    whole = is_whole(column.numbers)
    if options.task == "classify":
        if not whole:
            raise DataError(f"{not_a_class(table, column, column.numbers)}; --task regress predicts it as a number")
        return False
    if whole and not _scarce(count, rows) and not is_quantity(column.numbers[~np.isnan(column.numbers)]):
        return False
    if by == "place":
        if not whole:
            raise DataError(f"{not_a_class(table, column, column.numbers)}; {other}")
        raise DataError(
            f"{table.name}: {column.title}, the last, has {count:,} values in {rows:,} rows,"
            f" which is too many for a label; {other}"
        )
    hint = "; --task classify predicts them as classes" if whole else ""
    notes.append(f"{column.title} is predicted as a number: it has {count:,} distinct values{hint}")
    return True


def _scarce(count: int, rows: int) -> bool:
    """Whether there are nearly as many values as rows, in a table that is not tiny."""
    return rows >= SMALL and 2 * count > rows


def not_a_class(table: Table, column: Column, values: Values) -> str:
    """The first value that is not whole, for messages."""
    row = int(np.argmax((values != np.floor(values)) & ~np.isnan(values)))
    return f"{table.place(row, column)}: label {float(values[row])!r} is not a class"


def numbers_of(table: Table, column: Column) -> Values:
    """The values of a target to predict as numbers. Raises DataError, naming the line, for text."""
    feature, values = interpret(table, column, merge_case=False, notes=[])
    if feature.kind not in {"number", "boolean"}:
        raise DataError(
            f"{table.name}: {column.title} is text, such as {quoted(column.texts[0])}; --task classify predicts classes"
        )
    return values
