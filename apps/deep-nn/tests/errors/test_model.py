"""Checkpoints that cannot be used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from command_line import refused_and_nothing_changed, trained, write_cats, write_npz

from nn_core import checkpoint
from nn_core.layers import Dense
from nn_core.network import Network


def another_programs(path: Path) -> Path:
    checkpoint.save(path, Network([Dense(1)], input_shape=(2,)), program="cnn-sign", details={"classes": []})
    return path


def cut_off(path: Path) -> Path:
    trained(path)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def edited(edit: Callable[[Any], None]) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        trained(path)
        with h5py.File(path, "r+") as file:
            edit(file)
        return path

    return write


def replaced(name: str, value: Any) -> Callable[[Any], None]:
    def edit(file: Any) -> None:
        del file[name]
        if isinstance(value, dict):
            file.create_group(name)
        elif value is not None:
            file[name] = value

    return edit


def plain_text(path: Path) -> Path:
    path.write_text("weights")
    return path


BAD_MODELS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no such file": (lambda path: path, "no such file: m.h5"),
    "a directory": (Path.mkdir, "m.h5 is a directory, not a file"),
    "an empty file": (Path.touch, "m.h5 is empty"),
    "text": (plain_text, "m.h5 is not a checkpoint (not HDF5)"),
    "a data file": (lambda path: write_cats(path, "train"), "m.h5 is not a checkpoint (no nn-core header)"),
    "of another program": (another_programs, "m.h5 was written by cnn-sign, not by deep-nn"),
    "truncated": (cut_off, "m.h5 is damaged or incomplete: "),
    "of a later version": (
        edited(lambda file: file.attrs.update(version=99)),
        "m.h5 has format version 99; this program reads up to 2",
    ),
    "without weights": (edited(replaced("parameters/0/W", None)), "m.h5 is damaged"),
    "with weights of another shape": (
        edited(replaced("parameters/0/W", np.zeros((3, 3)))),
        "m.h5 is damaged: /parameters/0/W has shape (3, 3), expected (2, 16)",
    ),
    "with weights that are not finite": (
        edited(replaced("parameters/0/W", np.full((2, 16), np.nan, np.float32))),
        "m.h5 is damaged: /parameters/0/W has non-finite values",
    ),
    "with a group for weights": (edited(replaced("parameters/0/W", {})), "m.h5 is damaged"),
    "without details": (edited(replaced("details", None)), "m.h5 is damaged"),
    "with details that are not JSON": (edited(replaced("details", "{")), "m.h5 is damaged"),
    "with other details": (edited(replaced("details", "{}")), "m.h5 is damaged"),
}


class TestModels:
    @pytest.mark.parametrize("kind", BAD_MODELS)
    @pytest.mark.parametrize("command", ["evaluate --model", "train --resume"])
    def test_bad_checkpoints_in_evaluate_and_resume(self, here: Path, command: str, kind: str) -> None:
        make, words = BAD_MODELS[kind]
        make(Path("m.h5"))
        line = refused_and_nothing_changed(here, *command.split(), "m.h5", status=1)
        assert words in line

    @pytest.mark.parametrize("command", ["summary", "boundary", "predict"])
    @pytest.mark.parametrize("kind", ["no such file", "of another program", "truncated"])
    def test_bad_checkpoints_in_other_commands(self, here: Path, command: str, kind: str) -> None:
        make, words = BAD_MODELS[kind]
        make(Path("m.h5"))
        files = ["points.csv"] if command == "predict" else []
        line = refused_and_nothing_changed(here, command, "--model", "m.h5", *files, status=1)
        assert words in line

    def test_missing_training_data(self, here: Path) -> None:
        data = write_npz(here / "points.npz")
        path = trained(here / "m.h5", "--data", data)
        data.unlink()
        for command in ("evaluate", "boundary"):
            line = refused_and_nothing_changed(here, command, "--model", path, status=1)
            assert f"no such file: {data}" in line
            assert "--data" in line

    @pytest.mark.parametrize("name", ["training/state", "training/history/step_loss", "training/optimizer/m"])
    def test_a_damaged_run(self, here: Path, name: str) -> None:
        edited(replaced(name, None))(here / "m.h5")
        line = refused_and_nothing_changed(here, "train", "--resume", "m.h5", "--epochs", 2, status=1)
        assert line
