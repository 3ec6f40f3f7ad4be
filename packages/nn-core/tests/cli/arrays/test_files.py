"""The sets of files and folders of arrays: what is read with a remark, and what is refused."""

import gzip
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from nn_core.checkpoint import FORMAT
from nn_core.cli.arrays.files import merge, read_array_file, read_array_folder
from nn_core.cli.arrays.sets import ArraySet
from nn_core.cli.dataset import Contents
from nn_core.errors import DataWarning, NNError
from nn_core.storage.file_kinds import is_array_file

X = np.arange(24.0).reshape(12, 2)
Y = np.arange(12) % 3
IMAGES = np.arange(12 * 5 * 7 * 3, dtype=np.uint8).reshape(12, 5, 7, 3)


def load(path: Path) -> Contents[npt.NDArray[Any]]:
    return (read_array_folder if path.is_dir() else read_array_file)(path, ArraySet.read)


def message_of(path: Path) -> str:
    with pytest.raises(NNError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


def npz(path: Path, arrays: Mapping[str, Any]) -> Path:
    np.savez(path, **arrays)
    return path


def hdf5(path: Path, arrays: Mapping[str, Any], **attributes: Any) -> Path:
    with h5py.File(path, "w") as file:
        for key, value in arrays.items():
            file[key] = value
            for name, attribute in attributes.items():
                file[key].attrs[name] = attribute
    return path


def idx(path: Path, array: npt.NDArray[np.uint8]) -> Path:
    axes = b"".join(length.to_bytes(4, "big") for length in array.shape)
    content = bytes([0, 0, 8, array.ndim]) + axes + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


TWO_SETS = [
    ("x_train", "y_train", "x_test", "y_test"),
    ("X_train", "Y_train", "X_val", "Y_val"),
    ("x", "y", "x_test", "y_test"),
    ("train_set_x", "train_set_y", "test_set_x", "test_set_y"),
    ("train_x", "train_y", "dev_x", "dev_y"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("trainData", "trainLabels", "testData", "testLabels"),
    ("images", "labels", "images_test", "labels_test"),
]


@pytest.mark.parametrize("keys", TWO_SETS)
@pytest.mark.parametrize("write", [npz, hdf5])
def test_two_sets_by_name(tmp_path: Path, keys: tuple[str, ...], write: Callable[..., Path]) -> None:
    path = write(tmp_path / f"a.{write.__name__}", dict(zip(keys, (X, Y, X[:4], Y[:4]), strict=True)))
    contents = load(path)
    assert contents.train is not None
    assert contents.test is not None
    np.testing.assert_array_equal(contents.train.x, X)
    np.testing.assert_array_equal(contents.test.x, X[:4])
    assert (contents.train.y.tolist(), contents.test.y.tolist()) == (Y.tolist(), Y[:4].tolist())


@pytest.mark.parametrize(
    "keys", [("x", "y"), ("X", "y"), ("data", "target"), ("features", "labels"), ("Images", "LABEL")]
)
def test_one_set_by_name(tmp_path: Path, keys: tuple[str, str]) -> None:
    contents = load(npz(tmp_path / "a.npz", dict(zip(keys, (X, Y), strict=True))))
    assert contents.train is not None
    assert contents.test is None
    assert contents.train.source == f"{tmp_path / 'a.npz'} ({keys[0]}, {keys[1]})"


@pytest.mark.parametrize("root", ["", "mnist/"])
def test_sets_in_groups(tmp_path: Path, root: str) -> None:
    keys = (f"{root}train/x", f"{root}train/y", f"{root}test/x", f"{root}test/y")
    contents = load(hdf5(tmp_path / "a.h5", dict(zip(keys, (X, Y, X[:4], Y[:4]), strict=True))))
    assert contents.train is not None
    assert contents.test is not None
    assert (len(contents.train.y), len(contents.test.y)) == (12, 4)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"arr_0": X, "arr_1": Y}, "arr_0 (12, 2) read as x and arr_1 (12,) as y"),
        ({"b": Y[:, None], "a": X}, "a (12, 2) read as x and b (12, 1) as y"),
        ({"arr_0": IMAGES, "arr_1": np.eye(3)[Y]}, "arr_0 (12, 5, 7, 3) read as x and arr_1 (12, 3) as y"),
        ({"x": X, "digit_of_it": Y}, "x (12, 2) read as x and digit_of_it (12,) as y"),
        ({"x": X, "y": Y, "x_test": X}, "ignored, since it has no labels: x_test"),
        ({"x": X, "y": Y, "X": X}, "x read as x; ignored: X (12, 2)"),
        ({"x": X, "y": Y, "x_train": X, "y_train": Y}, "ignored beside the training set: x, y"),
        ({"x": X, "y": Y, "class_names": ["a", "b", "c"]}, "class names from class_names: a, b, c"),
        ({"x": X, "y": Y, "classes": np.array(["a", "b", "c"], object)}, "since it cannot be read: classes"),
        ({"x": X, "y": Y + 1, "list_classes": ["a", "b", "c"]}, "label 1 is 'a'"),
        ({"x": X.T, "y": Y[None]}, "x (2, 12) read as (D, N), one column per example"),
        ({"X": IMAGES.transpose(1, 2, 3, 0), "y": Y[:, None]}, "read as (H, W, C, N), examples last"),
        ({"x": IMAGES.transpose(3, 2, 1, 0), "y": Y}, "read as (C, W, H, N), the axes of MATLAB in reverse"),
        ({"x": IMAGES.transpose(0, 3, 1, 2), "y": Y}, "read as (N, C, H, W), channels first"),
    ],
)
def test_what_is_unambiguous_is_read_with_a_remark(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    path = npz(tmp_path / "a.npz", arrays)
    with pytest.warns(DataWarning) as remarks:
        contents = load(path)
    assert any(words in str(remark.message) for remark in remarks)
    assert contents.train is not None
    np.testing.assert_array_equal(contents.train.x, X if contents.train.x.ndim == 2 else IMAGES)
    assert contents.train.y.tolist() == Y.tolist()


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 1, 3), (0, 2, 3, 1)])
def test_four_arrays_without_names(tmp_path: Path, order: tuple[int, ...]) -> None:
    arrays = [(X, Y, X[:4], Y[:4])[k] for k in order]
    with pytest.warns(DataWarning, match="read as x of the"):
        contents = load(npz(tmp_path / "a.npz", {f"arr_{k}": array for k, array in enumerate(arrays)}))
    assert contents.train is not None
    assert contents.test is not None
    assert (len(contents.train.x), len(contents.train.y), len(contents.test.x), len(contents.test.y)) == (12, 12, 4, 4)


def test_a_validation_set_is_preferred_to_a_test_set(tmp_path: Path) -> None:
    names = {"x_train": X, "y_train": Y, "x_val": X[:4], "y_val": Y[:4], "x_test": X[:3], "y_test": Y[:3]}
    with pytest.warns(DataWarning, match="the validation set is x_val; not read: x_test, y_test"):
        contents = load(npz(tmp_path / "a.npz", names))
    assert contents.test is not None
    assert len(contents.test.y) == 4


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"x": X, "y": Y.astype(object)},
            "a pickle, which is never read; save it as text or numbers: np.savez(..., y=y.ast",
        ),
        ({"x": X.astype(object), "y": Y}, "x=np.stack(x).astype('float32')"),
        ({"a": X}, "has one array, a (12, 2); expected x and y; if its last column is y: x, y = a[:, :-1], a[:, -1]"),
        ({"a": IMAGES}, "has one array, a (12, 5, 7, 3); expected x and y; save it with y: d = np.load("),
        ({"a": X, "b": X}, "its arrays are a (12, 2), b (12, 2); rename them: d = np.load("),
        ({"a": X, "b": Y, "c": Y}, "has no x and y"),
        ({"images": IMAGES, "photos": IMAGES, "y": Y}, "which one is x, images (12, 5, 7, 3) or photos (12, 5, 7, 3)?"),
        ({"x": X, "y": Y[:5]}, "x has shape (12, 2) and y (5,)"),
        ({"x": X, "y": Y[:0], "class_names": ["a", "b"]}, "x has shape (12, 2) and y (0,)"),
        ({"x_train": X, "x_test": X, "y_test": Y}, "x_train has no labels beside it; its arrays are "),
        ({"x": np.zeros(3, [("a", "f4"), ("b", "f4")]), "y": Y[:3]}, "structured_to_unstructured(x)"),
        ({"data": Y, "indices": Y, "indptr": Y, "shape": [3, 3]}, "scipy.sparse.load_npz("),
        ({}, "it has no keys"),
    ],
)
def test_the_rest_is_refused_by_its_true_cause(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    assert message in message_of(npz(tmp_path / "a.npz", arrays))


def test_links_are_ignored_beside_good_sets_and_refused_if_needed(tmp_path: Path) -> None:
    other = hdf5(tmp_path / "other.h5", {"x": X})
    links = {"old": h5py.ExternalLink(str(other), "/x"), "also": h5py.SoftLink("/x")}
    with pytest.warns(DataWarning, match=r"ignored: (old|also) is a link to") as remarks:
        contents = load(hdf5(tmp_path / "a.h5", {"x": X, "y": Y, **links}))
    assert contents.train is not None
    assert len(remarks) == 2
    needed = hdf5(tmp_path / "b.h5", {"x": h5py.ExternalLink(str(other), "/x"), "y": Y})
    assert "x is a link to another file, " in message_of(needed)
    with h5py.File(needed, "a") as f:  # the line of the message
        del f["x"]
        h5py.File(other).copy("/x", f, "x")
    assert load(needed).train is not None


def test_matlab_files(tmp_path: Path) -> None:
    stored = {"X": IMAGES.transpose(0, 3, 2, 1), "y": Y[None] + 1.0}
    with pytest.warns(DataWarning, match=r"x \(5, 7, 3, 12\) read as \(H, W, C, N\)"):
        contents = load(hdf5(tmp_path / "a.mat", stored, MATLAB_class=np.bytes_("double")))
    assert contents.train is not None
    np.testing.assert_array_equal(contents.train.x, IMAGES)
    (tmp_path / "b.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    assert "scipy.io.loadmat(" in message_of(tmp_path / "b.mat")


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    for name in ("a.pkl", "data_batch_1", "a.npz"):
        (tmp_path / name).write_bytes(pickle.dumps({"data": X}))
        assert "is a pickle, which can run code and is never opened" in message_of(tmp_path / name)
    (tmp_path / "a.pt").write_bytes(b"PK and more")
    assert "torch.load(" in message_of(tmp_path / "a.pt")
    assert is_array_file(tmp_path / "a.pkl")


def test_the_contents_count_and_not_the_suffix(tmp_path: Path) -> None:
    npz(tmp_path / "a.npz", {"x": X, "y": Y})
    assert load((tmp_path / "a.npz").rename(tmp_path / "a.mat")).train is not None


def test_tables_and_models_are_not_arrays(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    assert "pandas.read_parquet(" in message_of(tmp_path / "a.parquet")
    model = hdf5(tmp_path / "model.h5", {"x": X})
    with h5py.File(model, "a") as file:
        file.attrs["format"] = FORMAT
    assert "is a trained model, not data; use it as --model " in message_of(model)


def test_mnist_by_one_of_its_files_or_by_its_folder(tmp_path: Path) -> None:
    gray = IMAGES[..., 0]
    images = idx(tmp_path / "train-images-idx3-ubyte.gz", gray)
    assert "its labels are missing" in message_of(images)
    labels = idx(tmp_path / "train-labels-idx1-ubyte", Y.astype(np.uint8))
    for path in (images, labels):
        contents = load(path)
        assert contents.test is None
        assert contents.train is not None
        np.testing.assert_array_equal(contents.train.x, gray)
    idx(tmp_path / "t10k-images-idx3-ubyte", gray[:4])
    idx(tmp_path / "t10k-labels-idx1-ubyte", Y[:4].astype(np.uint8))
    idx(tmp_path / "t10k-labels-idx1-ubyte.gz", Y[:4].astype(np.uint8))
    contents = load(tmp_path)
    assert contents.train is not None
    assert contents.test is not None
    assert (contents.train.y.tolist(), contents.test.y.tolist()) == (Y.tolist(), Y[:4].tolist())
    idx(tmp_path / "t10k-labels-idx1-ubyte.gz", Y[:3].astype(np.uint8))
    assert "t10k-labels is there twice; remove t10k-labels-idx1-ubyte.gz" in message_of(tmp_path)


def test_a_folder_with_an_array_in_each_file(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "Y.npy", Y)
    assert "give the folder with x.npy and y.npy" in message_of(tmp_path / "X.npy")
    contents = load(tmp_path)
    assert contents.train is not None
    np.testing.assert_array_equal(contents.train.x, X)


def test_a_folder_of_archives_with_an_array_each(tmp_path: Path) -> None:
    np.savez(tmp_path / "kmnist-train-imgs.npz", IMAGES)
    np.savez(tmp_path / "kmnist-train-labels.npz", Y)
    hdf5(tmp_path / "part_test_x.h5", {"x": IMAGES[:4]})
    hdf5(tmp_path / "part_test_y.h5", {"y": Y[:4].reshape(4, 1, 1, 1)})
    contents = load(tmp_path)
    assert contents.train is not None
    assert contents.test is not None
    assert (contents.train.y.tolist(), contents.test.y.tolist()) == (Y.tolist(), Y[:4].tolist())


def test_files_of_a_folder_are_told_apart_by_their_names(tmp_path: Path) -> None:
    def one_set(name: str) -> tuple[Path, Contents[Any]]:
        return tmp_path / name, load(npz(tmp_path / name, {"x": X, "y": Y}))

    train, test = one_set("sign_train.npz"), one_set("sign_test.npz")
    merged = merge(tmp_path, [train, test])
    assert merged.train is train[1].train
    assert merged.test is test[1].train
    assert merge(tmp_path, [test]).train is test[1].train
    with pytest.raises(NNError, match="more than one file has a training or test set"):
        merge(tmp_path, [train, one_set("more.npz")])
    validation = one_set("sign_val.npz")
    with pytest.warns(DataWarning, match=r"the validation set is .*sign_val\.npz \(x, y\); not read: .*sign_test\.npz"):
        assert merge(tmp_path, [test, train, validation]).test is validation[1].train


def test_a_square_table_with_a_row_of_labels_is_refused(tmp_path: Path) -> None:
    square = npz(tmp_path / "a.npz", {"x": np.eye(6), "y": np.arange(6)[np.newaxis] % 2})
    assert "may be a row or a column of x; for rows, store y = y.reshape(-1)" in message_of(square)
    assert load(npz(tmp_path / "b.npz", {"x": np.eye(6), "y": np.arange(6) % 2})).train is not None


def test_arrays_that_were_never_written(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**9, 2), "u1", chunks=(1000, 2))
        file.create_dataset("y", (10**9,), "u1", chunks=(1000,))
    assert "x declares 2,000,000,000 bytes, of which the file holds 0" in message_of(path)
