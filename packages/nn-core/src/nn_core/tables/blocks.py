"""Blocks of whole lines of a text file, so that a large file is never in memory at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import TextIOWrapper
from typing import IO

BLOCK = 2**19
"""Characters read at a time."""


@dataclass(frozen=True)
class Block:
    """Consecutive lines.

    first   number of the first line, from 1
    text    at least one line; no quoted cell goes on beyond the last
    quotes  whether there is a quotation mark in it
    """

    first: int
    text: str
    quotes: bool

    @cached_property
    def count(self) -> int:
        """The number of lines."""
        return self.text.count("\n") + (not self.text.endswith("\n"))

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.removesuffix("\n").split("\n")


def read_blocks(file: IO[bytes], encoding: str, *, skip: int = 0, times: int = 1) -> Iterator[Block]:
    """The blocks of a binary file, from its beginning; all kinds of line ends are one.

    skip   number of lines to skip at the beginning
    times  size of the blocks, in units of BLOCK
    Raises UnicodeDecodeError for bytes that are not in the encoding.
    """
    file.seek(0)
    text = TextIOWrapper(file, encoding, newline=None)
    try:
        yield from _blocks(text, skip, BLOCK * times)
    finally:
        text.detach()


def _blocks(text: TextIOWrapper, skip: int, size: int) -> Iterator[Block]:
    for _ in range(skip):
        text.readline()
    first, rest = skip + 1, ""
    while True:
        chunk = text.read(size)
        rest += chunk
        cut = len(rest) if not chunk else rest.rfind("\n") + 1
        quotes = rest.count('"', 0, cut)
        if chunk and (cut == 0 or quotes % 2):
            continue
        if cut:
            block = Block(first, rest[:cut], quotes > 0)
            rest = rest[cut:]
            yield block
            first += block.count
        if not chunk:
            return
