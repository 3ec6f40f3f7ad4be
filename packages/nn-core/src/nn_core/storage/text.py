"""Text files of any common encoding, CSV files among them, and texts in UTF-8."""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nn_core.errors import DataError
from nn_core.storage.encoding import find_encoding
from nn_core.storage.files import check_bytes, check_file, decoding_errors, printable

MAX_TEXT_BYTES = 1024**3
"""Maximum size of a text file: 1 GiB."""

BLOCK_BYTES = 1 << 20
"""Bytes of a text file read at a time."""


class TextFile:
    """A text file of any encoding that `find_encoding` knows, read in blocks.

    source  its path, or its bytes, which need a name
    name    for messages; None for the path
    Raises DataError if it is missing, empty, too large or not a text. Warns DataWarning if it is
    not in UTF-8.
    """

    def __init__(self, source: Path | bytes, name: str | None = None) -> None:
        self.source, self.name = source, printable(source) if name is None else name
        if isinstance(source, Path):
            check_file(source)
        self.size = source.stat().st_size if isinstance(source, Path) else len(source)
        check_bytes(self.size, self.name, MAX_TEXT_BYTES)
        self.codec = find_encoding(self._bytes(), self.name)

    def blocks(self) -> Iterator[str]:
        """The text in consecutive parts, with newlines as line endings.

        Each part but the last ends with a newline or space, so that words are not divided.
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
            pending.append(decoder.decode(b"", final=True))
        if rest := "".join(pending):
            yield rest

    def read(self) -> str:
        """The whole text."""
        return "".join(self.blocks())

    def _bytes(self) -> Iterator[bytes]:
        with self.source.open("rb") if isinstance(self.source, Path) else io.BytesIO(self.source) as file:
            while block := file.read(BLOCK_BYTES):
                yield block


class Row(NamedTuple):
    """The stripped cells of a CSV row, and its last line number, counted from 1."""

    line: int
    cells: list[str]


def read_text(path: Path, *, kind: str = "a text in UTF-8") -> str:
    """Read a text file, normalizing line endings to newlines.

    kind  expected file type, for messages
    Raises DataError if it is missing, blank, too large or not UTF-8.
    """
    check_file(path)
    with decoding_errors(path, kind):
        check_bytes(path.stat().st_size, printable(path), MAX_TEXT_BYTES)
        text = path.read_bytes().decode("utf-8-sig")
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
