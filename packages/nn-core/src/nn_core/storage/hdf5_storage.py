"""Where the values of an HDF5 dataset are: in its header, in one piece, or in chunks.

    version 1, 2  1 byte version, 1 axes, 1 class, 5 unused; address unless in the header; 4 bytes
                  each axis; in chunks: 4 bytes of a value; in the header: 4 bytes size, values
    version 3 - 5  1 byte version, 1 class; then by class:
                  in the header: 2 bytes size, values
                  in one piece:  address, size
                  in chunks (3): 1 byte axes, address, 4 bytes each axis
                  in chunks (4, 5): 1 byte flags, 1 axes, 1 bytes of an axis, axes, 1 byte index,
                                 settings of the index, address
    Chunks have one more axis: the bytes of a value.

Source: HDF5 File Format Specification Version 3.0, sec. IV.A.2.i, IV.A.2.l.
"""

from typing import NamedTuple

from nn_core.storage.hdf5_bytes import DamageError, HDF5Bytes, number

IN_HEADER, IN_ONE_PIECE, IN_CHUNKS = 0, 1, 2
"""Classes of storage."""
TREE, SINGLE, IMPLICIT, FIXED, EXTENSIBLE, NEW_TREE = range(6)
"""Indexes of chunks; TREE is that of earlier versions."""
_SETTINGS = {SINGLE: 0, IMPLICIT: 0, FIXED: 1, EXTENSIBLE: 5, NEW_TREE: 6}
"""Bytes of their settings."""
MAX_FILTERS = 32
_PLAIN_AT_THE_EDGE = 1
"""Flag of chunks that reach beyond the array and are not packed, unlike the others."""


class Storage(NamedTuple):
    """Where values are.

    kind     a class: IN_HEADER, ...
    address  of the values, or of the index of the chunks
    size     in bytes; of chunks, 0
    values   those in the header
    chunk    axes of a chunk
    kind_of_index  of the chunks
    single   bytes and skipped filters of the only chunk, if they are stored here
    """

    kind: int
    address: int
    size: int
    values: bytes = b""
    chunk: tuple[int, ...] = ()
    kind_of_index: int = TREE
    single: tuple[int, int] | None = None


class Filter(NamedTuple):
    """A step of packing, by its registered number."""

    code: int
    settings: tuple[int, ...]


def read_storage(data: bytes, file: HDF5Bytes) -> Storage:
    """From a message. Raises DamageError if it is damaged, or of an unknown version."""
    version = number(data, 0, 1)
    if version in {1, 2}:
        return _old_storage(data, file)
    kind, a = number(data, 1, 1), file.address
    if version in {3, 4, 5} and kind == IN_HEADER:
        size = number(data, 2, 2)
        return Storage(kind, 0, size, data[4 : 4 + size])
    if version in {3, 4, 5} and kind == IN_ONE_PIECE:
        return Storage(kind, number(data, 2, a), number(data, 2 + a, file.length))
    if version == 3 and kind == IN_CHUNKS:
        axes = [number(data, 3 + a + 4 * i, 4) for i in range(number(data, 2, 1))]
        return Storage(kind, number(data, 3, a), 0, chunk=tuple(axes[:-1]))
    if version in {4, 5} and kind == IN_CHUNKS:
        flags, rank, width = data[2], number(data, 3, 1), number(data, 4, 1)
        axes = [number(data, 5 + i * width, width) for i in range(rank)]
        place = 5 + rank * width
        index, place = number(data, place, 1), place + 1
        if index not in _SETTINGS or flags & _PLAIN_AT_THE_EDGE:
            raise DamageError("its chunks are stored in an unknown way")
        single = None
        if index == SINGLE and flags & 2:
            single = number(data, place, file.length), number(data, place + file.length, 4)
            place += file.length + 4
        address = number(data, place + _SETTINGS[index], a)
        return Storage(kind, address, 0, chunk=tuple(axes[:-1]), kind_of_index=index, single=single)
    raise DamageError(f"its values are stored in an unknown way ({version}, {kind})")


def _old_storage(data: bytes, file: HDF5Bytes) -> Storage:
    rank, kind, place, address = number(data, 1, 1), number(data, 2, 1), 8, 0
    if kind != IN_HEADER:
        address, place = number(data, 8, file.address), 8 + file.address
    axes = [number(data, place + 4 * i, 4) for i in range(rank)]
    place += 4 * rank
    if kind == IN_HEADER:
        size = number(data, place, 4)
        return Storage(kind, 0, size, data[place + 4 : place + 4 + size])
    if kind == IN_CHUNKS:
        return Storage(kind, address, 0, chunk=tuple(axes[:-1]))
    if kind == IN_ONE_PIECE:
        size = 1
        for axis in axes:
            size *= axis
        return Storage(kind, address, size)
    raise DamageError("its values are stored in an unknown way")


def read_filters(data: bytes) -> list[Filter]:
    """From a message: what was applied to the chunks, in this order. Raises DamageError if it is damaged.

    version 1  1 byte version, 1 count, 6 unused; of each: 2 bytes number, 2 size of the name,
               2 flags, 2 settings; name, 4 bytes each setting, padded to a multiple of 8 bytes
    version 2  the same without unused bytes and padding, and without a name below number 256
    """
    version, count = number(data, 0, 1), number(data, 1, 1)
    if version not in {1, 2} or count > MAX_FILTERS:
        raise DamageError("its compression is damaged")
    place, found = 8 if version == 1 else 2, []
    for _ in range(count):
        code, place = number(data, place, 2), place + 2
        named = version == 1 or code >= 256
        size = number(data, place, 2) if named else 0
        place += 4 if named else 2
        settings, place = number(data, place, 2), place + 2
        place += -(-size // 8) * 8 if version == 1 else size
        found.append(Filter(code, tuple(number(data, place + 4 * i, 4) for i in range(settings))))
        place += 4 * (settings + (settings % 2 if version == 1 else 0))
    return found
