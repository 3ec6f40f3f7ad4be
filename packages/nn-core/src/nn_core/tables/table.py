"""A table in memory: columns of numbers and of text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nn_core.storage.files import printable
from nn_core.tables.cells import is_missing

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Column:
    """A column of numbers or of text.

    number   its place in the file, from 1
    name     from the header; None without a header
    numbers  (N,) NaN where the cell is missing; None for a column of text
    codes    (N,) indices into `texts`; empty for a column of numbers
    texts    distinct texts of the cells, stripped, in order of appearance
    """

    number: int
    name: str | None
    numbers: Numbers | None = None
    codes: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    texts: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The column in messages: "column 'width'", or "column 3" without a header."""
        unnamed = f"column {self.number}"
        return unnamed if self.name in {None, unnamed} else f"column {printable(self.name)!r}"

    @cached_property
    def is_empty(self) -> bool:
        """Whether every cell is missing."""
        if self.numbers is None:
            return all(map(is_missing, self.texts))
        return bool(np.isnan(self.numbers[0])) and bool(np.isnan(self.numbers).all())

    @property
    def key(self) -> str:
        """The column on a command line: its name, or its number without a header."""
        name = str(self.number) if self.name is None else printable(self.name)
        return f'"{name}"' if " " in name else name


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of a file as columns.

    name     of the file, for messages
    names    of the columns, all different; None without a header
    columns  in the order of the file
    rows     N
    lines    (first row, line numbers of the rows from it on) by block; a single number where every line is a row
    numbers  (N, K) the columns of numbers, side by side
    decimal_comma  whether numbers are written as 1,5
    """

    name: str
    names: tuple[str, ...] | None
    columns: tuple[Column, ...]
    rows: int
    lines: tuple[tuple[int, int | npt.NDArray[np.int64]], ...]
    numbers: Numbers
    decimal_comma: bool = False

    def __len__(self) -> int:
        return self.rows

    def line_of(self, row: int) -> int:
        """The line of the file, from 1, on which a row, from 0, begins."""
        first, lines = next(block for block in reversed(self.lines) if block[0] <= row)
        return lines + row - first if isinstance(lines, int) else int(lines[row - first])

    def place(self, row: int, column: Column) -> str:
        """The place of a cell in messages: "points.csv, line 3, column 2"."""
        return f"{self.name}, line {self.line_of(row)}, column {column.number}"

    def matrix(self, columns: Sequence[int]) -> Numbers:
        """Columns of numbers, by index from 0, as (N, len(columns)): a view if they are neighbors."""
        held = [index for index, column in enumerate(self.columns) if column.numbers is not None]
        positions = {index: position for position, index in enumerate(held)}
        of = [positions[index] for index in columns]
        if of and of == list(range(of[0], of[0] + len(of))):
            return self.numbers[:, of[0] : of[0] + len(of)]
        return self.numbers[:, of]
