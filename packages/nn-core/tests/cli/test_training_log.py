"""`--log` and `--log-format`: formats, and errors before a run starts."""

import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from nn_core.cli.app import App
from nn_core.cli.training_log import FORMATS, log_options, log_to
from nn_core.training.log import LOGS, Log


@click.group(cls=App)
def main() -> None: ...


@main.command()
@log_options()
def train(log: Path | None, log_format: str | None) -> None:
    made: Any = log_to(log, log_format)
    click.echo("none" if made is None else f"{type(made).__name__} {made.path}")


def output(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["train", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.stderr.strip() if status else result.stdout.strip()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "none"),
        (("--log", "a.jsonl"), "JSONLinesLog a.jsonl"),
        (("--log", "a.csv"), "CSVLog a.csv"),
        (("--log", "folder"), "TensorBoardLog folder"),
        (("--log", "runs/first"), "TensorBoardLog runs/first"),
        (("--log", "a.txt", "--log-format", "csv"), "CSVLog a.txt"),
        (("--log", "a", "--log-format", "jsonl"), "JSONLinesLog a"),
        (("--log-format", "tensorboard", "--log", "run.1"), "TensorBoardLog run.1"),
    ],
)
def test_log_format_by_suffix(arguments: tuple[str, ...], expected: str) -> None:
    assert output(*arguments).replace("\\", "/") == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--log-format", "csv"), "--log-format needs --log PATH"),
        (("--log", "folder", "--log-format", "csv"), "'folder' is a folder"),
        (("--log", "file", "--log-format", "tensorboard"), "'file' is a file; the format tensorboard needs a folder"),
        (("--log", "none/a.csv"), "no such folder: 'none'"),
        (("--log", "a.csv", "--log-format", "cvs"), "'cvs' is not one of 'jsonl', 'csv', 'tensorboard'"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], message: str, folder: Path) -> None:
    assert message in output(*arguments, status=2)
    assert sorted(path.name for path in folder.iterdir()) == ["file", "folder"]


def test_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX.proto.event_pb2", None)
    message = output("--log", "folder", status=1)
    assert message.endswith('python -m pip install "./packages/nn-core[tensorboard]"')
    assert len(message.splitlines()) == 1


def test_options_list_every_format() -> None:
    assert tuple(LOGS) == FORMATS
    assert all(issubclass(each, Log) for each in LOGS.values())
