"""Blocks of whole lines of a text file, so that a large file is never in memory at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from typing import IO

BLOCK = 2**19
"""Characters read at a time."""


@dataclass(frozen=True)
class Block:
    """Consecutive lines without their line ends.

    first   number of the first line, from 1
    lines   at least one; no quoted cell goes on beyond the last
    quotes  whether there is a quotation mark in them
    size    number of characters
    """

    first: int
    lines: list[str]
    quotes: bool
    size: int


def read_blocks(file: IO[bytes], encoding: str, *, skip: int = 0) -> Iterator[Block]:
    """The blocks of a binary file, from its beginning; all kinds of line ends are one.

    skip  number of lines to pass over at the beginning
    Raises UnicodeDecodeError for bytes that are not in the encoding.
    """
    file.seek(0)
    text = TextIOWrapper(file, encoding, newline=None)
    try:
        yield from _blocks(text, skip)
    finally:
        text.detach()


def _blocks(text: TextIOWrapper, skip: int) -> Iterator[Block]:
    for _ in range(skip):
        text.readline()
    first, rest = skip + 1, ""
    while True:
        chunk = text.read(BLOCK)
        rest += chunk
        cut = len(rest) if not chunk else rest.rfind("\n") + 1
        quotes = rest.count('"', 0, cut)
        if chunk and (cut == 0 or quotes % 2):
            continue
        if cut:
            lines = rest[:cut].split("\n")
            if not lines[-1]:
                lines.pop()
            rest = rest[cut:]
            yield Block(first, lines, quotes > 0, cut)
            first += len(lines)
        if not chunk:
            return
