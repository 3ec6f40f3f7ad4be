"""HDF5: what is read, what is refused, and arrays that stay in their file."""

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn_core.errors import DataError
from nn_core.storage import files, hdf5
from nn_core.storage.hdf5 import HDF5Array, read_hdf5

ROWS = np.arange(40 * 6).reshape(40, 2, 3)


def write(path: Path, **arrays: Any) -> Path:
    with h5py.File(path, "w") as file:
        for key, value in arrays.items():
            file[key] = value
    return path


def doubled(block: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.asarray(block.sum(axis=(1, 2))[:, None] * 2.0)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("hdf5") / "rows.h5", x=ROWS)


def test_the_arrays_asked_for_and_all_keys(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", x=ROWS, names=[b"a", b"b"], other=[1])
    with h5py.File(path, "a") as file:
        file.create_group("y")
    arrays, keys = read_hdf5(path, {"x", "y", "names", "absent"})
    assert sorted(arrays) == ["names", "x"]
    assert keys == ["names", "other", "x", "y"]
    np.testing.assert_array_equal(arrays["x"], ROWS, strict=True)
    assert arrays["names"].tolist() == [b"a", b"b"]


def test_values_in_other_files_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"secret")
    write(tmp_path / "target.h5", x=ROWS)
    external, link, virtual = (tmp_path / f"{name}.h5" for name in ("external", "link", "virtual"))
    with h5py.File(external, "w") as file:
        file.create_dataset("x", (6,), "u1", external=[(str(secret), 0, 6)])
    with h5py.File(link, "w") as file:
        file["x"] = h5py.ExternalLink(str(tmp_path / "target.h5"), "/x")
    layout = h5py.VirtualLayout(ROWS.shape, ROWS.dtype)
    layout[...] = h5py.VirtualSource(str(tmp_path / "target.h5"), "x", ROWS.shape)
    with h5py.File(virtual, "w") as file:
        file.create_virtual_dataset("x", layout)
    for path in (external, link, virtual):
        with pytest.raises(DataError, match=rf"{path.name}: x is in another file"):
            read_hdf5(path, {"x"})
        with pytest.raises(DataError, match=rf"{path.name}: x is in another file"):
            HDF5Array(path, "x")


def test_an_array_larger_than_may_be_read_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**6, 10**6), "f8", chunks=(1000, 1000), compression=9)
    assert path.stat().st_size < 10_000
    with pytest.raises(DataError, match=r"bomb\.h5 \(x\) is too large: 8,000,000,000,000 bytes"):
        read_hdf5(path, {"x"})
    assert read_hdf5(path, set()) == ({}, ["x"])


@pytest.mark.parametrize("content", [b"some text", b"\x89HDF\r\n\x1a\n and no more"])
def test_files_that_are_not_hdf5(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.h5 is not an HDF5 file, or is damaged") as caught:
        read_hdf5(path, {"x"})
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match=r"a\.h5 is not an HDF5 file, or is damaged"):
        HDF5Array(path, "x")


def test_a_missing_array_and_a_number(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", x=3.0)
    with pytest.raises(DataError, match=r"a\.h5 \(y\) is missing"):
        HDF5Array(path, "y")
    with pytest.raises(DataError, match=r"a\.h5 \(x\): a single number"):
        HDF5Array(path, "x")


def test_a_lazy_array_has_the_shape_of_its_rows(stored: Path) -> None:
    lazy = HDF5Array(stored, "x")
    assert (len(lazy), lazy.shape, lazy.dtype, lazy.nbytes) == (40, (40, 2, 3), np.int64, 1920)
    np.testing.assert_array_equal(lazy[:], ROWS, strict=True)
    np.testing.assert_array_equal(lazy[3:9:2], ROWS[3:9:2])
    np.testing.assert_array_equal(lazy[-4:], ROWS[-4:])
    assert lazy[5:5].shape == (0, 2, 3)
    small = HDF5Array(stored, "x", convert=doubled, item_shape=(1,), dtype=np.float32)
    assert (small.shape, small.dtype, small.nbytes) == ((40, 1), np.float32, 160)
    np.testing.assert_array_equal(small[:2], [[30], [102]])
    assert small.stored_shape == (40, 2, 3)


@settings(deadline=None)
@given(rows=st.lists(st.integers(0, 39), max_size=30), read_bytes=st.sampled_from([1, 100, 10**6]))
def test_rows_come_in_the_order_asked_for_however_they_are_read(stored: Path, rows: list[int], read_bytes: int) -> None:
    indices = np.array(rows, np.intp)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hdf5, "READ_BYTES", read_bytes)
        lazy = HDF5Array(stored, "x", convert=doubled, item_shape=(1,), dtype=np.float64)
        out = np.empty((len(rows), 1))
        lazy.read(indices, out)
        np.testing.assert_array_equal(out, doubled(ROWS)[indices])
        picked = lazy.subset(indices)
        np.testing.assert_array_equal(picked[:], out)
        if rows:
            np.testing.assert_array_equal(picked.subset(np.array([0, 0]))[:], out[[0, 0]])


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each access to a file has read."""
    counts: list[int] = []
    original = h5py.Dataset.__getitem__

    def counting(self: h5py.Dataset, key: object, **options: Any) -> Any:
        found = original(self, key, **options)
        counts.append(len(found))
        return found

    monkeypatch.setattr(h5py.Dataset, "__getitem__", counting)
    return counts


def test_only_the_rows_asked_for_are_read(stored: Path, reads: list[int]) -> None:
    lazy = HDF5Array(stored, "x")
    lazy.read(np.array([30, 2, 17, 2]), np.empty((4, 2, 3), np.int64))
    assert reads == [3]


def test_a_pickle_opens_the_file_again(stored: Path) -> None:
    lazy = HDF5Array(stored, "x", rows=np.array([4, 2]), convert=doubled, item_shape=(1,))
    again = pickle.loads(pickle.dumps(lazy))
    np.testing.assert_array_equal(again[:], doubled(ROWS)[[4, 2]])


def test_a_file_that_breaks_while_it_is_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    noise = np.random.default_rng(0).integers(256, size=(200, 4000), dtype=np.uint8)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=noise, chunks=(1, 4000), fletcher32=True)
    lazy = HDF5Array(path, "x")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    lazy = pickle.loads(pickle.dumps(lazy))
    with pytest.raises(DataError, match=r"a\.h5 is not an HDF5 file, or is damaged"):
        lazy[:]


def test_the_bound_is_that_of_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.h5", x=np.zeros(10, np.uint8))
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    assert len(read_hdf5(path, {"x"})[0]["x"]) == 10
    monkeypatch.setattr(files, "MAX_BYTES", 9)
    with pytest.raises(DataError, match="10 bytes; the limit is 9"):
        read_hdf5(path, {"x"})
