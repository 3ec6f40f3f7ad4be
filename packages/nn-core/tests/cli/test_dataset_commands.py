"""`datasets` and `fetch` of a program with a set that is made and one that is fetched."""

import hashlib
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from loopback import Server, serving

from nn_core.cli import download
from nn_core.cli.app import App
from nn_core.cli.catalog import list_sets
from nn_core.cli.dataset_commands import datasets_command, fetch_command
from nn_core.cli.download import RemoteDataset, RemoteFile

CONTENT = bytes(range(256)) * 700


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(monkeypatch, CONTENT) as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that fetched sets are looked for in."""
    monkeypatch.setattr(download, "data_folder", lambda: tmp_path)
    return tmp_path


def moons(points: int = 500, noise: float = 0.2) -> None:
    """Two half circles."""


def birds(address: str, content: bytes = CONTENT) -> RemoteDataset:
    file = RemoteFile("birds.bin", address, hashlib.sha256(content).hexdigest())
    return RemoteDataset("birds", (file,), "Photos of birds", "made here", "none")


def invoke(remote: RemoteDataset, *arguments: object) -> Result:
    """A program `toy` that makes moons, and fetches the remote set and one called fish."""
    fetched = {remote.name: remote, "fish": replace(remote, name="fish")}

    @click.group(cls=App)
    def main() -> None:
        pass

    main.add_command(datasets_command("toy", lambda: list_sets({"moons": moons}, fetched)))
    main.add_command(fetch_command(fetched))
    return CliRunner().invoke(main, [str(word) for word in arguments], prog_name="toy")


def refusal(remote: RemoteDataset, *arguments: object) -> str:
    """The one line with which it says that it cannot."""
    result = invoke(remote, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    return line.removeprefix("Error: ")


def test_sets_are_listed_with_settings_and_how_to_get_them(server: Server, folder: Path) -> None:
    remote = birds(f"{server.address}/whole")
    assert invoke(remote, "datasets").stdout == (
        "moons:points=500,noise=0.2\n    Two half circles.\n"
        "birds  (to download: toy fetch birds)\n    Photos of birds\n"
        "fish  (to download: toy fetch fish)\n    Photos of birds\n"
    )
    (folder / "birds.bin").touch()
    assert "to download" not in invoke(remote, "datasets").stdout
    assert server.asked == []


def test_json_says_the_same() -> None:
    made, fetched, _ = json.loads(invoke(birds("http://127.0.0.1"), "datasets", "--json").stdout)
    assert made == {
        "name": "moons",
        "spec": "moons:points=500,noise=0.2",
        "description": "Two half circles.",
        "is_here": True,
    }
    assert (fetched["spec"], fetched["is_here"]) == ("birds", False)


def test_a_set_arrives_where_data_is_looked_for(server: Server, folder: Path) -> None:
    remote = birds(f"{server.address}/whole")
    result = invoke(remote, "fetch", "birds")
    assert (result.exit_code, result.stdout) == (0, f"{folder / 'birds.bin'}\n")
    assert result.stderr == "Photos of birds; origin: made here; license: none\n"
    assert (folder / "birds.bin").read_bytes() == CONTENT
    again = invoke(remote, "fetch", "birds")
    assert (again.exit_code, again.stdout) == (0, result.stdout)
    assert server.asked == ["/whole"]


def test_a_set_is_written_to_the_folder_given(server: Server, folder: Path) -> None:
    to = folder / "new" / "place"
    result = invoke(birds(f"{server.address}/whole"), "fetch", "birds", "--to", to)
    assert (result.exit_code, result.stdout) == (0, f"{to / 'birds.bin'}\n")
    assert [path for path in folder.rglob("*") if path.is_file()] == [to / "birds.bin"]


def test_a_file_cannot_be_the_folder(folder: Path) -> None:
    (folder / "file").touch()
    result = invoke(birds("http://127.0.0.1"), "fetch", "birds", "--to", folder / "file")
    assert result.exit_code == 2
    assert "is a file" in result.stderr


@pytest.mark.parametrize(("name", "hint"), [("bird", "did you mean 'birds'?"), ("moons", "choose from birds, fish")])
def test_a_set_that_cannot_be_fetched(name: str, hint: str) -> None:
    said = refusal(birds("http://127.0.0.1"), "fetch", name)
    assert said == f"unknown data set {name!r}; {hint}"


def test_another_content_is_refused(server: Server, folder: Path) -> None:
    said = refusal(birds(f"{server.address}/whole", b"other"), "fetch", "birds")
    assert said.startswith("cannot fetch birds, file birds.bin, from http")
    assert "SHA-256 differs" in said
    assert list(folder.iterdir()) == []


def test_without_a_network_nothing_is_left_behind(folder: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        remote = birds(f"http://127.0.0.1:{bound.getsockname()[1]}/whole")
        said = refusal(remote, "fetch", "birds", "--to", folder / "new")
    assert "cannot be reached" in said
    assert list(folder.iterdir()) == []


def test_the_help_of_fetch_names_the_sets() -> None:
    remote = birds("http://127.0.0.1")
    text = invoke(remote, "fetch", "--help").stdout
    assert text.startswith("Usage: toy fetch [OPTIONS] birds|fish\n")
