"""The links of an HDF5 group: names, and what they stand for.

    symbol table  addresses of a tree of version 1 and of a local heap; its leaves are tables of
                  names: "SNOD", 1 byte version, 1 unused, 2 entries; of each: place of the name in
                  the heap, address of the object, 4 bytes class, 4 unused, 16 for the class
    link          1 byte version, 1 flags; kind, order, character set by flags; name; an address,
                  or a text and its length
    link info     1 byte version, 1 flags, last order by flags; addresses of a fractal heap of
                  links and of a tree of version 2

Source: HDF5 File Format Specification Version 3.0, sec. III.C, IV.A.2.g, IV.A.2.c.
"""

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import NamedTuple

from nn_core.errors import DataError
from nn_core.storage.files import printable
from nn_core.storage.hdf5_bytes import DamageError, HDF5Bytes, number
from nn_core.storage.hdf5_header import Message
from nn_core.storage.hdf5_heaps import FractalHeap, local_heap, text_at
from nn_core.storage.hdf5_trees import leaves, records

LINK_INFO, LINK, SYMBOL_TABLE = 0x02, 0x06, 0x11
"""Kinds of messages of a group."""
MAX_LINKS = 10_000
_SOFT_ENTRY = 2
_HARD, _SOFT, _EXTERNAL = 0, 1, 64
_NAMES = 5
"""Kind of a tree of links by name."""


class Link(NamedTuple):
    """A name in a group.

    address  of the object; None if the link is no hard one
    target   of a soft or external link
    file     of an external link
    order    in which it was made, where that is known
    """

    name: str
    address: int | None
    target: str = ""
    file: str | None = None
    order: int = 0


def is_group(messages: Iterable[Message]) -> bool:
    """Whether a header is that of a group."""
    return any(message.kind in {LINK_INFO, LINK, SYMBOL_TABLE} for message in messages)


def read_links(messages: Iterable[Message], file: HDF5Bytes) -> dict[str, Link]:
    """By name, in the order in which they were made if the file tells, otherwise sorted.

    Raises DamageError if they are damaged, DataError if they are too many.
    """
    found: dict[str, Link] = {}
    ordered = False
    for message in messages:
        ordered |= message.kind == LINK_INFO and bool(number(message.data, 1, 1) & 1)
        for link in _links(message, file):
            found[link.name] = link
            if len(found) > MAX_LINKS:
                raise DataError(f"{printable(file.path)} has more than {MAX_LINKS:,} arrays")
    return {link.name: link for link in sorted(found.values(), key=attrgetter("order" if ordered else "name"))}


def _links(message: Message, file: HDF5Bytes) -> Iterator[Link]:
    if message.kind == SYMBOL_TABLE:
        yield from _table_links(message.data, file)
    elif message.kind == LINK:
        yield _link(message.data, file)
    elif message.kind == LINK_INFO:
        place = 10 if number(message.data, 1, 1) & 1 else 2
        heap, tree = (number(message.data, place + i * file.address, file.address) for i in (0, 1))
        if not file.is_nowhere(heap):
            names = FractalHeap(file, heap)
            for record in records(file, tree, _NAMES):
                yield _link(names.object(record[4:]), file)


def _table_links(data: bytes, file: HDF5Bytes) -> Iterator[Link]:
    size = file.address
    names = local_heap(file, number(data, size, size))
    seen: set[int] = set()
    for entries in leaves(file, number(data, 0, size), 0, file.length):
        for entry in entries:
            place = number(entry.tobytes(), file.length, size)
            if place in seen:
                raise DamageError("an index contains itself")
            seen.add(place)
            step = 2 * size + 24
            count = number(file.signed(place, 8, b"SNOD"), 6, 2)
            table = file.read(place + 8, count * step)
            for at in range(0, count * step, step):
                name = _decoded(text_at(names, number(table, at, size)))
                if number(table, at + 2 * size, 4) == _SOFT_ENTRY:
                    yield Link(name, None, _decoded(text_at(names, number(table, at + 2 * size + 8, 4))))
                else:
                    yield Link(name, number(table, at + size, size))


def _link(data: bytes, file: HDF5Bytes) -> Link:
    flags, place, kind, order = number(data, 1, 1), 2, _HARD, 0
    if flags & 8:
        kind, place = number(data, place, 1), place + 1
    if flags & 4:
        order, place = number(data, place, 8), place + 8
    place += bool(flags & 16)
    width = 1 << (flags & 3)
    size, place = number(data, place, width), place + width
    name, place = _decoded(data[place : place + size]), place + size
    if place > len(data):
        raise DamageError("a name has no end")
    if kind == _HARD:
        return Link(name, number(data, place, file.address), order=order)
    target = data[place + 2 : place + 2 + number(data, place, 2)]
    if kind == _SOFT:
        return Link(name, None, _decoded(target), order=order)
    if kind == _EXTERNAL:
        other, _, target = target[1:].partition(b"\0")
        return Link(name, None, _decoded(target.rstrip(b"\0")), _decoded(other), order)
    return Link(name, None, "an object of another kind", order=order)


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
