"""The API of checkpoints: str and Path, any program, short reprs, custom layers."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_files import saved

from nn_core import checkpoint
from nn_core.errors import CheckpointError
from nn_core.layers import Chain, Dense, Layer, ReLU, Residual
from nn_core.network import Network


def small(*layers: Layer) -> Network:
    return Network(layers or [Dense(3)], input_shape=(2,), rng=np.random.default_rng(0))


@pytest.mark.parametrize("kind", [str, Path, os.fspath])
def test_paths_are_str_or_path(tmp_path: Path, kind: Any) -> None:
    network = small()
    path = kind(tmp_path / "model.h5")
    checkpoint.save(path, network)
    stored = checkpoint.load(path)
    assert (stored.program, stored.details, stored.snapshot) == ("nn-core", {}, None)
    assert stored.network.vector.tobytes() == network.vector.tobytes()


@pytest.mark.parametrize("wrong", [3, None, b"model.h5"])
def test_other_paths_are_rejected(wrong: Any) -> None:
    message = f"the path must be a str or Path, not {type(wrong).__name__}"
    with pytest.raises(CheckpointError, match=f"^{message}: "):
        checkpoint.load(wrong)
    with pytest.raises(CheckpointError, match=f"^{message}: "):
        checkpoint.save(wrong, small())


def test_only_a_network_is_saved(tmp_path: Path) -> None:
    wrong: Any = [Dense(3)]
    with pytest.raises(CheckpointError, match=r"^a checkpoint holds a Network, not list: save\(path, network\)$"):
        checkpoint.save(tmp_path / "model.h5", wrong)


def test_program_is_checked_if_given(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    assert checkpoint.load(path).program == "test"
    with pytest.raises(CheckpointError, match=r"was written by test, not by deep-nn$"):
        checkpoint.load(path, program="deep-nn")


def test_repr(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "a.h5", small(), details={"classes": ["a", "b", "c"], "units": "cm"})
    assert repr(checkpoint.load(tmp_path / "a.h5")) == (
        "Checkpoint(by nn-core: a network of 1 layer, 9 parameters; details: classes, units)"
    )
    stored = repr(checkpoint.load(saved(tmp_path / "b.h5")))
    assert stored.endswith("; details: none, Snapshot(epoch 0, step 0, seed 2))")


@dataclass(frozen=True)
class Own(ReLU):
    """An unregistered layer."""


@pytest.mark.parametrize("layer", [Own(), Residual((Dense(2), Own())), Chain((Residual((Own(),)),))])
def test_unregistered_layer_is_rejected(tmp_path: Path, layer: Layer) -> None:
    line = "decorate it with @LAYERS.register (from nn_core.layers import LAYERS)"
    message = f"Own() cannot be saved: its class Own is not registered; {line}"
    with pytest.raises(CheckpointError, match=f"^{re.escape(message)}$"):
        checkpoint.save(tmp_path / "model.h5", small(layer))
    assert not list(tmp_path.iterdir())


def test_numpy_scalars_are_stored(tmp_path: Path) -> None:
    units: Any = np.int64(3)
    checkpoint.save(tmp_path / "model.h5", small(Dense(units)), details={"mean": np.float32(0.5)})
    stored = checkpoint.load(tmp_path / "model.h5")
    assert stored.details == {"mean": 0.5}
    assert stored.network.layers == (Dense(3),)


def test_details_must_be_json(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"^details cannot be saved: a value of type ndarray; use numbers"):
        checkpoint.save(tmp_path / "model.h5", small(), details={"mean": np.zeros(3)})
    assert not list(tmp_path.iterdir())
