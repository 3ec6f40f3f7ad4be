"""Data sets downloaded by name, each file verified against its SHA-256.

A program declares its sets as values of `RemoteDataset`; nothing here knows any of them.
"""

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from nn_core.errors import DataError
from nn_core.storage.archives import contents_sha256, unpack
from nn_core.storage.files import exists


@dataclass(frozen=True)
class RemoteFile:
    """One file: what it is called here, where it comes from, what it must contain."""

    name: str
    url: str
    sha256: str


@dataclass(frozen=True)
class RemoteArchive:
    """A folder of a ZIP archive that is packed anew each time it is asked for.

    Of such an archive the bytes may change, but not what is in it. So the contents are checked:

    name    what the folder is called here
    url     where the archive comes from
    inside  the folder's name in the archive, at any depth; the rest is left out
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
    """A named set of files, with what a person should know before using it."""

    name: str
    files: tuple[Remote, ...]
    description: str
    origin: str
    licence: str


def data_folder() -> Path:
    """Where fetched files land and are looked for.

    In a checkout, that is the workspace's `data`; otherwise the user's cache for nn-core.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / "packages" / "nn-core").is_dir() and (folder / "data").is_dir():
            return folder / "data"
    import pooch

    return Path(pooch.os_cache("nn-core"))


def locate(file: Remote, folder: Path | None = None) -> Path | None:
    """The path of the file or the unpacked archive if it is in the folder, else None.

    folder  `data_folder()` by default
    Its hash was checked when it was fetched and is not checked again.
    """
    path = (folder or data_folder()) / file.name
    is_here = path.is_dir() if isinstance(file, RemoteArchive) else path.is_file()
    return path if is_here else None


def fetch(
    dataset: RemoteDataset, folder: Path | None = None, *, progress: bool = False
) -> tuple[Path, ...]:
    """Paths of all files of a set, after downloading those that are missing or differ.

    folder    where to put them; `data_folder()` by default, made if it is not there
    progress  draw a bar per file on stderr
    A file or an unpacked archive appears under its name whole and with the right hash, or not
    at all; a folder into which nothing came does not stay.
    Raises DataError, naming the file, its address and the way out.
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
        what = "what arrived is not the file expected (its SHA-256 differs)"
        advice = "try again"
    except OSError as error:
        what = f"cannot write it in {folder}: {error.strerror or error}"
        advice = "make room or rights there"
    raise DataError(
        f"cannot fetch {dataset}, file {file.name}, from {file.url}: {what};"
        f" {advice}, or put the file in {folder} yourself"
    )


def _retrieve(url: str, folder: Path, name: str, known_hash: str | None, progress: bool) -> Path:
    import pooch

    pooch.get_logger().setLevel("ERROR")
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
    """The unpacked folder, put in its place by one renaming once it is whole and right.

    Raises DataError if the contents are not those expected.
    """
    target = folder / archive.name
    if target.is_dir() and contents_sha256(target) == archive.sha256:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder, prefix=f".{archive.name}.", ignore_cleanup_errors=True
    ) as name:
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
    """Why a request failed, in a few words; the library's own tell of its insides."""
    import requests.exceptions as failed

    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code} {response.reason}".rstrip()
    if isinstance(error, failed.Timeout):
        return "the server did not answer in time"
    if isinstance(error, failed.SSLError):
        return "the server's certificate is not trusted"
    if isinstance(error, failed.ProxyError):
        return "the proxy did not answer"
    if isinstance(error, failed.ConnectionError):
        return "the server cannot be reached"
    return f"the transfer broke off ({type(error).__name__})"
