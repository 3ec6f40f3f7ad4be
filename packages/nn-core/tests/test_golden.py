"""Golden values: losses of twenty steps and predictions, as version 0.1 computed them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.engine.engine import Engine
from nn_core.layers import (
    GELU,
    GRU,
    LSTM,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    Layer,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Sigmoid,
    SimpleRNN,
    Tanh,
)
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam
from nn_core.reference import Backend, Reference

GOLDEN = json.loads(Path(__file__).with_name("data").joinpath("golden.json").read_text())
Data = tuple[npt.NDArray[Any], npt.NDArray[Any]]


class Case(NamedTuple):
    """A network and what it is trained on."""

    data: Callable[[np.random.Generator], Data]
    input_shape: tuple[int | None, ...]
    layers: list[Layer]


def images(rng: np.random.Generator) -> Data:
    return rng.normal(size=(10, 12, 12, 3)), rng.integers(4, size=10)


def rows(rng: np.random.Generator) -> Data:
    return rng.normal(size=(10, 6)), rng.integers(4, size=10)


def tokens(rng: np.random.Generator) -> Data:
    y = rng.integers(7, size=(5, 6))
    y[0, 4:] = -1
    y[3, 2:] = -1
    return rng.integers(7, size=(5, 6)), y


CASES = {
    "dense": Case(
        rows,
        (6,),
        [Dense(8), ReLU(), Dense(7), Tanh(), Dense(6), Sigmoid(), Dense(5), LeakyReLU(), Dense(5), GELU(), Dense(4)],
    ),
    "conv": Case(
        images,
        (12, 12, 3),
        [
            InstanceNorm(),
            Conv2D(4, 3, padding="same"),
            ReLU(),
            MaxPool2D(2),
            Conv2D(5, (3, 2), strides=(2, 1), padding=1),
            Tanh(),
            AveragePool2D(2, strides=1),
            Flatten(),
            Dense(4),
        ],
    ),
    "batch-norm": Case(
        images,
        (12, 12, 3),
        [
            Conv2D(4, 3, strides=2, padding="same"),
            BatchNorm(),
            ReLU(),
            MaxPool2D(2),
            Conv2D(5, 3, padding="same"),
            BatchNorm(momentum=0.8),
            ReLU(),
            GlobalAveragePool2D(),
            Dense(4),
        ],
    ),
    "rnn": Case(tokens, (None,), [Embedding(7, 3), SimpleRNN(5), Dense(7)]),
    "gru": Case(tokens, (None,), [Embedding(7, 3), GRU(5), GRU(4), Dense(7)]),
    "lstm": Case(tokens, (None,), [Embedding(7, 3), LSTM(5), Dense(7)]),
}
BACKENDS: dict[str, Callable[[Network], Backend]] = {
    "reference": Reference,
    "engine": Engine,
    "four shards": lambda network: Engine(network, shards=4, threads=2),
}


def test_every_case_is_here() -> None:
    assert set(CASES) == set(GOLDEN)


@pytest.mark.parametrize("backend_name", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_training_takes_the_same_steps(name: str, backend_name: str) -> None:
    case, golden = CASES[name], GOLDEN[name]
    x, y = case.data(np.random.default_rng(1))
    network = Network(case.layers, input_shape=case.input_shape, rng=np.random.default_rng(2), dtype=np.float64)
    assert network.vector.size == golden["parameters"]
    optimizer, losses = Adam(), []
    state = optimizer.init(network.vector[: network.trained_count])
    with BACKENDS[backend_name](network) as backend:
        for step in range(20):
            result = backend.loss_and_gradients(x, y, softmax_cross_entropy)
            losses.append(result.loss)
            backend.update(optimizer, result.gradients, state, learning_rate=0.01, step=step + 1)
        output, _ = backend.predict(x)
    np.testing.assert_allclose(losses, golden["losses"], rtol=1e-9)
    np.testing.assert_allclose(output.reshape(-1)[:8], golden["outputs"], rtol=1e-7)
