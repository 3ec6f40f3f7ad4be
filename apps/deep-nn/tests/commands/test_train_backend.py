"""What `train` computes with: the engine or the reference, shards, threads, and plug-ins."""

from pathlib import Path
from typing import Any

import pytest
from command_line import PROGRAM, json_of, refusal, succeed, trained

from nn_core.testing import assert_same_run

SHORT = ("--epochs", 5, "--hidden", "20,10", "--dropout", "0.2")


def metrics(*options: object) -> dict[str, Any]:
    """The losses and accuracies of a run."""
    result = json_of("train", *SHORT, *options)
    return {name: value for name, value in result.items() if name.endswith(("loss", "accuracy"))}


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
def test_the_reference_gives_the_table_of_the_engine(optimizer: str) -> None:
    options = ("--optimizer", optimizer, "--l2", "0.01", "--clip-norm", 1)
    fast, reference = (metrics(*options, "--engine", name) for name in ("fast", "reference"))
    assert len(fast) == 6
    for name, value in fast.items():
        assert f"{reference[name]:.4g}" == f"{value:.4g}"


@pytest.mark.parametrize("shards", [1, 4, 7])
def test_with_shards_the_bits_do_not_depend_on_the_threads(tmp_path: Path, shards: int) -> None:
    one, two = (
        trained(tmp_path / f"{threads}.h5", *SHORT, "--shards", shards, "--threads", threads) for threads in (1, 2)
    )
    assert_same_run(one, two)
    assert json_of("summary", "--model", one)["settings"]["shards"] == shards


def test_a_resumed_run_keeps_its_shards(tmp_path: Path) -> None:
    options = (*SHORT, "--shards", 4)
    alone = trained(tmp_path / "alone.h5", *options)
    path = trained(tmp_path / "m.h5", *options, "--epochs", 2)
    line = refusal("train", "--resume", path, "--epochs", 5, "--shards", 2, status=2)
    assert "--shards is 4 in the run to resume" in line
    succeed("train", "--resume", path, "--epochs", 5, "--threads", 2)
    assert_same_run(path, alone)


def test_other_shards_give_the_same_table() -> None:
    whole, cut = metrics("--shards", 1), metrics("--shards", 4)
    for name, value in whole.items():
        assert f"{cut[name]:.4g}" == f"{value:.4g}"


def test_the_reference_has_no_shards() -> None:
    line = refusal("train", "--engine", "reference", "--shards", 2, status=2)
    assert "--shards requires --engine fast" in line


PLUGIN = """
from dataclasses import dataclass

import numpy as np

from nn_core.layers import ACTIVATIONS, LAYERS, Activation


@ACTIVATIONS.register("sine")
@LAYERS.register
@dataclass(frozen=True)
class Sine(Activation):
    frequency: float = 1.0

    def function(self, x):
        return np.sin(self.frequency * x)

    def derivative(self, x, y):
        return self.frequency * np.cos(self.frequency * x)
"""


def run(folder: Path, *arguments: object, status: int = 0) -> str:
    """deep-nn as a process, in which a plug-in may register what it likes."""
    with PROGRAM.started(*arguments, cwd=folder) as process:
        out, others = PROGRAM.end_of(process)
    assert process.returncode == status, others
    return "\n".join([out, *others])


def test_a_plugin_adds_an_activation(tmp_path: Path) -> None:
    (tmp_path / "sine.py").write_text(PLUGIN, encoding="utf-8")
    network = ("--plugin", "sine.py", "--activation", "sine:frequency=2", "--epochs", 20)
    assert "337 parameters" in run(tmp_path, "train", *network, "--save", "m.h5")
    used = run(tmp_path, "summary", "--model", "m.h5", "--plugin", "sine.py")
    assert "Sine(frequency=2.0)" in used
    without = run(tmp_path, "evaluate", "--model", "m.h5", status=1)
    assert "unknown layer 'Sine'" in without
    compared = ("compare-l2", "0", "0.1", *network, "--seeds", 1, "--workers", 2)
    assert "validation loss" in run(tmp_path, *compared)


def test_a_plugin_that_is_missing_is_one_line(tmp_path: Path) -> None:
    line = refusal("train", "--plugin", tmp_path / "none.py", status=2)
    assert "none.py" in line
