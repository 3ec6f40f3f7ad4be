"""The reader of HDF5 against the HDF5 library: the same values from every way to store them."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from nn_core import checkpoint
from nn_core.errors import CheckpointError, DataError
from nn_core.layers import Dense
from nn_core.network import Network
from nn_core.storage.hdf5 import HDF5Array
from nn_core.storage.hdf5_file import open_hdf5
from nn_core.storage.hdf5_layout import list_hdf5, read_hdf5

VERSIONS = ["earliest", "v108", "v110", "latest"]
X = np.arange(60 * 7 * 2).reshape(60, 7, 2)
STORED: dict[str, dict[str, Any]] = {
    "in one piece": {},
    "one chunk": {"chunks": (60, 7, 2)},
    "fixed": {"chunks": (7, 3, 2)},
    "fixed, with room": {"chunks": (7, 3, 2), "maxshape": (60, 9, 20)},
    "extensible": {"chunks": (1, 2, 2), "maxshape": (None, 7, 9)},
    "extensible along the second axis": {"chunks": (3, 2, 1), "maxshape": (90, None, 2)},
    "tree": {"chunks": (1, 1, 2), "maxshape": (None, None, 2)},
}
PACKED: dict[str, dict[str, Any]] = {
    "plain": {},
    "gzip": {"compression": 9},
    "lzf": {"compression": "lzf"},
    "all": {"compression": 1, "shuffle": True, "fletcher32": True},
}


def rows_of(path: Path, name: str, rows: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """Rows of an array that stays in its file."""
    lazy = HDF5Array(path, name)
    found = np.empty((len(rows), *lazy.shape[1:]), lazy.dtype)
    lazy.read(rows, found)
    return found


@pytest.mark.parametrize("libver", VERSIONS)
@pytest.mark.parametrize("dtype", ["u1", ">i4", "f8"])
def test_values_are_those_that_the_library_reads(tmp_path: Path, libver: str, dtype: str) -> None:
    path, values = tmp_path / "a.h5", X.astype(dtype)
    names = []
    with h5py.File(path, "w", libver=libver, userblock_size=512 if dtype == "u1" else 0) as file:
        for how, settings in STORED.items():
            for filters, more in PACKED.items():
                if settings or not more:
                    names.append(f"{how}/{filters}")
                    file.create_dataset(names[-1], data=values, **settings, **more)
    arrays = list_hdf5(path)
    assert sorted(arrays) == sorted(names)
    rows = np.array([59, 3, 4, 3, 0])
    for name in names:
        np.testing.assert_array_equal(arrays[name].read("a"), values, strict=True, err_msg=name)
        np.testing.assert_array_equal(rows_of(path, name, rows), values[rows], strict=True, err_msg=name)


@pytest.mark.parametrize(("count", "limit"), [pytest.param(140_000, None, marks=pytest.mark.slow), (3_000, 3_000)])
def test_indexes_in_pages(tmp_path: Path, count: int, limit: int | None) -> None:
    path, values = tmp_path / "a.h5", np.arange(count, dtype=np.uint16)
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("x", data=values, chunks=(1,), maxshape=(limit,))
    rows = np.arange(0, count, 997)
    np.testing.assert_array_equal(rows_of(path, "x", rows), values[rows])


@pytest.mark.parametrize("libver", VERSIONS)
def test_groups_of_any_number_of_names(tmp_path: Path, libver: str) -> None:
    path = tmp_path / "a.h5"
    names = {"a": 3, "b": 300, "c": 12}
    with h5py.File(path, "w", libver=libver) as file:
        for group, count in names.items():
            file.create_group(group, track_order=group == "c")
            for i in reversed(range(count)):
                file[f"{group}/é{i}{'-' * (i % 50)}"] = i
    with open_hdf5(path) as root, h5py.File(path) as file:
        for group, count in names.items():
            found = root.group(group)
            assert found is not None
            members = [*found]
            assert len(members) == count
            assert [member.name.rpartition("/")[2] for member in members] == [*file[group]]
            assert root.dataset(members[-1].name).read() == file[members[-1].name][()]


@pytest.mark.parametrize(
    "values",
    [
        np.array([b"cat", b"a", b""]),
        np.array([True, False, True]),
        np.array([[1.5, -np.inf]], np.float16),
        np.zeros((0, 3)),
        np.array(7),
    ],
)
def test_values_of_each_kind(tmp_path: Path, values: npt.NDArray[Any]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = values
    np.testing.assert_array_equal(read_hdf5(tmp_path / "a.h5", "x"), values, strict=True)


@pytest.mark.parametrize(("padding", "expected"), [(0, b"ab"), (1, b"ab\0cd"), (2, b"ab\0cd")])
def test_texts_end_as_their_padding_says(tmp_path: Path, padding: int, expected: bytes) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        kind = h5py.h5t.C_S1.copy()
        kind.set_size(8)
        kind.set_strpad(padding)
        made = h5py.h5d.create(file.id, b"x", kind, h5py.h5s.create_simple((1,)))
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"ab\0cd  "], "S8"), kind)
    found = read_hdf5(tmp_path / "a.h5", "x")[0]
    assert found == expected + b"  " * (padding == 1)


def test_chunks_of_another_checksum_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", data=np.arange(100.0), chunks=(50,), fletcher32=True)
        place = x.id.get_chunk_info(1).byte_offset
    content = bytearray(path.read_bytes())
    content[place + 8] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.h5 is damaged: a chunk has another checksum than it states"):
        read_hdf5(path, "x")


def test_reading_needs_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.h5"
    checkpoint.save(path, Network([Dense(4)], input_shape=(3,), seed=0))
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert checkpoint.load(path).program == "nn-core"
    assert checkpoint.is_checkpoint(path)
    with pytest.raises(CheckpointError, match="need h5py"):
        checkpoint.save(path, Network([Dense(4)], input_shape=(3,), seed=0))


def test_threads_share_a_file(tmp_path: Path) -> None:
    path, values = tmp_path / "a.h5", np.arange(20_000).reshape(2000, 10)
    with h5py.File(path, "w") as file:
        file["x"] = values
    lazy = HDF5Array(path, "x")
    rows = [np.random.default_rng(seed).permutation(2000) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = [np.empty((2000, 10), values.dtype) for _ in rows]
        [*pool.map(lazy.read, rows, found)]
        for chosen, read in zip(rows, found, strict=True):
            np.testing.assert_array_equal(read, values[chosen])


def test_a_file_is_closed_with_its_last_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = X
    lazy = HDF5Array(path, "x")
    with pytest.raises(BlockingIOError), h5py.File(path, "a"):
        pass
    del lazy
    with h5py.File(path, "a") as file:
        del file["x"]


@pytest.mark.skipif(os.name == "nt", reason="Windows locks files by itself")
def test_a_file_that_is_written_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = X
        file.flush()
        with pytest.raises(DataError, match="is open in another program for writing; close it there"):
            list_hdf5(path)
        monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "FALSE")
        assert [*list_hdf5(path)] == ["x"]
