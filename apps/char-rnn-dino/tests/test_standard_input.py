"""Names and texts on standard input."""

import json
from pathlib import Path
from typing import Any

import pytest
from commands import CHAR, CORPUS, DINO, NAMES, SMALL, each_program

from nn_core.testing import CommandLine


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def result(program: CommandLine, *arguments: object) -> Any:
    data = CORPUS if program == CHAR else "\n".join(NAMES)
    done = program.invoke(*arguments, "--json", input=data.encode())
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@each_program
def test_a_run_and_its_model(program: CommandLine) -> None:
    trained = result(program, "train", "--data", "-", "--epochs", 1, *SMALL, "--save", "m.h5")
    assert trained["data"] == "standard input"
    assert "give it with --data" in program.refusal("evaluate", "--model", "m.h5", status=1)
    assert result(program, "evaluate", "--model", "m.h5", "--data", "-")["data"] == "standard input, held out"
    assert "give it again with --data" in program.refusal("train", "--resume", "m.h5", status=2)
    assert result(program, "train", "--resume", "m.h5", "--epochs", 2, "--data", "-")["epochs"] == 2


@each_program
def test_nothing_to_read_is_one_line(program: CommandLine) -> None:
    assert program.refusal("train", "--data", "-", status=1) == "standard input is empty"


def test_names_to_exclude() -> None:
    assert len(result(DINO, "--novel", "--data", "-", "--count", 2, "--seed", 0)) == 2
