"""The checkpoint file: what comes back, to the bit, how it is laid out, and failing to write it."""

import errno
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from checkpoint_files import PROGRAM, load, load_error, save_error, saved
from small_runs import full_trainer

from nn_core import checkpoint
from nn_core.engine.engine import Engine
from nn_core.errors import CheckpointError
from nn_core.layers import Dense, Dropout, Flatten, Layer, LeakyReLU, ReLU
from nn_core.network import Network
from nn_core.reference import Reference

SEAL = b"\nnn-core sha256 "


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loaded_network_predicts_the_same_to_the_bit(tmp_path: Path, dtype: Any) -> None:
    layers: list[Layer] = [Flatten(), Dense(5, initializer="orthogonal"), LeakyReLU(0.2), Dropout(0.5)]
    layers += [Dense(4, initializer="normal:scale=0.5"), ReLU(), Dense(3)]
    network = Network(layers, input_shape=(2, 3), rng=np.random.default_rng(4), dtype=dtype)
    network.vector += 0.1
    x = np.random.default_rng(5).normal(size=(9, 2, 3)).astype(dtype)
    checkpoint.save(tmp_path / "model.h5", network, program=PROGRAM, details={})
    stored = load(tmp_path / "model.h5")
    assert (stored.snapshot, stored.version) == (None, 2)
    assert stored.network.layers == network.layers
    assert (stored.network.input_shape, stored.network.dtype) == ((2, 3), dtype)
    received, expected = (Reference(each).predict(x)[0] for each in (stored.network, network))
    assert received.tobytes() == expected.tobytes()
    with pytest.raises(CheckpointError, match="has only a network, no run to resume"):
        stored.require_snapshot()


def test_details_come_back(tmp_path: Path) -> None:
    details = {"classes": ["cat", "no cat", "čau"], "scale": 1 / 3, "mean": [0.1, -2.5], "n": None}
    assert load(saved(tmp_path / "model.h5", details=details)).details == details


def test_the_file_is_laid_out_as_documented(tmp_path: Path) -> None:
    trainer = full_trainer()
    trainer.run()
    snapshot = replace(trainer.state.snapshot(), best=trainer.network.vector * 2)
    path = saved(tmp_path / "model.h5", trainer, snapshot=snapshot)
    names: list[str] = []
    m = trainer.network.named(trainer.state.optimizer_state["m"])
    with h5py.File(path) as file:
        file.visititems(lambda name, item: names.append(name) if hasattr(item, "shape") else None)
        assert dict(file.attrs) == {"format": checkpoint.FORMAT, "version": 2, "program": PROGRAM}
        weights = trainer.network.params["3/W"]
        np.testing.assert_array_equal(file["parameters/3/W"], 2 * weights)
        np.testing.assert_array_equal(file["training/parameters/3/W"], weights)
        np.testing.assert_array_equal(file["training/optimizer/m/3/W"], m["3/W"])
    paths = [f"{layer}/{name}" for layer in (0, 3) for name in "Wb"]
    assert set(names) == {
        "architecture",
        "details",
        *(f"parameters/{path}" for path in paths),
        "training/state",
        *(f"training/parameters/{path}" for path in paths),
        *(f"training/optimizer/{name}/{path}" for name in "mv" for path in paths),
        "training/history/step_loss",
        *(f"training/history/columns/{name}" for name in trainer.state.history.columns),
    }


def test_a_snapshot_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    trainer = full_trainer(make=lambda network: Engine(network, shards=3))
    trainer.run()
    state = trainer.state
    state.history.append({"epoch": 4.0, "training_loss": 0.1, "accuracy": math.nan})
    state.history.step_loss += [0.1, 1 / 3, 1e-300]
    state.stop("enough")
    expected = state.snapshot()
    stored = load(saved(tmp_path / "run.h5", trainer)).require_snapshot()
    np.testing.assert_equal(stored.history.columns, expected.history.columns)
    assert stored.history.step_loss == expected.history.step_loss
    assert list(stored.history.columns) == list(expected.history.columns)
    assert stored.parameters.tobytes() == expected.parameters.tobytes()
    assert list(stored.optimizer_state) == ["m", "v"]
    for name, vector in expected.optimizer_state.items():
        assert stored.optimizer_state[name].tobytes() == vector.tobytes()
    for name in ("seed", "step", "seconds", "stopped", "shards", "recurrent_state", "best"):
        assert getattr(stored, name) == getattr(expected, name)
    assert (stored.seed, stored.step, stored.shards) == (2, 15, 3)


def test_the_best_parameters_predict_and_the_runs_own_are_resumed(tmp_path: Path) -> None:
    trainer = full_trainer()
    trainer.run()
    best = trainer.network.vector - 0.5
    snapshot = replace(trainer.state.snapshot(), best=best)
    stored = load(saved(tmp_path / "model.h5", trainer, snapshot=snapshot))
    np.testing.assert_array_equal(stored.network.vector, best)
    run = stored.require_snapshot()
    np.testing.assert_array_equal(run.parameters, trainer.network.vector)
    full_trainer(stored.network).resume(run)
    np.testing.assert_array_equal(stored.network.vector, trainer.network.vector)
    assert run.best is not None
    np.testing.assert_array_equal(run.best, best)


def test_where_none_are_better_the_runs_own_parameters_predict(tmp_path: Path) -> None:
    stored = load(saved(tmp_path / "model.h5"))
    run = stored.require_snapshot()
    assert run.best is None
    np.testing.assert_array_equal(run.parameters, stored.network.vector)


def test_a_wrong_bit_anywhere_is_noticed(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    content = path.read_bytes()
    seal = content.rindex(SEAL)
    rng = np.random.default_rng(0)
    for position in rng.integers(0, seal, 200):
        wrong = bytearray(content)
        wrong[position] ^= 1 << rng.integers(8)
        path.write_bytes(wrong)
        assert "is damaged: checksum mismatch" in load_error(path) or position < 8


def test_a_file_without_its_checksum_is_judged_by_what_it_holds(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(SEAL)])
    np.testing.assert_array_equal(load(path).network.vector, full_trainer().network.vector)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("position", [0, -1])
def test_weights_that_are_not_finite_leave_the_earlier_file(tmp_path: Path, position: int, value: float) -> None:
    path = saved(tmp_path / "model.h5")
    content = path.read_bytes()
    trainer = full_trainer()
    trainer.network.vector[position] = value
    expected = "FILE was not written: the weights are no longer finite"
    assert save_error(path, trainer) == expected
    snapshot = replace(full_trainer().state.snapshot(), best=trainer.network.vector)
    assert save_error(path, full_trainer(), snapshot=snapshot) == expected
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [content]


@pytest.mark.parametrize("part", ["parameters", "optimizer"])
def test_a_run_that_is_not_finite_leaves_the_earlier_file(tmp_path: Path, part: str) -> None:
    path = saved(tmp_path / "model.h5")
    trainer = full_trainer()
    snapshot = replace(trainer.state.snapshot(), best=trainer.network.vector.copy())
    spoiled = snapshot.parameters if part == "parameters" else snapshot.optimizer_state["v"]
    spoiled[0] = np.inf
    assert "no longer finite" in save_error(path, trainer, snapshot=snapshot)


@pytest.mark.parametrize("earlier", [True, False])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool) -> None:
    def disk_full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "model.h5"
    content = [saved(path).read_bytes()] if earlier else []
    with monkeypatch.context() as patch:
        patch.setattr("nn_core.storage.atomic.os.fsync", disk_full)
        assert save_error(path) == f"cannot write FILE: {os.strerror(errno.ENOSPC)}"
    assert [file.read_bytes() for file in tmp_path.iterdir()] == content


@pytest.mark.parametrize("place", ["file/model.h5", "missing/model.h5"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"in the way")
    assert save_error(tmp_path / place).startswith("cannot write FILE: ")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"in the way"]


def test_saving_onto_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.h5").mkdir()
    assert save_error(tmp_path / "model.h5").startswith("cannot write FILE: ")
    assert [file.name for file in tmp_path.rglob("*")] == ["model.h5"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    real, link = tmp_path / "real.h5", tmp_path / "link.h5"
    link.symlink_to("real.h5")
    trainer = full_trainer()
    saved(link, trainer)
    assert link.is_symlink()
    assert not real.is_symlink()
    np.testing.assert_array_equal(load(real).network.vector, trainer.network.vector)


def test_a_checkpoint_is_told_from_other_files(tmp_path: Path) -> None:
    assert checkpoint.is_checkpoint(saved(tmp_path / "model.h5"))
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = [1]
    (tmp_path / "text.h5").write_text("x")
    for name in ("data.h5", "text.h5", "none.h5"):
        assert not checkpoint.is_checkpoint(tmp_path / name)
