"""Shapes and types of HDF5 datasets, as their headers describe them."""

import sys
from typing import Any, NamedTuple

import numpy as np

from nn_core.storage.hdf5_bytes import DamageError, HDF5Bytes, number

INTEGER, FLOAT, STRING, REFERENCE, ENUM, SEQUENCE = 0, 1, 3, 7, 8, 9
"""Classes of types."""
MAX_AXES = 32
_FLOATS = {2: (5, 10), 4: (8, 23), 8: (11, 52)}
"""Bits of exponent and mantissa by bytes, as IEEE 754 has them."""
_NULL_TERMINATED, _SPACE_PADDED = 0, 2


class Shape(NamedTuple):
    """Of a dataset: the lengths of its axes, and the lengths that they may have; None for no values at all."""

    axes: tuple[int, ...] | None
    limits: tuple[int, ...] = ()


class Type(NamedTuple):
    """Of the values of a dataset.

    size      in bytes of a stored value
    dtype     in memory; None if the values are neither numbers nor texts
    kind      a class: INTEGER, ...
    is_text   whether values refer to texts of any length
    padding   what follows a text of fixed length
    """

    size: int
    dtype: np.dtype[Any] | None
    kind: int
    is_text: bool = False
    padding: int = 1

    @property
    def ends_early(self) -> bool:
        """Whether what stands behind the first null in a text is not part of it."""
        return self.kind == STRING and self.padding == _NULL_TERMINATED

    @property
    def ends_in_spaces(self) -> bool:
        """Whether spaces at the end of a text are not part of it."""
        return self.kind == STRING and self.padding == _SPACE_PADDED


def read_shape(data: bytes, file: HDF5Bytes) -> Shape:
    """From a message. Raises DamageError if it is damaged.

    version 1   1 byte version, 1 rank, 1 flags, 5 unused; lengths, limits by flags
    version 2   1 byte version, 1 rank, 1 flags, 1 class; lengths, limits by flags
    """
    version, rank, flags = number(data, 0, 1), number(data, 1, 1), number(data, 2, 1)
    if version not in {1, 2} or rank > MAX_AXES:
        raise DamageError("its shape is damaged")
    if version == 2 and number(data, 3, 1) == 2:
        return Shape(None)
    start, width = 8 if version == 1 else 4, file.length
    lengths = [number(data, start + i * width, width) for i in range(rank * (2 if flags & 1 else 1))]
    if max(lengths[:rank], default=0) > sys.maxsize:  # also of an array without values
        raise DamageError("its shape is damaged")
    return Shape(tuple(lengths[:rank]), tuple(lengths[rank:] or lengths))


def read_type(data: bytes) -> Type:
    """From a message. Raises DamageError if it is damaged.

    4 bits version, 4 class, 24 flags, 4 bytes size; then by class. Of numbers: 2 bytes offset
    and 2 precision in bits, and of floats: 1 byte place and 1 size of the exponent, the same of
    the mantissa, 4 bias.
    """
    kind, flags, size = number(data, 0, 1) & 15, number(data, 1, 3), number(data, 4, 4)
    if size == 0:
        raise DamageError("its type is damaged")
    if kind == INTEGER and size in {1, 2, 4, 8} and _fills(data, size):
        return Type(size, np.dtype(f"{'>' if flags & 1 else '<'}{'i' if flags & 8 else 'u'}{size}"), kind)
    if kind == FLOAT and size in _FLOATS and _fills(data, size) and not flags & 0x40:
        exponent, mantissa = _FLOATS[size]
        bias = (1 << exponent - 1) - 1
        found = (*data[12:16], number(data, 16, 4), flags >> 4 & 3)
        if found == (mantissa, exponent, 0, mantissa, bias, 2):
            return Type(size, np.dtype(f"{'>' if flags & 1 else '<'}f{size}"), kind)
    if kind == STRING:
        return Type(size, np.dtype(f"S{size}"), kind, padding=flags & 15)
    if (kind == ENUM and size == 1 and data.endswith(b"FALSE\0TRUE\0\0\1")) or _is_old_flag(kind, data):
        return Type(size, np.dtype(np.bool_), kind)
    if kind == SEQUENCE and flags & 15 == 1:
        return Type(size, np.dtype(object), kind, is_text=True)
    if kind == REFERENCE and flags & 15 == 0:
        return Type(size, np.dtype(object), kind)
    return Type(size, None, kind)


def _is_old_flag(kind: int, data: bytes) -> bool:
    """In versions 1 and 2, names are padded to a multiple of 8 bytes."""
    return kind == ENUM and number(data, 4, 4) == 1 and data[20:38] == b"FALSE\0\0\0TRUE\0\0\0\0\0\1"


def _fills(data: bytes, size: int) -> bool:
    return number(data, 8, 2) == 0 and number(data, 10, 2) == 8 * size
