"""Checkpoints with one value of their JSON replaced: each is loaded, or refused in one line."""

from pathlib import Path

import pytest
from command_line import trained

from deep_nn.model import load_model
from nn_core.testing_json import require_refused_or_loaded


@pytest.mark.parametrize("count", [60, pytest.param(None, marks=pytest.mark.slow)])
def test_every_value_of_a_checkpoint_is_checked(tmp_path: Path, count: int | None) -> None:
    table = tmp_path / "t.csv"
    rows = "".join(f"{i * 7 % 11},{'abc'[i % 3]},{i % 5 / 2}\n" for i in range(30))
    table.write_text("size,kind,price\n" + rows)
    path = trained(tmp_path / "m.h5", "--data", table, "--target", "price", "--hidden", 2)
    require_refused_or_loaded(path, load_model, count)
