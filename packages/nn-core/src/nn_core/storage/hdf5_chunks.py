"""Chunks of HDF5 datasets, unpacked within the size that they declare."""

import zlib
from collections.abc import Sequence

import numpy as np

from nn_core.storage.hdf5_bytes import DamageError
from nn_core.storage.hdf5_storage import Filter

DEFLATE, SHUFFLE, FLETCHER, LZF = 1, 2, 3, 32000
"""Filters by their registered numbers."""
PIECE = 1 << 20
"""Bytes that are unpacked at a time."""
KNOWN = frozenset({DEFLATE, SHUFFLE, FLETCHER, LZF})


def unpacked(packed: bytes, filters: Sequence[Filter], skipped: int, size: int) -> bytes | bytearray:
    """The bytes of a chunk.

    filters  in the order in which they were applied
    skipped  bits of the filters that were not applied
    size     of the chunk, in bytes
    Raises DamageError for a chunk of another size, or with a wrong checksum.
    """
    content: bytes | bytearray = packed
    for i, step in reversed([*enumerate(filters)]):
        if skipped & (1 << i):
            continue
        if step.code == DEFLATE:
            content = _inflated(content, size + 4)
        elif step.code == LZF:
            content = _lzf(content, size + 4)
        elif step.code == FLETCHER:
            content = _checked(content)
        elif step.code == SHUFFLE:
            content = _unshuffled(content, step.settings[0] if step.settings else 1)
    if len(content) != size:
        raise DamageError(f"a chunk has {len(content):,} bytes, not {size:,}")
    return content


def _inflated(content: bytes | bytearray, most: int) -> bytes | bytearray:
    """At most so many bytes; of large chunks in pieces, since zlib joins what it has unpacked, which takes twice."""
    unpacking = zlib.decompressobj()
    try:
        if most <= PIECE:
            return unpacking.decompress(content, most)
        found, done = bytearray(most), 0
        for start in range(0, len(content), PIECE):
            rest = content[start : start + PIECE]
            while rest and done < most:
                piece = unpacking.decompress(rest, min(PIECE, most - done))
                found[done : done + len(piece)] = piece
                done, rest = done + len(piece), unpacking.unconsumed_tail
                if not piece:
                    break
        del found[done:]
    except zlib.error as error:
        raise DamageError(f"a chunk cannot be unpacked: {error}") from None
    return found


def _unshuffled(content: bytes | bytearray, itemsize: int) -> bytes | bytearray:
    """All first bytes of the values are followed by all second ones; a rest stays as it is."""
    stored = np.frombuffer(content, np.uint8)
    count = len(stored) // max(1, itemsize)
    if itemsize <= 1 or count <= 1:
        return content
    values = np.empty_like(stored)
    whole = count * itemsize
    values[:whole].reshape(count, itemsize)[...] = stored[:whole].reshape(itemsize, count).T
    values[whole:] = stored[whole:]
    return values.tobytes()


def _checked(content: bytes | bytearray) -> bytes | bytearray:
    """Without the checksum of Fletcher in the last 4 bytes."""
    if len(content) < 4:
        raise DamageError("a chunk has no checksum")
    data, expected = content[:-4], int.from_bytes(content[-4:], "little")
    words = np.frombuffer(data + bytes(len(data) % 2), ">u2").astype(np.uint64)
    first, second = 0, 0
    for start in range(0, len(words), 1 << 16):
        block = words[start : start + (1 << 16)]
        second += first * len(block) + int((block * np.arange(len(block), 0, -1, dtype=np.uint64)).sum())
        first = (first + int(block.sum())) % 65535
    if (expected & 0xFFFF) % 65535 != first or (expected >> 16) % 65535 != second % 65535:
        raise DamageError("a chunk has another checksum than it states")
    return data


def _lzf(content: bytes | bytearray, most: int) -> bytes:
    """Literal bytes and copies of earlier ones, as liblzf packs them.

    000LLLLL L+1 bytes; LLLooooo oooooooo, or 111ooooo LLLLLLLL oooooooo with L+2 bytes at offset o+1
    """
    found = bytearray()
    place, end = 0, len(content)
    try:
        while place < end and len(found) <= most:
            control = content[place]
            place += 1
            if control < 32:
                found += content[place : place + control + 1]
                place += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += content[place]
                place += 1
            start = len(found) - ((control & 31) << 8) - content[place] - 1
            place += 1
            length += 2
            if start < 0:
                raise DamageError("a chunk cannot be unpacked")
            piece = found[start : start + length]
            while len(piece) < length:
                piece += piece[: length - len(piece)]
            found += piece
    except IndexError:
        raise DamageError("a chunk cannot be unpacked") from None
    return bytes(found)
