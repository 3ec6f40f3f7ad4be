"""HDF5 files from outside: groups and datasets that were examined, and links that are not followed.

A file can neither make its reader open other files, nor allocate more than the file holds.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nn_core.errors import DataError
from nn_core.storage.files import decoding_errors, printable
from nn_core.storage.hdf5_bytes import DamageError, HDF5Bytes, number
from nn_core.storage.hdf5_dataset import HDF5Values, read_texts
from nn_core.storage.hdf5_header import (
    LAYOUT,
    SHAPE,
    Message,
    find_attribute,
    find_message,
    is_external,
    is_virtual,
    read_messages,
)
from nn_core.storage.hdf5_heaps import GlobalHeaps
from nn_core.storage.hdf5_links import Link, is_group, read_links
from nn_core.storage.hdf5_problems import link_problem, storage_problem
from nn_core.storage.hdf5_types import STRING

MAX_OBJECTS = 10_000
"""Arrays, groups and links of a file; more are refused, to bound the time."""
MAX_ATTRIBUTE = 1_000
"""Bytes of an attribute."""


@contextmanager
def open_hdf5(path: Path, content: bytes | memoryview | None = None) -> Iterator["HDF5Group"]:
    """The root of a file; errors in the block become a DataError that names the file.

    content  its bytes, if they are known; the path is for messages
    """
    with damage_of(path):
        file = HDF5File(path, content)
        with file.bytes:
            yield file.root()


@contextmanager
def damage_of(path: Path) -> Iterator[None]:
    """Errors in the block become a DataError that names the file."""
    with decoding_errors(path, None):
        try:
            yield
        except DamageError as error:
            raise DataError(f"{printable(path)} is damaged: {printable(error)}") from None


class HDF5File:
    """An open file, whose objects are examined once each.

    path   of the file
    bytes  of the file
    heaps  of its texts
    met    members of its groups that were met
    taken  bytes that its reader took of arrays, if it counts them
    """

    def __init__(self, path: Path, content: bytes | memoryview | None = None) -> None:
        self.path, self.bytes = path, HDF5Bytes(path, content)
        self.heaps = GlobalHeaps(self.bytes)
        self.met = self.taken = 0
        self._messages: dict[int, list[Message]] = {}
        self._links: dict[int, dict[str, Link]] = {}
        self._values: dict[int, HDF5Values] = {}

    def root(self) -> "HDF5Group":
        """The outermost group."""
        return HDF5Group(self, "", self.bytes.root, self.messages(self.bytes.root))

    def messages(self, address: int) -> list[Message]:
        """The header of an object."""
        if address not in self._messages:
            self._messages[address] = read_messages(self.bytes, address)
        return self._messages[address]

    def values(self, address: int) -> HDF5Values:
        """The values of a dataset, whatever its names."""
        if address not in self._values:
            self._values[address] = HDF5Values(self.bytes, self.heaps, self.messages(address))
        return self._values[address]

    def links(self, address: int) -> dict[str, Link]:
        """The links of a group."""
        if address not in self._links:
            self._links[address] = read_links(self.messages(address), self.bytes)
        return self._links[address]


class HDF5Object:
    """A group or dataset whose header was examined.

    name      its path in the file: "train/x"
    address   of its header in the file, by which equal objects are recognized
    """

    def __init__(self, file: HDF5File, name: str, address: int, messages: list[Message]) -> None:
        self.file, self.name, self.address, self.messages = file, name, address, messages

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
        found = find_attribute(self.messages, name, self.file.bytes)
        if found is None or found.type.dtype is None or found.shape.axes is None or math.prod(found.shape.axes) != 1:
            return None
        stored = found.stored[: found.type.size]
        if found.type.is_text or found.type.kind == STRING:
            length = number(stored, 0, 4) if found.type.is_text else found.type.size
            if length > MAX_ATTRIBUTE:
                raise DataError(f"{self.source}: its attribute {name} is too long")
            content = stored
            if found.type.is_text:
                row = np.frombuffer(stored, np.uint8).reshape(1, -1)
                content = read_texts(row, self.file.heaps, f"{self.source}: its attribute {name}")[0]
        elif found.type.dtype.kind in "iufb" and len(stored) == found.type.size and not found.shape.axes:
            return np.frombuffer(stored, found.type.dtype)[0].item()
        else:
            return None
        return None if found.shape.axes else content.partition(b"\0")[0].decode("utf-8", "replace")


class HDF5Link:
    """A name that stands for something that is not read, with the reason."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem


class HDF5Group(HDF5Object):
    """A group, whose members are examined one by one."""

    def __iter__(self) -> Iterator["HDF5Group | HDF5Dataset | HDF5Link"]:
        """The members, in the order of the file. Raises DataError if there are too many."""
        for link in self.file.links(self.address).values():
            self.file.met += 1
            if self.file.met > MAX_OBJECTS:
                raise DataError(f"{printable(self.path)} has more than {MAX_OBJECTS:,} arrays")
            yield self._member(link)

    def member(self, path: str) -> "HDF5Group | HDF5Dataset | HDF5Link | None":
        """What stands under a path such as "train/x"; None if nothing does. No link is followed."""
        found: HDF5Group | HDF5Dataset | HDF5Link = self
        for key in path.split("/"):
            if not isinstance(found, HDF5Group):
                return None
            link = self.file.links(found.address).get(key)
            if link is None:
                return None
            found = found._member(link)
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

    def _member(self, link: Link) -> "HDF5Group | HDF5Dataset | HDF5Link":
        name = f"{self.name}/{link.name}" if self.name else link.name
        if link.address is None:
            return HDF5Link(name, link_problem(link, printable(name), self.path))
        messages = self.file.messages(link.address)
        if is_virtual(messages) or is_external(messages):
            return HDF5Link(name, storage_problem(name, self.path, virtual=is_virtual(messages)))
        if is_group(messages):
            return HDF5Group(self.file, name, link.address, messages)
        if find_message(messages, LAYOUT) is None or find_message(messages, SHAPE) is None:
            return HDF5Link(name, "is a named type, not an array")
        return HDF5Dataset(self.file, name, link.address, messages)


class HDF5Dataset(HDF5Object, HDF5Values):
    """An array whose values are in the file itself, and which declares no more than the file holds."""

    def __init__(self, file: HDF5File, name: str, address: int, messages: list[Message]) -> None:
        HDF5Object.__init__(self, file, name, address, messages)
        vars(self).update(vars(file.values(address)))  # which is examined once, whatever its names

    def targets(self) -> list["HDF5Dataset | None"]:
        """The datasets of this file that the references point to, in a flat list; None for anything else."""
        found: list[HDF5Dataset | None] = []
        for address in self.references():
            messages = self.file.messages(address)
            elsewhere = is_virtual(messages) or is_external(messages) or is_group(messages)
            is_dataset = not elsewhere and find_message(messages, LAYOUT) is not None
            found.append(HDF5Dataset(self.file, self.name, address, messages) if is_dataset else None)
        return found
