"""The command `sweep`: the best trial as a command that repeats it."""

import shlex
from pathlib import Path

import pytest
from program import PROGRAM

SWEEP = (
    *("sweep", "--data", "synthetic:count=40", "--preset", "classic", "--epochs", "1", "--trials", "2"),
    *("--space", "learning-rate=log:1e-3:0.1,batch-size=8|16"),
)


def test_the_best_command_repeats_the_best_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = PROGRAM.json(*SWEEP)
    trained = PROGRAM.json(*shlex.split(found["best_command"])[1:])
    assert trained["validation_loss"] == found["best_loss"]
    assert (tmp_path / "sweep.png").exists()
