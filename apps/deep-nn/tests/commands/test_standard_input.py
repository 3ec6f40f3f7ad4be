"""Tables and images on standard input."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import SIDES, invoke, refusal, write_csv


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_csv(Path("sides.csv"), SIDES, "lr")


def result(table: Path, *arguments: object) -> Any:
    done = invoke(*arguments, "--json", input=table.read_bytes())
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_training_is_the_same_as_on_the_file(table: Path) -> None:
    losses = {
        result(table, "train", "--data", data, "--epochs", 2, "--save", "m.h5")["training_loss"]
        for data in ("-", table)
    }
    assert len(losses) == 1
    assert result(table, "train", "--data", "-", "--epochs", 1, "--cross-validate", 2)["data"] == "standard input"


def test_a_run_goes_on_only_with_its_data(table: Path) -> None:
    result(table, "train", "--data", "-", "--epochs", 1, "--save", "m.h5")
    for command in (("train", "--resume", "m.h5"), ("train", "--from", "m.h5")):
        line = refusal(*command, status=2)
        assert "the run read its --data from standard input, which is not stored; give it again with --data" in line
    for command in ("evaluate", "boundary"):
        assert "give it with --data" in refusal(command, "--model", "m.h5", status=1)
    for epochs, data in ((2, table), (3, "-")):
        resumed = result(table, "train", "--resume", "m.h5", "--epochs", epochs, "--data", data)
        assert resumed["epochs"] == epochs
    assert result(table, "evaluate", "--model", "m.h5", "--data", "-")["examples"] == len(SIDES)
    assert len(result(table, "predict", "--model", "m.h5", "-")) == len(SIDES)


@pytest.mark.parametrize(
    ("arguments", "data", "status", "message"),
    [
        (("train", "--data", "-"), b"", 1, "standard input is empty"),
        (("train", "--data", "-"), b"\x00\x01\x02" * 99, 1, "standard input is not a table in text"),
        (("train", "--data", "-", "--test", "-"), b"", 2, "standard input (-) can be read only once"),
        (("compare-l2", "--data", "-", "--workers", 2), b"", 2, "standard input can be read only once; omit --workers"),
    ],
)
def test_what_cannot_be_read_is_one_line(arguments: Any, data: bytes, status: int, message: str) -> None:
    done = invoke(*arguments, input=data)
    assert (done.exit_code, done.stdout) == (status, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: {message}")
