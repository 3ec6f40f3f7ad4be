"""HDF5 files whose structures were changed: one line, whatever was changed, and no more than they hold."""

import random
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest

from nn_core.errors import DataError
from nn_core.storage.hdf5_chunk_index import ChunkIndex
from nn_core.storage.hdf5_layout import list_hdf5, read_hdf5

NUMBERS = (0, 1, 2, 255, 2**16 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
SIGNATURES = tuple(b"TREE SNOD HEAP GCOL OHDR FRHP FHIB BTHD BTLF FAHD EAHD EAIB".split())


def every_structure(path: Path, libver: str) -> bytes:
    x = np.arange(60).reshape(20, 3)
    with h5py.File(path, "w", libver=libver) as file:
        file["x"], file["texts"], file["names"], file["flags"] = x, ["cat", "dog"], [b"a", b"b"], [True]
        file.create_dataset("fixed", data=x, chunks=(3, 2), compression=1, shuffle=True)
        file.create_dataset("more", data=x, chunks=(1, 3), maxshape=(None, 3), fletcher32=True)
        file.create_dataset("tree", data=x, chunks=(2, 1), maxshape=(None, None), compression="lzf")
        for i in range(10):
            file[f"group/a{i}"] = i
        file["cells"] = np.array([file["names"].ref], h5py.ref_dtype)
        file.attrs["format"], file["x"].attrs["MATLAB_class"] = "text", np.bytes_("int64")
    return path.read_bytes()


def changed(content: bytes, randomness: random.Random) -> Iterator[bytes]:
    """One number of a structure replaced, or one bit."""
    used = [i for i, byte in enumerate(content) if byte]
    starts = [i for i in used if content.startswith(SIGNATURES, i)]
    while True:
        copy = bytearray(content)
        for _ in range(randomness.choice([1, 1, 3])):
            if randomness.random() < 0.5:
                copy[randomness.choice(used)] ^= 1 << randomness.randrange(8)
                continue
            place, size = randomness.choice(starts) + randomness.randrange(4, 64), randomness.choice([1, 2, 4, 8])
            value = randomness.choice([*NUMBERS, *starts]) % 2 ** (8 * size)
            copy[place : place + size] = value.to_bytes(size, "little")
        yield bytes(copy[: len(content)])


def answer(path: Path) -> str:
    """Why a file, or an array of it, is refused; "" if all of it is read."""
    try:
        arrays = [*list_hdf5(path).values()]
        for array in arrays[:12]:
            if array.problem is None:
                array.read("a.h5")
    except DataError as error:
        return str(error)
    return next((array.problem for array in arrays if array.problem is not None), "")


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_whatever_is_changed_the_answer_is_one_line(tmp_path: Path, libver: str) -> None:
    content = every_structure(tmp_path / "whole.h5", libver)
    path = tmp_path / "a.h5"
    answers = []
    for damaged in islice(changed(content, random.Random(libver)), 40):
        path.write_bytes(damaged)
        answers.append(answer(path))
    assert not any("\n" in each for each in answers)
    assert 5 < sum(map(bool, answers)) < 40


def trees(content: bytearray, kind: int) -> list[int]:
    """Places of the nodes of a kind that are no leaves."""
    found, place = [], content.find(b"TREE")
    while place >= 0:
        if content[place + 4] == kind and content[place + 5]:
            found.append(place)
        place = content.find(b"TREE", place + 1)
    return found


def test_an_index_that_contains_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.arange(500), chunks=(1,))
    content = bytearray(path.read_bytes())
    (node,) = trees(content, 1)
    for i in range(struct.unpack_from("<H", content, node + 6)[0]):
        struct.pack_into("<Q", content, node + 24 + 24 + i * 32, node)
    path.write_bytes(content)
    assert list_hdf5(path)["x"].problem == "is damaged: an index contains itself"


def test_groups_that_contain_the_same_groups_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        groups = [file.create_group(name) for name in "abcd"]
        for above, below in pairwise(groups):
            for i in range(200):
                above[f"g{i}"] = below
    with pytest.raises(DataError, match="more than 10,000 arrays"):
        list_hdf5(path)


def test_an_object_of_many_names_is_examined_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.arange(10), chunks=(1,))
        for i in range(200):
            file[f"n{i}"] = file["x"]
    made: list[None] = []
    original = ChunkIndex.__init__
    monkeypatch.setattr(ChunkIndex, "__init__", lambda *args, **settings: made.append(original(*args, **settings)))
    arrays = list_hdf5(path)
    assert {array.problem for array in arrays.values()} == {None}
    assert [name for name, array in arrays.items() if array.name != name] == []
    assert len(made) == 1


def test_a_chunk_that_unpacks_to_more_than_it_declares(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", (1000,), "u1", chunks=(1000,), compression=9)
        x.id.write_direct_chunk((0,), zlib.compress(bytes(2 * 10**7), 9))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"is damaged: a chunk has 1,004 bytes, not 1,000"):
            read_hdf5(path, "x")
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_chunks_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path, noise = tmp_path / "a.h5", np.random.default_rng(0).bytes(40_000)
    with h5py.File(path, "w") as file:
        x = file.create_dataset("x", (30 * 40_000,), "u1", chunks=(40_000,), compression=1)
        for i in range(30):
            x.id.write_direct_chunk((i * 40_000,), zlib.compress(noise, 1) if i == 0 else b" ")
    content = bytearray(path.read_bytes())
    node = content.rindex(b"TREE")
    assert content[node + 4 : node + 8] == bytes([1, 0, 30, 0])
    first = content[node + 24 : node + 28], content[node + 48 : node + 56]
    for entry in range(node + 24, node + 24 + 30 * 32, 32):
        content[entry : entry + 4], content[entry + 24 : entry + 32] = first
    path.write_bytes(content)
    assert "declares 1,200,000 bytes, of which the file holds" in str(list_hdf5(path)["x"].problem)
