"""Divergence, Ctrl-C and exhausted memory."""

import signal
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np
import pytest
from command_line import invoke, refusal, refused_and_nothing_changed, trained

from nn_core.testing import assert_same_run, strict_json
from nn_core.training.trainer import Trainer


def press_ctrl_c_in_step(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    usual = Trainer.step

    def step_or_press(trainer: Trainer) -> float:
        if trainer.state.step + 1 == step:
            signal.raise_signal(signal.SIGINT)
        return usual(trainer)

    monkeypatch.setattr(Trainer, "step", step_or_press)


class TestDivergence:
    WILD = ("--optimizer", "gradient-descent", "--learning-rate", "1e6", "--hidden", "64,64,64")

    def test_divergence_is_one_line(self, here: Path) -> None:
        path = trained(here / "m.h5")
        line = refused_and_nothing_changed(here, "train", "--save", path, "--figure", "f.png", *self.WILD, status=1)
        assert "non-finite values come from layer " in line
        assert "smaller learning rate" in line

    @pytest.mark.parametrize("rate", ["1e8", "1e15", "1e20", "1e60"])
    @pytest.mark.parametrize("epochs", [1, 3])
    def test_a_nonfinite_loss_is_never_reported_or_saved(self, here: Path, rate: str, epochs: int) -> None:
        wild = ("--optimizer", "gradient-descent", "--learning-rate", rate, "--batch-size", "full")
        outputs = ("--save", "m.h5", "--log", "log.jsonl", "--json")
        result = invoke("train", *wild, *outputs, "--epochs", epochs)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        if result.exit_code == 0:
            strict_json(result.stdout)
        if (here / "m.h5").exists():
            with h5py.File(here / "m.h5") as file:
                losses = file["training/history/columns/training_loss"][()]
            assert np.isfinite(losses).all()
        if (here / "log.jsonl").exists():
            for line in (here / "log.jsonl").read_text(encoding="utf-8").splitlines():
                strict_json(line)


class TestCtrlC:
    def test_while_training_it_says_where_it_saved(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        alone = trained(here / "alone.h5", "--epochs", 4)
        with monkeypatch.context() as pressed:
            press_ctrl_c_in_step(pressed, 17)
            line = refusal("train", "--epochs", 4, "--save", "m.h5", status=130)
        assert line == "interrupted after step 17 (epoch 3); saved; continue with --resume m.h5"
        invoke("train", "--resume", "m.h5")
        assert_same_run(here / "m.h5", alone)

    def test_while_training_without_save_it_says_that(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        press_ctrl_c_in_step(monkeypatch, 3)
        line = refused_and_nothing_changed(here, "train", "--figure", "f.png", status=130)
        assert line.endswith("not saved: no --save given")

    def test_while_cross_validating_it_names_the_fold(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        press_ctrl_c_in_step(monkeypatch, 10)
        line = refused_and_nothing_changed(here, "train", "--cross-validate", 3, "--epochs", 2, status=130)
        assert line == "interrupted after step 10 (epoch 2) of fold 1/3"

    @pytest.mark.parametrize("command", ["compare-optimizers", "compare-l2"])
    def test_while_comparing(self, here: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
        press_ctrl_c_in_step(monkeypatch, 3)
        assert refused_and_nothing_changed(here, command, status=130) == "interrupted"

    @pytest.mark.parametrize("command", ["train", "evaluate --model m.h5", "compare-l2"])
    def test_while_reading(self, here: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
        trained(here / "m.h5")

        def interrupt(*arguments: Any, **options: Any) -> NoReturn:
            raise KeyboardInterrupt

        monkeypatch.setattr("nn_core.cli.catalog.Catalog.load", interrupt)
        line = refused_and_nothing_changed(here, *command.split(), status=130)
        assert line.removesuffix(" before training; nothing to save") == "interrupted"


def test_memory_that_runs_out_is_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> NoReturn:
        raise MemoryError("Unable to allocate 8 EiB")

    monkeypatch.setattr("nn_core.cli.catalog.Catalog.load", fail)
    line = refused_and_nothing_changed(here, "train", "--save", "m.h5", status=1)
    assert line == "out of memory: Unable to allocate 8 EiB"
