"""Every layer, nested chains and ties, through a checkpoint."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_files import PROGRAM, load

from nn_core import checkpoint
from nn_core.checkpoint.architecture import describe_layer, describe_network, layer_from, network_from
from nn_core.errors import CheckpointError
from nn_core.layers import (
    GELU,
    GRU,
    LAYERS,
    LSTM,
    AveragePool2D,
    BatchNorm,
    Chain,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    LastStep,
    Layer,
    MaxPool2D,
    Parallel,
    ReLU,
    Residual,
    Select,
    SimpleRNN,
)
from nn_core.network import Network
from nn_core.reference import Reference

SETTINGS: dict[str, dict[str, Any]] = {
    "AveragePool2D": {"pool_size": (2, 1), "padding": (1, 0)},
    "BatchNorm": {"momentum": 0.5, "trainable": False},
    "Chain": {"layers": (Dense(3), Chain((ReLU(), Dense(2, trainable=False))))},
    "Conv2D": {"filters": 2, "kernel_size": (3, 2), "strides": 2, "padding": (1, 0)},
    "Dense": {"units": 2, "trainable": False},
    "Dropout": {"rate": 0.1, "spatial": True},
    "Embedding": {"vocabulary_size": 3, "dimensions": 2},
    "GELU": {"approximate": False},
    "GRU": {"units": 2, "initializer": "lecun", "reset_after": False},
    "LSTM": {"units": 2, "recurrent_initializer": "xavier"},
    "MaxPool2D": {"pool_size": 2, "strides": 1},
    "Parallel": {"branches": ([Select([0, 2]), Dense(2)], [], Parallel([Dense(2)], merge="mean"))},
    "Reshape": {"shape": (2, -1)},
    "Residual": {"layers": (Dense(3), Residual((Dense(3), BatchNorm())))},
    "Select": {"columns": slice(1, None)},
    "SimpleRNN": {"units": 2},
}
SHAPES: dict[str, tuple[int | None, ...]] = {
    "Chain": (3,),
    "Dense": (3,),
    "Embedding": (None,),
    "GRU": (None, 3),
    "LSTM": (None, 3),
    "LastStep": (None, 3),
    "Parallel": (3,),
    "Residual": (3,),
    "SimpleRNN": (None, 3),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    layer = LAYERS[name](**SETTINGS.get(name, {}))
    shape = SHAPES.get(name, (4, 5, 3))
    network = Network([layer], input_shape=shape, rng=np.random.default_rng(0))
    network.vector += 0.25
    checkpoint.save(tmp_path / "model.h5", network, program=PROGRAM, details={})
    stored = load(tmp_path / "model.h5").network
    assert stored.layers == network.layers
    assert hash(stored.layers) == hash(network.layers)
    assert stored.input_shape == shape
    assert list(stored.params) == list(network.params)
    for path, values in network.params.items():
        np.testing.assert_array_equal(stored.params[path], values)


def test_the_padding_is_stored_and_older_files_have_none(tmp_path: Path) -> None:
    layers = [Embedding(5, 2), GRU(3), LastStep()]
    network = Network(layers, input_shape=(None,), seed=0, padding=4)
    checkpoint.save(tmp_path / "model.h5", network, program=PROGRAM, details={})
    stored = load(tmp_path / "model.h5").network
    assert stored.padding == 4
    x = np.array([[1, 2, 4], [3, 4, 4]])
    np.testing.assert_array_equal(stored(x), network(x))
    older = describe_network(network)
    del older["padding"]
    assert network_from(older).padding is None


def test_tied_parameters_are_stored_once_and_stay_tied(tmp_path: Path) -> None:
    layers = [Dense(3), ReLU(), Dense(3)]
    network = Network(layers, input_shape=(3,), rng=np.random.default_rng(0), tied={"2/W": "0/W"})
    checkpoint.save(tmp_path / "model.h5", network, program=PROGRAM, details={})
    stored = load(tmp_path / "model.h5").network
    assert stored.tied == network.tied
    assert np.shares_memory(stored.params["0/W"], stored.params["2/W"])
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    received, expected = (Reference(each).predict(x)[0] for each in (stored, network))
    np.testing.assert_array_equal(received, expected)


@dataclasses.dataclass(frozen=True)
class Unregistered(ReLU):
    """A layer that no checkpoint knows by name."""


def test_a_layer_that_is_not_registered_is_refused(tmp_path: Path) -> None:
    network = Network([Dense(2), Chain((Unregistered(),))], input_shape=(3,))
    with pytest.raises(CheckpointError, match=r"Unregistered\(\) cannot be saved"):
        checkpoint.save(tmp_path / "model.h5", network, program=PROGRAM, details={})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("layer", [GELU(), GRU(3), LSTM(2), SimpleRNN(1), MaxPool2D(2), AveragePool2D(2), Conv2D(1, 2)])
def test_a_description_is_plain_and_gives_the_layer_back(layer: Layer) -> None:
    described = describe_layer(layer)
    assert described["layer"] == type(layer).__name__
    assert all(isinstance(v, str | int | float | list | None) for v in described.values())
    assert layer_from(described) == layer


def test_used_layers_are_listed_here() -> None:
    missing = [
        name
        for name in LAYERS
        if name not in SETTINGS and any(f.default is dataclasses.MISSING for f in dataclasses.fields(LAYERS[name]))
    ]
    assert missing == []
    assert Dropout(0.1) == layer_from({"layer": "Dropout", "rate": 0.1})
    assert Embedding(3, 2).takes_integers
