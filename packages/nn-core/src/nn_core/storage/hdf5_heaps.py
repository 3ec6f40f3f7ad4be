"""Heaps of HDF5 files: where names, links and texts are.

    local    "HEAP", 1 byte version, 3 unused, size, free list, address of the data
    global   "GCOL", 1 byte version, 3 unused, size; objects: 2 bytes number, 2 references,
             4 unused, size, data padded to a multiple of 8 bytes
    fractal  "FRHP", 1 byte version, 2 length of IDs, 2 of filters, 1 flags, 4 largest managed object,
             12 lengths and addresses; 2 bytes width of the table, size of the first block and
             of the largest, 2 bits of an offset, 2 rows at first, address of the root, 2 rows of it
             The root is a block of objects, or a table of blocks: "FHIB", 1 byte version, the
             heap's address, an offset; addresses by rows, whose blocks double in size from the
             second on, at first of objects, then of tables.

Source: HDF5 File Format Specification Version 3.0, sec. III.D, III.E, III.G.
"""

from nn_core.storage.hdf5_bytes import DamageError, HDF5Bytes, number

MAX_HEAP = 1 << 24
"""Bytes of a heap of names."""


def local_heap(file: HDF5Bytes, address: int) -> bytes:
    """The data of a local heap: texts that end in a null."""
    header = file.signed(address, 8 + 2 * file.length + file.address, b"HEAP")
    size = number(header, 8, file.length)
    if size > MAX_HEAP:
        raise DamageError("its names are too long")
    return file.read(number(header, 8 + 2 * file.length, file.address), size)


def text_at(heap: bytes, place: int) -> bytes:
    """A text in the data of a local heap."""
    end = heap.find(b"\0", place)
    if end < 0:
        raise DamageError("a name has no end")
    return heap[place:end]


class GlobalHeaps:
    """The objects of the global heaps of a file, each of which is read once."""

    def __init__(self, file: HDF5Bytes) -> None:
        self.file = file
        self._heaps: dict[int, tuple[bytes, dict[int, tuple[int, int]]]] = {}

    def object(self, address: int, index: int) -> bytes:
        """The bytes of an object of a heap. Raises DamageError if there is none."""
        if address not in self._heaps:
            self._heaps[address] = self._examine(address)
        content, places = self._heaps[address]
        if index not in places:
            raise DamageError("a text is not where it should be")
        start, end = places[index]
        return content[start:end]

    def _examine(self, address: int) -> tuple[bytes, dict[int, tuple[int, int]]]:
        """The bytes of a heap, and where its objects are in them."""
        head = -(-(8 + self.file.length) // 8) * 8
        size = number(self.file.signed(address, head, b"GCOL"), 8, self.file.length)
        content = self.file.read(address, size)
        places, place = {}, head
        while place + head <= size:
            index, length = number(content, place, 2), number(content, place + 8, self.file.length)
            if index == 0:
                break  # what is left is free
            start, end = place + head, place + head + length
            if end > size:
                raise DamageError("a text is longer than its heap")
            places[index] = (start, end)
            place = start + -(-length // 8) * 8
        return content, places


class FractalHeap:
    """A heap of links."""

    def __init__(self, file: HDF5Bytes, address: int) -> None:
        self.file = file
        a, n = file.address, file.length
        fixed = 14 + 10 * n + 2 * a
        header = file.signed(address, fixed + 8 + 2 * n + a, b"FRHP")
        self.id_size = number(header, 5, 2)
        if number(header, 7, 2):
            raise DamageError("its names are compressed")
        self.width, bits = number(header, fixed, 2), number(header, fixed + 2 + 2 * n, 2)
        self.first, self.largest = (number(header, fixed + 2 + i * n, n) for i in (0, 1))
        self.root = number(header, fixed + 6 + 2 * n, a)
        self.rows = number(header, fixed + 6 + 2 * n + a, 2)
        if not (self.width and self.first and self.first <= self.largest) or bits > 64 or self.width * self.first >> 63:
            raise DamageError("a heap of names is damaged")
        self.offset_size = -(-bits // 8)
        self.length_size = min(_bytes_for(self.largest), _bytes_for(number(header, 10, 4)))

    def object(self, identity: bytes) -> bytes:
        """An object by its ID: 1 byte kind, offset, length."""
        if number(identity, 0, 1) & 0x30:
            raise DamageError("a name is too long")
        offset, size = number(identity, 1, self.offset_size), number(identity, 1 + self.offset_size, self.length_size)
        if not self.rows:
            return self.file.read(self.root + offset, size)
        return self._within(self.root, self.rows, offset, size)

    def _within(self, table: int, rows: int, offset: int, size: int) -> bytes:
        """An object of the blocks of a table, by its offset in them."""
        row, before = 0, 0
        block = self.first
        while offset >= before + self.width * block:
            before += self.width * block
            block *= 2 if row else 1
            row += 1
            if row >= rows:
                raise DamageError("a name is not where it should be")
        column, rest = divmod(offset - before, block)
        place = 5 + self.file.address + self.offset_size + (row * self.width + column) * self.file.address
        self.file.signed(table, 4, b"FHIB")
        child = number(self.file.read(table + place, self.file.address), 0, self.file.address)
        if block <= self.largest:
            return self.file.read(child + rest, size)
        return self._within(child, (block // (self.first * self.width)).bit_length(), rest, size)


def _bytes_for(limit: int) -> int:
    """Bytes of a number up to a limit."""
    return (max(1, limit).bit_length() - 1) // 8 + 1
