"""Data sets downloaded by name, each file verified against its SHA-256.

Each program declares its sets as values of `RemoteDataset`.
"""

import tempfile
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from nn_core.errors import DataError
from nn_core.progress import job
from nn_core.storage.archives import contents_sha256, unpack
from nn_core.storage.files import exists


@dataclass(frozen=True)
class RemoteFile:
    """One file: its local name, its URL and its SHA-256."""

    name: str
    url: str
    sha256: str


@dataclass(frozen=True)
class RemoteArchive:
    """A folder in a ZIP archive that the server packs on request.

    The bytes of such an archive may vary, but its contents must not. So the contents are verified:

    name    local name of the folder
    url     of the archive
    inside  name of the folder in the archive, at any depth; other entries are skipped
    sha256  of the lines "<path in the folder>  <SHA-256 of the file>", sorted by path, each
            ended by a newline (see `contents_sha256`)
    """

    name: str
    url: str
    inside: str
    sha256: str


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
        return _retrieve(file.url, folder, file.name, f"sha256:{file.sha256}", progress)
    except requests.exceptions.RequestException as error:
        what, advice = _reason(error), "check the connection and try again"
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


def _retrieve(url: str, folder: Path, name: str, known_hash: str | None, progress: bool) -> Path:
    import pooch

    pooch.get_logger().setLevel("ERROR")
    with nullcontext() if progress else job("downloading"):  # a bar of its own needs no other
        return Path(
            pooch.retrieve(
                url,
                known_hash=known_hash,
                fname=name,
                path=folder,
                downloader=pooch.HTTPDownloader(progressbar=progress, chunk_size=1 << 16, timeout=30),
            )
        )


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
        packed = _retrieve(archive.url, temporary, "archive.zip", None, progress)
        unpacked = temporary / "unpacked"
        unpacked.mkdir()
        unpack(packed, archive.inside, unpacked)
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
        return f"the server responded {response.status_code} {response.reason}".rstrip()
    if isinstance(error, failed.Timeout):
        return "the server did not respond in time"
    if isinstance(error, failed.SSLError):
        return "the server's certificate is not trusted"
    if isinstance(error, failed.ProxyError):
        return "the proxy did not respond"
    if isinstance(error, failed.ConnectionError):
        return "the server cannot be reached"
    return f"the transfer failed ({type(error).__name__})"
