"""idx files, the format of MNIST, written by hand."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from nn_core.errors import DataError
from nn_core.storage.file_kinds import is_idx
from nn_core.storage.idx import idx_stem, read_idx

# Two images of 2 x 3 bytes: 0, 0, type 8 (unsigned bytes), 3 axes; 2, 2, 3; the values.
CONTENT = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, *range(12)])


def pack(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-images.idx3-ubyte", "train-images-idx3-ubyte.gz"])
def test_the_values_and_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(pack(CONTENT) if name.endswith("gz") else CONTENT)
    assert is_idx(path)
    assert idx_stem(path) == "train-images"
    stored = read_idx(path)
    assert (stored.shape, stored.dtype) == ((2, 2, 3), np.uint8)
    np.testing.assert_array_equal(stored.read("a"), np.arange(12, dtype=np.uint8).reshape(2, 2, 3), strict=True)


def test_values_are_big_endian(tmp_path: Path) -> None:
    path = tmp_path / "labels.idx"
    path.write_bytes(bytes([0, 0, 0x0C, 1, 0, 0, 0, 1, 0, 0, 1, 2]))
    values = read_idx(path).read("a")
    assert values.tolist() == [258]
    assert values.dtype == np.int32


def test_other_names_are_not_idx() -> None:
    assert not any(is_idx(Path(name)) for name in ("x.npy", "index.csv", "train.gz", "idx.txt", "model.h5"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG and more", "is not an idx file: it begins with 89 50 4e 47"),
        (b"\0\0\x08\x00", "is not an idx file"),
        (CONTENT[:9], "is cut off in its header"),
        (CONTENT[:-1], "is cut off or damaged: 12 bytes declared"),
        (CONTENT + b"more", "more values than its header declares"),
        (pack(CONTENT[:-1]), "is cut off: 12 bytes declared, 11 found"),
        (pack(CONTENT + b"more"), "more values than its header declares"),
        (pack(CONTENT)[:-9], "is not an idx file, or is damaged"),
        (pack(CONTENT[:4] + b"\x7f\xff\xff\xff" * 3), "is cut off or damaged: 9,903,520,300,447"),
        (pack(CONTENT[:4] + b"\0\0\x7f\xff" * 2 + b"\0\0\0\x01"), "is cut off or damaged: 1,073,676,289 byt"),
    ],
)
def test_one_line_per_error_before_memory_is_taken(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_idx(path).read("a")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bomb_of_gzip_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(pack(CONTENT[:4] + bytes([0, 0, 0, 100] * 3) + bytes(1_000_000)))
    assert read_idx(path).read("a").shape == (100, 100, 100)
    monkeypatch.setattr("nn_core.storage.compressed.LARGE", 900_000)
    with pytest.raises(DataError, match="as files do that are made to fill the memory; if it is right, save it unc"):
        read_idx(path)


def test_gzip_in_parts_and_padded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(pack(CONTENT[:9]) + pack(b"") + bytes(100) + pack(CONTENT[9:]) + bytes(100_000))
    np.testing.assert_array_equal(read_idx(path).read("a").ravel(), np.arange(12))
    monkeypatch.setattr("nn_core.storage.compressed.MAX_MEMBERS", 2)
    with pytest.raises(DataError, match="more than 2 compressed parts"):
        read_idx(path)
