"""Recognition of the form of a table: encoding, delimiter, decimal comma, header."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nn_core.errors import DataError
from nn_core.storage.encoding import encoding_by_beginning
from nn_core.tables.cells import composed, dressed_number, has_decimal_comma, is_grouped, is_missing, number

DELIMITERS = "\t;|,"
"""Delimiters, the first of which gives every line the same number of columns."""

TARGETS = ("label", "class", "target", "species", "y")
"""Headers of the column to predict, in lower case, the surest first."""

ROW_NAMES = "row names"
"""Header of the column for which R writes none."""

SAMPLE_LINES, SAMPLE_CHARACTERS = 200, 2**21
"""The beginning of a table by which its form is recognized."""
MAX_COLUMNS = 100_000
_CONTAINERS = ((b"PK\x03\x04", "an Excel workbook or a zip archive"), (b"\xd0\xcf\x11\xe0", "an Excel workbook"))

_MARKUP = (
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "XML"),
    (b"[{", "JSON"),
    (b'{"', "JSON"),
    (b"@relation", "ARFF"),
)
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """The form of a table.

    delimiter      between cells; a space stands for any spaces and tabs
    width          number of columns
    header         their names as written; None without a header
    trailing       whether every row ends in a delimiter, after its last column
    decimal_comma  whether numbers are written as 1,5
    text           indices of the columns that hold text, as far as the sample shows
    """

    delimiter: str
    width: int
    header: tuple[str, ...] | None
    trailing: bool
    decimal_comma: bool
    text: frozenset[int]


def encodings(start: bytes, name: str) -> tuple[str, ...]:
    """The encodings to try, in this order, for a file that starts with these bytes.

    Raises DataError for a file that is not text.
    """
    for mark, kind in _CONTAINERS:
        if start.startswith(mark):
            raise DataError(f"{name} is {kind}, not text; save the sheet as CSV")
    for mark, kind in _MARKUP:
        if start[:512].lstrip().lower().startswith(mark):
            raise DataError(f"{name} is {kind}, not a table in text, such as CSV")
    if (encoding := encoding_by_beginning(start)) is not None:
        return (encoding,)
    if 0 in start:
        raise DataError(f"{name} is not a table in text: it holds zero bytes")
    return "utf-8", "cp1252", "latin-1"


def recognize(lines: Sequence[str], name: str) -> Dialect:
    """The dialect of a table from its first lines, which are not all blank.

    Raises DataError, naming the line, for a table of one column or a header that does not fit.
    """
    delimiter, rows = _delimited(lines)
    if len(rows) > 1 and not rows[0][-1] and all(len(row) == len(rows[0]) - 1 > 0 for row in rows[1:]):
        rows[0].pop()  # only the header ends in a delimiter
    trailing = len(rows) > 0 and all(len(row) > 1 and not row[-1] for row in rows[1:] or rows)
    if len(rows) > 1 and rows[0][-1] and len(rows[0]) == len(rows[1]):
        trailing = False
    if trailing:
        rows = [row[:-1] if not row[-1] else row for row in rows]
    if not trailing and _names_rows(rows):
        rows[0].insert(0, ROW_NAMES)
    width = len(rows[0])
    if width > MAX_COLUMNS:
        raise DataError(f"{name} has {width:,} columns; the limit is {MAX_COLUMNS:,}")
    body = [row for row in rows[1:] if len(row) == width and row != rows[0]]
    decimal_comma = delimiter != "," and _has_decimal_commas(rows)
    known = [[_is_number(cell, decimal_comma) for cell in row] for row in [rows[0], *body]]
    header = tuple(map(composed, rows[0])) if _is_header(rows[0], known[0], body, known[1:]) else None
    if header is not None and trailing and len(rows) > 1 and len(rows[1]) != width:
        raise DataError(f"{name}: the first line has {width} of {len(rows[1])} columns; delete it if it is no header")
    first = 0 if header is None else 1
    text = frozenset(i for i in range(width) if not all(row[i] for row in known[first:]))
    return Dialect(delimiter, width, header, trailing, decimal_comma, text)


def _delimited(lines: Sequence[str]) -> tuple[str, list[list[str]]]:
    """The delimiter, and the rows of the sample; the comma if nothing fits."""
    best = 0.0, ",", _rows(lines, ",")
    for delimiter in DELIMITERS:
        rows = _rows(lines, delimiter)
        width, count = Counter(len(row) for row in rows).most_common(1)[0]
        share = count / len(rows) if width > 1 else 0.0
        if share > best[0]:
            best = share, delimiter, rows
    words = [[word.strip('"') for word in line.split()] for line in lines]
    even = all(len(row) == len(words[0]) for row in words) or _names_rows(words)
    if best[0] < 0.5 and len(words[0]) > 1 and even:
        return " ", words
    return best[1], best[2]


def _names_rows(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a header of text has no name for the first column, in which R writes the names of rows."""
    below = rows[1:]
    return len(below) > 1 and (
        all(len(row) == len(rows[0]) + 1 for row in below)
        and all(number(cell) is None for cell in rows[0])
        and len({row[0] for row in below}) == len(below)
    )


def preamble(lines: Sequence[str]) -> int:
    """The number of lines before the table: Excel's "sep=;", or comments of another width after "#"."""
    if _SEPARATOR.fullmatch(lines[0].strip()):
        return 1
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)
    if not count:
        return 0
    delimiter, rows = _delimited([line for line in lines[count:] if line.strip()] or [""])
    while count and len(_split(lines[count - 1], delimiter)) == len(rows[0]):
        count -= 1
    return count


def _split(line: str, delimiter: str) -> list[str]:
    return line.lstrip("#").split() if delimiter == " " else _rows([line], delimiter)[0]


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        split = list(csv.reader([f"{line}\n" for line in lines], delimiter=delimiter))
    except csv.Error:
        split = [line.split(delimiter) for line in lines]
    rows = [[cell.strip() for cell in row] for row in split]
    return [row for row in rows if any(row)] or [[""]]


def _has_decimal_commas(rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell for row in rows for cell in row]
    points = [cell for cell in cells if "." in cell and number(cell) is not None]
    if not points:
        return any(map(has_decimal_comma, cells)) or any(is_grouped(cell) and "," in cell for cell in cells)
    fractions = any((has_decimal_comma(cell) and dressed_number(cell) is None) for cell in cells)
    return all(map(is_grouped, points)) and (fractions or any(is_grouped(cell) and "," in cell for cell in cells))


def _is_number(cell: str, decimal_comma: bool) -> bool:
    if decimal_comma:
        return "." not in cell and number(cell.replace(",", ".")) is not None
    return number(cell) is not None


def _is_header(
    first: Sequence[str], numbers: Sequence[bool], body: Sequence[Sequence[str]], below: Sequence[Sequence[bool]]
) -> bool:
    """Whether the first row names the columns.

    It does if it has text only (a few blank cells aside), and that over a column of numbers or unlike the
    texts below; or if it names the label, or counts the columns (0, 1, 2, ...; 2019, 2020, ...).
    """
    blank = [is_missing(cell) and (cell.lower() != "na" or first.count(cell) > 1) for cell in first]  # Na: sodium
    filled = [cell for cell, is_blank in zip(first, blank, strict=True) if not is_blank]
    if len(filled) * 2 < len(first) or not filled:
        return False
    named_target = any(cell.lower() in TARGETS and cell not in {row[i] for row in body} for i, cell in enumerate(first))
    if any(is_number and not is_missing(cell) for is_number, cell in zip(numbers, first, strict=True)):
        if named_target and body:
            return True
        if _counts_beside_text(filled, first, body):
            return True
        counted = [int(cell) for cell in filled if cell.isdecimal() and len(cell) < 7]
        in_order = counted in (list(range(len(first))), list(range(1, len(first) + 1)))
        fractions = any("." in cell for row in body for cell in row)
        return in_order and (len(first) > 9 or (len(first) > 2 and fractions))
    if any(dressed_number(cell) is not None for cell in filled):
        return False
    if not body or named_target:
        return True
    columns = enumerate(zip(*below, strict=True))
    if any(all(column) and not blank[i] and any(row[i] for row in body) for i, column in columns):
        return True
    return not any(cell in {row[i] for row in body} for i, cell in enumerate(first) if not blank[i])


def _counts_beside_text(filled: Sequence[str], first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a first row counts (from 0, 1 or a year) beside texts that are new above repeated ones or numbers."""
    counted = [int(cell) for cell in filled if cell.isdecimal() and len(cell) < 7]
    texts = [i for i, cell in enumerate(first) if cell in filled and number(cell) is None]
    if len(counted) < 2 or not texts or len(counted) + len(texts) != len(filled):
        return False
    if counted != list(range(counted[0], counted[0] + len(counted))) or not (
        counted[0] in {0, 1} or 1900 <= counted[0] <= 2100
    ):
        return False
    for i in texts:
        below = [row[i] for row in body if not is_missing(row[i])]
        numeric = len(below) > 1 and all(number(cell) is not None for cell in below)
        if not numeric and (first[i] in below or 2 * len(set(below)) >= len(below)):
            return False
    return True
