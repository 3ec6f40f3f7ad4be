"""Object headers of HDF5 files: the messages that describe a group, a dataset or a named type.

    version 1   1 byte version, 1 unused, 2 count, 4 references, 4 size, 4 unused; messages:
                2 bytes kind, 2 size, 1 flags, 3 unused, data
    version 2   "OHDR", 1 byte version, 1 flags, times and limits by flags, size; messages:
                1 byte kind, 2 size, 1 flags, 2 order by flags, data; 4 bytes checksum
    A message of kind CONTINUATION has the address and size of another block of messages.

Source: HDF5 File Format Specification Version 3.0, sec. IV.A.
"""

from collections.abc import Iterator
from typing import NamedTuple

from nn_core.storage.hdf5_bytes import DamageError, HDF5Bytes, number
from nn_core.storage.hdf5_types import Shape, Type, read_shape, read_type

SHAPE, TYPE, EXTERNAL_FILES, LAYOUT, FILTERS, ATTRIBUTE, CONTINUATION = 0x01, 0x03, 0x07, 0x08, 0x0B, 0x0C, 0x10
SHARED = 0x02
"""Flag of a message that is stored elsewhere."""
VIRTUAL = 3
"""Class of a layout."""
MAX_MESSAGES, MAX_BLOCKS = 10_000, 1_000


class Message(NamedTuple):
    """A part of an object header."""

    kind: int
    flags: int
    data: bytes


class Attribute(NamedTuple):
    """A value of an object by name, as stored."""

    shape: Shape
    type: Type
    stored: bytes


def read_messages(file: HDF5Bytes, address: int) -> list[Message]:
    """The messages of the object header at an address. Raises DamageError if it is damaged."""
    found: list[Message] = []
    start = file.read(address, 16)
    is_new = start[:4] == b"OHDR"
    if is_new:
        flags = start[5]
        skipped = 6 + 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
        width = 1 << (flags & 3)
        blocks = [(address + skipped + width, number(file.read(address + skipped, width), 0, width))]
        prefix = 6 if flags & 0x04 else 4
    elif start[0] == 1:
        blocks = [(address + 16, number(start, 8, 4))]
        prefix = 8
    else:
        raise DamageError("an object has an unknown header")
    seen: set[int] = set()
    while blocks:
        place, size = blocks.pop()
        if place in seen or len(seen) >= MAX_BLOCKS:
            raise DamageError("the header of an object contains itself")
        seen.add(place)
        for message in _split(file.read(place, size), prefix, is_new=is_new):
            found.append(message)
            if len(found) > MAX_MESSAGES:
                raise DamageError("the header of an object is too long")
            if message.kind == CONTINUATION:
                where, more = number(message.data, 0, file.address), number(message.data, file.address, file.length)
                blocks.append((where + 4, more - 8) if is_new else (where, more))  # without "OCHK" and checksum
    return found


def find_message(messages: list[Message], kind: int) -> bytes | None:
    """The data of the first message of a kind; None if there is none. Raises DamageError if it is elsewhere."""
    for message in messages:
        if message.kind == kind:
            if message.flags & SHARED:
                raise DamageError("a part of its header is stored elsewhere")
            return message.data
    return None


def is_virtual(messages: list[Message]) -> bool:
    """Whether the values are those of other datasets."""
    return any(_layout_class(message) == VIRTUAL for message in messages if message.kind == LAYOUT)


def is_external(messages: list[Message]) -> bool:
    """Whether the values are in other files."""
    return any(message.kind == EXTERNAL_FILES for message in messages)


def find_attribute(messages: list[Message], name: str, file: HDF5Bytes) -> Attribute | None:
    """An attribute in the header; None if there is none. Raises DamageError for one that is stored elsewhere.

    version 1   1 byte version, 1 unused, 2 size of the name, 2 of the type, 2 of the shape; the
                three, each padded to a multiple of 8 bytes; the value
    version 2   the second byte has flags, nothing is padded
    version 3   as version 2, with 1 byte for the character set before the name
    """
    for message in messages:
        if message.kind != ATTRIBUTE or len(message.data) < 8:
            continue
        data, version, step = message.data, message.data[0], 8 if message.data[0] == 1 else 1
        start = 9 if version == 3 else 8
        lengths = [number(data, i, 2) for i in (2, 4, 6)]
        ends = [start]
        for length in lengths:
            ends.append(ends[-1] + -(-length // step) * step)
        if data[start : start + lengths[0]].rstrip(b"\0") != name.encode():
            continue
        if message.flags & SHARED or (version > 1 and data[1]) or ends[-1] > len(data):
            raise DamageError(f"its attribute {name} is stored elsewhere")
        shape = read_shape(data[ends[2] : ends[2] + lengths[2]], file)
        return Attribute(shape, read_type(data[ends[1] : ends[1] + lengths[1]]), data[ends[3] :])
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
            kind, size, flags = block[place], number(block, place + 1, 2), block[place + 3]
        else:
            kind, size, flags = number(block, place, 2), number(block, place + 2, 2), block[place + 4]
        place += prefix
        if place + size > len(block):
            raise DamageError("the header of an object is damaged")
        yield Message(kind, flags, block[place : place + size])
        place += size
