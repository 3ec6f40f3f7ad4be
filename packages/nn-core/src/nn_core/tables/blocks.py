"""Blocks of whole lines of a text file, so that a large file is never in memory at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import TextIOWrapper
from typing import IO, Any

from nn_core.errors import DataError

BLOCK = 2**19
"""Characters read at a time."""

MAX_ROW = 2**24
"""Characters of the longest row: a column takes at least two."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF8 = frozenset({"utf-8", "utf-8-sig"})


@dataclass(frozen=True)
class Block:
    """Consecutive lines.

    first   number of the first line, from 1
    data    at least one line, as text or as bytes in UTF-8; no quoted cell goes on beyond the last
    quotes  whether there is a quotation mark in it
    """

    first: int
    data: str | bytes
    quotes: bool

    @cached_property
    def text(self) -> str:
        """The lines, each ended by a newline. Raises UnicodeDecodeError for bytes that are not UTF-8."""
        if isinstance(self.data, str):
            return self.data
        return self.data.decode().replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def content(self) -> bytes:
        """The lines in UTF-8."""
        return self.data.encode() if isinstance(self.data, str) else self.data

    @cached_property
    def count(self) -> int:
        """The number of lines."""
        if isinstance(self.data, bytes) and b"\r" not in self.data:
            return self.data.count(b"\n") + (not self.data.endswith(b"\n"))
        return self.text.count("\n") + (not self.text.endswith("\n"))

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.removesuffix("\n").split("\n")


def read_blocks(file: IO[bytes], encoding: str, name: str, *, skip: int = 0) -> Iterator[Block]:
    """The blocks of a binary file, from its beginning; all kinds of line ends are one.

    name  of the file, for messages
    skip  number of lines to skip at the beginning
    Raises UnicodeDecodeError for bytes that are not in the encoding, DataError for a row of more than MAX_ROW.
    """
    file.seek(0)
    text = TextIOWrapper(file, encoding, newline=None)
    try:
        yield from _blocks(text, "", "\n", '"', skip, BLOCK, name)
    finally:
        text.detach()


def read_byte_blocks(file: IO[bytes], name: str, *, skip: int = 0, times: int = 1) -> Iterator[Block]:
    """The blocks of a binary file in UTF-8, which is not checked, with lines ended by newlines.

    name   of the file, for messages
    skip   number of lines to skip at the beginning
    times  size of the blocks, in units of BLOCK
    Raises DataError for a row of more than MAX_ROW.
    """
    file.seek(0)
    if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
        file.seek(0)
    return _blocks(file, b"", b"\n", b'"', skip, BLOCK * times, name)


def _blocks(stream: Any, rest: Any, newline: Any, quote: Any, skip: int, size: int, name: str) -> Iterator[Block]:
    """The blocks of a stream of text or bytes.

    rest            "" or b""
    newline, quote  of the same type
    """
    for _ in range(skip):
        stream.readline()
    first = skip + 1
    while True:
        chunk = stream.read(size)
        rest += chunk
        cut = len(rest) if not chunk else rest.rfind(newline) + 1
        quotes = rest.count(quote, 0, cut) if quote in rest else 0
        if chunk and (cut == 0 or quotes % 2):
            if len(rest) > MAX_ROW:
                what = "a quotation mark is not closed" if quotes % 2 else f"it is longer than {MAX_ROW:,} characters"
                line = first + rest.count(newline, 0, max(0, rest.rfind(quote)))
                raise DataError(f"{name}, line {line}: not a row of a table: {what}")
            continue
        if cut:
            block = Block(first, rest[:cut], quotes > 0)
            rest = rest[cut:]
            yield block
            first += block.count
        if not chunk:
            return
