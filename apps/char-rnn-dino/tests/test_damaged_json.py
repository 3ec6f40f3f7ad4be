"""Checkpoints with one value of their JSON replaced: each is loaded, or refused in one line."""

from pathlib import Path

import pytest
from commands import CHAR, DINO, train

from char_rnn_dino.model import load_model
from char_rnn_dino.settings import NameSettings, TextSettings, settings_of
from nn_core.testing import CommandLine
from nn_core.testing_json import require_refused_or_loaded


@pytest.mark.parametrize("program", [CHAR, DINO])
@pytest.mark.parametrize("count", [40, pytest.param(None, marks=pytest.mark.slow)])
def test_every_value_of_a_checkpoint_is_checked(tmp_path: Path, program: CommandLine, count: int | None) -> None:
    settings = TextSettings if program is CHAR else NameSettings

    def load(path: Path) -> object:
        return settings_of(load_model(path, program.name), settings)

    require_refused_or_loaded(train(program, tmp_path), load, count)
