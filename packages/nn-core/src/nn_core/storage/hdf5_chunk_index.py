"""Where the chunks of an HDF5 dataset are.

    tree        of version 1: 4 bytes size, 4 skipped filters, 8 each offset in values; address
    single      the address is that of the only chunk
    implicit    all chunks in a row
    fixed       "FAHD", 1 byte version, 1 client, 1 size of an entry, 1 bits of a page, entries,
                address of "FADB", 1 version, 1 client, address of the header; which pages are
                there; entries, in pages if there are more than fit into one
    extensible  "EAHD", 1 byte version, 1 client, 1 size of an entry, 1 bits of the count, 1 entries
                in the first block, 1 of the smallest, 1 least addresses of a table, 1 bits of a
                page; 6 lengths; address of "EAIB": entries, addresses of blocks, addresses of tables
    new tree    of version 2: address; size, 4 bytes skipped filters; 8 each offset in chunks
    An entry is an address, and of packed chunks: size, 4 bytes skipped filters.

Source: HDF5 File Format Specification Version 3.0, sec. III.A, VII.
"""

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.storage import hdf5_storage as storage
from nn_core.storage.hdf5_bytes import DamageError, HDF5Bytes, number
from nn_core.storage.hdf5_trees import leaves, records

_CHUNKS = 1
"""Kind of a tree of version 1."""
_PLAIN, _PACKED = 10, 11
"""Kinds of trees of version 2."""
Entries: TypeAlias = Iterator[tuple[int, npt.NDArray[np.uint8]]]
"""Blocks of entries, each with the number of its first."""
PLACES = np.dtype([("address", "<u8"), ("size", "<u8"), ("skipped", "<u4")])


class ChunkIndex:
    """Of a dataset.

    where     of the chunks: address, size in bytes, skipped filters
    grid      chunks along each axis
    Raises DamageError if it is damaged.
    """

    def __init__(
        self,
        file: HDF5Bytes,
        found: storage.Storage,
        shape: tuple[int, ...],
        limits: tuple[int, ...],
        size: int,
        *,
        packed: bool,
    ) -> None:
        self.file, self.size, self.packed = file, size, packed
        self.chunk = found.chunk
        self.grid = tuple(-(-length // part) for length, part in zip(shape, self.chunk, strict=True))
        count = math.prod(self.grid)
        if count * 8 > file.size:  # each takes an address at least
            raise DamageError(f"it declares {count:,} chunks, more than the file can hold")
        self.where = np.zeros(count, PLACES)
        self.where["address"] = unset = (1 << 64) - 1
        if not file.is_nowhere(found.address):
            self._fill(found, limits)
        self.missing = int((self.where["address"] == unset).sum())

    def _fill(self, found: storage.Storage, limits: tuple[int, ...]) -> None:
        unlimited = (1 << 8 * self.file.length) - 1
        if found.kind_of_index == storage.TREE:
            self._from_tree(found.address)
        elif found.kind_of_index == storage.SINGLE:
            self.where[:1] = (found.address, *(found.single or (self.size, 0)))
        elif found.kind_of_index == storage.IMPLICIT:
            self.where["address"] = self._numbers(self._grid_of(limits)) * self.size + found.address
            self.where["size"] = self.size
        elif found.kind_of_index == storage.NEW_TREE:
            self._from_new_tree(found.address)
        else:
            free = [i for i, limit in enumerate(limits) if limit == unlimited]
            if found.kind_of_index == storage.EXTENSIBLE and len(free) != 1:
                raise DamageError("its chunks have a damaged index")
            is_extensible = found.kind_of_index == storage.EXTENSIBLE
            entries = (self._extensible if is_extensible else self._fixed)(found.address)
            self._from_entries(entries, limits, free[0] if is_extensible else 0)

    def _from_tree(self, address: int) -> None:
        rank, a = len(self.chunk), self.file.address
        step = 16 + 8 * rank
        for block in leaves(self.file, address, _CHUNKS, step):
            keys = np.ascontiguousarray(block[:, 8 : 8 + 8 * rank]).view("<u8").reshape(-1, rank)
            heads = np.ascontiguousarray(block[:, :8]).view("<u4").reshape(-1, 2)
            self._put(
                keys // np.array(self.chunk, np.uint64),
                wide_numbers(block[:, step : step + a]),
                heads[:, 0],
                heads[:, 1],
            )

    def _from_new_tree(self, address: int) -> None:
        rank, a = len(self.chunk), self.file.address
        found = [*records(self.file, address, _PACKED if self.packed else _PLAIN)]
        if not found:
            return
        block = np.frombuffer(b"".join(found), np.uint8).reshape(len(found), -1)
        width = block.shape[1] - a - 8 * rank
        if (width < 5 or width > 12) if self.packed else width != 0:
            raise DamageError("its chunks have a damaged index")
        keys = np.ascontiguousarray(block[:, a + width :]).view("<u8").reshape(-1, rank)
        sizes = wide_numbers(block[:, a : a + width - 4]) if self.packed else np.full(len(block), self.size)
        skipped = wide_numbers(block[:, a + width - 4 : a + width]) if self.packed else np.zeros(len(block))
        self._put(keys, wide_numbers(block[:, :a]), sizes, skipped)

    def _put(self, keys: npt.NDArray[np.uint64], addresses: object, sizes: object, skipped: object) -> None:
        """Chunks by their places in the grid; those outside, which an array that shrank has, are left out."""
        grid = np.array(self.grid, np.uint64)
        inside = (keys < grid).all(axis=1)
        numbers = (
            np.ravel_multi_index(tuple(keys[inside].T.astype(np.int64)), self.grid) if len(grid) else np.zeros(0, int)
        )
        for name, values in (("address", addresses), ("size", sizes), ("skipped", skipped)):
            self.where[name][numbers] = np.asarray(values)[inside]

    def _grid_of(self, limits: tuple[int, ...]) -> list[int]:
        """Chunks along each axis at its limit; as now where there is none, which only a slowest axis has."""
        unlimited = (1 << 8 * self.file.length) - 1
        return [
            now if limit == unlimited else max(now, -(-limit // part))
            for now, limit, part in zip(self.grid, limits, self.chunk, strict=True)
        ]

    def _numbers(self, full: list[int], slowest: int = 0) -> npt.NDArray[np.int64]:
        """The place of each chunk in an index, in which an axis changes most slowly."""
        if math.prod(full) >> 62:
            raise DamageError("its chunks have a damaged index")
        axes = [slowest, *(axis for axis in range(len(full)) if axis != slowest)]
        steps = np.zeros(len(full), np.int64)
        step = 1
        for axis in reversed(axes):
            steps[axis], step = step, step * full[axis]
        found = np.zeros(self.grid, np.int64)
        for axis, count in enumerate(self.grid):
            shape = [1] * len(self.grid)
            shape[axis] = count
            found += (np.arange(count) * steps[axis]).reshape(shape)
        return found.reshape(-1)

    def _from_entries(
        self, parts: Iterator[tuple[int, npt.NDArray[np.uint8]]], limits: tuple[int, ...], slowest: int
    ) -> None:
        """Entries from their first number on, in blocks."""
        numbers = self._numbers(self._grid_of(limits), slowest)
        order = np.argsort(numbers)
        ascending, a = numbers[order], self.file.address
        for first, block in parts:
            low, high = np.searchsorted(ascending, [first, first + len(block)])
            if low == high:
                continue
            rows = block[ascending[low:high] - first]
            chosen = order[low:high]
            addresses = wide_numbers(rows[:, :a])
            addresses[addresses == (1 << 8 * a) - 1] = (1 << 64) - 1
            self.where["address"][chosen] = addresses
            self.where["size"][chosen] = wide_numbers(rows[:, a:-4]) if self.packed else self.size
            self.where["skipped"][chosen] = wide_numbers(rows[:, -4:]) if self.packed else 0

    def _fixed(self, address: int) -> Entries:
        a, n = self.file.address, self.file.length
        header = self.file.signed(address, 8 + n + a, b"FAHD")
        size, page = self._entry_size(header), 1 << min(header[7], 40)
        count, place = number(header, 8, n), number(header, 8 + n, a)
        if self.file.is_nowhere(place):
            return
        self.file.signed(place, 4, b"FADB")
        if count <= page:
            yield 0, self._entries(place + 6 + a, count, size)
            return
        pages = -(-count // page)
        flags = self.file.read(place + 6 + a, -(-pages // 8))
        place += 6 + a + len(flags) + 4
        for i in range(pages):
            there = min(page, count - i * page)
            if _is_set(flags, i):
                yield i * page, self._entries(place, there, size)
            place += page * size + 4

    def _extensible(self, address: int) -> Entries:
        a, n = self.file.address, self.file.length
        header = self.file.signed(address, 12 + 6 * n + a, b"EAHD")
        size = self._entry_size(header)
        bits, first, smallest, least, page_bits = header[7:12]
        place = number(header, 12 + 6 * n, a)
        if not smallest or not least or bits > 64 or page_bits > 40:
            raise DamageError("its chunks have a damaged index")
        if self.file.is_nowhere(place):
            return
        tables = 1 + bits - (smallest.bit_length() - 1)
        direct = 2 * (least.bit_length() - 1)  # tables whose blocks have their addresses in the first block
        self.file.signed(place, 6 + a, b"EAIB")
        place += 6 + a
        yield 0, self._entries(place, first, size)
        place += first * size
        begin = first
        for table in range(max(0, tables)):
            blocks, length = 1 << table // 2, smallest << (table + 1) // 2
            if begin >= 1 << 62:
                return
            if table < direct:
                yield from self._blocks(place, blocks, begin, length, size, page_bits, bits)
                place += blocks * a
            else:
                where = number(self.file.read(place, a), 0, a)
                place += a
                if not self.file.is_nowhere(where):
                    self.file.signed(where, 4, b"EASB")
                    pages = length >> page_bits if length > 1 << page_bits else 0
                    flags = blocks * -(-pages // 8)
                    inner = where + 6 + a + -(-bits // 8)
                    shown = self.file.read(inner, flags) if pages else b""
                    yield from self._blocks(inner + flags, blocks, begin, length, size, page_bits, bits, shown)
            begin += blocks * length

    def _blocks(
        self, place: int, blocks: int, begin: int, length: int, size: int, page_bits: int, bits: int, shown: bytes = b""
    ) -> Entries:
        """Entries of the blocks whose addresses are at a place."""
        a = self.file.address
        addresses = self.file.read(place, blocks * a)
        page = 1 << page_bits
        for i in range(blocks):
            where = number(addresses, i * a, a)
            if self.file.is_nowhere(where):
                continue
            self.file.signed(where, 4, b"EADB")
            inner = where + 6 + a + -(-bits // 8)
            if length <= page:
                yield begin + i * length, self._entries(inner, length, size)
                continue
            pages = length // page
            for part in range(pages):
                if _is_set(shown, i * pages + part):
                    entry = inner + 4 + part * (page * size + 4)
                    yield begin + i * length + part * page, self._entries(entry, page, size)

    def _entry_size(self, header: bytes) -> int:
        """Of a fixed or extensible array."""
        size, width = header[6], header[6] - self.file.address
        if header[5] != self.packed or ((width < 5 or width > 12) if self.packed else width != 0):
            raise DamageError("its chunks have a damaged index")
        return size

    def _entries(self, place: int, count: int, size: int) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.file.read(place, count * size), np.uint8).reshape(count, size)


def wide_numbers(block: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Rows of bytes as numbers."""
    wide = np.zeros((len(block), 8), np.uint8)
    wide[:, : block.shape[1]] = block
    return wide.view("<u8").reshape(-1).astype(np.uint64, copy=False)


def _is_set(flags: bytes, position: int) -> bool:
    """Whether a bit is set, counted from the highest of the first byte."""
    return position // 8 < len(flags) and bool(flags[position // 8] & (0x80 >> position % 8))
