"""Networks as safetensors: weights for other libraries, with the architecture in a sidecar file.

    NAME.safetensors  the parameters and running statistics by path ("3/W"), in C order
    NAME.json         format, version, architecture, metadata, and the SHA-256 of NAME.safetensors

Writing needs `nn-core[safetensors]`; reading needs only NumPy. Nothing is unpickled: an untrusted file
cannot run code.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.checkpoint import unusable
from nn_core.checkpoint.architecture import ARCHITECTURE, describe_network, network_from, parameter_shapes
from nn_core.errors import CheckpointError, DataError, NNError, SettingError
from nn_core.extras import import_extra
from nn_core.network import Network, require_network
from nn_core.storage.atomic import atomic_write_all
from nn_core.storage.files import exists, open_file, printable
from nn_core.storage.json_file import parse_json, read_json
from nn_core.storage.safetensors import DTypeName, read_safetensors

FORMAT, VERSION = "nn-core safetensors", 1
SUFFIX = ".safetensors"
_SIDECAR = {"format": str, "version": int, "architecture": ARCHITECTURE, "metadata": {str: Any}, "sha256?": str}
_DTYPES: Mapping[str, DTypeName] = {"float32": "float32", "float64": "float64"}
_INVALID = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
"""Exceptions that layers raise for an invalid architecture."""


def to_safetensors(
    network: Network, path: str | os.PathLike[str], *, metadata: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Write the weights to `path`, which ends in .safetensors, and the architecture beside it.

    metadata  numbers, strings, lists and dictionaries for the sidecar, such as class names
    Both files are written, or neither. Raises SettingError for another suffix, or if NAME.json exists
    and is not a sidecar; CheckpointError if a file cannot be written, the weights are not finite
    or a layer is not registered; MissingExtraError without the package safetensors.
    """
    require_network(network, "to_safetensors")
    path = Path(path)
    sidecar = sidecar_path(path)
    _require_own(sidecar)
    save = import_extra("safetensors.numpy", "safetensors").save
    if not np.isfinite(network.vector).all():
        raise CheckpointError(f"{path} was not written: the weights are not finite")
    named = {name: np.ascontiguousarray(values) for name, values in network.named(network.vector).items()}
    weights: bytes = save(named, metadata={"producer": "nn-core", "sidecar": sidecar.name})
    description = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": describe_network(network),
        "metadata": dict(metadata),
        "sha256": hashlib.sha256(weights).hexdigest(),
    }
    try:
        text = json.dumps(description, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    except (TypeError, ValueError) as error:
        raise SettingError(f"metadata must be finite numbers, strings, lists and dictionaries: {error}") from None
    _require_readable(text, named, sidecar)
    try:
        atomic_write_all({sidecar: text.encode(), path: weights})
    except OSError as error:
        raise CheckpointError(f"cannot write {error.filename or path}: {error.strerror or error}") from None


def from_safetensors(path: str | os.PathLike[str]) -> Network:
    """Read a network from a file written by `to_safetensors`, or another file with the same names.

    If the weights were changed, remove "sha256" from the sidecar. Raises SettingError for another
    suffix, DataError or CheckpointError for a file that is missing, damaged, or does not match the
    architecture, before its values are read.
    """
    path = Path(path)
    sidecar = sidecar_path(path)
    if not exists(sidecar) and exists(path):
        raise DataError(
            f"{printable(sidecar)} is missing: it holds the architecture of {printable(path.name)};"
            " export both with to_safetensors"
        )
    described = read_json(sidecar, _SIDECAR)
    if described["format"] != FORMAT or described["version"] != VERSION:
        found = f"{described['format']!r}, version {described['version']}"
        raise DataError(f"{printable(sidecar)} is {printable(found)}, expected {FORMAT!r}, version {VERSION}")
    architecture = described["architecture"]
    try:
        shapes = parameter_shapes(architecture)
        dtype = _DTYPES[architecture["dtype"]]
    except (NNError, *_INVALID) as error:
        raise unusable(sidecar, error) from None
    arrays = read_safetensors(path, shapes, dtype)
    _check_digest(path, sidecar, described.get("sha256"))
    try:
        network = network_from(architecture)
    except (NNError, *_INVALID) as error:
        raise unusable(sidecar, error) from None
    for name, values in arrays.items():
        network.params[name][...] = values
    return network


def _require_readable(text: str, named: Mapping[str, npt.NDArray[Any]], sidecar: Path) -> None:
    """Read back the sidecar before it is written. Raises SettingError if its network could not be loaded."""
    try:
        described = parse_json(text, _SIDECAR, source=printable(sidecar.name))
        shapes = parameter_shapes(described["architecture"])
    except (NNError, *_INVALID) as error:
        raise SettingError(f"{printable(sidecar)} was not written, since it could not be loaded: {error}") from None
    if shapes != {name: values.shape for name, values in named.items()}:
        raise SettingError(f"{printable(sidecar)} was not written: its architecture does not fit the weights")


def sidecar_path(path: Path) -> Path:
    """NAME.json for NAME.safetensors. Raises SettingError for another suffix."""
    if path.suffix != SUFFIX:
        raise SettingError(f"{printable(path)} must end in {SUFFIX}")
    return path.with_suffix(".json")


def _require_own(sidecar: Path) -> None:
    """Raise SettingError rather than overwrite a JSON file that is not a sidecar."""
    if sidecar.is_file():
        with open_file(sidecar) as file:
            if FORMAT.encode() not in file.read(100):
                raise SettingError(f"{printable(sidecar)} exists and is not a sidecar; choose another name")


def _check_digest(path: Path, sidecar: Path, digest: str | None) -> None:
    if digest is None:
        return
    with open_file(path) as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise DataError(
                f"{printable(path)} is not the file described in {printable(sidecar)}: checksum mismatch;"
                ' if its weights were changed on purpose, remove "sha256" there'
            )
