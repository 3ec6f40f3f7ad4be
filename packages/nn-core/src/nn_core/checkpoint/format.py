"""The checkpoint file.

    /                              format, version, program
    /architecture                  JSON: layers, input shape, dtype, ties
    /details                       JSON: what the program needs to predict (classes, ...)
    /parameters/<path>             the parameters to predict with, by path: parameters/3/W
    /training/...                  the run; see `nn_core.checkpoint.snapshot`

The HDF5 data is followed by its SHA-256 as text, which HDF5 readers ignore, to detect corruption.
Editing the file with h5py drops the checksum.

Nothing is pickled: an untrusted file can contain wrong numbers, but no code. The file is built in
memory, written under a temporary name and renamed, so a process killed while saving loses only
that save.
"""

import hashlib
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from nn_core.arrays import Array
from nn_core.checkpoint import migrations
from nn_core.checkpoint.architecture import describe_network, network_from
from nn_core.checkpoint.fields import as_json, read_into, read_json
from nn_core.checkpoint.snapshot import COLUMNS, read_snapshot, snapshot_arrays, snapshot_values
from nn_core.errors import CheckpointError, DataError, NNError
from nn_core.hints import HelpfulErrors
from nn_core.memory import in_bytes, require_memory
from nn_core.network import Network
from nn_core.printable import one_line, printable
from nn_core.registry import UnknownNameError
from nn_core.storage.atomic import atomic_write
from nn_core.storage.files import read_file
from nn_core.storage.hdf5_file import HDF5Group, open_hdf5
from nn_core.storage.hdf5_image import hdf5_image
from nn_core.training.state import Snapshot

M = TypeVar("M")
LONGEST_REASON = 400
"""Most characters of why a file cannot be used."""
FORMAT = "nn-core checkpoint"
VERSION = 2
_SEAL = b"\nnn-core sha256 "
_HDF5 = b"\x89HDF\r\n\x1a\n"
_DAMAGE = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
"""Exceptions that corrupted bytes may cause in h5py, JSON and the layers."""


@dataclass(frozen=True)
class Checkpoint(HelpfulErrors):
    """The contents of a checkpoint file.

    network   the network, with the parameters to predict with
    program   the program that wrote it; "nn-core" for the library
    details   data stored by the program
    snapshot  the training run, if it was saved and can be resumed
    version   format version
    """

    network: Network
    program: str
    details: dict[str, Any]
    snapshot: Snapshot | None
    version: int

    def __repr__(self) -> str:
        layers, parameters = len(self.network.layers), self.network.vector.size
        run = "" if self.snapshot is None else f", {self.snapshot!r}"
        return (
            f"Checkpoint(by {self.program}: a network of {layers} {'layer' if layers == 1 else 'layers'},"
            f" {parameters:,} parameters; details: {', '.join(self.details) or 'none'}{run})"
        )

    def _repr_html_(self) -> str:
        """The network as a table, for notebooks."""
        from nn_core.html import html_note

        return f"{self.network._repr_html_()}\n{html_note(repr(self))}"

    def require_snapshot(self) -> Snapshot:
        """The training run. Raises CheckpointError if there is none to resume."""
        if self.snapshot is not None:
            return self.snapshot
        if self.version < VERSION:
            raise CheckpointError(
                "the checkpoint is of an earlier version, whose noise and order of examples were "
                "generated differently: it can predict, but its run cannot be resumed"
            )
        raise CheckpointError("the checkpoint has only a network, no run to resume")


def save(
    path: str | os.PathLike[str],
    network: Network,
    *,
    program: str = "nn-core",
    details: Mapping[str, Any] = MappingProxyType({}),
    snapshot: Snapshot | None = None,
) -> None:
    """Write a checkpoint.

    program   the program that writes it
    details   what the program needs to predict: numbers, strings, lists and dictionaries
    snapshot  the training run, so that it can be resumed; its `best` parameters, if any, become
              the parameters to predict with
    Raises CheckpointError if the file cannot be written, a layer is not registered, or the
    parameters are not finite.
    """
    file = _path(path)
    if not isinstance(network, Network):
        raise CheckpointError(f"a checkpoint holds a Network, not {type(network).__name__}: save(path, network)")
    best = None if snapshot is None else snapshot.best
    parameters = network.vector if best is None else best
    arrays = [] if snapshot is None else snapshot_arrays(snapshot)
    if not all(np.isfinite(values).all() for values in (parameters, *arrays)):
        raise CheckpointError(f"{file} was not written: the weights are no longer finite")
    image = _image(network, parameters, program, details, snapshot)
    _require_readable(file, image, program)
    try:
        atomic_write(file, image + _SEAL + _digest(image))
    except OSError as error:
        raise CheckpointError(f"cannot write {file}: {error.strerror or error}") from None


def load(path: str | os.PathLike[str], *, program: str | None = None) -> Checkpoint:
    """Read a checkpoint, in the current or an earlier format version.

    program  the program that must have written it; None accepts any
    Raises CheckpointError with a one-line message for a file that is missing, damaged, of another
    program or of a later version.
    """
    path = _path(path)
    try:
        content = read_file(path)
    except DataError as error:
        raise CheckpointError(str(error)) from None
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or one_line(str(error))}") from None
    return _loaded(path, content, program)


def load_model(path: str | os.PathLike[str], program: str, read: Callable[[Checkpoint], M]) -> M:
    """Load the checkpoint of a program, and make its model of it.

    read  makes the model; raises an NNError, TypeError or ValueError for details that are not valid
    Raises CheckpointError with a one-line message.
    """
    loaded = load(path, program=program)
    try:
        return read(loaded)
    except (NNError, *_DAMAGE) as error:
        raise unusable(_path(path), error) from None


READERS: dict[str, Callable[[Checkpoint], object]] = {}
"""What makes a model of a checkpoint, by program: a file that it refuses is not written."""


def is_checkpoint(path: str | os.PathLike[str]) -> bool:
    """Whether an HDF5 file has the header of a checkpoint; False if it cannot be read."""
    try:
        with open_hdf5(Path(path)) as root:
            return bool(root.attribute("format") == FORMAT)
    except (OSError, NNError, *_DAMAGE):
        return False


def unusable(path: Path, error: Exception) -> CheckpointError:
    """The error of a checkpoint whose contents raised another one."""
    if isinstance(error, UnknownNameError):
        return CheckpointError(f"{path}: {error.what}; import the module that registers it (command line: --plugin)")
    return CheckpointError(f"{path} is damaged: {one_line(str(error), LONGEST_REASON)}")


def _require_readable(path: Path, image: bytes, program: str) -> None:
    """Read back what is to be written: a file that cannot be loaded must not replace one that can."""
    try:
        READERS.get(program, _nothing)(_loaded(path, image, program))
    except (NNError, *_DAMAGE) as error:
        reason = one_line(str(error)).removeprefix(f"{path} is damaged: ").removeprefix(f"{path}: ")
        raise CheckpointError(f"{path} was not written, since it could not be loaded: {reason}") from None


def _nothing(loaded: Checkpoint) -> None:
    """Nothing else to read."""


def _loaded(path: Path, content: bytes, program: str | None) -> Checkpoint:
    """The checkpoint in the bytes of a file; the path is for messages."""
    try:
        if not content.startswith(_HDF5):
            raise CheckpointError(f"{path} is not a checkpoint (not HDF5)")
        end = content.rfind(_SEAL)
        image = memoryview(content)[: end if end >= 0 else None]
        if end >= 0 and content[end + len(_SEAL) :] != _digest(image):
            raise CheckpointError(f"{path} is damaged: checksum mismatch")
        with open_hdf5(path, image) as root:
            return _read(path, root, program, len(content))
    except CheckpointError:
        raise
    except (NNError, *_DAMAGE) as error:
        if printable(path) in str(error):
            raise CheckpointError(str(error)) from None
        raise unusable(path, error) from None
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: damaged: {one_line(str(error))}") from None


def _read(path: Path, root: HDF5Group, program: str | None, size: int) -> Checkpoint:
    origin, version = _check_origin(path, root, program)
    architecture = read_json(root, "architecture", {str: Any})
    if version == 1:
        architecture = migrations.architecture_of_version_1(architecture)
    network = network_from(architecture, partial(_require_bytes, path, size))
    for name, values in network.named(network.vector).items():
        read_into(root, f"parameters/{name}", values)
    snapshot = None
    training = root.group("training")
    if version == VERSION and training is not None:
        snapshot = read_snapshot(training, network)
    details = read_json(root, "details", {str: Any}, nan_is_null=True)
    return Checkpoint(network, origin, details, snapshot, version)


def _require_bytes(path: Path, size: int, declared: int) -> None:
    """Raise CheckpointError for parameters that are larger than the file, which stores them as they are."""
    if declared > size:
        raise CheckpointError(
            f"{path} is damaged: its layers have {in_bytes(declared)} of parameters, but it has {in_bytes(size)}"
        )
    require_memory(declared, f"{printable(path)} (parameters)", CheckpointError)


def _check_origin(path: Path, root: HDF5Group, program: str | None) -> tuple[str, int]:
    """Check the header; returns the program and the format version."""
    if root.attribute("format") != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint (no nn-core header)")
    given = {name: root.attribute(name) for name in ("program", "version")}
    if None in given.values():
        raise DataError("its program or version is missing")
    origin, version = map(printable, given.values())
    if program not in (None, origin):
        raise CheckpointError(f"{path} was written by {origin}, not by {program}")
    if version not in {"1", "2"}:
        raise CheckpointError(f"{path} has format version {version}; this program reads up to {VERSION}")
    return origin, int(version)


def _image(
    network: Network, parameters: Array, program: str, details: Mapping[str, Any], snapshot: Snapshot | None
) -> bytes:
    """The bytes of the HDF5 file."""
    _require_h5py()
    values: dict[str, Any] = {
        "architecture": as_json("architecture", describe_network(network)),
        "details": as_json("details", dict(details)),
    }
    values |= {f"parameters/{name}": each for name, each in network.named(parameters).items()}
    groups = []
    if snapshot is not None:
        values |= {f"training/{name}": each for name, each in snapshot_values(network, snapshot).items()}
        groups = ["training/optimizer"]
    header: dict[str, str | int] = {"format": FORMAT, "version": VERSION, "program": program}
    ordered = () if snapshot is None else (f"training/{COLUMNS}",)
    return hdf5_image(values, attributes=header, groups=groups, ordered=ordered)


def _path(path: str | os.PathLike[str]) -> Path:
    """A path. Raises CheckpointError for anything other than a str or path."""
    if isinstance(path, (str, os.PathLike)):
        return Path(path)
    raise CheckpointError(
        f"the path must be a str or Path, not {type(path).__name__}: checkpoint.save('network.h5', network)"
    )


def _require_h5py() -> None:
    """Raise CheckpointError if h5py is not installed."""
    try:
        importlib.import_module("h5py")
    except ImportError:
        raise CheckpointError(
            'checkpoints need h5py: python -m pip install "./packages/nn-core[cli]", or: pip install h5py'
        ) from None


def _digest(image: bytes | memoryview) -> bytes:
    return hashlib.sha256(image).hexdigest().encode()
