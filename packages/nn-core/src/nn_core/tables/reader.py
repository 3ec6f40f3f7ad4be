"""Reading of a table: NumPy's parser for plain blocks, the csv module for the others."""

import io
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError, remark
from nn_core.progress import MEGABYTE, job
from nn_core.storage.encoding import GUESSED, remark_on_encoding
from nn_core.storage.files import check_size, decoding_errors, first_few, open_file
from nn_core.storage.text import MAX_TEXT_BYTES
from nn_core.tables.arrow import ARROW_BLOCKS
from nn_core.tables.blocks import UTF8, Block, read_blocks, read_byte_blocks
from nn_core.tables.builder import Builder, Reread
from nn_core.tables.dialect import SAMPLE_CHARACTERS, SAMPLE_LINES, encodings, preamble, recognize
from nn_core.tables.table import Table

TextColumns: TypeAlias = Callable[[tuple[str, ...] | None, int], Collection[int]]
"""From the names of the columns, if there is a header, and their number: the indices of those that hold text."""


def read_table(
    source: Path | IO[bytes], *, name: str, dtype: npt.DTypeLike = np.float64, text: TextColumns | None = None
) -> Table:
    """The columns of a table in delimited text.

    source  a file, or an open binary stream, which is read to its end
    name    of the source, for messages
    dtype   in which numbers are kept: float32 takes half the memory
    text    which columns hold text even if all of their cells look like numbers or missing ones

    Encoding (UTF-8, UTF-16 or UTF-32, otherwise Windows-1252 or Latin-1 with a DataWarning),
    delimiter (comma, semicolon, tab or |), decimal commas, a header and a delimiter after the last column
    are recognized. Blank lines are skipped. A column is one of numbers if each of its cells is a
    number or missing ("", "?", "NA", ...), otherwise one of text. Names that occur twice are numbered, with a
    DataWarning.

    Raises DataError, naming the line, for a file that is missing, blank, too large or not text, for a row of
    another width, and for a number that is not finite.
    """
    with _opened(source, name) as file:
        start = file.read(2**16)
        if not start:
            raise DataError(f"{name} is empty")
        for encoding in encodings(start, name):
            try:
                table = _read(file, encoding, name, dtype, text)
            except UnicodeDecodeError as error:
                reason = error
                continue
            if encoding in GUESSED:
                remark_on_encoding(encoding, name)
            return table
    raise DataError(f"{name} is not a table in text, or is damaged: {reason}")


@contextmanager
def _opened(source: Path | IO[bytes], name: str) -> Iterator[IO[bytes]]:
    if isinstance(source, Path):
        with decoding_errors(source, "a table in text"), open_file(source) as file:
            check_size(os.fstat(file.fileno()).st_size, name, MAX_TEXT_BYTES)
            yield file
    else:
        data = source.read(MAX_TEXT_BYTES + 1)
        check_size(len(data), name, MAX_TEXT_BYTES)
        yield io.BytesIO(data)


def _read(file: IO[bytes], encoding: str, name: str, dtype: npt.DTypeLike, known: TextColumns | None) -> Table:
    sample, before, header_lines = _sample(file, encoding, name)
    dialect = recognize(sample, name)
    names = None if dialect.header is None else _distinct(dialect.header, name)
    skip = before if names is None else header_lines
    file.seek(0, io.SEEK_END)
    size = file.tell()
    decimal_comma, text = dialect.decimal_comma, set(dialect.text)
    if known is not None:
        text.update(known(names, dialect.width))
    while True:
        builder = Builder(
            name, dialect, names, decimal_comma=decimal_comma, text=frozenset(text), size=size, dtype=dtype
        )
        try:
            with job("reading the table", size // MEGABYTE, unit="MB") as advance:
                done = 0
                for block in _blocks(file, encoding, name, skip, large=builder.arrow is not None):
                    builder.add(block)
                    before, done = done, file.tell() // MEGABYTE
                    advance(done - before)
            return builder.table()
        except Reread as found:
            decimal_comma |= found.decimal_comma
            text |= found.text


def _blocks(file: IO[bytes], encoding: str, name: str, skip: int, *, large: bool) -> Iterator[Block]:
    """The blocks of a file; of a large one in UTF-8 as bytes, which PyArrow decodes."""
    if large and encoding in UTF8:
        file.seek(0)
        start = file.read(2**16)
        if b"\n" in start and b"\r" not in start:
            return read_byte_blocks(file, name, skip=skip, times=ARROW_BLOCKS)
    return read_blocks(file, encoding, name, skip=skip)


def _sample(file: IO[bytes], encoding: str, name: str) -> tuple[list[str], int, int]:
    """The first lines that are not blank, and the numbers of lines before the first row and up to its end."""
    for block in read_blocks(file, encoding, name):
        blank = 0
        while blank < len(block.lines) and not block.lines[blank].strip(" ,;\t|"):
            blank += 1
        if blank < len(block.lines):
            count = preamble(block.lines[blank : blank + SAMPLE_LINES])
            if block.lines[blank].startswith("#") and count:
                remark(f"{name}: skipped {count} line{'' if count == 1 else 's'} of comments")
            blank += count
        lines = _first(line for line in block.lines[blank:] if line.strip())
        if not lines:
            continue
        length, quotes = 1, block.lines[blank].count('"')
        while quotes % 2 and blank + length < len(block.lines):
            quotes += block.lines[blank + length].count('"')
            length += 1
        before = block.first - 1 + blank
        return lines, before, before + length
    raise DataError(f"{name} is empty: it has only blank lines")


def _first(lines: Iterable[str]) -> list[str]:
    """The first SAMPLE_LINES lines, or fewer if they are very long, but two."""
    found: list[str] = []
    room = SAMPLE_CHARACTERS
    for line in islice(lines, SAMPLE_LINES):
        room -= len(line)
        if room < 0 and len(found) >= 2:
            break
        found.append(line)
    return found


def _distinct(header: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The names of the columns, blank ones by number, repeated ones numbered."""
    names: dict[str, None] = {}
    repeated: list[str] = []
    for number, cell in enumerate(header, start=1):
        stem = (cell.lstrip("# ") or cell if number == 1 else cell) or f"column {number}"
        found, count = stem, 0
        while found in names:
            count += 1
            found = f"{stem}.{count}"
        if found != stem:
            repeated.append(found)
        names[found] = None
    if repeated:
        remark(f"{name}: duplicate column names; the later ones are called {first_few(list(map(repr, repeated)))}")
    return tuple(names)
