"""npz files: what is read, and what is refused before it is read."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nn_core.errors import DataError
from nn_core.storage.npz import list_npz, read_npy

POINTS = np.arange(12.0).reshape(6, 2)


def written(folder: Path) -> Path:
    path = folder / "points.npz"
    np.savez(path, x=POINTS, y=np.arange(6), other=POINTS)
    return path


def read_all(path: Path) -> None:
    for array in list_npz(path).values():
        array.read(str(path))


def message_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_all(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def test_the_arrays_asked_for_and_all_names(tmp_path: Path) -> None:
    arrays = list_npz(written(tmp_path))
    assert list(arrays) == ["x", "y", "other"]
    assert (arrays["x"].shape, arrays["x"].dtype) == (POINTS.shape, POINTS.dtype)
    np.testing.assert_array_equal(arrays["x"].read("a"), POINTS, strict=True)


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=POINTS, y=np.array([None] * 6))
    assert list_npz(tmp_path / "a.npz")["y"].objects
    assert "(y) is an array of Python objects, a pickle, which is never read" in message_of(tmp_path / "a.npz")


def test_files_that_are_not_npz(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    for broken in (whole[:-40], whole[:100], b"PK", b"some text"):
        path.write_bytes(broken)
        assert "is not an .npz file" in message_of(path)
    path.write_bytes(whole.replace(POINTS.tobytes(), POINTS.tobytes()[::-1]))
    assert "is damaged: Bad CRC-32" in message_of(path)


def header(shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_2_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def archive(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", content)
    return path


@pytest.mark.parametrize("shape", [(10**12,), (10**10, 10**10, 10**10), (11,)])
def test_an_array_that_announces_more_than_is_stored(tmp_path: Path, shape: tuple[int, ...]) -> None:
    content = header(shape)
    path = archive(tmp_path / "a.npz", content + bytes(80 - len(content) % 8))
    if shape == (11,):
        path = archive(tmp_path / "a.npz", header(shape)[:-8] + b"\n")
        assert "is not an .npz file, or is damaged" in message_of(path)
    else:
        assert "(x) is cut off or damaged" in message_of(path)


def test_an_array_that_unpacks_to_more_than_may_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "a.npz", header((1000,)) + bytes(8000))
    assert list_npz(path)["x"].read("a").shape == (1000,)
    monkeypatch.setattr("nn_core.memory.memory_limit", lambda: 7999)
    assert "(x) needs 8 kB of memory; the limit is 8 kB (--max-memory)" in message_of(path)


def npy(shape: object, descr: object = "<f8", values: bytes = b"", *, fortran: bool = False) -> bytes:
    text = repr({"descr": descr, "fortran_order": fortran, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + values


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello", "is not an array of NumPy"),
        (b"\x93NUMPY\2\0\xff\xff\xff\x7f" + b" " * 100, "is damaged: its header is of version (2, 0) and has 2,147"),
        (b"\x93NUMPY\2\0\x11\x27\0\0" + b" " * 10_001, "is damaged: its header is of version (2, 0) and has 10,001"),
        (b"\x93NUMPY\7\0\1\0 ", "is damaged: its header is of version (7, 0)"),
        (npy((-1, -8), values=bytes(64)), "is damaged: shape (-1, -8)"),
        (npy((10**9,), "<U0"), "is damaged: shape (1000000000,), data type <U0"),
        (npy((10**12, 0)), "has the shape (1000000000000, 0), without values"),
        (npy((2,), values=bytes(24)), "is damaged: more values than its header declares"),
        (npy((2,), values=bytes(15)), "is cut off or damaged: 16 bytes declared, 15 stored"),
        (npy((2,), ("<f8", (3,)), bytes(48)), "which are not supported"),
        (npy((1,) * 33, values=bytes(8)), "has the data type float64 and 33 axes"),
        (npy("x"), "is not an .npz file, or is damaged: shape is not valid: 'x'"),
        (npy((2,), "<q9", bytes(16)), "is not an .npz file, or is damaged"),
        (npy((1,), "<f8", bytes(8))[:40], "is not an .npz file, or is damaged"),
        (b"\x93NUMPY\1\0\x10\x27" + b"(" * 10_000, "is not an .npz file, or is damaged"),
        (b"\x93NUMPY\1\0\x10\x27" + b"-" * 9_999 + b"1", "a.npz"),
    ],
)
def test_a_member_that_is_no_plain_array(tmp_path: Path, content: bytes, message: str) -> None:
    assert message in message_of(archive(tmp_path / "a.npz", content))


def test_fortran_order_is_kept(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.asfortranarray(POINTS))
    np.testing.assert_array_equal(list_npz(tmp_path / "a.npz")["x"].read("a"), POINTS, strict=True)


@pytest.mark.parametrize("dtype", ["c16", "M8[s]", "m8[s]", "?", "<U3", "S3", "f2", ">i4", "V5"])
def test_values_of_every_type_are_as_numpy_reads_them(tmp_path: Path, dtype: str) -> None:
    values = (
        np.arange(24, dtype=np.uint8).view("V1").repeat(40).view(dtype)[:6].reshape(2, 3)
        if dtype == "V5"
        else (np.arange(6).reshape(2, 3).astype(dtype))
    )
    np.savez_compressed(tmp_path / "a.npz", x=values)
    found = list_npz(tmp_path / "a.npz")["x"].read("a")
    assert (found.dtype, found.tobytes()) == (values.dtype, values.tobytes())


def test_an_array_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, POINTS)
    stored = read_npy(path, "x")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="is cut off: 96 bytes declared, 95 found"):
        stored.read("a")


def test_a_member_called_like_an_array_is_not_read_in_its_place(tmp_path: Path) -> None:
    path = written(tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x", header((10**12,)))
    np.testing.assert_array_equal(list_npz(path)["x"].read("a"), POINTS, strict=True)


def test_an_npy_file_is_described_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, POINTS)
    stored = read_npy(path, "x")
    assert (stored.name, stored.shape, stored.dtype) == ("x", POINTS.shape, POINTS.dtype)
    np.testing.assert_array_equal(stored.read("a"), POINTS, strict=True)
    path.write_bytes(path.read_bytes()[:-1])
    path.write_bytes(header((10**9,)))
    with pytest.raises(DataError, match=r"x\.npy \(x\) is cut off or damaged: 8,000,000,000 bytes declared"):
        read_npy(path, "x")
    np.save(path, np.array([{}]), allow_pickle=True)
    assert read_npy(path, "x").objects
