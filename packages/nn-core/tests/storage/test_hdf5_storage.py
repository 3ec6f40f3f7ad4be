"""Messages of HDF5 that say where values are: all versions, also those that no library of today writes."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from nn_core.storage.hdf5_bytes import DamageError
from nn_core.storage.hdf5_storage import (
    EXTENSIBLE,
    IN_CHUNKS,
    IN_HEADER,
    IN_ONE_PIECE,
    Filter,
    Storage,
    read_filters,
    read_storage,
)
from nn_core.storage.hdf5_types import read_shape

FILE: Any = SimpleNamespace(address=8, length=8)


def parts(*numbers: tuple[int, int]) -> bytes:
    """Numbers with their sizes in bytes."""
    return b"".join(value.to_bytes(size, "little") for value, size in numbers)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (((3, 1), (1, 1), (0, 5), (800, 8), (5, 4), (6, 4), (8, 4)), Storage(IN_ONE_PIECE, 800, 240)),
        (((3, 1), (2, 1), (0, 5), (800, 8), (5, 4), (6, 4), (8, 4), (0, 4)), Storage(IN_CHUNKS, 800, 0, chunk=(5, 6))),
        (((1, 1), (0, 1), (0, 5), (3, 4), (3, 4), (0x030201, 3)), Storage(IN_HEADER, 0, 3, b"\1\2\3")),
    ],
)
def test_early_versions(version: int, message: tuple[tuple[int, int], ...], expected: Storage) -> None:
    assert read_storage(parts((version, 1), *message), FILE) == expected


@pytest.mark.parametrize("version", [4, 5])
def test_later_versions(version: int) -> None:
    chunks = parts(
        (version, 1), (2, 1), (0, 1), (3, 1), (2, 1), (5, 2), (6, 2), (8, 2), (EXTENSIBLE, 1), (0, 5), (800, 8)
    )
    assert read_storage(chunks, FILE) == Storage(IN_CHUNKS, 800, 0, chunk=(5, 6), kind_of_index=EXTENSIBLE)
    header = parts((version, 1), (0, 1), (2, 2), (0x0201, 2))
    assert read_storage(header, FILE) == Storage(IN_HEADER, 0, 2, b"\1\2")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        parts((9, 1), (1, 1), (0, 16)),  # of an unknown version
        parts((3, 1), (3, 1), (0, 16)),  # virtual
        parts((1, 1), (1, 1), (7, 1), (0, 5), (0, 12)),
        parts((1, 1), (3, 1), (1, 1), (0, 5), (800, 8), (5, 4)),  # cut off
        parts((4, 1), (2, 1), (0, 1), (2, 1), (1, 1), (5, 1), (8, 1), (99, 1), (0, 8)),  # an unknown index
        parts((4, 1), (2, 1), (1, 1), (2, 1), (1, 1), (5, 1), (8, 1), (3, 1), (0, 9)),  # some chunks not packed
    ],
)
def test_damaged_messages(message: bytes) -> None:
    with pytest.raises(DamageError):
        read_storage(message, FILE)


def test_filters() -> None:
    early = parts(
        (1, 1), (2, 1), (0, 6), (2, 2), (8, 2), (0, 2), (1, 2), (0, 8), (4, 4), (0, 4), (1, 2), (0, 2), (0, 2), (0, 2)
    )
    assert read_filters(early) == [Filter(2, (4,)), Filter(1, ())]
    late = parts((2, 1), (2, 1), (1, 2), (0, 2), (1, 2), (9, 4), (32001, 2), (5, 2), (0, 2), (1, 2), (0, 5), (7, 4))
    assert read_filters(late) == [Filter(1, (9,)), Filter(32001, (7,))]
    for damaged in (b"", parts((3, 1), (0, 1)), parts((1, 1), (40, 1), (0, 6)), parts((2, 1), (1, 1), (1, 2))):
        with pytest.raises(DamageError):
            read_filters(damaged)


def test_an_axis_that_no_array_can_have() -> None:
    assert read_shape(parts((2, 1), (2, 1), (0, 1), (1, 1), (sys.maxsize, 8), (0, 8)), FILE).axes == (sys.maxsize, 0)
    with pytest.raises(DamageError):
        read_shape(parts((2, 1), (2, 1), (0, 1), (1, 1), (sys.maxsize + 1, 8), (0, 8)), FILE)
