"""Networks, batches and layers of somebody's own on which backends are compared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Shape
from nn_core.layers import (
    GRU,
    LSTM,
    BatchNorm,
    Cache,
    Context,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    LastStep,
    Layer,
    MaxPool2D,
    MeanOverTime,
    Parallel,
    Parameter,
    ReLU,
    Residual,
    Select,
    Tanh,
)
from nn_core.layers.base import as_rows, features
from nn_core.losses import Loss, mean_squared_error, softmax_cross_entropy
from nn_core.network import Network
from nn_core.reference import Backend, Result


@dataclass(frozen=True)
class Unembedding(Layer):
    """y = x W^T, with W (vocabulary, D), which an Embedding's can be tied to."""

    vocabulary_size: int

    def output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.vocabulary_size)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        return {"W": Parameter((self.vocabulary_size, features(input_shape)), "xavier")}

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        return x @ params["W"].T, x

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        grads["W"][...] = as_rows(d_y).T @ as_rows(cache)
        return d_y @ params["W"] if context.needs_d_x else None


class Case(NamedTuple):
    """A network with batches for it."""

    layers: list[Layer]
    input_shape: tuple[int | None, ...]
    batch: Callable[[np.random.Generator, int], tuple[npt.NDArray[Any], npt.NDArray[Any]]]
    loss: Loss = softmax_cross_entropy
    tied: dict[str, str] = {}  # noqa: RUF012 - never changed
    weighted: bool = False
    padding: float | None = None

    def network(self, dtype: npt.DTypeLike = np.float64) -> Network:
        rng = np.random.default_rng(1)
        network = Network(
            self.layers, input_shape=self.input_shape, rng=rng, dtype=dtype, tied=self.tied, padding=self.padding
        )
        trained = network.vector[: network.trained_count]
        trained += 0.1 * rng.normal(size=trained.shape)
        return network

    def run(self, backend: Backend, N: int = 13, *, state: Any = None, seed: tuple[int, int] = (3, 5)) -> Result:
        """Loss and gradients of the batch of N examples."""
        x, y = self.batch(np.random.default_rng(2), N)
        weights = np.random.default_rng(3).random(N) if self.weighted else None
        return backend.loss_and_gradients(x, y, self.loss, weights=weights, state=state, seed=seed)


def rows(rng: np.random.Generator, N: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    return rng.normal(size=(N, 6)), rng.integers(4, size=N)


def images(rng: np.random.Generator, N: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    return rng.normal(size=(N, 8, 8, 2)), rng.integers(4, size=N)


def padded(rng: np.random.Generator, N: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Tokens, and targets of which each example has some of its own number, two examples none."""
    x, y = rng.integers(7, size=(2, N, 5))
    y[np.arange(5) >= rng.integers(1, 6, size=(N, 1))] = -1
    y[1:3] = -1
    return x, y


def numbers(rng: np.random.Generator, N: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    return rng.normal(size=(N, 5, 3)), rng.normal(size=(N, 5, 2))


def mixed(rng: np.random.Generator, N: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """A category in the first column, numeric features in the others."""
    x, y = rows(rng, N)
    x[:, 0] = rng.integers(3, size=N)
    return x, y


def many_to_one(rng: np.random.Generator, N: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Tokens, padded with 6, and one label for each sequence."""
    x = rng.integers(6, size=(N, 5))
    x[np.arange(5) >= rng.integers(1, 6, size=(N, 1))] = 6
    return x, rng.integers(4, size=N)


def sequences(rng: np.random.Generator, N: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Features, padded with 0, and one label for each sequence."""
    x = rng.normal(size=(N, 5, 3))
    x[np.arange(5) >= rng.integers(1, 6, size=(N, 1))] = 0
    return x, rng.integers(4, size=N)


CASES: dict[str, Case] = {
    "dense": Case([Dense(8), Tanh(), Dense(4)], (6,), rows),
    "dropout": Case([Dense(8), ReLU(), Dropout(0.3), Dense(8), Dropout(0.5), Dense(4)], (6,), rows),
    "batch norm": Case(
        [Dense(8), BatchNorm(), ReLU(), Residual((Dense(8), BatchNorm(), Tanh())), Dense(4)], (6,), rows, weighted=True
    ),
    "images": Case(
        [
            Conv2D(4, 3, padding="same"),
            BatchNorm(),
            ReLU(),
            MaxPool2D(2),
            Dropout(0.2),
            Conv2D(5, 3, padding="same"),
            BatchNorm(),
            ReLU(),
            GlobalAveragePool2D(),
            Dense(4),
        ],
        (8, 8, 2),
        images,
    ),
    "classic": Case([Conv2D(4, 3, padding="same"), ReLU(), MaxPool2D(4), Flatten(), Dense(4)], (8, 8, 2), images),
    "frozen": Case(
        [
            Dense(8, trainable=False),
            BatchNorm(trainable=False),
            Dropout(0.5, trainable=False),
            Dense(8),
            BatchNorm(),
            Tanh(),
            Dense(4, trainable=False),
        ],
        (6,),
        rows,
    ),
    "padded sequences": Case([Embedding(7, 4), Dropout(0.2), GRU(5), Dense(7)], (None,), padded),
    "tied": Case(
        [Embedding(7, 4), LSTM(4), BatchNorm(), Unembedding(7)], (None,), padded, tied={"3/W": "0/W"}, weighted=True
    ),
    "parallel": Case(
        [
            Parallel([[Select([0, 1]), Dense(5), BatchNorm()], [Select(slice(2, None)), Dense(3), Dropout(0.4)]]),
            Residual(
                [Dense(8), Dropout(0.3), Parallel([[BatchNorm(), Tanh()], Dense(8, trainable=False)], merge="mean")]
            ),
            Dense(4),
        ],
        (6,),
        rows,
        weighted=True,
    ),
    "mixed features": Case(
        [Parallel([[Select(0), Embedding(3, 4)], [Select(slice(1, None)), Dense(3), ReLU()]]), Dense(4)], (6,), mixed
    ),
    "tokens in two branches": Case(
        [Parallel([[Embedding(7, 4), GRU(3)], [Embedding(7, 2), LSTM(3)]], merge="add"), Dropout(0.2), Dense(7)],
        (None,),
        padded,
    ),
    "last step": Case([Embedding(7, 4), GRU(5), LastStep(), Dense(4)], (None,), many_to_one, padding=6),
    "mean over time": Case(
        [Parallel([GRU(4), Dense(3)]), Parallel([LastStep(), MeanOverTime()]), Dense(4)],
        (None, 3),
        sequences,
        padding=0,
    ),
    "regression over time": Case([Dense(4), LSTM(5), Dropout(0.3), Dense(2)], (None, 3), numbers, mean_squared_error),
}
