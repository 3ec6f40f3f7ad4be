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
