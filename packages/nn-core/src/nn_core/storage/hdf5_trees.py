"""B-trees of HDF5 files: what they hold, in their order; a node that is met twice is refused.

    version 1   "TREE", 1 byte kind, 1 level, 2 entries, 2 addresses of siblings; key, address of
                a child, key, ..., key
    version 2   "BTHD", 1 byte version, 1 kind, 4 size of a node, 2 of a record, 2 depth, 2 others,
                address of the root, 2 bytes records of it, records in all
                leaves: "BTLF", 1 byte version, 1 kind, records
                others: "BTIN", 1 byte version, 1 kind, records, then of each child: address,
                records of it, and if it is no leaf, of all below it

Source: HDF5 File Format Specification Version 3.0, sec. III.A.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from nn_core.storage.hdf5_bytes import DamageError, HDF5Bytes, number

MAX_LEVEL = 32


def leaves(file: HDF5Bytes, address: int, kind: int, key_size: int) -> Iterator[npt.NDArray[np.uint8]]:
    """The lowest nodes of a tree of version 1: a row of key and address for each entry."""
    seen: set[int] = set()
    nodes: list[tuple[int, int | None]] = [(address, None)]
    while nodes:
        place, expected = nodes.pop()
        if place in seen:
            raise DamageError("an index contains itself")
        seen.add(place)
        head = 8 + 2 * file.address
        start = file.signed(place, head, b"TREE")
        level, count, step = start[5], number(start, 6, 2), key_size + file.address
        if start[4] != kind or level > MAX_LEVEL or expected not in {None, level}:
            raise DamageError("an index is damaged")
        entries = np.frombuffer(file.read(place + head, count * step), np.uint8).reshape(count, step)
        if level == 0:
            yield entries
        else:
            children = [number(entry.tobytes(), key_size, file.address) for entry in entries]
            nodes += [(child, level - 1) for child in reversed(children)]


def records(file: HDF5Bytes, address: int, kind: int) -> Iterator[bytes]:
    """The records of a tree of version 2."""
    header = file.signed(address, 18 + file.address + file.length, b"BTHD")
    node_size, size, depth = number(header, 6, 4), number(header, 10, 2), number(header, 12, 2)
    if header[5] != kind or not size or depth > MAX_LEVEL or node_size < 10 + size:
        raise DamageError("an index is damaged")
    most = (node_size - 10) // size
    count_size = _bytes_for(most)
    pointers = [0]  # the bytes of a pointer to a child, by the child's level + 1
    all_size = 0
    for _ in range(depth):
        pointers.append(file.address + count_size + all_size)
        fanout = (node_size - 10 - pointers[-1]) // (size + pointers[-1])
        most = (fanout + 1) * most + fanout
        all_size = _bytes_for(most)
    seen: set[int] = set()
    nodes = [(number(header, 16, file.address), number(header, 16 + file.address, 2), depth)]
    while nodes:
        place, count, level = nodes.pop()
        if not count and file.is_nowhere(place):
            continue
        if place in seen:
            raise DamageError("an index contains itself")
        seen.add(place)
        node = file.signed(place, 6 + count * size, b"BTIN" if level else b"BTLF")
        for i in range(count):
            yield node[6 + i * size : 6 + (i + 1) * size]
        if level:
            step = pointers[level]
            children = file.read(place + 6 + count * size, (count + 1) * step)
            for i in range(count + 1):
                child = number(children, i * step, file.address)
                nodes.append((child, number(children, i * step + file.address, count_size), level - 1))


def _bytes_for(limit: int) -> int:
    """Bytes of a number up to a limit."""
    return (max(1, limit).bit_length() - 1) // 8 + 1
