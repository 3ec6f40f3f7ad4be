"""Data sets downloaded by name, each file verified against its SHA-256.

Each program declares its sets as values of `RemoteDataset`.
"""

import tempfile
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from nn_core.errors import DataError
from nn_core.memory import in_bytes
from nn_core.printable import shortened
from nn_core.progress import job
from nn_core.storage.archives import contents_sha256, unpack
from nn_core.storage.files import exists

MAX_BYTES = 256 * 1024**2
"""Bytes that are received of a file at most, if it does not say less: 256 MiB."""
SILENCE = 30.0
"""Seconds without data after which a download fails."""
CHUNK = 1 << 16


@dataclass(frozen=True)
class RemoteFile:
    """One file: its local name, its URL and its SHA-256.

    max_bytes  more are not received
    """

    name: str
    url: str
    sha256: str
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True)
class RemoteArchive:
    """A folder in a ZIP archive that the server packs on request.

    The bytes of such an archive may vary, but its contents must not. So the contents are verified:

    name    local name of the folder
    url     of the archive
    inside  name of the folder in the archive, at any depth; other entries are skipped
    sha256  of the lines "<path in the folder>  <SHA-256 of the file>", sorted by path, each
            ended by a newline (see `contents_sha256`)
    max_bytes  more are neither received nor unpacked
    """

    name: str
    url: str
    inside: str
    sha256: str
    max_bytes: int = MAX_BYTES


Remote: TypeAlias = RemoteFile | RemoteArchive


@dataclass(frozen=True)
class RemoteDataset:
    """A named set of files, with its origin and license."""

    name: str
    files: tuple[Remote, ...]
    description: str
    origin: str
    license: str


def data_folder() -> Path:
    """Where downloaded files are written to and looked for.

    In a checkout, the workspace's `data` folder; otherwise the user's cache for nn-core.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / "packages" / "nn-core").is_dir() and (folder / "data").is_dir():
            return folder / "data"
    import pooch

    return Path(pooch.os_cache("nn-core"))


def locate(file: Remote, folder: Path | None = None) -> Path | None:
    """The path of a file or unpacked archive, or None if it is not in the folder.

    folder  `data_folder()` by default
    The hash, verified during download, is not verified again.
    """
    path = (folder or data_folder()) / file.name
    is_here = path.is_dir() if isinstance(file, RemoteArchive) else path.is_file()
    return path if is_here else None


def fetch(dataset: RemoteDataset, folder: Path | None = None, *, progress: bool = False) -> tuple[Path, ...]:
    """Download the files of a set that are missing or differ; returns the paths of all files.

    folder    to write to; `data_folder()` by default, created if needed
    progress  show a progress bar per file on stderr
    A file or folder is renamed into place only once it is complete and verified; a new folder
    that stays empty is removed.
    Raises DataError, naming the file, its URL and a remedy.
    """
    target = folder or data_folder()
    absent = [path for path in (target, *target.parents) if not exists(path)]
    try:
        return tuple(_fetch(file, dataset.name, target, progress) for file in dataset.files)
    except BaseException:
        for path in absent:
            with suppress(OSError):
                path.rmdir()
        raise


def _fetch(file: Remote, dataset: str, folder: Path, progress: bool) -> Path:
    import requests.exceptions

    try:
        if isinstance(file, RemoteArchive):
            return _fetch_archive(file, folder, progress)
        return _retrieve(file, folder, file.name, f"sha256:{file.sha256}", progress)
    except requests.exceptions.RequestException as error:
        what, advice = _reason(error), "check the connection and try again"
    except _TransferError as error:
        what, advice = str(error), "try again later"
    except (ValueError, DataError):
        what = "the download is not the expected file (its SHA-256 differs)"
        advice = "try again"
    except OSError as error:
        what = f"cannot write to {folder}: {error.strerror or error}"
        advice = "check free space and permissions"
    raise DataError(
        f"cannot fetch {dataset}, file {file.name}, from {file.url}: {what};"
        f" {advice}, or put the file in {folder} yourself"
    )


def _retrieve(file: Remote, folder: Path, name: str, known_hash: str | None, progress: bool) -> Path:
    import pooch

    pooch.get_logger().setLevel("ERROR")
    with nullcontext() if progress else job("downloading"):  # a bar of its own needs no other
        return Path(
            pooch.retrieve(
                file.url,
                known_hash=known_hash,
                fname=name,
                path=folder,
                downloader=partial(_receive, most=file.max_bytes, progress=progress),
            )
        )


def _receive(url: str, target: str, _: object, *, most: int, progress: bool) -> None:
    """Write what a server sends to a file, up to `most` bytes. Raises _TransferError, requests' errors, OSError."""
    import requests
    import tqdm

    # A compressed transfer could unpack to any size, and would not be what the SHA-256 is of.
    headers = {"Accept-Encoding": "identity"}
    with closing(requests.get(url, stream=True, timeout=SILENCE, headers=headers)) as response:
        response.raise_for_status()
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise _TransferError("the server sent it compressed")
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() and len(length) < 20 else None
        if (total or 0) > most:
            raise _TransferError(f"it has {in_bytes(total or 0)}; the limit is {in_bytes(most)}")
        received = 0
        with (
            Path(target).open("wb") as copy,
            tqdm.tqdm(total=total, unit="B", unit_scale=True, ncols=79, disable=not progress, leave=True) as bar,
        ):
            for chunk in response.iter_content(CHUNK):
                received += len(chunk)
                if received > most:
                    raise _TransferError(f"it has more than {in_bytes(most)}, the limit")
                copy.write(chunk)
                bar.update(len(chunk))


class _TransferError(Exception):
    """The server sent what is not taken."""


def _fetch_archive(archive: RemoteArchive, folder: Path, progress: bool) -> Path:
    """The unpacked folder, renamed into place once it is complete and verified.

    Raises DataError if the contents differ from those expected.
    """
    target = folder / archive.name
    if target.is_dir() and contents_sha256(target) == archive.sha256:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{archive.name}.", ignore_cleanup_errors=True) as name:
        temporary = Path(name)
        packed = _retrieve(archive, temporary, "archive.zip", None, progress)
        unpacked = temporary / "unpacked"
        unpacked.mkdir()
        unpack(packed, archive.inside, unpacked, limit=archive.max_bytes)
        if contents_sha256(unpacked) != archive.sha256:
            raise DataError("the contents differ")
        if target.exists():
            target.rename(temporary / "replaced")
        unpacked.rename(target)
    return target


def _reason(error: OSError) -> str:
    """A short description of why a request failed."""
    import requests.exceptions as failed

    response = getattr(error, "response", None)
    if response is not None:
        return f"the server responded {response.status_code} {shortened(response.reason)}".rstrip()
    if isinstance(error, failed.Timeout) or "timed out" in str(error):
        return "the server did not respond in time"
    if isinstance(error, failed.SSLError):
        return "the server's certificate is not trusted"
    if isinstance(error, failed.ProxyError):
        return "the proxy did not respond"
    if isinstance(error, failed.ConnectionError):
        return "the server cannot be reached"
    return f"the transfer failed ({type(error).__name__})"
