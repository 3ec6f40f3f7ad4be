"""HDF5: what is read, what is refused, and arrays that stay in their file."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn_core.batches.subset import take_examples
from nn_core.errors import DataError
from nn_core.storage import hdf5
from nn_core.storage.hdf5 import HDF5Array
from nn_core.storage.hdf5_file import HDF5Dataset
from nn_core.storage.hdf5_layout import list_hdf5, read_hdf5

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


def test_the_arrays_of_a_file_and_of_its_groups(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", x=ROWS, names=[b"a", b"b"], texts=["long", "b"])
    with h5py.File(path, "a") as file:
        file["train/deep/x"] = [1, 2]
        file.create_group("empty")
    arrays = list_hdf5(path)
    assert sorted(arrays) == ["names", "texts", "train/deep/x", "x"]
    assert (arrays["x"].shape, arrays["x"].dtype, arrays["x"].nbytes) == (ROWS.shape, np.int64, ROWS.nbytes)
    np.testing.assert_array_equal(arrays["x"].read("a"), ROWS, strict=True)
    assert arrays["names"].read("a").tolist() == [b"a", b"b"]
    assert arrays["texts"].read("a").tolist() == [b"long", b"b"]
    assert HDF5Array(path, "train/deep/x")[:].tolist() == [1, 2]


def test_arrays_of_matlab_have_the_axes_that_matlab_shows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mat", x=ROWS)
    with h5py.File(path, "a") as file:
        file["x"].attrs["MATLAB_class"] = np.bytes_("int64")
    stored = list_hdf5(path)["x"]
    assert (stored.shape, stored.reversed) == ((3, 2, 40), True)
    np.testing.assert_array_equal(stored.read("a"), ROWS.T)


def test_matrices_of_matlab_that_are_not_arrays(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mat", **{"X/data": [1.0], "X/ir": [0], "X/jc": [0, 1], "y": [1, 2, 3]})
    with h5py.File(path, "a") as file:
        file["X"].attrs["MATLAB_sparse"] = 5
        file["y"].attrs["MATLAB_class"] = np.bytes_("categorical")
        file["y"].attrs["MATLAB_object_decode"] = 3
    arrays = list_hdf5(path)
    assert arrays["X"].problem == "is a sparse matrix of MATLAB; save it in full: X = full(X)"
    assert arrays["y"].problem == "is an object of MATLAB; save it as numbers or a cell array: y = cellstr(y)"


def test_a_file_whose_writer_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    code = "import h5py, os, sys; f = h5py.File(sys.argv[1], 'w', libver='latest'); f['x'] = 1; f.flush(); os._exit(0)"
    subprocess.run([sys.executable, "-c", code, path], check=True)
    with pytest.raises(DataError, match=r"was not closed by the one that wrote it; .*, or run: h5clear -s "):
        list_hdf5(path)


def test_references_are_read_as_the_texts_that_they_point_to(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["#refs#/a"] = np.frombuffer("caf\xe9".encode("utf-16-le"), np.uint16)[None]
        file["#refs#/b"] = "dog"
        file["names"] = np.array([file["#refs#/a"].ref, file["#refs#/b"].ref], h5py.ref_dtype)
        file["groups"] = np.array([file["#refs#"].ref], h5py.ref_dtype)
    arrays = list_hdf5(path)
    assert sorted(arrays) == ["groups", "names"]
    assert arrays["names"].read("a").tolist() == ["caf\xe9", "dog"]
    with pytest.raises(DataError, match=r"a\.h5: groups holds references to other objects; store the names them"):
        arrays["groups"].read("a")


def test_long_texts_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    names = np.array([["b", "é"], ["a", "c" * 1001]], object)
    with h5py.File(path, "w") as file:
        file["short"] = names[:1]
        file["long"] = names
        file["one"] = "c" * 1001
        file["cell"] = np.array([file["one"].ref], h5py.ref_dtype)
    assert read_hdf5(path, "short").tolist() == [[b"b", "é".encode()]]
    for key in ("long", "cell"):
        with pytest.raises(DataError, match=rf"{key}\) has a text of 1,001 bytes; the limit is 1,000"):
            read_hdf5(path, key)


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
    soft = tmp_path / "soft.h5"
    with h5py.File(soft, "w") as file:
        file["elsewhere"] = h5py.ExternalLink(str(tmp_path / "target.h5"), "/")
        file["x"] = h5py.SoftLink("/elsewhere/x")
    for path in (external, link, virtual, soft):
        stored = list_hdf5(path)["x"]
        assert stored.problem is not None
        assert ("another file" in stored.problem) == (path != soft)
        for read in (lambda stored=stored: stored.read("a"), lambda path=path: HDF5Array(path, "x")[:]):
            with pytest.raises(DataError, match=rf"{path.name}"):
                read()


def test_an_array_larger_than_may_be_read_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**6, 10**6), "f8", chunks=(1000, 1000), compression=9)
    assert path.stat().st_size < 10_000
    with pytest.raises(DataError, match=r"bomb\.h5 \(x\) needs 8 TB of memory"):
        list_hdf5(path)["x"].read(str(path))


@pytest.mark.parametrize("content", [b"some text", b"\x89HDF\r\n\x1a\n and no more"])
def test_files_that_are_not_hdf5(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    problem = r"a\.h5 is (not an HDF5 file$|damaged or incomplete: )"
    with pytest.raises(DataError, match=problem) as caught:
        list_hdf5(path)
    assert ("not an HDF5 file" in str(caught.value)) == (content == b"some text")
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match=problem):
        HDF5Array(path, "x")


def test_a_group_within_itself_is_listed_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", **{"g/x": ROWS})
    with h5py.File(path, "a") as file:
        file["g/again"] = file["g"]
        file["g/root"] = file["/"]
    assert sorted(list_hdf5(path)) == ["g/x"]


def test_compression_that_is_not_installed(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        settings.set_chunk((4,))
        settings.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, ())
        h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_INT8, h5py.h5s.create_simple((4,)), settings)
    problem = list_hdf5(path)["x"].problem
    assert problem is not None
    assert problem.startswith("is compressed by Blosc, which is not installed; where it is (import hdf5plugin), ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\n<!DOCTYPE html>", "a web page; download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS; get the file by: git lfs pull"),
        (b"\x80\x04\x95 pickle", "a pickle"),
        (b"MATLAB 5.0 MAT-file", "a MATLAB file before version 7.3"),
    ],
)
def test_what_a_file_is_instead(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.h5 is not an HDF5 file, but {words}$"):
        list_hdf5(path)


def test_another_kind_of_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with path.open("wb") as file:
        np.savez(file, x=ROWS)
    with pytest.raises(DataError, match=r"a\.h5 is not an HDF5 file, but a ZIP archive, such as \.npz$"):
        list_hdf5(path)


def test_a_file_that_is_open_for_writing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", x=ROWS)
    code = "import h5py, sys; f = h5py.File(sys.argv[1], 'a'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(DataError, match=r"a\.h5 is open in another program for writing; close it there"):
            list_hdf5(path)
        other.communicate("\n")
    assert sorted(list_hdf5(path)) == ["x"]


def test_a_file_of_pandas_is_named_with_the_line_that_converts_it(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("df").attrs["pandas_type"] = "frame"
    with pytest.raises(DataError, match=r"a\.h5 was written by pandas.*read_hdf\('.*a\.h5', 'df'\)\.to_csv\("):
        list_hdf5(tmp_path / "a.h5")


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
        picked = take_examples(lazy, indices)
        np.testing.assert_array_equal(picked[:], out)
        if rows:
            np.testing.assert_array_equal(take_examples(picked, np.array([0, 0]))[:], out[[0, 0]])


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each access to a file has read."""
    counts: list[int] = []
    original = HDF5Dataset.rows

    def counting(self: HDF5Dataset, chosen: Any) -> Any:
        found = original(self, chosen)
        counts.append(len(found))
        return found

    monkeypatch.setattr(HDF5Dataset, "rows", counting)
    return counts


def test_only_the_rows_asked_for_are_read(stored: Path, reads: list[int]) -> None:
    lazy = HDF5Array(stored, "x")
    lazy.read(np.array([30, 2, 17, 2]), np.empty((4, 2, 3), np.int64))
    assert reads == [3]


def test_a_pickle_opens_the_file_again(stored: Path) -> None:
    lazy = take_examples(HDF5Array(stored, "x", convert=doubled, item_shape=(1,)), np.array([4, 2]))
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
    with pytest.raises(DataError, match=r"a\.h5 \(x\) is damaged: "):
        lazy[:]


def test_the_bound_is_that_of_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.h5", x=np.zeros(10, np.uint8))
    monkeypatch.setattr("nn_core.memory.memory_limit", lambda: 10)
    assert len(list_hdf5(path)["x"].read("a.h5")) == 10
    monkeypatch.setattr("nn_core.memory.memory_limit", lambda: 9)
    with pytest.raises(DataError, match="10 bytes of memory; the limit is 9"):
        list_hdf5(path)["x"].read("a.h5")
