"""Photos in HDF5, in memory and on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from photos import hdf5_file, pixels, rng

from cnn_sign_digits.datasets import arrays
from cnn_sign_digits.datasets.array_files import read_photo_file, read_photo_files
from cnn_sign_digits.datasets.catalog import read_path
from cnn_sign_digits.datasets.photos import Photos, fit_photos
from nn_core.batches.subset import Subset
from nn_core.cli.dataset import Contents, Part
from nn_core.errors import DataWarning, NNError
from nn_core.storage.hdf5 import HDF5Array

PHOTOS = pixels(30)
NUMBERS = np.arange(30) % 3


def message_of(path: Path, reader: Callable[[Path], Contents[Photos]] = read_photo_file) -> str:
    with pytest.raises(NNError) as caught:
        reader(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


def heldout(path: Path) -> Part[Photos]:
    part = read_photo_file(path).test
    assert part is not None
    return part


def test_both_sets_of_a_file(tmp_path: Path) -> None:
    path = hdf5_file(
        tmp_path / "a.h5",
        [b"zero", b"one", b"two"],
        train_set_x=PHOTOS,
        train_set_y=NUMBERS,
        test_set_x=PHOTOS[:5],
        test_set_y=NUMBERS[:5],
    )
    contents = read_photo_file(path)
    assert contents.train is not None
    assert contents.test is not None
    np.testing.assert_array_equal(contents.train.x[:], PHOTOS)
    np.testing.assert_array_equal(contents.test.x[:], PHOTOS[:5])
    assert contents.train.y.tolist() == NUMBERS.tolist()
    assert contents.train.names == contents.test.names == ("zero", "one", "two")
    assert contents.test.source == f"{path} (test_set)"


@pytest.mark.parametrize("shape", [(30,), (1, 30), (30, 1)])
@pytest.mark.parametrize("names", [None, [0, 1, 2], ["a", "b", "c"]])
def test_labels_of_every_shape(tmp_path: Path, shape: tuple[int, ...], names: list[object] | None) -> None:
    labels = NUMBERS.astype(np.uint8).reshape(shape)
    path = hdf5_file(tmp_path / "a.h5", names, test_set_x=PHOTOS, test_set_y=labels)
    contents = read_photo_file(path)
    assert contents.train is None
    assert contents.test is not None
    assert contents.test.y.tolist() == NUMBERS.tolist()
    assert contents.test.names == (None if names is None else tuple(map(str, names)))


def test_labels_that_are_names(tmp_path: Path) -> None:
    names = [b"10", b"9", b"9"]
    part = heldout(hdf5_file(tmp_path / "a.h5", test_set_x=PHOTOS[:3], test_set_y=names))
    assert part.y.tolist() == [1, 0, 0]
    assert part.names == ("9", "10")


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        (np.full((2, 64, 64), 7, np.uint8), [7, 7, 7]),
        (np.full((2, 9, 30, 1), 7, np.uint8), [7, 7, 7]),
        (np.full((2, 100, 100, 3), (1, 2, 3), np.uint8), [1, 2, 3]),
        (np.full((2, 64, 64, 4), (1, 2, 3, 255), np.uint8), [1, 2, 3]),
        (np.full((2, 20, 20, 4), (1, 2, 3, 0), np.uint8), [255, 255, 255]),
        (np.full((2, 64, 64, 3), 200, np.int64), [200, 200, 200]),
    ],
)
def test_photos_of_any_format_and_size(tmp_path: Path, raw: npt.NDArray[Any], seen: list[int]) -> None:
    x = heldout(hdf5_file(tmp_path / "a.h5", test_set_x=raw, test_set_y=[0, 1])).x
    assert x.shape == (2, 64, 64, 3)
    assert (x[:] == seen).all()


def test_two_files_in_a_folder(tmp_path: Path) -> None:
    hdf5_file(tmp_path / "a.h5", test_set_x=PHOTOS[:5], test_set_y=NUMBERS[:5])
    hdf5_file(tmp_path / "b.HDF5", train_set_x=PHOTOS, train_set_y=NUMBERS)
    contents = read_photo_files(tmp_path)
    assert contents.train is not None
    assert contents.test is not None
    assert (len(contents.train.x), len(contents.test.x)) == (30, 5)
    hdf5_file(tmp_path / "c.h5", test_set_x=PHOTOS, test_set_y=NUMBERS)
    message = message_of(tmp_path, read_photo_files)
    assert "more than one file has a training or test set" in message


@pytest.mark.parametrize("size", [64, 9])
def test_photos_larger_than_memory_stay_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    raw = pixels(30, size, size, 3)
    path = hdf5_file(tmp_path / "a.h5", test_set_x=raw, test_set_y=NUMBERS)
    monkeypatch.setattr(arrays, "MAX_MEMORY", PHOTOS.nbytes)
    in_memory = heldout(path).x
    assert isinstance(in_memory, np.ndarray)
    monkeypatch.setattr(arrays, "MAX_MEMORY", PHOTOS.nbytes - 1)
    x = heldout(path).x
    assert isinstance(x, HDF5Array)
    assert (len(x), x.shape, x.dtype) == (30, (30, 64, 64, 3), np.uint8)
    np.testing.assert_array_equal(x[:], in_memory)
    np.testing.assert_array_equal(x[3:9:2], in_memory[3:9:2])
    rows, out = rng().permutation(30)[:7], np.empty((7, 64, 64, 3), np.uint8)
    Subset(x, np.arange(30)).read(rows, out)
    np.testing.assert_array_equal(out, in_memory[rows])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "has no x and y; it has no keys"),
        ({"images": PHOTOS}, "images (30, 64, 64, 3) has no labels beside it"),
        ({"train_set_x": PHOTOS}, "train_set_x (30, 64, 64, 3) has no labels beside it"),
        ({"test_set_y": NUMBERS}, "test_set_y (30,) has no examples beside it"),
        ({"train_set_x": PHOTOS, "train_set_y": NUMBERS[:5]}, "one label per example"),
        ({"train_set_x": PHOTOS, "train_set_y": np.ones((30, 3))}, "not one-hot: example 0 has (1, 1, 1)"),
        ({"train_set_x": NUMBERS, "train_set_y": NUMBERS}, "(N, H, W) or (N, H, W, C)"),
        ({"train_set_x": PHOTOS[:, 0, :50, 0], "train_set_y": NUMBERS}, "50 numbers per photo are not a square"),
        ({"train_set_x": PHOTOS[..., :2], "train_set_y": NUMBERS}, "(RGBA) channels, not 2"),
        ({"train_set_x": PHOTOS[:, :0], "train_set_y": NUMBERS}, "no photos"),
        ({"train_set_x": PHOTOS[:0], "train_set_y": NUMBERS[:0]}, "no photos"),
        ({"train_set_x": PHOTOS / 25.5, "train_set_y": NUMBERS}, "(x / 10 * 255).round()"),
        ({"train_set_x": PHOTOS / 127.5 - 1, "train_set_y": NUMBERS}, "x = ((x + 1) * 127.5).round()"),
        ({"train_set_x": PHOTOS * 1j, "train_set_y": NUMBERS}, "has values that are neither numbers nor texts"),
        ({"train_set_x": PHOTOS.astype("i2") + 1, "train_set_y": NUMBERS}, "from 0 to 255"),
        ({"train_set_x": PHOTOS.astype("i2") - 1, "train_set_y": NUMBERS}, "from 0 to 255"),
        ({"train_set_x": PHOTOS, "train_set_y": NUMBERS + 0.5}, "is not a class number"),
    ],
)
def test_one_line_for_each_error(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    assert message in message_of(hdf5_file(tmp_path / "a.h5", **arrays))


def test_class_names_that_do_not_fit(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"train_set_x": PHOTOS, "train_set_y": NUMBERS}
    few = hdf5_file(tmp_path / "few.h5", [b"a", b"b"], **arrays)
    assert "label 2 is out of range; there are 2 classes" in message_of(few)
    twice = hdf5_file(tmp_path / "twice.h5", [b"a", b"b", b"a"], **arrays)
    assert "duplicate name in list_classes" in message_of(twice)


def test_files_that_are_not_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    assert message_of(path) == f"no such file: {path}"
    path.write_text("text")
    assert message_of(path) == f"{path} is not an HDF5 file"
    whole = hdf5_file(tmp_path / "b.h5", test_set_x=PHOTOS, test_set_y=NUMBERS).read_bytes()
    path.write_bytes(whole[:2000])
    assert "is damaged or incomplete" in message_of(path)
    group = tmp_path / "group.h5"
    with h5py.File(group, "w") as file:
        file.create_group("train_set_x")
    assert "has no x and y" in message_of(group)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("flat", PHOTOS.reshape(30, -1)),
        ("planes", PHOTOS.transpose(0, 3, 1, 2)),
        ("last", PHOTOS.transpose(1, 2, 3, 0)),
        ("reversed", PHOTOS.transpose(3, 2, 1, 0)),
        ("floats", PHOTOS / np.float32(255)),
        ("whole", PHOTOS.astype(np.float64)),
        ("levels", PHOTOS.astype(np.uint16) * 257),
    ],
)
@pytest.mark.parametrize("memory", [0, 10**9])
@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_photos_stored_in_every_way(
    tmp_path: Path, name: str, stored: npt.NDArray[Any], memory: int, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "MAX_MEMORY", memory)
    path = tmp_path / f"{name}{suffix}"
    if suffix == ".npz":
        np.savez(path, x=stored, y=NUMBERS)
    else:
        hdf5_file(path, x=stored, y=NUMBERS)
    with pytest.warns(DataWarning, match=f"{name}{suffix}.* read as"):
        part = read_photo_file(path).train
    assert part is not None
    np.testing.assert_array_equal(part.x[:], PHOTOS)
    in_file = memory == 0 and suffix == ".h5" and name not in {"last", "reversed"}
    assert isinstance(part.x, HDF5Array) == in_file


def test_photos_of_matlab_stay_in_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MAX_MEMORY", 0)
    raw = pixels(30, 8, 12, 3)
    path = hdf5_file(tmp_path / "a.mat", X=raw.transpose(0, 3, 2, 1), y=NUMBERS[None] + 1)
    with h5py.File(path, "a") as file:
        for key in file:
            file[key].attrs["MATLAB_class"] = np.bytes_("uint8")
    with pytest.warns(DataWarning, match=r"\(8, 12, 3, 30\) read as \(H, W, C, N\)"):
        part = read_photo_file(path).train
    assert part is not None
    assert isinstance(part.x, HDF5Array)
    np.testing.assert_array_equal(part.x[:], fit_photos(raw))


def test_large_photos_that_are_stored_last_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MAX_STORED", 1000)
    path = hdf5_file(tmp_path / "a.h5", x=PHOTOS.transpose(1, 2, 3, 0), y=NUMBERS)
    with pytest.raises(NNError, match=r"on the first: x = np\.moveaxis\(x, -1, 0\)"), pytest.warns(DataWarning):
        read_photo_file(path)


def test_a_folder_of_npy_files(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", PHOTOS[..., 0] / 255)
    np.save(tmp_path / "Y.npy", np.eye(3)[NUMBERS])
    with pytest.warns(DataWarning) as remarks:
        part = read_path(tmp_path).train
    assert part is not None
    np.testing.assert_array_equal(part.x[..., 1], PHOTOS[..., 0])
    assert part.y.tolist() == NUMBERS.tolist()
    assert len(remarks) == 2


def test_a_photo_that_fills_the_memory_is_not_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        file.create_dataset("x", (30, 10**6, 10**6), "u1", chunks=(1, 1000, 1000), compression=9)
        file["y"] = NUMBERS
    with pytest.raises(NNError, match=r"bomb\.h5: x declares 30,000,000,000,000 bytes, of which the file holds 0"):
        read_photo_file(tmp_path / "bomb.h5")
