"""Blocks of lines, parsed and collected into the columns of a table."""

import csv
import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.memory import require_memory
from nn_core.tables.arrow import arrow_parser
from nn_core.tables.blocks import Block
from nn_core.tables.cells import MISSING_NUMBER, composed, has_decimal_comma, in_cases, mark_missing, number, quoted
from nn_core.tables.dialect import Dialect
from nn_core.tables.table import Column, Numbers, Table

_NAN = dict.fromkeys(in_cases(MISSING_NUMBER), "nan")

MAX_TEXT_WIDTH = 1024
"""Characters of the longest cell that NumPy's parser is used for."""
MAX_PARSED = 2**27
"""Bytes that NumPy's parser may take for a block, in which each cell of text is as wide as the widest."""
TEXT_BYTES = 150
"""Memory for a distinct text, without its characters."""


class Reread(Exception):
    """A cell shows that the table must be read again, with other columns as text or with decimal commas."""

    def __init__(self, text: frozenset[int], *, decimal_comma: bool = False) -> None:
        super().__init__()
        self.text = text
        self.decimal_comma = decimal_comma


class Builder:
    """Collects the columns of a table, block by block.

    size   bytes of the file, to estimate the number of rows
    text   indices of the columns of text
    dtype  in which numbers are kept
    """

    def __init__(
        self,
        name: str,
        dialect: Dialect,
        names: tuple[str, ...] | None,
        *,
        decimal_comma: bool,
        text: frozenset[int],
        size: int,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        self.name, self.dialect, self.names, self.size = name, dialect, names, size
        self.delimiter = "\t" if dialect.delimiter == " " else dialect.delimiter
        self.decimal_comma = decimal_comma
        self.text_columns = sorted(text)
        self.number_columns = [i for i in range(dialect.width) if i not in text]
        self.rows = 0
        self.numbers: Numbers = np.empty((0, len(self.number_columns)), dtype)
        self.codes: dict[int, list[npt.NDArray[np.int32]]] = {i: [] for i in self.text_columns}
        self.code_of: dict[int, dict[str, int]] = {i: {} for i in self.text_columns}
        self.lines: list[tuple[int, int | npt.NDArray[np.int64]]] = []
        self.text_width = 16
        self.characters = 0
        self.lacks_values = False
        self.arrow = None
        if not dialect.trailing and self.number_columns:
            self.arrow = arrow_parser(
                size, self.delimiter, dialect.width, self.text_columns, decimal_comma=decimal_comma
            )

    def add(self, block: Block) -> None:
        """Append the rows of a block. Raises DataError, naming the line, or Reread."""
        self.characters += len(block.data)
        if self.dialect.delimiter == " ":
            block = Block(block.first, "\n".join("\t".join(line.split()) for line in block.lines), block.quotes)
        if not (self._add_by_arrow(block) or self._add_plain(block)):
            self._add_any(block)

    def table(self) -> Table:
        """The table of all blocks."""
        if not self.rows:
            raise DataError(f"{self.name} has a header but no rows")
        self._refuse_second_header()
        numbers = self.numbers[: self.rows]
        columns = []
        for i in range(self.dialect.width):
            title = None if self.names is None else self.names[i]
            if i in self.codes:
                codes = np.concatenate(self.codes[i])
                columns.append(Column(i + 1, title, codes=codes, texts=tuple(self.code_of[i])))
            else:
                columns.append(Column(i + 1, title, numbers=numbers[:, self.number_columns.index(i)]))
        return Table(
            self.name,
            self.names,
            tuple(columns),
            self.rows,
            tuple(self.lines),
            numbers,
            decimal_comma=self.decimal_comma,
        )

    def _refuse_second_header(self) -> None:
        """Raise DataError for a header between the rows, of which each of the columns is one of text."""
        if self.dialect.header is None or self.number_columns:
            return
        same = np.ones(self.rows, bool)
        for i, cell in enumerate(self.dialect.header):
            same &= np.concatenate(self.codes[i]) == self.code_of[i].get(cell, -1)
        if same.any():
            row = int(np.argmax(same))
            first, lines = next(block for block in reversed(self.lines) if block[0] <= row)
            line = lines + row - first if isinstance(lines, int) else int(lines[row - first])
            raise DataError(f"{self.name}, line {line}: the header again; remove it")

    def _add_by_arrow(self, block: Block) -> bool:
        """Append a block of a large file by PyArrow; False if it is not there, or cannot read it as lines of cells."""
        if self.arrow is None:
            return False
        found = self.arrow.parse(block.content)
        if found is None or len(found) != block.count:
            return False
        part = self._reserve(len(found))
        for position, i in enumerate(self.number_columns):
            part[:, position] = found.column(i).to_numpy()
        if np.isinf(part).any() or np.isnan(part).all(axis=1).any():
            return False
        for i in self.text_columns:
            codes, texts = self.arrow.coded(found.column(i))
            self.codes[i].append(np.array(self._codes(i, texts), np.int32)[codes])
        self._append(len(found), block.first, {})
        return True

    def _add_plain(self, block: Block) -> bool:
        """Append a block by NumPy's parser; False if it cannot read it."""
        if not self.number_columns or (block.quotes and any(line.count('"') % 2 for line in block.lines)):
            return False
        found = None if self.lacks_values else self._parse(block.lines)
        if found is None and not block.quotes and not self.dialect.trailing:
            lines_of_numbers = mark_missing(block.lines, self.delimiter)
            found = None if lines_of_numbers is None else self._parse(lines_of_numbers)
            self.lacks_values |= found is not None
        if found is None or len(found) == 0:
            return False
        lines: int | npt.NDArray[np.int64] = block.first
        if len(found) != len(block.lines):
            filled = np.array([bool(line) for line in block.lines])
            lines = block.first + np.flatnonzero(filled)
            if len(found) != len(lines):
                return False
        if self.dialect.trailing and np.any(found["trailing"] != ""):
            return False
        part = self._reserve(len(found))
        position = 0
        for field in found.dtype.names or ():
            if field[0] == "n":
                values = found[field].reshape(len(found), -1)
                part[:, position : position + values.shape[1]] = values
                position += values.shape[1]
        if np.isinf(part).any():
            return False
        self._append(len(found), lines, {i: found[f"t{i}"].tolist() for i in self.text_columns})
        return True

    def _parse(self, lines: list[str]) -> npt.NDArray[Any] | None:
        """A structured array with a field per run of columns of numbers and per column of text; None if it fails."""
        if self.decimal_comma:
            if any("." in line for line in lines):
                return None  # of texts, or a separator of thousands
            lines = [line.replace(",", ".") for line in lines]
        while self.text_width <= MAX_TEXT_WIDTH and len(lines) * self._dtype().itemsize <= MAX_PARSED:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a block without rows
                try:
                    found = np.loadtxt(
                        lines, dtype=self._dtype(), delimiter=self.delimiter, comments=None, quotechar='"', ndmin=1
                    )
                except ValueError:
                    return None
            widest = max((int(np.char.str_len(found[f"t{i}"]).max(initial=0)) for i in self.text_columns), default=0)
            if widest < self.text_width:
                changed = self.decimal_comma and any(
                    "." in text for i in self.text_columns for text in set(found[f"t{i}"].tolist())
                )
                return None if changed else found
            self.text_width *= 4
        return None

    def _dtype(self) -> np.dtype[Any]:
        fields: list[Any] = []
        run = 0
        for i in [*range(self.dialect.width), -1]:
            if i >= 0 and i not in self.codes:
                run += 1
                continue
            if run:
                fields.append((f"n{len(fields)}", np.float64, (run,)))
                run = 0
            if i >= 0:
                fields.append((f"t{i}", f"U{self.text_width}"))
        if self.dialect.trailing:
            fields.append(("trailing", "U1"))
        return np.dtype(fields)

    def _add_any(self, block: Block) -> None:
        """Append a block by the csv module."""
        rows, lines = self._rows(block)
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        part = self._reserve(len(rows))
        strict = any("_" in line for line in block.lines)  # float() takes "1_000"
        wrong: set[int] = set()
        commas = False
        for position, i in enumerate(self.number_columns):
            try:
                part[:, position] = self._numbers(columns[i], strict=strict)
            except ValueError:
                wrong.add(i)
                commas |= not self.decimal_comma and any(map(has_decimal_comma, columns[i]))
        if wrong:
            if commas and self.delimiter != ",":
                raise Reread(frozenset(), decimal_comma=True)
            raise Reread(frozenset(wrong))
        if np.isinf(part).any():
            row, position = (int(index) for index in np.argwhere(np.isinf(part))[0])
            i = self.number_columns[position]
            raise DataError(f"{self.name}, line {lines[row]}, column {i + 1}: {quoted(columns[i][row])} is not finite")
        self._append(len(rows), lines, {i: columns[i] for i in self.text_columns})

    def _rows(self, block: Block) -> tuple[list[list[str]], npt.NDArray[np.int64]]:
        """The rows of a block that are not blank, and their lines."""
        rows: list[list[str]] = []
        lines: list[int] = []
        reader = csv.reader((f"{line}\n" for line in block.lines), delimiter=self.delimiter, strict=True)
        line = block.first
        width = self.dialect.width
        spaced = any(" " in line or "\t" in line or not line.isascii() for line in block.lines)
        try:
            for row in reader:
                cells = [cell.strip() for cell in row] if spaced or block.quotes else row
                if any(cells):
                    if self.dialect.trailing and len(cells) == width + 1 and not cells[-1]:
                        cells.pop()
                    if len(cells) != width:
                        what = "the first row" if self.names is None else "the header"
                        raise DataError(f"{self.name}, line {line}: {len(cells)} columns, but {what} has {width}")
                    rows.append(cells)
                    lines.append(line)
                line = block.first + reader.line_num
        except csv.Error as error:
            reason = "a quotation mark is not closed" if "unexpected end" in str(error) else error
            raise DataError(f"{self.name}, line {line}: not a row of a table: {reason}") from None
        return rows, np.array(lines, np.int64)

    def _numbers(self, cells: Sequence[str], *, strict: bool) -> Numbers:
        """Raises ValueError for text."""
        if self.decimal_comma:
            if any("." in cell for cell in cells):
                raise ValueError
            cells = [cell.replace(",", ".") for cell in cells]
        known = [_NAN.get(cell, cell) for cell in cells]
        try:
            values = np.fromiter(map(float, known), np.float64, len(cells))
        except ValueError:
            values = None
        if values is None or strict:
            found = [number(cell) for cell in cells]
            values = np.array([math.nan if value is None else value for value in found])
            if None in found:
                raise ValueError
        return values

    def _reserve(self, count: int) -> Numbers:
        """Room for rows at the end, grown by the estimated number of rows that follow."""
        needed = self.rows + count
        if needed > len(self.numbers):
            estimate = int(1.02 * needed * max(1.0, self.size / max(1, self.characters))) + 16
            room = estimate if not self.rows else max(needed, len(self.numbers) * 5 // 4)
            require_memory(room * max(1, len(self.number_columns)) * self.numbers.itemsize, self.name)
            grown: Numbers = np.empty((room, len(self.number_columns)), self.numbers.dtype)
            grown[: self.rows] = self.numbers[: self.rows]
            self.numbers = grown
        return self.numbers[self.rows : needed]

    def _append(self, count: int, lines: int | npt.NDArray[np.int64], texts: dict[int, Sequence[str]]) -> None:
        for i, cells in texts.items():
            different = list(dict.fromkeys(cells))
            code_of = dict(zip(different, self._codes(i, different), strict=True))
            self.codes[i].append(np.fromiter(map(code_of.__getitem__, cells), np.int32, count))
        if self.codes:
            require_memory(TEXT_BYTES * sum(map(len, self.code_of.values())), f"{self.name} with its texts")
        self.lines.append((self.rows, lines))
        self.rows += count

    def _codes(self, column: int, texts: Iterable[str]) -> list[int]:
        """The codes of texts in a column, new ones among them."""
        code_of = self.code_of[column]
        return [code_of.setdefault(composed(text.strip()), len(code_of)) for text in texts]
