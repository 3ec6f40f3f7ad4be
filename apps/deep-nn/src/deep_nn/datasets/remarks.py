"""Remarks on columns that a network cannot learn from, or that leak the label."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from deep_nn.datasets.features import Values
from nn_core.storage.files import printable
from nn_core.tables.dialect import ROW_NAMES
from nn_core.tables.table import Column

SMALL = 10
"""With fewer rows there are no remarks: such columns are likely by chance."""

IDS = frozenset({"id", "index", "idx", "row", "no", "no.", "nr", "nr.", "number", "unnamed: 0", "column 1", "#", "key"})
"""Names, in lower case, of columns that number the rows."""

_ID = re.compile(r"[a-z_ .-](ID|Id)$|[_ .-]id$")  # CustomerID, user_id; not PAID


def counts_rows(values: Values) -> bool:
    """Whether values go up by one from row to row."""
    return len(values) >= SMALL and values[-1] - values[0] == len(values) - 1 and bool((np.diff(values) == 1).all())


def is_row_number(column: Column) -> bool:
    """Whether a column numbers the rows, by its values and its name."""
    name = (column.name or "").casefold()
    named = name in IDS or name.endswith(("id", "_no", " no", "_index"))
    return named and column.numbers is not None and counts_rows(column.numbers)


def is_identifier(column: Column) -> bool:
    """Whether a column is named like an ID, and has a different whole number in each row, in any order.

    Names of rows, as R writes them, are identifiers, too.
    """
    name, values = column.name or "", column.numbers
    if name == ROW_NAMES:
        return True
    if not (name.casefold() in IDS or _ID.search(name)) or values is None or len(values) < SMALL:
        return False
    return bool((values == np.floor(values)).all()) and np.unique(values).size == len(values)


def remarks(columns: Sequence[Column], x: Values, y: npt.NDArray[np.generic], classes: int) -> list[str]:
    """Remarks on columns (N, D) that are row numbers, constant, or copies of others, or leak the label.

    y        (N,) labels or numbers
    classes  number of classes; 0 for numbers
    """
    if len(x) < SMALL:
        return []
    least, most = x.min(axis=0), x.max(axis=0)
    constant = least == most
    notes = [
        f"{column.title} is a row number; --drop {column.key} leaves it out"
        for j, column in enumerate(columns)
        if counts_rows(x[:, j])
    ]
    if constant.any():
        found = [column for column, same in zip(columns, constant, strict=True) if same]
        notes.append(f"{_listed(found)} {'is' if len(found) == 1 else 'are'} constant")
    for column, twin in _twins(columns, x, least, most, constant):
        notes.append(f"{column.title} is a copy of {twin.title}; --drop {column.key} leaves it out")
    first = np.unique(y, return_index=True)[1]
    notes += [
        f"{columns[j].title} leaks the label; --drop {columns[j].key} leaves it out"
        for j in np.flatnonzero(~constant).tolist()
        if _gives_away(x[:, j], y, classes, first)
    ]
    return notes


def _twins(
    columns: Sequence[Column], x: Values, least: Values, most: Values, constant: npt.NDArray[np.bool_]
) -> list[tuple[Column, Column]]:
    """Pairs of columns with the same values, at most three."""
    alike: dict[tuple[float, ...], list[int]] = {}
    pairs: list[tuple[Column, Column]] = []
    for j in np.flatnonzero(~constant).tolist():
        group = alike.setdefault((least[j], most[j], *x[:: max(1, len(x) // 8), j].tolist()), [])
        twin = next((i for i in group if np.array_equal(x[:, i], x[:, j])), None)
        if twin is None:
            group.append(j)
        elif len(pairs) < 3:
            pairs.append((columns[j], columns[twin]))
    return pairs


def _gives_away(values: Values, y: npt.NDArray[np.generic], classes: int, first: npt.NDArray[np.intp]) -> bool:
    """Whether a column is one-to-one with the label, or the same as it.

    first  a row of each label
    """
    if not classes:
        return bool(np.array_equal(values, y))
    if len(values) < 3 * classes:
        return False
    of_class = np.full(classes, np.nan)
    of_class[y[first].astype(np.intp)] = values[first]
    if np.unique(of_class[~np.isnan(of_class)]).size < first.size:
        return False
    return bool((of_class[y[:1000].astype(np.intp)] == values[:1000]).all()) and bool(
        (of_class[y.astype(np.intp)] == values).all()
    )


def _listed(columns: Sequence[Column]) -> str:
    if len(columns) == 1:
        return columns[0].title
    names = ", ".join(str(c.number) if c.name is None else printable(c.name) for c in columns[:5])
    return f"{len(columns):,} columns ({names}{', ...' if len(columns) > 5 else ''})"
