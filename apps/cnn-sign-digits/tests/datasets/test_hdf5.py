"""Photos in HDF5, in memory and on disk."""

import pickle

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photos import hdf5_file, pixels, rng

from cnn_sign_digits import hdf5, stored
from cnn_sign_digits.hdf5 import read_hdf5, read_pair
from cnn_sign_digits.stored import StoredImages
from nn_core.errors import DataError, NNError

PHOTOS = pixels(30)
NUMBERS = np.arange(30) % 3


def read(path):
    return read_hdf5(path, size=64)


def message_of(path, reader=read):
    with pytest.raises(NNError) as caught:
        reader(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file whose photos are 9x11, and what they are at 4x4, one at a time."""
    raw = pixels(40, 9, 11, 3)
    path = hdf5_file(tmp_path_factory.mktemp("large") / "a.h5", train_set_x=raw)
    fitted = np.concatenate(
        [StoredImages(path, "train_set_x", size=4)[i : i + 1] for i in range(40)]
    )
    return path, fitted


def test_both_parts_of_a_file(tmp_path):
    path = hdf5_file(
        tmp_path / "a.h5",
        [b"zero", b"one", b"two"],
        train_set_x=PHOTOS,
        train_set_y=NUMBERS,
        test_set_x=PHOTOS[:5],
        test_set_y=NUMBERS[:5],
    )
    contents = read(path)
    np.testing.assert_array_equal(contents.train.x, PHOTOS)
    np.testing.assert_array_equal(contents.test.x, PHOTOS[:5])
    assert contents.train.y.tolist() == NUMBERS.tolist()
    assert contents.train.names == contents.test.names == ("zero", "one", "two")
    assert contents.test.source == f"{path} (test_set)"


@pytest.mark.parametrize("shape", [(30,), (1, 30), (30, 1)])
@pytest.mark.parametrize("names", [None, [0, 1, 2], ["a", "b", "c"]])
def test_labels_of_every_shape(tmp_path, shape, names):
    labels = NUMBERS.astype(np.uint8).reshape(shape)
    path = hdf5_file(tmp_path / "a.h5", names, test_set_x=PHOTOS, test_set_y=labels)
    contents = read(path)
    assert contents.train is None
    assert contents.test.y.tolist() == NUMBERS.tolist()
    assert contents.test.names == (None if names is None else tuple(map(str, names)))


def test_labels_that_are_names(tmp_path):
    names = [b"10", b"9", b"9"]
    path = hdf5_file(tmp_path / "a.h5", test_set_x=PHOTOS[:3], test_set_y=names)
    assert read(path).test.y.tolist() == [1, 0, 0]
    assert read(path).test.names == ("9", "10")


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
def test_photos_of_other_kinds_and_sizes(tmp_path, raw, seen):
    x = read(hdf5_file(tmp_path / "a.h5", test_set_x=raw, test_set_y=[0, 1])).test.x
    assert x.shape == (2, 64, 64, 3)
    assert (x == seen).all()


def test_two_files_in_a_folder(tmp_path):
    hdf5_file(tmp_path / "a.h5", test_set_x=PHOTOS[:5], test_set_y=NUMBERS[:5])
    hdf5_file(tmp_path / "b.HDF5", train_set_x=PHOTOS, train_set_y=NUMBERS)
    contents = read_pair(tmp_path, size=64)
    assert (len(contents.train.x), len(contents.test.x)) == (30, 5)
    hdf5_file(tmp_path / "c.h5", test_set_x=PHOTOS, test_set_y=NUMBERS)
    message = message_of(tmp_path, lambda path: read_pair(path, size=64))
    assert "more than one file has a training part, or a test part" in message


def test_what_is_more_than_memory_stays_on_disk(tmp_path, monkeypatch):
    path = hdf5_file(tmp_path / "a.h5", train_set_x=PHOTOS, train_set_y=NUMBERS)
    monkeypatch.setattr(hdf5, "MEMORY", PHOTOS.nbytes)
    assert isinstance(read(path).train.x, np.ndarray)
    monkeypatch.setattr(hdf5, "MEMORY", PHOTOS.nbytes - 1)
    x = read(path).train.x
    assert isinstance(x, StoredImages)
    assert (len(x), x.shape, x.dtype) == (30, (30, 64, 64, 3), np.uint8)
    np.testing.assert_array_equal(x[:], PHOTOS)
    np.testing.assert_array_equal(x[3:9:2], PHOTOS[3:9:2])
    np.testing.assert_array_equal(x[-4:], PHOTOS[-4:])
    assert x[5:5].shape == (0, 64, 64, 3)


@settings(deadline=None)
@given(data=st.data(), read_bytes=st.sampled_from([1, 1000, 10**6]))
def test_photos_come_in_the_order_asked_for_however_they_are_read(large, data, read_bytes):
    path, fitted = large
    rows = data.draw(st.lists(st.integers(0, 39), max_size=30))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "READ_BYTES", read_bytes)
        out = np.empty((len(rows), 4, 4, 3), np.uint8)
        images = StoredImages(path, "train_set_x", size=4)
        images.read(np.array(rows, np.intp), out)
        np.testing.assert_array_equal(out, fitted[rows])
        if rows:
            picked = images.subset(np.array(rows, np.intp))
            np.testing.assert_array_equal(picked[:], fitted[rows])
            np.testing.assert_array_equal(picked.subset(np.array([0, 0]))[:], fitted[rows[:1] * 2])


def test_no_more_is_read_than_is_asked_for(tmp_path, monkeypatch):
    path = hdf5_file(tmp_path / "a.h5", train_set_x=PHOTOS)
    images = StoredImages(path, "train_set_x", size=64)
    taken = []
    original = h5py.Dataset.__getitem__

    def watch(self, key, **options):
        found = original(self, key, **options)
        taken.append(len(found))
        return found

    monkeypatch.setattr(h5py.Dataset, "__getitem__", watch)
    images.read(rng().permutation(30)[:7], np.empty((7, 64, 64, 3), np.uint8))
    assert taken == [7]


def test_a_pickle_opens_the_file_again(tmp_path):
    path = hdf5_file(tmp_path / "a.h5", train_set_x=PHOTOS)
    images = StoredImages(path, "train_set_x", size=64, rows=np.array([4, 2]))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(images))[:], PHOTOS[[4, 2]])


def test_a_file_that_breaks_while_it_is_read_is_named(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("train_set_x", data=pixels(200), chunks=(1, 64, 64, 3), compression=9)
    images = StoredImages(path, "train_set_x", size=64)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    images = pickle.loads(pickle.dumps(images))
    with pytest.raises(DataError, match=r"a\.h5 is not an HDF5 file, or is damaged"):
        images[:]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {},
            "has neither train_set_x and train_set_y nor test_set_x and test_set_y; it has no key",
        ),
        ({"images": PHOTOS}, "its keys are images"),
        ({"train_set_x": PHOTOS}, "(train_set): train_set_y is missing"),
        ({"test_set_y": NUMBERS}, "(test_set): test_set_x is missing"),
        ({"train_set_x": PHOTOS, "train_set_y": NUMBERS[:5]}, "one label per example"),
        ({"train_set_x": PHOTOS, "train_set_y": np.eye(30)}, "one label per example"),
        ({"train_set_x": PHOTOS[0, 0], "train_set_y": NUMBERS}, "(N, H, W) or (N, H, W, C)"),
        ({"train_set_x": PHOTOS[..., :2], "train_set_y": NUMBERS}, "have 2 channels"),
        ({"train_set_x": PHOTOS[:, :0], "train_set_y": NUMBERS}, "there are no photos"),
        ({"train_set_x": PHOTOS[:0], "train_set_y": NUMBERS[:0]}, "there are no photos"),
        ({"train_set_x": PHOTOS / 255, "train_set_y": NUMBERS}, "whole numbers from 0 to 255"),
        (
            {"train_set_x": PHOTOS.astype(np.int16) + 1, "train_set_y": NUMBERS},
            "from 0 to 255 (uint8)",
        ),
        (
            {"train_set_x": PHOTOS.astype(np.int16) - 1, "train_set_y": NUMBERS},
            "from 0 to 255 (uint8)",
        ),
        ({"train_set_x": PHOTOS, "train_set_y": NUMBERS + 0.5}, "is not a class number"),
        ({"train_set_x": PHOTOS, "train_set_y": NUMBERS - 1}, "label -1 is not a class number"),
    ],
)
def test_one_line_for_each_way_to_be_wrong(tmp_path, arrays, message):
    assert message in message_of(hdf5_file(tmp_path / "a.h5", **arrays))


def test_names_that_do_not_fit(tmp_path):
    arrays = {"train_set_x": PHOTOS, "train_set_y": NUMBERS}
    few = hdf5_file(tmp_path / "few.h5", [b"a", b"b"], **arrays)
    assert "label 2 is out of range; there are 2 classes" in message_of(few)
    twice = hdf5_file(tmp_path / "twice.h5", [b"a", b"b", b"a"], **arrays)
    assert "names a class twice" in message_of(twice)


def test_what_is_no_hdf5_file(tmp_path):
    path = tmp_path / "a.h5"
    assert message_of(path) == f"no such file: {path}"
    path.write_text("text")
    assert "is not an HDF5 file, or is damaged" in message_of(path)
    whole = hdf5_file(tmp_path / "b.h5", test_set_x=PHOTOS, test_set_y=NUMBERS).read_bytes()
    path.write_bytes(whole[:2000])
    assert "is not an HDF5 file, or is damaged" in message_of(path)
    group = tmp_path / "group.h5"
    with h5py.File(group, "w") as file:
        file.create_group("train_set_x")
    assert "has neither" in message_of(group)
