"""`datasets` and `fetch`, from a server on this machine."""

import hashlib
import io
import json
import socket
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from photos import hdf5_file, numbered_folder, pixels, rng
from program import invoke, refusal

from cnn_sign_digits.datasets.catalog import CATALOG
from nn_core.cli import download
from nn_core.cli.download import RemoteDataset
from nn_core.storage.archives import contents_sha256

TEN = tuple(map(str, range(10)))
PHOTOS = pixels(6)


class Server(ThreadingHTTPServer):
    contents: dict[str, bytes]


class Handler(BaseHTTPRequestHandler):
    """/NAME responds with the contents of that name."""

    def do_GET(self) -> None:
        content = cast(Server, self.server).contents[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A server with small data sets in place of digits and signs."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(("127.0.0.1", 0), Handler) as running:
        folder = numbered_folder(tmp_path / "source" / "Dataset", 5)
        signs = hdf5_file(
            tmp_path / "source" / "signs.h5", np.arange(6), test_set_x=PHOTOS, test_set_y=np.arange(6)[None]
        )
        running.contents = {"/digits": packed(folder), "/signs": signs.read_bytes()}
        sums = {"digits": contents_sha256(folder), "signs": hashlib.sha256(signs.read_bytes()).hexdigest()}
        address = f"http://127.0.0.1:{running.server_address[1]}"
        for name, sha256 in sums.items():
            expect(monkeypatch, name, url=f"{address}/{name}", sha256=sha256)
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which downloaded sets are looked for."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.setattr(download, "data_folder", lambda: folder)
    return folder


def expect(monkeypatch: pytest.MonkeyPatch, name: str, **changes: Any) -> None:
    """Change the file of a remote data set."""
    (file,) = CATALOG.remote[name].files
    remote = replace(CATALOG.remote[name], files=(replace(file, **changes),))
    monkeypatch.setitem(cast(dict[str, RemoteDataset], CATALOG.remote), name, remote)


def packed(folder: Path) -> bytes:
    """A zip archive of the folder, as GitHub packs a repository."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("Digits-4b09/README.md", "left out")
        for path in folder.rglob("*.JPG"):
            archive.write(path, f"Digits-4b09/{path.relative_to(folder.parent).as_posix()}")
    return buffer.getvalue()


def test_digits_arrive_as_a_folder_and_are_found(server: Any, here: Path) -> None:
    assert "cnn-sign fetch digits" in invoke("datasets").stdout
    result = invoke("fetch", "digits")
    assert (result.exit_code, result.stdout) == (0, f"{here / 'sign-language-digits'}\n")
    assert "license: Apache-2.0" in result.stderr
    assert [path.name for path in here.iterdir()] == ["sign-language-digits"]
    splits = CATALOG.load("digits", rng=rng())
    assert (len(splits.train), len(splits.validation)) == (40, 10)
    assert splits.train.classes == TEN
    assert splits.origin == "1 of 5 subjects held out"
    assert "cnn-sign fetch digits" not in invoke("datasets").stdout


def test_signs_arrive_as_a_file_and_are_found(server: Any, here: Path) -> None:
    result = invoke("fetch", "signs")
    assert (result.exit_code, result.stdout) == (0, f"{here / 'test_signs.h5'}\n")
    assert "a test set only; origin: nabeelshan78/" in result.stderr
    assert [path.name for path in here.iterdir()] == ["test_signs.h5"]
    found = CATALOG.load_for_evaluation("signs", TEN, rng=rng())
    np.testing.assert_array_equal(found.x, PHOTOS)
    assert found.y.tolist() == list(range(6))


@pytest.mark.parametrize("name", ["digits", "signs"])
def test_what_is_there_is_not_asked_for_again(server: Any, name: str) -> None:
    first = invoke("fetch", name)
    server.contents.clear()
    again = invoke("fetch", name)
    assert (again.exit_code, again.stdout) == (0, first.stdout)


@pytest.mark.parametrize(("name", "arrived"), [("digits", "sign-language-digits"), ("signs", "test_signs.h5")])
def test_another_folder_can_be_named(server: Any, here: Path, tmp_path: Path, name: str, arrived: str) -> None:
    to = tmp_path / "new" / "place"
    result = invoke("fetch", name, "--to", to)
    assert (result.exit_code, result.stdout) == (0, f"{to / arrived}\n")
    assert [path.name for path in to.iterdir()] == [arrived]
    assert list(here.iterdir()) == []
    assert len(CATALOG.load_for_evaluation(str(to / arrived), TEN, rng=rng())) in {6, 50}


@pytest.mark.parametrize("name", ["digits", "signs"])
@pytest.mark.parametrize("to", [(), ("--to", "new")])
def test_another_content_is_refused(
    server: Any, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, to: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    expect(monkeypatch, name, sha256="0" * 64)
    said = refusal("fetch", name, *to, status=1)
    assert said.startswith(f"cannot fetch {name}, file {CATALOG.remote[name].files[0].name}, from http")
    assert "the download is not the expected file (its SHA-256 differs)" in said
    assert list(here.iterdir()) == []
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["digits", "signs"])
@pytest.mark.parametrize("to", [(), ("--to", "new")])
def test_without_a_network_nothing_is_left_behind(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, to: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        expect(monkeypatch, name, url=f"http://127.0.0.1:{bound.getsockname()[1]}/{name}")
        said = refusal("fetch", name, *to, status=1)
    assert said.startswith(f"cannot fetch {name}, ")
    assert "the server cannot be reached; check the connection and try again" in said
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "hint"), [("digit", "did you mean 'digits'?"), ("synthetic", "choose from digits, signs")]
)
def test_a_set_that_cannot_be_fetched(name: str, hint: str) -> None:
    assert refusal("fetch", name, status=1) == f"unknown data set {name!r}; {hint}"


def test_all_sets_are_listed_with_their_settings() -> None:
    assert invoke("datasets").stdout.startswith("synthetic:count=5000,diversity=0.15\n    Synthetic hands")
    listed = json.loads(invoke("datasets", "--json").stdout)
    assert [(entry["name"], entry["is_here"]) for entry in listed] == [
        ("synthetic", True),
        ("digits", False),
        ("signs", False),
    ]
