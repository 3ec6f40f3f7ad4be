"""Compressed data: what it may unpack to, and a reader of gzip."""

import io
import zlib
from typing import BinaryIO

from nn_core.errors import DataError
from nn_core.memory import in_bytes

MAX_RATIO = 1040
"""Deflate, of ZIP and gzip, compresses to at best 1/1032 of the size."""
LARGE = 256 * 1024**2
"""Bytes from which data that is compressed more than LARGE_RATIO times is refused: real data is not."""
LARGE_RATIO = 200
MAX_MEMBERS = 100_000
"""Compressed parts of a gzip file; more are refused, since empty ones take time and give nothing."""
BLOCK = 1 << 16


def check_ratio(unpacked: int, packed: int, source: str) -> None:
    """Raise DataError if data cannot be, or hardly are, compressed from `unpacked` to `packed` bytes."""
    if unpacked > packed * MAX_RATIO:
        raise DataError(f"{source} is cut off or damaged: {unpacked:,} bytes declared, {packed:,} stored")
    if unpacked > max(LARGE, packed * LARGE_RATIO):
        raise DataError(
            f"{source} unpacks from {in_bytes(packed)} to {in_bytes(unpacked)}, as files do that are made to fill"
            " the memory; if it is right, save it uncompressed"
        )


class GzipReader(io.RawIOBase):
    """The contents of a gzip file, unpacked as they are read; the file is closed with it.

    Reading raises zlib.error for damaged data, EOFError for a file that is cut off.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._members = file, 0
        self._begin(b"")

    def _begin(self, data: bytes) -> None:
        self._decoder, self._data = zlib.decompressobj(31), data
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise DataError(f"more than {MAX_MEMBERS:,} compressed parts")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while len(buffer):
            if self._decoder.eof:
                data = self._decoder.unused_data.lstrip(b"\0")  # padding
                while not data and (block := self._file.read(BLOCK)):
                    data = block.lstrip(b"\0")
                if not data:
                    return 0
                self._begin(data)
            elif not self._data:
                self._data = self._file.read(BLOCK)
            cut_off = not self._data
            found = self._decoder.decompress(self._data, len(buffer))
            self._data = self._decoder.unconsumed_tail
            if found:
                buffer[: len(found)] = found
                return len(found)
            if cut_off and not self._decoder.eof:
                raise EOFError("cut off")
        return 0

    def close(self) -> None:
        self._file.close()
        super().close()
