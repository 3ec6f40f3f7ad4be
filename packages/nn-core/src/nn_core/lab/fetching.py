"""Real data sets, fetched by name, each file held to its SHA-256.

A program states its sets as values of `RemoteDataset`; nothing here knows any of them.
"""

from dataclasses import dataclass
from pathlib import Path

from nn_core.errors import DataError


@dataclass(frozen=True)
class RemoteFile:
    """One file: what it is called here, where it comes from, what it must contain."""

    name: str
    url: str
    sha256: str


@dataclass(frozen=True)
class RemoteDataset:
    """A named set of files, with what a person should know before using it."""

    name: str
    files: tuple[RemoteFile, ...]
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


def locate(file: RemoteFile, folder: Path | None = None) -> Path | None:
    """The file's path if it stands in the folder (`data_folder()`), else None.

    Its hash was checked when it was fetched and is not checked again.
    """
    path = (folder or data_folder()) / file.name
    return path if path.is_file() else None


def fetch(
    dataset: RemoteDataset, folder: Path | None = None, *, progress: bool = False
) -> tuple[Path, ...]:
    """Paths of all files of a set, after downloading those that are missing or differ.

    folder    where to put them; `data_folder()` by default, made if it is not there
    progress  draw a bar per file on stderr
    A file appears under its name whole and with the right hash, or not at all.
    Raises DataError, naming the file, its address and the way out.
    """
    target = folder or data_folder()
    return tuple(_fetch_file(file, dataset.name, target, progress) for file in dataset.files)


def _fetch_file(file: RemoteFile, dataset: str, folder: Path, progress: bool) -> Path:
    import pooch
    import requests.exceptions

    pooch.get_logger().setLevel("ERROR")
    try:
        path = pooch.retrieve(
            file.url,
            known_hash=f"sha256:{file.sha256}",
            fname=file.name,
            path=folder,
            downloader=pooch.HTTPDownloader(progressbar=progress, chunk_size=1 << 16, timeout=30),
        )
    except requests.exceptions.RequestException as error:
        what, advice = _reason(error), "check the connection and try again"
    except ValueError:
        what = "what arrived is not the file expected (its SHA-256 differs)"
        advice = "try again"
    except OSError as error:
        what = f"cannot write it in {folder}: {error.strerror or error}"
        advice = "make room or rights there"
    else:
        return Path(path)
    raise DataError(
        f"cannot fetch {dataset}, file {file.name}, from {file.url}: {what};"
        f" {advice}, or put the file in {folder} yourself"
    )


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
