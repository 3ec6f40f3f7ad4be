"""Files and folders of arrays: .npz, HDF5, MATLAB 7.3, .npy and idx."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from nn_core.checkpoint import is_checkpoint
from nn_core.cli.arrays.keys import Split, parse_key
from nn_core.cli.arrays.sets import ArraySet, read_sets
from nn_core.cli.dataset import Contents, Part
from nn_core.errors import DataError, remark
from nn_core.storage.file_kinds import HDF5, NPY, NPZ, file_kind, is_idx, refuse_kind
from nn_core.storage.files import decoding_errors, printable
from nn_core.storage.hdf5_layout import list_hdf5
from nn_core.storage.idx import idx_stem, read_idx
from nn_core.storage.npz import list_npz, read_npy
from nn_core.storage.stored_array import StoredArray

Read = Callable[[ArraySet], Any]
"""Reads the examples of a set in the form that a program takes."""


def read_array_file(path: Path, examples: Read, task: str = "classify") -> Contents[Any]:
    """The training and the test set of a file, by its contents rather than its suffix.

    .npz, HDF5  see `arrays.sets.read_sets`; a MATLAB file of version 7.3 is HDF5
    idx         images or labels of MNIST; the other file is found beside it by its name
    task        as for `arrays.sets.read_sets`
    Raises DataError or ShapeError, naming the file; for other formats with arrays, such as pickles,
    with the line of Python that converts them.
    """
    kind = file_kind(path)
    name = printable(path)
    if kind == HDF5 and is_checkpoint(path):
        raise DataError(f"{name} is a trained model, not data; use it as --model {name}")
    if kind == HDF5:
        return read_sets(list_hdf5(path), name, _rename_hdf5(path), examples, task)
    if path.suffix.lower() in {".h5", ".hdf5"}:
        list_hdf5(path)  # raises the error that says why it is not HDF5
    refuse_kind(path, kind)
    if kind == NPY:
        raise DataError(
            f"{name} holds one array; give the folder with x.npy and y.npy, or save them together:"
            f" np.savez('data.npz', x=np.load('x.npy'), y=np.load('y.npy'))"
        )
    if kind == NPZ or path.suffix.lower() == ".npz":
        return read_sets(list_npz(path), name, _rename_npz(path), examples, task)
    return read_sets(_idx_pair(path), name, _rename_file, examples, task)


def array_files(folder: Path) -> list[Path]:
    """The files of a folder that hold one array each: .npy and idx, and .npz and HDF5 with a single one."""
    with decoding_errors(folder, "a folder that can be read"):
        return sorted(path for path in folder.iterdir() if _holds_one_array(path))


def read_array_folder(folder: Path, examples: Read, task: str = "classify") -> Contents[Any]:
    """The sets of a folder with one array a file: MNIST's four idx files, or x.npy and y.npy.

    Raises DataError or ShapeError, naming the folder or the file.
    """
    arrays: dict[str, StoredArray] = {}
    for path in array_files(folder):
        array = _only_array(path)
        if (twin := arrays.get(array.name)) is not None and twin.shape == array.shape and path.suffix == ".gz":
            continue  # the same file, packed
        if twin is not None:
            raise DataError(f"{printable(folder)}: {array.name} is there twice; remove {printable(path.name)}")
        arrays[array.name] = array
    return read_sets(arrays, printable(folder), _rename_file, examples, task)


def merge(folder: Path, files: Iterable[tuple[Path, Contents[Any]]]) -> Contents[Any]:
    """The contents of several files, which must hold one training and one test set together.

    A file that holds one set is a validation or test set if its name says so ("sign_mnist_test.csv")
    and there is another one to train on; of both, the validation set is read, with a DataWarning.
    Raises DataError, naming the folder, for two sets of a kind.
    """
    train: list[Part[Any]] = []
    test: list[Part[Any]] = []
    named: dict[Split, list[Part[Any]]] = {"test": [], "validation": []}
    for path, contents in files:
        if contents.train is not None:
            split = _split_of(path) if contents.test is None else "train"
            named.get(split, train).append(contents.train)
        if contents.test is not None:
            test.append(contents.test)
    if not train:
        train = [*named["test"], *named["validation"]]
    elif named["validation"]:
        test += named["validation"]
        for unread in named["test"]:
            remark(f"{printable(folder)}: the validation set is {test[0].source}; not read: {unread.source}")
    else:
        test += named["test"]
    if len(train) > 1 or len(test) > 1:
        raise DataError(f"{printable(folder)}: more than one file has a training or test set; give one of the files")
    return Contents(next(iter(train), None), next(iter(test), None))


def _split_of(path: Path) -> Split:
    """The set that the name of a file says it holds; "train" if it says nothing."""
    words = re.split(r"[^A-Za-z0-9]+", path.stem)
    found = [parse_key(f"{word}_x").split for word in words if word]
    return next((split for split in found if split is not None), "train")


def _holds_one_array(path: Path) -> bool:
    if path.name.startswith(".") or not path.is_file():
        return False
    suffix = path.suffix.lower()
    with suppress(DataError):  # a damaged file is named when it is read
        if suffix == ".npz":
            return len(list_npz(path)) == 1
        if suffix in {".h5", ".hdf5"} and file_kind(path) == HDF5 and not is_checkpoint(path):
            return len(list_hdf5(path)) == 1
    return suffix == ".npy" or is_idx(path)


def _only_array(path: Path) -> StoredArray:
    """The array of a file, under the name of the file and of the array in it."""
    if is_idx(path):
        return replace(read_idx(path), name=printable(idx_stem(path)))
    stem = printable(path.stem)
    if path.suffix.lower() == ".npy":
        return read_npy(path, stem)
    (array,) = (list_npz(path) if path.suffix.lower() == ".npz" else list_hdf5(path)).values()
    return replace(array, name=stem if array.name == "arr_0" else f"{stem}/{array.name}")


def _idx_pair(path: Path) -> dict[str, StoredArray]:
    """An idx file and the one beside it with its labels or images."""
    given = read_idx(path)
    stem = idx_stem(path)
    for word, other in (("images", "labels"), ("labels", "images"), ("image", "label"), ("label", "image")):
        if word not in stem.lower():
            continue
        wanted = stem.lower().replace(word, other)
        for beside in array_files(path.parent):
            if is_idx(beside) and idx_stem(beside).lower() == wanted:
                return {word: replace(given, name=word), other: replace(read_idx(beside), name=other)}
        raise DataError(
            f"{printable(path)}: its {other} are missing; expected {path.name.replace(word, other)!r} beside it"
        )
    raise DataError(f"{printable(path)}: expected a name like train-images-idx3-ubyte, with labels beside it")


def _rename_npz(path: Path) -> Callable[[str, str], str]:
    return lambda x, y: f"d = np.load({printable(path)!r}); np.savez('named.npz', x=d[{x!r}], y=d[{y!r}])"


def _rename_hdf5(path: Path) -> Callable[[str, str], str]:
    return lambda x, y: f"f = h5py.File({printable(path)!r}, 'a'); f.move({x!r}, 'x'); f.move({y!r}, 'y')"


def _rename_file(x: str, y: str) -> str:
    return "x.npy and y.npy"
