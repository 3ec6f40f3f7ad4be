"""Missing values of a table: counted, refused, or their rows left out."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from deep_nn.datasets.features import Values
from nn_core.errors import DataError
from nn_core.tables.table import Column, Table

SHOWN = 5


def has_missing(x: Values) -> npt.NDArray[np.bool_]:
    """Whether each column of (N, D) has NaN."""
    with np.errstate(invalid="ignore"):
        found: npt.NDArray[np.bool_] = np.isnan(x.min(axis=0))
    return found


def incomplete_rows(x: Values) -> npt.NDArray[np.bool_]:
    """Whether each row of (N, D) has NaN."""
    rows = np.zeros(len(x), bool)
    for j in np.flatnonzero(has_missing(x)).tolist():
        rows |= np.isnan(x[:, j])
    return rows


def refuse_missing(table: Table, columns: Sequence[Column], x: Values) -> None:
    """Raise DataError if values are missing, with their number per column and the options to handle them."""
    held = np.flatnonzero(has_missing(x)).tolist()
    if not held:
        return
    counts = []
    for j in held[:SHOWN]:
        rows = np.isnan(x[:, j])
        line = table.line_of(int(np.argmax(rows)))
        counts.append(f"{int(rows.sum()):,} in {columns[j].title} ({'from ' if rows.sum() > 1 else ''}line {line})")
    more = f", and in {len(held) - SHOWN} more columns" if len(held) > SHOWN else ""
    raise DataError(
        f"{table.name} has missing values: {', '.join(counts)}{more};"
        " --missing mean fills them in, --missing drop leaves their rows out"
    )


def drop_remark(gone: int, rows: int, missing: str = "values") -> str:
    """A remark on rows left out."""
    return f"rows with missing {missing} left out: {gone:,} of {rows:,}"
