"""The files that the runs of a sweep read, for workers on other machines: packed once, named by their content."""

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from nn_core.cli.settings import Settings
from nn_core.storage.files import is_folder, is_pipe_or_device, read_file

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class SourceFiles:
    """The files and folders that settings name, by the text that names them."""

    paths: Mapping[str, Path]

    @classmethod
    def of(cls, runs: Iterable[Settings], plugins: Iterable[str] = ()) -> "SourceFiles":
        """Those of all runs that exist, and of plug-ins that are files."""
        names = {text for settings in runs for text in settings.named_files().values()}
        names |= {name for name in plugins if name.endswith(".py")}
        return cls({name: Path(name) for name in sorted(names) if _exists(Path(name))})

    @cached_property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each: of the content of a file; of the names and contents in a folder."""
        return {name: _content_hash(path) for name, path in self.paths.items()}

    @property
    def content_hash(self) -> str:
        """Identifies all of them."""
        return hashlib.sha256(repr(sorted(self.hashes.items())).encode()).hexdigest()

    def read(self) -> tuple[tuple[str, bytes], ...]:
        """Path and content of every file; the paths begin with the hash of what is named."""
        found = {}
        for name, path in self.paths.items():
            for file in _files(path):
                inside = PurePosixPath(self.hashes[name], _local_name(path), _below(file, path))
                found[str(inside)] = _content(file)
        return tuple(found.items())

    def places(self, folder: Path) -> dict[str, str]:
        """Where `DataBundle.unpack` puts each of them."""
        return {name: str(folder / self.hashes[name] / _local_name(path)) for name, path in self.paths.items()}


@dataclass(frozen=True)
class DataBundle:
    """Packed files, to be sent to workers.

    content_hash  of `SourceFiles`
    files         path in the unpacked folder, and content
    places        path of what is named in settings, by its name
    """

    content_hash: str
    files: tuple[tuple[str, bytes], ...]
    places: Mapping[str, str]

    @classmethod
    def of(cls, sources: SourceFiles) -> "DataBundle":
        """Pack files. Raises DataError if they cannot be read, or do not fit in memory."""
        return cls(sources.content_hash, sources.read(), sources.places(Path()))

    def unpack(self, cache: Path | None = None) -> Path:
        """The folder with the files, unpacked unless it is there already.

        cache  parent of the folder; by default one of this user in the system's folder for temporary files
        """
        parent = _cache_folder() if cache is None else cache
        folder = parent / self.content_hash
        if not folder.is_dir():
            part = Path(tempfile.mkdtemp(dir=parent))
            try:
                for name, content in self.files:
                    path = part / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                with contextlib.suppress(OSError):  # another worker of this machine was faster
                    part.rename(folder)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        return folder

    def relocated(self, settings: S, folder: Path) -> S:
        """The settings with the unpacked files in place of the original ones."""
        changes: dict[str, Any] = {
            name: str(folder / self.places[text])
            for name, text in settings.named_files().items()
            if text in self.places
        }
        return replace(settings, **changes)


def _cache_folder() -> Path:
    """A folder that only this user can write to."""
    user = os.getuid() if hasattr(os, "getuid") else ""
    folder = Path(tempfile.gettempdir()) / f"nn-core-data-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid"):
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
            return Path(tempfile.mkdtemp())
    return folder


def _exists(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return path.exists() and not is_pipe_or_device(path)
    return False


def _files(path: Path) -> list[Path]:
    """The file, or all files in the folder and below."""
    if not is_folder(path):
        return [path]
    return [file for file in sorted(path.rglob("*")) if not is_pipe_or_device(file) and not is_folder(file)]


def _content(file: Path) -> bytes:
    return read_file(file) if file.stat().st_size else b""


def _content_hash(path: Path) -> str:
    digest = hashlib.sha256()
    for file in _files(path):
        content = _content(file)
        digest.update(f"{_below(file, path)}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def _below(file: Path, path: Path) -> str:
    """The path of a file in a folder; "" for the file itself."""
    return "" if file == path else file.relative_to(path).as_posix()


def _local_name(path: Path) -> str:
    """The last part of a path, whose suffix says what a file is."""
    return path.resolve().name or "data"
