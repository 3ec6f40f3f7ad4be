"""Object headers of HDF5 files, read without the library: what an object is, before it is opened.

The library follows a virtual dataset to its sources as soon as its shape is asked for, and allocates
a text by its declared length before it looks for it. Both stand in the messages of the object's header.

    version 1   1 byte version, 1 unused, 2 count, 4 references, 4 size, 4 unused; messages:
                2 bytes type, 2 size, 1 flags, 3 unused, data
    version 2   "OHDR", 1 byte version, 1 flags, times and limits by flags, size; messages:
                1 byte type, 2 size, 1 flags, 2 order by flags, data; 4 bytes checksum
    A message of type CONTINUATION has the address and size of another block of messages.

Source: HDF5 File Format Specification Version 3.0, sec. IV.A.
"""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from nn_core.errors import DataError

EXTERNAL_FILES, LAYOUT, ATTRIBUTE, CONTINUATION = 0x07, 0x08, 0x0C, 0x10
SHARED = 0x02
"""Flag of a message that is stored elsewhere."""
VIRTUAL = 3
"""Class of a layout."""
STRING, VARIABLE = 3, 9
"""Classes of datatypes."""
MAX_MESSAGES, MAX_BLOCKS = 10_000, 1_000
REFERENCE_BYTES = 4
"""Bytes of the length in a reference to a text of variable length."""


class Message(NamedTuple):
    """A part of an object header."""

    kind: int
    flags: int
    data: bytes


class Sizes(NamedTuple):
    """Of a file: its bytes, where its addresses count from, and the bytes of an address and of a length."""

    file: int
    base: int
    address: int
    length: int


def read_messages(file: BinaryIO, address: int, sizes: Sizes) -> list[Message]:
    """The messages of the object header at an address. Raises DataError if it is damaged."""
    found: list[Message] = []
    start = _read(file, address, 16, sizes)
    is_new = start[:4] == b"OHDR"
    if is_new:
        flags = start[5]
        skipped = 6 + 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
        width = 1 << (flags & 3)
        size = int.from_bytes(_read(file, address + skipped, width, sizes), "little")
        blocks = [(address + skipped + width, size)]
        prefix = 6 if flags & 0x04 else 4
    elif start[0] == 1:
        blocks = [(address + 16, int.from_bytes(start[8:12], "little"))]
        prefix = 8
    else:
        raise DataError("an object has an unknown header")
    seen: set[int] = set()
    while blocks:
        place, size = blocks.pop()
        if place in seen or len(seen) >= MAX_BLOCKS:
            raise DataError("the header of an object contains itself")
        seen.add(place)
        for message in _split(_read(file, place, size, sizes), prefix, is_new=is_new):
            found.append(message)
            if len(found) > MAX_MESSAGES:
                raise DataError("the header of an object is too long")
            if message.kind == CONTINUATION:
                where, more = _numbers(message.data, sizes)
                blocks.append((where + 4, more - 8) if is_new else (where, more))  # without "OCHK" and checksum
    return found


def is_virtual(messages: list[Message]) -> bool:
    """Whether the values are those of other datasets."""
    return any(_layout_class(message) == VIRTUAL for message in messages if message.kind == LAYOUT)


def is_external(messages: list[Message]) -> bool:
    """Whether the values are in other files."""
    return any(message.kind == EXTERNAL_FILES for message in messages)


def find_attribute(messages: list[Message], name: str) -> tuple[int, bytes] | None:
    """The class of the datatype of an attribute, and its stored value; None if there is none in the header.

    Raises DataError for one that is stored elsewhere.
    """
    for message in messages:
        if message.kind != ATTRIBUTE or len(message.data) < 8:
            continue
        data, version, step = message.data, message.data[0], 8 if message.data[0] == 1 else 1
        start = 9 if version == 3 else 8
        lengths = [int.from_bytes(data[i : i + 2], "little") for i in (2, 4, 6)]
        ends = [start]
        for length in lengths:
            ends.append(ends[-1] + -(-length // step) * step)
        if data[start : start + lengths[0]].rstrip(b"\0") != name.encode():
            continue
        if message.flags & SHARED or (version > 1 and data[1]) or ends[-1] > len(data):
            raise DataError(f"its attribute {name} is stored elsewhere")
        return data[ends[1]] & 0x0F, data[ends[3] :]
    return None


def _layout_class(message: Message) -> int:
    """Version 3 and later have the class behind the version, earlier ones behind the number of axes as well."""
    data = message.data
    return data[1 if data[:1] >= b"\x03" else 2] if len(data) > 2 else -1


def _split(block: bytes, prefix: int, *, is_new: bool) -> Iterator[Message]:
    """The messages of a block; a rest shorter than the prefix of a message is a gap."""
    place = 0
    while place + prefix <= len(block):
        if is_new:
            kind, size, flags = block[place], int.from_bytes(block[place + 1 : place + 3], "little"), block[place + 3]
        else:
            kind, size = (int.from_bytes(block[place + i : place + i + 2], "little") for i in (0, 2))
            flags = block[place + 4]
        place += prefix
        if place + size > len(block):
            raise DataError("the header of an object is damaged")
        yield Message(kind, flags, block[place : place + size])
        place += size


def _numbers(data: bytes, sizes: Sizes) -> tuple[int, int]:
    end = sizes.address + sizes.length
    return int.from_bytes(data[: sizes.address], "little"), int.from_bytes(data[sizes.address : end], "little")


def _read(file: BinaryIO, address: int, size: int, sizes: Sizes) -> bytes:
    start = sizes.base + address
    if address < 0 or size < 0 or start + size > sizes.file:
        raise DataError("the header of an object is not in the file")
    file.seek(start)
    return file.read(size)
