"""HDF5 files written on purpose: none makes its reader open other files, or allocate more than it holds."""

import os
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from checkpoint_files import saved

from nn_core import checkpoint
from nn_core.errors import NNError
from nn_core.layers import Dense
from nn_core.memory import set_memory_limit
from nn_core.network import Network
from nn_core.storage.hdf5 import HDF5Array
from nn_core.storage.hdf5_bytes import FREE_BYTES, DamageError, HDF5Bytes
from nn_core.storage.hdf5_file import open_hdf5
from nn_core.storage.hdf5_layout import list_hdf5, read_hdf5

Hostile = Callable[[h5py.File, str, Path], None]
WEIGHTS = "parameters/0/W"
SHAPE = (3, 4)


def model(path: Path) -> Path:
    checkpoint.save(path, Network([Dense(4)], input_shape=(3,), seed=0))
    return path


def external_link(file: h5py.File, key: str, folder: Path) -> None:
    file[key] = h5py.ExternalLink(str(folder / "other.h5"), "/x")


def external_link_to_a_fifo(file: h5py.File, key: str, folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    file[key] = h5py.ExternalLink(str(folder / "fifo"), "/x")


def soft_link(file: h5py.File, key: str, folder: Path) -> None:
    file[key] = h5py.SoftLink("/parameters/0/b")


def external_storage(file: h5py.File, key: str, folder: Path) -> None:
    (folder / "secret").write_bytes(bytes(48))
    file.create_dataset(key, SHAPE, "f4", external=[(str(folder / "secret"), 0, 48)])


def virtual(file: h5py.File, key: str, folder: Path, source: str = "other.h5", limit: int | None = SHAPE[0]) -> None:
    layout = h5py.VirtualLayout(SHAPE, "f4", maxshape=(limit, 4))
    layout[...] = h5py.VirtualSource(str(folder / source), "x", SHAPE, maxshape=(limit, 4))
    file.create_virtual_dataset(key, layout)


def virtual_without_end(file: h5py.File, key: str, folder: Path) -> None:
    layout = h5py.VirtualLayout(SHAPE, "f4")
    layout[...] = h5py.VirtualSource(".", key, SHAPE)
    file.create_virtual_dataset(key, layout)


def missing_source(file: h5py.File, key: str, folder: Path) -> None:
    virtual(file, key, folder, "no.h5")


def values(array: Any) -> Hostile:
    def put(file: h5py.File, key: str, folder: Path) -> None:
        file[key] = array

    return put


def never_written(file: h5py.File, key: str, folder: Path) -> None:
    file.create_dataset(key, SHAPE, "f4")


def partly_written(file: h5py.File, key: str, folder: Path) -> None:
    file.create_dataset(key, SHAPE, "f4", chunks=(1, 4))[:2] = 1


def a_group(file: h5py.File, key: str, folder: Path) -> None:
    file.create_group(key)


ELSEWHERE = [
    external_link,
    pytest.param(external_link_to_a_fifo, marks=pytest.mark.skipif(os.name == "nt", reason="Windows has no FIFOs")),
    soft_link,
    external_storage,
    virtual,
    virtual_without_end,
    missing_source,
]
OF_OTHER_KINDS = [
    values(np.full(SHAPE, b"1.5")),
    values(np.ones(SHAPE, np.bool_)),
    values(np.ones(SHAPE, np.complex64)),
    values(np.ones(SHAPE, np.int32)),
    values(np.ones(SHAPE, np.float64)),
    values(np.ones(SHAPE, h5py.enum_dtype({"a": 0, "b": 1}))),
    values(np.ones(SHAPE, [("a", "f4")])),
    values(np.ones(SHAPE, np.void(b"ab").dtype)),
    values(h5py.Empty("f4")),
    never_written,
    partly_written,
    a_group,
]


@pytest.mark.parametrize("hostile", [*ELSEWHERE, *OF_OTHER_KINDS])
def test_weights_are_numbers_in_the_file_itself(tmp_path: Path, hostile: Hostile) -> None:
    (tmp_path / "other.h5").write_bytes(b"")
    path = model(tmp_path / "model.h5")
    with h5py.File(path, "r+") as file:
        del file[WEIGHTS]
        hostile(file, WEIGHTS, tmp_path)
    before = (tmp_path / "other.h5").stat().st_atime_ns
    with pytest.raises(NNError) as caught:
        checkpoint.load(path)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "other.h5").stat().st_atime_ns == before


@pytest.mark.parametrize("hostile", ELSEWHERE)
def test_data_are_in_the_file_itself(tmp_path: Path, hostile: Hostile) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        hostile(file, "x", tmp_path)
    assert list_hdf5(path)["x"].problem is not None
    for read in (read_hdf5, HDF5Array):
        with pytest.raises(NNError, match="x"):
            read(path, "x")


def declared(shape: tuple[int, ...], dtype: Any, **settings: Any) -> Hostile:
    def put(file: h5py.File, key: str, folder: Path) -> None:
        file.create_dataset(key, shape, dtype, **settings)

    return put


def shared_texts(file: h5py.File, key: str, folder: Path) -> None:
    """Many references to one text, packed."""
    names = file.create_dataset(key, (10**6,), h5py.string_dtype(), chunks=(10**6,), compression=9)
    text = file.create_dataset("one", (1,), h5py.string_dtype(), data=["a" * 900])
    file.flush()
    with Path(file.filename).open("rb") as raw:
        raw.seek(text.id.get_offset())
        reference = raw.read(16)
    names.id.write_direct_chunk((0,), zlib.compress(reference * 10**6, 9))


@pytest.mark.parametrize(
    "hostile",
    [
        declared((3 * 10**9,), "f4"),
        declared((10, 10_000, 10_000, 3), "u1", chunks=(1, 1000, 1000, 3), compression=9),
        declared((1,), "S2000000000"),
        declared((10**8,), h5py.string_dtype(), chunks=(10**6,), compression=9),
        shared_texts,
    ],
)
def test_no_more_is_allocated_than_the_file_holds(tmp_path: Path, hostile: Hostile) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        hostile(file, "x", tmp_path)
    tracemalloc.start()
    try:
        with pytest.raises(NNError, match=r"x\) (declares|is damaged)"):
            read_hdf5(path, "x")
        assert tracemalloc.get_traced_memory()[1] < 40e6
    finally:
        tracemalloc.stop()


def longer_text(content: bytes, text: bytes) -> bytes:
    """The file with the length of a text of variable length in the last byte of its number changed."""
    at = content.index(len(text).to_bytes(4, "little") + content_address(content, text))
    return content[: at + 3] + b"\xec" + content[at + 4 :]


def content_address(content: bytes, text: bytes) -> bytes:
    """The address of the heap that holds a text."""
    return content.rindex(b"GCOL", 0, content.index(text)).to_bytes(8, "little")


def test_the_declared_length_of_a_text_is_not_believed(tmp_path: Path) -> None:
    path = model(tmp_path / "model.h5")
    with h5py.File(path) as file:
        text = file["architecture"][()]
    path.write_bytes(longer_text(path.read_bytes().rpartition(b"\nnn-core sha256 ")[0], text))
    with pytest.raises(NNError, match="its texts are longer than the file"):
        checkpoint.load(path)


def test_the_declared_length_of_an_attribute_is_not_believed(tmp_path: Path) -> None:
    path = model(tmp_path / "model.h5")
    content = path.read_bytes().rpartition(b"\nnn-core sha256 ")[0]
    path.write_bytes(longer_text(content, checkpoint.FORMAT.encode()))
    with pytest.raises(NNError, match="its attribute format is too long"):
        checkpoint.load(path)
    assert not checkpoint.is_checkpoint(path)


def test_texts_are_read_however_they_are_stored(tmp_path: Path) -> None:
    path, names = tmp_path / "data.h5", ["a", "é", "", "cat"] * 5
    with h5py.File(path, "w", userblock_size=512) as file:
        file["plain"] = names
        file.create_dataset("chunks", data=names, chunks=(7,), maxshape=(None,))
        file.create_dataset("packed", data=names, chunks=(7,), compression=9, shuffle=True)
        file.create_dataset("lzf", data=names, chunks=(7,), compression="lzf")
    for key in ("plain", "chunks", "packed", "lzf"):
        assert [text.decode() for text in read_hdf5(path, key)] == names


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
def test_all_versions_of_the_format_are_examined(tmp_path: Path, libver: str) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file["g/x"] = np.arange(6.0)
        file.create_dataset("packed", data=np.zeros(10**5), chunks=(1000,), compression=1)
        file.attrs["short"], file.attrs["number"], file["g"].attrs["long"] = "text", 7, "a" * 2000
        for i in range(12):  # more of them are stored apart
            file["g/x"].attrs[f"a{i}"] = i
        virtual(file, "v", tmp_path, limit=None)
        external_storage(file, "e", tmp_path)
    with open_hdf5(path) as root:
        assert (root.attribute("short"), root.attribute("number"), root.attribute("no")) == ("text", 7, None)
        assert root.dataset("g/x").read().tolist() == list(range(6))
        assert root.dataset("packed").read().sum() == 0
        with pytest.raises(NNError, match="its attribute long is too long"):
            root.group("g").attribute("long")  # type: ignore[union-attr]
        assert ["another file" in (getattr(root.member(key), "problem", None) or "") for key in "ve"] == [True, True]


def test_a_filter_used_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        settings.set_chunk((1000,))
        settings.set_deflate(9)
        settings.set_deflate(9)
        h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((1000,)), settings)
        file["x"][:] = 0
    with pytest.raises(NNError, match="is compressed several times"):
        read_hdf5(path, "x")


def test_a_file_is_read_up_to_the_limit_of_memory(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(1000)
    set_memory_limit(7999)
    try:
        with pytest.raises(NNError, match=r"x\) needs 8 kB of memory; the limit is 8 kB"):
            read_hdf5(path, "x")
    finally:
        set_memory_limit(None)


def packed(file: h5py.File) -> None:
    file.create_dataset("training/history/step_loss", data=np.zeros(10**6), chunks=(10**6,), compression=9)


def under_many_names(file: h5py.File) -> None:
    file["training/history/step_loss"] = np.zeros(2000)
    for i in range(20):
        file[f"training/history/columns/{i}"] = file["training/history/step_loss"]


@pytest.mark.parametrize("hostile", [packed, under_many_names])
def test_a_history_is_no_larger_than_its_file(tmp_path: Path, hostile: Callable[[h5py.File], None]) -> None:
    path = saved(tmp_path / "model.h5")
    with h5py.File(path, "r+") as file:
        del file["training/history/step_loss"]
        hostile(file)
    tracemalloc.start()
    try:
        with pytest.raises(NNError, match="is larger than the file, with what was read before"):
            checkpoint.load(path)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_structures_are_not_read_without_end(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["x"] = 1
    size = path.stat().st_size
    with HDF5Bytes(path) as content:
        for _ in range((2 * size + FREE_BYTES) // size - 1):
            content.read(0, size)
        with pytest.raises(DamageError, match="its parts contain each other"):
            [content.read(0, size) for _ in range(3)]
