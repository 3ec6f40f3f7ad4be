"""Text files of any common encoding, CSV files among them, and texts in UTF-8."""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nn_core.errors import DataError
from nn_core.memory import require_memory
from nn_core.storage.encoding import find_encoding
from nn_core.storage.files import check_size, decoding_errors, file_size, open_file, printable, read_file

MAX_TEXT_BYTES = 1024**3
"""Maximum size of a text file: 1 GiB."""

MAX_CSV_BYTES = 64 * 1024**2
"""Maximum size of a CSV file whose cells are kept as texts: 64 MiB."""

BLOCK_BYTES, MAX_BLOCKS = 1 << 20, 16
"""Bytes of a text file read at a time, and blocks that are kept together for a word."""


class TextFile:
    """A text file of any encoding that `find_encoding` knows, read in blocks.

    source  its path, or its bytes, which need a name
    name    for messages; None for the path
    Raises DataError if it is missing, empty, too large or not a text. Warns DataWarning if it is
    not in UTF-8.
    """

    def __init__(self, source: Path | bytes, name: str | None = None) -> None:
        self.source, self.name = source, printable(source) if name is None else name
        self.size = file_size(source) if isinstance(source, Path) else len(source)
        check_size(self.size, self.name, MAX_TEXT_BYTES)
        self.codec = find_encoding(self._bytes(), self.name)

    def blocks(self) -> Iterator[str]:
        """The text in consecutive parts, with newlines as line endings.

        Each part but the last ends with a newline or space, so that words are not divided; unless there is
        none for MAX_BLOCKS blocks.
        """
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(self.codec)(), translate=True)
        pending: list[str] = []
        with decoding_errors(Path(self.name), "a text"):
            for block in self._bytes():
                text = decoder.decode(block)
                end = 1 + max(text.rfind("\n"), text.rfind(" "))
                if end:
                    yield "".join([*pending, text[:end]])
                    pending = []
                pending.append(text[end:])
                if len(pending) > MAX_BLOCKS:
                    yield "".join(pending)
                    pending = []
            pending.append(decoder.decode(b"", final=True))
        if rest := "".join(pending):
            yield rest

    def read(self) -> str:
        """The whole text."""
        require_memory(2 * self.size, self.name)
        return "".join(self.blocks())

    def _bytes(self) -> Iterator[bytes]:
        with open_file(self.source) if isinstance(self.source, Path) else io.BytesIO(self.source) as file:
            while block := file.read(BLOCK_BYTES):
                yield block


class Row(NamedTuple):
    """The stripped cells of a CSV row, and its last line number, counted from 1."""

    line: int
    cells: list[str]


def read_text(path: Path, *, kind: str = "a text in UTF-8", limit: int | None = None) -> str:
    """Read a text file, normalizing line endings to newlines.

    kind   expected file type, for messages
    limit  of its size in bytes; None for MAX_TEXT_BYTES
    Raises DataError if it is missing, blank, too large or not UTF-8.
    """
    with decoding_errors(path, kind):
        text = read_file(path, MAX_TEXT_BYTES if limit is None else limit).decode("utf-8-sig")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise DataError(f"{printable(path)} is empty: it has only blank lines")
    return text


def read_csv(path: Path) -> list[Row]:
    """The nonblank rows of a CSV file, at least one; the delimiter is a comma, semicolon or tab.

    Raises DataError if it is missing, blank, too large, not text or not CSV. Warns DataWarning if it is
    not in UTF-8.
    """
    import csv

    check_size(file_size(path), printable(path), MAX_CSV_BYTES)
    text = TextFile(path).read()
    first = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    with decoding_errors(path, "a CSV file"):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [
            Row(reader.line_num, [cell.strip() for cell in cells])
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    if not rows:
        raise DataError(f"{printable(path)} is empty: it has only blank lines")
    return rows
