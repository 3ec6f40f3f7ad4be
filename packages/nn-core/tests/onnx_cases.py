"""Layers and batches for comparing ONNX files with their networks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from nn_core.layers import (
    GELU,
    GRU,
    LSTM,
    AveragePool2D,
    BatchNorm,
    Chain,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    LastStep,
    Layer,
    LeakyReLU,
    MaxPool2D,
    MeanOverTime,
    Parallel,
    ReLU,
    Reshape,
    Residual,
    Select,
    Sigmoid,
    SimpleRNN,
    Tanh,
)
from nn_core.network import Network

InputShape = tuple[int | None, ...]
IMAGE = (9, 8, 4)

CASES: list[tuple[list[Layer], InputShape]] = [
    ([Dense(3)], (4,)),
    ([Dense(3)], (None, 4)),
    ([Dense(3)], (2, 5, 4)),
    *(([layer], (5,)) for layer in (ReLU(), LeakyReLU(0.2), Sigmoid(), Tanh(), GELU(), GELU(approximate=False))),
    ([Dropout(0.5)], (5,)),
    ([Dropout(0.5, spatial=True), ReLU()], IMAGE),
    ([Conv2D(6, 3)], IMAGE),
    ([Conv2D(6, (3, 2), padding="same")], IMAGE),
    ([Conv2D(6, 3, strides=(2, 3), padding="same")], IMAGE),
    ([Conv2D(6, 3, padding=(2, 1), dilation=(2, 1))], IMAGE),
    ([Conv2D(8, 2, padding="same", groups=4)], IMAGE),
    ([MaxPool2D(2)], IMAGE),
    ([MaxPool2D(3, strides=2, padding="same")], IMAGE),
    ([MaxPool2D((2, 3), padding=1)], IMAGE),
    ([AveragePool2D(2)], IMAGE),
    ([AveragePool2D(3, strides=2, padding="same")], IMAGE),
    ([AveragePool2D(3, strides=2, padding="same", count_zeros=True)], IMAGE),
    ([AveragePool2D(3, padding=(1, 2), count_zeros=False)], IMAGE),
    ([GlobalAveragePool2D()], IMAGE),
    ([InstanceNorm(epsilon=1.0)], IMAGE),
    ([BatchNorm()], (5,)),
    ([BatchNorm(epsilon=0.1)], (None, 5)),
    ([BatchNorm()], IMAGE),
    ([Flatten()], IMAGE),
    ([Embedding(7, 3)], (None,)),
    ([Embedding(7, 3), Flatten()], (4,)),
    ([LastStep()], (None, 3)),
    ([SimpleRNN(3)], (None, 4)),
    ([GRU(3)], (None, 4)),
    ([GRU(3, reset_after=False)], (None, 4)),
    ([LSTM(3)], (None, 4)),
    ([Residual((Dense(4), Tanh()))], (4,)),
    ([Residual((Conv2D(4, 3, padding="same"), Residual((ReLU(),))))], IMAGE),
    ([Residual((LSTM(4), Dense(4)))], (None, 4)),
    ([MeanOverTime()], (None, 3)),
    ([LSTM(3), MeanOverTime(), Dense(2)], (None, 4)),
    ([Reshape((2, 6))], (4, 3)),
    ([Reshape((2, 3, 2)), Conv2D(3, 2), ReLU(), Reshape((-1,)), Dense(2)], (12,)),
    ([Select(1)], (5,)),
    ([Select([3, -1, 0])], (None, 5)),
    ([Conv2D(4, 3), Select(slice(1, 3)), GlobalAveragePool2D()], IMAGE),
    ([Parallel([[Select(0), Embedding(7, 3)], Select(slice(1, None))]), Dense(2)], (5,)),
    ([Parallel([Embedding(7, 3), [Embedding(7, 4), LSTM(4), GELU()]]), GRU(2)], (None,)),
    ([Parallel([Conv2D(4, 3, padding="same"), [], [Conv2D(4, 1), ReLU()]], merge="mean")], IMAGE),
    ([Parallel([Conv2D(4, 1), [ReLU(), Conv2D(4, 1)], Tanh()], merge="add"), Flatten()], IMAGE),
    ([Chain((Dense(4), Chain((Tanh(), Dense(2)))))], (4,)),
]


def network_of(layers: Sequence[Layer], input_shape: InputShape, dtype: npt.DTypeLike = np.float32) -> Network:
    """A network with non-initial biases and running statistics."""
    rng = np.random.default_rng(0)
    network = Network(layers, input_shape=input_shape, rng=rng, dtype=dtype)
    for name, values in network.params.items():
        moved = values + 0.3 * rng.normal(size=values.shape)
        values[...] = np.abs(moved) if name.endswith("variance") else moved
    return network


def batch_of(network: Network, N: int = 5, T: int = 6) -> npt.NDArray[Any]:
    rng = np.random.default_rng(1)
    shape = (N, *(T if size is None else size for size in network.input_shape))
    if network.layers[0].reads_tokens:
        tokens = rng.integers(7, size=shape)
        return tokens if network.layers[0].takes_integers else tokens.astype(network.dtype)
    return rng.normal(size=shape).astype(network.dtype)


def run(model: Any, inputs: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """The outputs of onnxruntime, by name."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs), strict=True))
