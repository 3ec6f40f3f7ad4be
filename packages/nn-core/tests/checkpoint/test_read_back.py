"""What is written is read back first; sizes and lengths in a file are checked before they are believed."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import h5py
import numpy as np
import pytest
from checkpoint_files import PROGRAM, load_error, save_error, saved
from small_runs import full_trainer

import nn_core
from nn_core import checkpoint
from nn_core.checkpoint import Checkpoint
from nn_core.errors import CheckpointError
from nn_core.layers import Dense
from nn_core.network import Network
from nn_core.testing_json import require_refused_or_loaded, write_json
from nn_core.training.history import History


def test_a_file_that_could_not_be_loaded_does_not_replace_a_good_one(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    before = path.read_bytes()

    def refuse(loaded: Checkpoint) -> None:
        raise CheckpointError("no classes")

    with patch.dict(checkpoint.READERS, {PROGRAM: refuse}):
        assert save_error(path) == "FILE was not written, since it could not be loaded: no classes"
    assert save_error(path, details={"name": "\ud800"}).startswith("FILE was not written, since it could not")
    with pytest.raises(CheckpointError, match="cannot be saved"):
        saved(path, details={"rate": math.inf})
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["model.h5"]


def test_columns_of_a_history_have_one_length(tmp_path: Path) -> None:
    trainer = full_trainer(epochs=1)
    trainer.run()
    path = saved(tmp_path / "model.h5", trainer)
    with h5py.File(path, "r+") as file:
        columns = file["training/history/columns"]
        del columns["training_loss"]
        columns["training_loss"] = np.zeros(9)
    assert "the columns epoch and training_loss differ in length: 1 and 9 epochs" in load_error(path)
    snapshot = replace(trainer.state.snapshot(), history=History({"a": [1.0], "b": []}))
    assert "the columns b and a differ in length" in save_error(tmp_path / "new.h5", snapshot=snapshot)


@pytest.mark.parametrize("units", [2**20, 2**31 - 1, 2**40])
def test_parameters_are_measured_against_the_file_before_they_are_allocated(tmp_path: Path, units: int) -> None:
    path = saved(tmp_path / "model.h5")
    architecture = (
        f'{{"layers": [{{"layer": "Dense", "units": {units}}}], "input_shape": [3], "dtype": "float32", "tied": {{}}}}'
    )
    write_json(path, "architecture", architecture)
    with patch("nn_core.checkpoint.architecture.Network", side_effect=AssertionError):
        line = load_error(path)
    assert ("of parameters, but it has" in line) == (units < 2**31)


@pytest.mark.parametrize("value", ["null", "1", '"yes"'])
def test_over_time_of_version_1_is_true_or_false(tmp_path: Path, value: str) -> None:
    path = saved(tmp_path / "model.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["version"] = 1
    layers = '[{"layer": "Dense", "units": 4}]'
    architecture = f'{{"layers": {layers}, "input_shape": [3], "dtype": "float32", "over_time": {value}}}'
    write_json(path, "architecture", architecture)
    assert "over_time must be true or false" in load_error(path)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"seconds": 1e999}, "seconds must be a number"),
        ({"seconds": -1}, "seconds must be a number at least 0"),
        ({"step": 2**63}, "step must be an integer from 0"),
        ({"seed": True}, "seed must be an integer from 0"),
        ({"shards": 2**40}, "shards must be an integer from 1 to 256"),
        ({"stopped": "x" * 3000}, "stopped has 3,000 characters"),
    ],
)
def test_ranges_of_the_state_of_a_run(tmp_path: Path, state: dict[str, Any], message: str) -> None:
    path = saved(tmp_path / "model.h5")
    sound: dict[str, Any] = {"seed": 2, "step": 5, "seconds": 0.5, "stopped": None, "shards": None}
    write_json(path, "training/state", json.dumps(sound | state).replace("Infinity", "1e999"))
    assert message in load_error(path)


@pytest.mark.parametrize("count", [40, pytest.param(None, marks=pytest.mark.slow)])
def test_every_value_of_a_model_file_is_checked(tmp_path: Path, count: int | None) -> None:
    path = tmp_path / "model.h5"
    rng = np.random.default_rng(0)
    model = nn_core.Model(Network([Dense(2)], input_shape=3, seed=0), loss="softmax-cross-entropy")
    model.fit(rng.normal(size=(8, 3)), rng.integers(0, 2, 8), epochs=2, verbose=False)
    model.save(path)
    require_refused_or_loaded(path, nn_core.Model.load, count)


def test_values_that_are_missing_in_the_history_of_a_model_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)), rng.integers(0, 2, 8)
    model = nn_core.Model(Network([Dense(2)], input_shape=3, seed=0), loss="softmax-cross-entropy")
    model.fit(x, y, epochs=1, verbose=False)
    model.history.append({"epoch": 2.0})
    model.save(tmp_path / "model.h5")
    np.testing.assert_equal(nn_core.Model.load(tmp_path / "model.h5").history.columns, model.history.columns)
