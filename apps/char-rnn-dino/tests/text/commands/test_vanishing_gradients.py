"""`char-rnn vanishing-gradients`."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from commands import CHAR, train

COMMAND = "vanishing-gradients"


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_trained_networks_read_their_text(tmp_path: Path) -> None:
    models = [train(CHAR, tmp_path, "--cell", cell, name=f"{cell}.h5") for cell in ("rnn", "gru")]
    asked = [argument for model in models for argument in ("--model", model)]
    found = CHAR.json(COMMAND, *asked, "--steps", 12, "--seed", 1)
    assert [(row["model"], row["cell"], len(row["weights"])) for row in found["rows"]] == [
        ("rnn.h5", "rnn", 12), ("gru.h5", "gru", 12)
    ]  # fmt: skip
    assert all(np.isfinite(row["state"]).all() for row in found["rows"])
    assert (tmp_path / "vanishing-gradients.png").read_bytes().startswith(b"\x89PNG")


def test_a_short_text(tmp_path: Path) -> None:
    model = train(CHAR, tmp_path)
    Path("short.txt").write_text("We dug.", "utf-8")
    asked = (COMMAND, "--model", model, "--data", "short.txt")
    noting = dataclasses.replace(CHAR, remarks=f"{CHAR.remarks}|Note: ")
    assert "over 5 steps" in noting.succeed(*asked).stdout


def test_without_a_model_networks_are_untrained() -> None:
    said = CHAR.succeed(COMMAND, "--cell", "gru", "--steps", 3, "--gate-biases", 0).stdout
    assert said.startswith("gru, update gate bias 0 (50% open): ")
