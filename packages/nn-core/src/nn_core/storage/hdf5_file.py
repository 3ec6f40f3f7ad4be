"""HDF5 files from outside: nothing in one is opened before it was examined.

A file could otherwise make its reader open other files (links, external storage, virtual datasets),
or allocate more than it holds. The only module that imports h5py to read.
"""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError
from nn_core.memory import require_memory
from nn_core.storage.file_kinds import describe_kind
from nn_core.storage.files import check_file, decoding_errors, printable
from nn_core.storage.hdf5_header import (
    REFERENCE_BYTES,
    STRING,
    VARIABLE,
    Message,
    Sizes,
    find_attribute,
    is_external,
    is_virtual,
    read_messages,
)
from nn_core.storage.hdf5_problems import link_problem, size_problem, storage_problem

MAX_OBJECTS = 10_000
"""Arrays, groups and links of a file; more are refused, to bound the time."""
MAX_ATTRIBUTE = 1_000
"""Bytes of an attribute."""


@contextmanager
def open_hdf5(path: Path, content: bytes | None = None) -> Iterator["HDF5Group"]:
    """The root of a file; errors in the block become a DataError that names the file.

    content  its bytes, if they are known; the path is for messages
    """
    file = open_file(path) if content is None else open_content(path, content)
    with file.file, file.raw, decoding_errors(path, None):
        yield file.root()


class HDF5File:
    """An open file.

    path  of the file
    file  the h5py.File
    raw   the same file, for what h5py does not show
    size  its bytes
    """

    def __init__(self, path: Path, file: Any, raw: BinaryIO, size: int) -> None:
        self.path, self.file, self.raw = path, file, raw
        settings = file.id.get_create_plist()
        self.sizes = Sizes(size, settings.get_userblock(), *settings.get_sizes())

    def root(self) -> "HDF5Group":
        """The outermost group."""
        import h5py

        address = h5py.h5o.get_info(self.file.id).addr
        return HDF5Group(self, "", address, read_messages(self.raw, address, self.sizes))

    def messages(self, address: int) -> list[Message]:
        """The header of an object."""
        return read_messages(self.raw, address, self.sizes)


class HDF5Object:
    """A group or dataset whose header was examined.

    name      its path in the file: "train/x"
    address   of its header in the file, by which equal objects are recognized
    """

    def __init__(self, file: HDF5File, name: str, address: int, messages: list[Message], opened: Any = None) -> None:
        self.file, self.name, self.address, self.messages = file, name, address, messages
        self._item = opened

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    @property
    def source(self) -> str:
        """The file and the object, for messages."""
        return f"{printable(self.path)} ({printable(self.name)})" if self.name else printable(self.path)

    def attribute(self, name: str) -> Any:
        """A text or number; None if there is no such attribute, or another kind. Raises DataError for a long one."""
        import h5py

        found = find_attribute(self.messages, name)
        if found is None:
            return None
        kind, stored = found
        if kind == VARIABLE:
            length = int.from_bytes(stored[:REFERENCE_BYTES], "little")
            if len(stored) > 2 * REFERENCE_BYTES + self.file.sizes.address + 7 or length > MAX_ATTRIBUTE:
                raise DataError(f"{self.source}: its attribute {name} is too long")
        elif kind not in {0, 1, STRING} or len(stored) > MAX_ATTRIBUTE:
            return None
        value = h5py.AttributeManager(self._opened())[name]
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return value.item() if isinstance(value, np.generic) else value if isinstance(value, str) else None

    def _opened(self) -> Any:
        """The h5py object."""
        if self._item is None:
            self._item = self.file.file[self.name or "/"]
        return self._item


class HDF5Link:
    """A name that stands for something elsewhere, with the reason why it is not read."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem


class HDF5Group(HDF5Object):
    """A group, whose members are examined one by one."""

    def __iter__(self) -> Iterator["HDF5Group | HDF5Dataset | HDF5Link"]:
        """The members, in the order of the file. Raises DataError if there are too many."""
        group = self._opened()
        if len(group) > MAX_OBJECTS:
            raise DataError(f"{printable(self.path)} has more than {MAX_OBJECTS:,} arrays")
        for key in group:
            yield self._member(group, key)

    def member(self, path: str) -> "HDF5Group | HDF5Dataset | HDF5Link | None":
        """What stands under a path such as "train/x"; None if nothing does. No link is followed."""
        found: HDF5Group | HDF5Dataset | HDF5Link = self
        for key in path.split("/"):
            if not isinstance(found, HDF5Group) or key in {"", "."}:
                return None
            group = found._opened()
            if not group.id.links.exists(key.encode("utf-8", "surrogateescape")):
                return None
            found = found._member(group, key)
        return found

    def group(self, path: str) -> "HDF5Group | None":
        """A group within this one; None if there is none."""
        found = self.member(path)
        return found if isinstance(found, HDF5Group) else None

    def dataset(self, path: str) -> "HDF5Dataset":
        """A dataset that can be read. Raises DataError that says why it cannot, KeyError if there is none."""
        found = self.member(path)
        if found is None or isinstance(found, HDF5Group):
            raise KeyError(path)
        if found.problem is not None:
            raise DataError(f"{printable(self.path)} ({printable(found.name)}) {found.problem}")
        return found

    def __contains__(self, path: str) -> bool:
        return self.member(path) is not None

    def _member(self, group: Any, key: str) -> "HDF5Group | HDF5Dataset | HDF5Link":
        import h5py

        name = f"{self.name}/{key}" if self.name else key
        link = group.id.links.get_info(key.encode("utf-8", "surrogateescape"))
        if link.type != h5py.h5l.TYPE_HARD:
            return HDF5Link(name, link_problem(group.get(key, getlink=True), printable(name), self.path))
        messages = self.file.messages(link.u)
        if is_virtual(messages) or is_external(messages):
            return HDF5Link(name, storage_problem(name, self.path, virtual=is_virtual(messages)))
        kind = h5py.h5o.get_info(group.id, key.encode("utf-8", "surrogateescape")).type
        if kind == h5py.h5o.TYPE_GROUP:
            return HDF5Group(self.file, name, link.u, messages)
        if kind == h5py.h5o.TYPE_DATASET:
            return HDF5Dataset(self.file, name, link.u, messages)
        return HDF5Link(name, "is a named type, not an array")


class HDF5Dataset(HDF5Object):
    """An array whose values are in the file itself, and which declares no more than the file holds.

    shape, dtype  dtype object for texts of variable length and for references
    problem       why it cannot be read, to follow its name; None if it can be
    """

    def __init__(self, file: HDF5File, name: str, address: int, messages: list[Message], opened: Any = None) -> None:
        super().__init__(file, name, address, messages, opened)
        self.id = self._opened().id
        self.shape: tuple[int, ...] = ()
        self.dtype = np.dtype(object)
        self.is_text = self.is_reference = False
        self.problem = self._examine()

    def _examine(self) -> str | None:
        import h5py

        space = self.id.get_space()
        if space.get_simple_extent_type() == h5py.h5s.NULL:
            return "is empty"
        self.shape = tuple(space.get_simple_extent_dims())
        kind = self.id.get_type()
        what = kind.get_class()
        if what == h5py.h5t.VLEN:
            return "has rows of different lengths; store one array of equal rows: np.stack(...)"
        self.is_text = what == h5py.h5t.STRING and kind.is_variable_str()
        self.is_reference = what == h5py.h5t.REFERENCE
        allowed = {h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.STRING}
        is_flag = what == h5py.h5t.ENUM and kind.get_nmembers() == 2 and kind.dtype == np.bool_
        if what in allowed or is_flag:
            if not self.is_text:
                self.dtype = np.dtype(kind.dtype)
        elif not self.is_reference:
            return "has values that are neither numbers nor texts"
        itemsize = self._reference_size() if self.is_text else kind.get_size()
        return size_problem(self.id, self.shape, itemsize, self.file.sizes.file)

    @property
    def nbytes(self) -> int:
        """Size in memory, in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def read(self) -> npt.NDArray[Any]:
        """All values. Raises DataError if they are too large, or cannot be read."""
        if self.problem is not None:
            raise DataError(f"{self.source} {self.problem}")
        require_memory(self.nbytes, self.source)
        return np.asarray(self._opened()[()])

    def rows(self, chosen: Any) -> npt.NDArray[Any]:
        """Rows by a slice or ascending indices."""
        return np.asarray(self._opened()[chosen])

    def text_lengths(self) -> npt.NDArray[np.uint32]:
        """The lengths in bytes that the texts declare, in a flat array.

        Raises DataError if together they exceed the file, which holds each text once.
        """
        stored = np.concatenate([np.zeros(0, np.uint8), *self._stored_references()])
        size = self._reference_size()
        references = stored[: math.prod(self.shape) * size].reshape(-1, size)
        lengths = np.ascontiguousarray(references[:, :REFERENCE_BYTES]).view("<u4").reshape(-1)
        if lengths.sum(dtype=np.uint64) > self.file.sizes.file:
            raise DataError(f"{self.source} is damaged: its texts are longer than the file")
        return lengths

    def _reference_size(self) -> int:
        """Bytes of a reference to a text: its length, the address of its heap, and its number there."""
        return 2 * REFERENCE_BYTES + self.file.sizes.address

    def _stored_references(self) -> Iterator[npt.NDArray[np.uint8]]:
        """References to texts as stored, in any order of the chunks."""
        import h5py

        settings = self.id.get_create_plist()
        if not math.prod(self.shape):
            return
        if settings.get_layout() == h5py.h5d.CONTIGUOUS:
            yield np.frombuffer(self._stored_bytes(self._reference_size()), np.uint8)
            return
        if settings.get_layout() != h5py.h5d.CHUNKED:
            raise DataError(f"{self.source} has texts in its header; store them as an array of their own")
        from nn_core.storage.hdf5_chunks import unpacked

        for number in range(self.id.get_num_chunks()):
            yield unpacked(self.id, number, self._reference_size(), self.source)

    def targets(self) -> list["HDF5Dataset | None"]:
        """The datasets of this file that the references point to, in a flat list; None for anything else."""
        import h5py

        settings, size = self.id.get_create_plist(), self.file.sizes.address
        count = math.prod(self.shape)
        if not count or settings.get_layout() != h5py.h5d.CONTIGUOUS or self.id.get_type().get_size() != size:
            return [None] * count
        addresses = np.frombuffer(self._stored_bytes(size), f"<u{size}")
        found: list[HDF5Dataset | None] = []
        for address, reference in zip(addresses.tolist(), self.read().reshape(-1), strict=True):
            messages = self.file.messages(address)
            item = None if is_virtual(messages) or is_external(messages) else self.file.file[reference]
            is_dataset = isinstance(item, h5py.Dataset)
            found.append(HDF5Dataset(self.file, self.name, address, messages, item) if is_dataset else None)
        return found

    def _stored_bytes(self, itemsize: int) -> bytes:
        """The values of a contiguous dataset as stored."""
        self.file.raw.seek(self.id.get_offset())
        return self.file.raw.read(math.prod(self.shape) * itemsize)


def open_file(path: Path) -> HDF5File:
    """An open file. Raises DataError that says why it cannot be opened."""
    import h5py

    check_file(path)
    name = printable(path)
    try:
        file = h5py.File(path, "r")
    except BlockingIOError:
        raise DataError(
            f"{name} is open in another program for writing; close it there (file.close()) and try again"
        ) from None
    except Exception as error:  # noqa: BLE001
        raise _not_opened(path, error) from None
    with decoding_errors(path, None):
        return HDF5File(path, file, path.open("rb"), path.stat().st_size)


def open_content(path: Path, content: bytes) -> HDF5File:
    """A file in memory. Raises DataError if it cannot be opened."""
    import h5py

    with decoding_errors(path, None):
        file = h5py.File(h5py.h5f.open_file_image(content), "r")
        return HDF5File(path, file, io.BytesIO(content), len(content))


def _not_opened(path: Path, error: Exception) -> DataError:
    import h5py

    name, reason = printable(path), printable(" ".join(str(error).split())[:200])
    if "unable to lock file" in reason:
        return DataError(f"{name} cannot be locked on this file system; run: export HDF5_USE_FILE_LOCKING=FALSE")
    if "already open for write" in reason:
        return DataError(
            f"{name} is open in another program for writing, or was not closed by the one that wrote it;"
            f" close it there, or run: h5clear -s {name}"
        )
    if h5py.is_hdf5(path):
        return DataError(f"{name} is damaged or incomplete: {reason}")
    found = describe_kind(path)
    return DataError(f"{name} is not an HDF5 file{f', but {found}' if found else ''}")
