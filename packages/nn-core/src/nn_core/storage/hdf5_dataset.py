"""The values of an HDF5 dataset: what they are, whether the file holds them, and reading them."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.memory import require_memory
from nn_core.storage.hdf5_bytes import DamageError, HDF5Bytes
from nn_core.storage.hdf5_chunk_index import ChunkIndex, wide_numbers
from nn_core.storage.hdf5_chunks import DEFLATE, LZF, unpacked
from nn_core.storage.hdf5_header import FILTERS, LAYOUT, SHAPE, TYPE, Message, find_message
from nn_core.storage.hdf5_heaps import GlobalHeaps
from nn_core.storage.hdf5_problems import filter_problem
from nn_core.storage.hdf5_storage import IN_CHUNKS, IN_HEADER, Filter, Storage, read_filters, read_storage
from nn_core.storage.hdf5_types import REFERENCE, SEQUENCE, Shape, Type, read_shape, read_type

MAX_RATIO = 1032
"""Of gzip: it cannot pack more bytes into one. LZF packs less."""
MAX_REFERENCES = 100_000
"""Objects that an array refers to."""
_LENGTH = 4
"""Bytes of the length in a reference to a text, and of its number in its heap."""


class HDF5Values:
    """The values of a dataset that is in the file itself.

    shape, dtype  dtype object for texts of any length and for references
    problem       why they cannot be read, to follow the name of the dataset; None if they can be
    """

    def __init__(self, file: HDF5Bytes, heaps: GlobalHeaps, messages: list[Message]) -> None:
        self._bytes, self._heaps = file, heaps
        self.shape: tuple[int, ...] = ()
        self.dtype: np.dtype[Any] = np.dtype(object)
        self.is_text = self.is_reference = False
        self._last: tuple[int, npt.NDArray[Any]] | None = None
        try:
            self.problem = self._examine(messages)
        except DamageError as error:
            self.problem = f"is damaged: {error}"

    @property
    def source(self) -> str:
        """The file and the dataset, for messages."""
        return str(self._bytes.path)

    @property
    def nbytes(self) -> int:
        """Size in memory, in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def read(self) -> npt.NDArray[Any]:
        """All values. Raises DataError if they are too large, or cannot be read."""
        self._require(self.nbytes)
        if self.is_text:
            stored = self._stored_references()
            texts = read_texts(stored, self._heaps, self.source)
            found = np.empty(len(texts), object)
            found[:] = texts
            return found.reshape(self.shape)
        return self._rows(slice(0, self.shape[0])) if self.shape else self._cleaned(self._blocks_of_all())

    def rows(self, chosen: slice | npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        """Rows by a slice of step 1 or ascending indices. Raises DataError as `read` does."""
        if self.is_text or self.is_reference:
            raise DataError(f"{self.source} has no numbers")
        count = chosen.stop - chosen.start if isinstance(chosen, slice) else len(chosen)
        self._require(count * math.prod(self.shape[1:]) * self.dtype.itemsize)
        return self._rows(chosen)

    def text_lengths(self) -> npt.NDArray[np.uint32]:
        """The lengths in bytes that the texts declare, in a flat array.

        Raises DataError if together they exceed the file, which holds each text once.
        """
        lengths = _lengths(self._stored_references())
        _check_lengths(int(lengths.sum(dtype=np.uint64)), self._bytes.size, self.source)
        return lengths

    def references(self) -> list[int]:
        """The addresses of the objects that the values refer to, in a flat list."""
        if math.prod(self.shape) > MAX_REFERENCES:
            raise DataError(f"{self.source} has more than {MAX_REFERENCES:,} references")
        found: list[int] = wide_numbers(self._stored_references()).tolist()
        return found

    def _require(self, size: int) -> None:
        if self.problem is not None:
            raise DataError(f"{self.source} {self.problem}")
        require_memory(size + self._chunk_bytes, self.source)

    def _examine(self, messages: list[Message]) -> str | None:
        shape: Shape = read_shape(find_message(messages, SHAPE) or b"", self._bytes)
        if shape.axes is None:
            return "is empty"
        self.shape = shape.axes
        self._type: Type = read_type(find_message(messages, TYPE) or b"")
        if self._type.dtype is None:
            if self._type.kind == SEQUENCE:
                return "has rows of different lengths; store one array of equal rows: np.stack(...)"
            return "has values that are neither numbers nor texts"
        self.dtype = self._type.dtype
        self.is_text, self.is_reference = self._type.is_text, self._type.kind == REFERENCE
        expected = {True: 2 * _LENGTH + self._bytes.address, False: self._bytes.address}
        if (self.is_text or self.is_reference) and self._type.size != expected[self.is_text]:
            return "is damaged: its references have another size"
        self._storage: Storage = read_storage(find_message(messages, LAYOUT) or b"", self._bytes)
        self._filters: list[Filter] = read_filters(find_message(messages, FILTERS) or b"\x02\x00")
        return self._size_problem(shape)

    def _size_problem(self, shape: Shape) -> str | None:
        """Why the file does not hold what is declared."""
        declared, storage = math.prod(self.shape) * self._type.size, self._storage
        if storage.kind == IN_CHUNKS:
            return self._chunk_problem(shape, declared)
        if declared == 0:
            return None
        size = len(storage.values) if storage.kind == IN_HEADER else storage.size
        if storage.kind != IN_HEADER and self._bytes.is_nowhere(storage.address):
            size = 0
        elif size > self._bytes.size or storage.address + size > self._bytes.size - self._bytes.base:
            return f"is damaged: it declares {declared:,} bytes, of which the file holds less"
        return f"declares {declared:,} bytes, of which the file holds {size:,}" if size < declared else None

    def _chunk_problem(self, shape: Shape, declared: int) -> str | None:
        chunk = self._storage.chunk
        if len(chunk) != len(self.shape) or not all(chunk):
            return "is damaged: its chunks have other axes"
        if declared == 0:
            return None
        problem = filter_problem(self._filters)
        if problem is not None:
            return problem
        if self._bytes.is_nowhere(self._storage.address):
            return f"declares {declared:,} bytes, of which the file holds 0"
        size = math.prod(chunk) * self._type.size
        count = math.prod(-(-length // part) for length, part in zip(self.shape, chunk, strict=True))
        if count * size > MAX_RATIO * self._bytes.size:
            return f"declares {declared:,} bytes, more than the file can hold"
        index = ChunkIndex(self._bytes, self._storage, self.shape, shape.limits, size, packed=bool(self._filters))
        there = index.where["size"][index.where["address"] != np.iinfo(np.uint64).max]
        stored = int(there.sum())
        packs = any(step.code in {DEFLATE, LZF} for step in self._filters)
        if stored > self._bytes.size or (
            count * size > (MAX_RATIO * (stored + 64) if packs else max(stored, declared)) and not index.missing
        ):
            return f"declares {declared:,} bytes, of which the file holds {stored:,}"
        if index.missing:
            if not stored or (packs and declared > MAX_RATIO * (stored + 64)):
                return f"declares {declared:,} bytes, of which the file holds {stored:,}"
            return f"was not written in full: {count - index.missing:,} of {count:,} chunks are there"
        self._index = index
        return None

    @property
    def _chunk_bytes(self) -> int:
        is_packed = self._storage.kind == IN_CHUNKS
        return math.prod(self._storage.chunk) * self._type.size if is_packed else 0

    def _rows(self, chosen: slice | npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        """Rows of numbers or texts of fixed length."""
        if self._storage.kind == IN_CHUNKS:
            return self._cleaned(self._chunk_rows(chosen))
        row_size = math.prod(self.shape[1:]) * self._type.size
        count = chosen.stop - chosen.start if isinstance(chosen, slice) else len(chosen)
        found = np.empty((count, row_size), np.uint8)
        if found.size:
            into = found.reshape(-1).data
            done = 0
            for start, stop in _runs(chosen):
                self._copy_piece(start * row_size, into[done : done + (stop - start) * row_size])
                done += (stop - start) * row_size
        return self._cleaned(found.reshape(-1).view(self._stored_dtype).reshape(count, *self.shape[1:]))

    def _copy_piece(self, start: int, into: memoryview) -> None:
        """Copy stored bytes of a dataset that is not in chunks."""
        if self._storage.kind == IN_HEADER:
            into[:] = self._storage.values[start : start + len(into)]
        else:
            self._bytes.read_into(self._storage.address + start, into)

    def _blocks_of_all(self) -> npt.NDArray[Any]:
        """A single value."""
        found = np.empty(self._type.size, np.uint8)
        self._copy_piece(0, found.data)
        return found.view(self._stored_dtype).reshape(())

    @property
    def _stored_dtype(self) -> np.dtype[Any]:
        """As read from the file: references as bytes."""
        return np.dtype(f"V{self._type.size}") if self.dtype.kind == "O" else self.dtype

    def _chunk_rows(self, chosen: slice | npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        count = chosen.stop - chosen.start if isinstance(chosen, slice) else len(chosen)
        found = np.empty((count, *self.shape[1:]), self._stored_dtype)
        if not found.size:
            return found
        chunk, grid = self._storage.chunk, self._index.grid
        others = math.prod(grid[1:])
        for band, into, picked in _bands(chosen, chunk[0]):
            for other in range(others):
                place = np.unravel_index(other, grid[1:]) if len(grid) > 1 else ()
                target = tuple(
                    slice(int(i) * part, min((int(i) + 1) * part, length))
                    for i, part, length in zip(place, chunk[1:], self.shape[1:], strict=True)
                )
                used = tuple(slice(0, each.stop - each.start) for each in target)
                values = self._chunk(band * others + other)
                found[(into, *target)] = values[(picked, *used)]
        return found

    def _chunk(self, position: int) -> npt.NDArray[Any]:
        """A chunk by its position in the grid; the last one is kept."""
        if self._last is None or self._last[0] != position:
            address, size, skipped = self._index.where[position].tolist()
            packed = self._bytes.values(address, size)
            content = unpacked(packed, self._filters, skipped, self._chunk_bytes)
            values = np.frombuffer(content, self._stored_dtype).reshape(self._storage.chunk)
            self._last = position, values
        return self._last[1]

    def _stored_references(self) -> npt.NDArray[np.uint8]:
        """References to texts or objects as stored, a row each."""
        if self.problem is not None:
            raise DataError(f"{self.source} {self.problem}")
        require_memory(math.prod(self.shape) * 100, self.source)  # of each, and of its text
        values = self._rows(slice(0, self.shape[0])) if self.shape else self._blocks_of_all()
        return values.reshape(-1).view(np.uint8).reshape(-1, self._type.size)

    def _cleaned(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Flags as such, and texts without what follows them."""
        if self.dtype.kind == "b":
            return np.asarray(values.view(np.uint8) != 0)
        if self._type.ends_early and values.size:
            letters = np.ascontiguousarray(values).reshape(-1).view(np.uint8).reshape(-1, self._type.size)
            ended = np.logical_or.accumulate(letters == 0, axis=1)
            return np.where(ended, np.uint8(0), letters).view(self.dtype).reshape(values.shape)
        if self._type.ends_in_spaces and values.size:
            return np.asarray(np.char.rstrip(values, b" ")).astype(self.dtype)
        return values


def read_texts(references: npt.NDArray[np.uint8], heaps: GlobalHeaps, source: str) -> list[bytes]:
    """Texts by references: 4 bytes length, address of a heap, 4 bytes number in the heap.

    Raises DataError if together they exceed the file, which holds each text once.
    """
    a = heaps.file.address
    lengths = _lengths(references)
    _check_lengths(int(lengths.sum(dtype=np.uint64)), heaps.file.size, source)
    addresses = wide_numbers(references[:, _LENGTH : _LENGTH + a])
    numbers = wide_numbers(references[:, _LENGTH + a :])
    texts = []
    for length, address, index in zip(lengths.tolist(), addresses.tolist(), numbers.tolist(), strict=True):
        content = heaps.object(address, index) if length else b""
        if length > len(content):
            raise DataError(f"{source} is damaged: a text is longer than its place")
        texts.append(content[:length].partition(b"\0")[0])
    return texts


def _lengths(references: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """The first number of each reference to a text."""
    return np.ascontiguousarray(references[:, :_LENGTH]).view("<u4").reshape(-1)


def _check_lengths(total: int, most: int, source: str) -> None:
    if total > most:
        raise DataError(f"{source} is damaged: its texts are longer than the file")


def _runs(chosen: slice | npt.NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Consecutive indices, as starts and ends."""
    if isinstance(chosen, slice):
        yield chosen.start, chosen.stop
        return
    ends = np.flatnonzero(np.diff(chosen) != 1) + 1
    for start, stop in zip([0, *ends.tolist()], [*ends.tolist(), len(chosen)], strict=True):
        yield int(chosen[start]), int(chosen[start]) + stop - start


def _bands(
    chosen: slice | npt.NDArray[np.intp], height: int
) -> Iterator[tuple[int, slice, slice | npt.NDArray[np.intp]]]:
    """Rows by the chunks that hold them: the number of a chunk, which rows of the result, which rows of the chunk."""
    if isinstance(chosen, slice):
        for band in range(chosen.start // height, -(-chosen.stop // height)):
            top = band * height
            first, last = max(chosen.start, top), min(chosen.stop, top + height)
            yield band, slice(first - chosen.start, last - chosen.start), slice(first - top, last - top)
        return
    for band in np.unique(chosen // height).tolist():
        low, high = np.searchsorted(chosen, [band * height, (band + 1) * height]).tolist()
        yield band, slice(low, high), chosen[low:high] - band * height
