"""Small examples of every layer, fused layer and loss, for gradient checks."""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.engine.fused import MODULES
from nn_core.engine.fused.base import Fused
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
from nn_core.losses import Loss, binary_cross_entropy, mean_squared_error, softmax_cross_entropy

LAYERS: Mapping[str, Mapping[str, Layer]] = {
    "features": {
        "Dense": Dense(3),
        "ReLU": ReLU(),
        "LeakyReLU": LeakyReLU(),
        "Sigmoid": Sigmoid(),
        "Tanh": Tanh(),
        "GELU": GELU(),
        "GELU, exact": GELU(approximate=False),
        "Dropout": Dropout(0.3),
        "Chain": Chain((Dense(3), Tanh())),
        "Residual": Residual([Dense(4), Tanh()]),
        "Parallel": Parallel([[Dense(3), Tanh()], []]),
        "Select": Select([2, 0, 2]),
        "Reshape": Reshape((2, 2)),
    },
    "images": {
        "Flatten": Flatten(),
        "Conv2D": Conv2D(2, 3, padding="same"),
        "Conv2D, dilated, in groups": Conv2D(4, 2, dilation=2, groups=2),
        "MaxPool2D": MaxPool2D(2),
        "AveragePool2D": AveragePool2D(2),
        "GlobalAveragePool2D": GlobalAveragePool2D(),
        "BatchNorm": BatchNorm(),
        "InstanceNorm": InstanceNorm(),
    },
    "tokens": {"Embedding": Embedding(5, 3)},
    "sequences": {
        "SimpleRNN": SimpleRNN(3),
        "GRU": GRU(3),
        "GRU, reset before the product": GRU(3, reset_after=False),
        "LSTM": LSTM(3),
        "LastStep": LastStep(),
        "MeanOverTime": MeanOverTime(),
    },
}
"""Layers by type of input and by name."""


@dataclass(frozen=True)
class LayerExample:
    """A layer with its name and an input batch."""

    name: str
    layer: Layer
    x: npt.NDArray[Any]


@dataclass(frozen=True)
class LossExample:
    """A loss with its name and arguments."""

    name: str
    loss: Loss
    output: Array
    targets: npt.NDArray[Any]


def inputs(rng: np.random.Generator) -> Mapping[str, npt.NDArray[Any]]:
    """A batch of each type of input."""
    return {
        "features": rng.normal(size=(5, 4)),
        "images": rng.normal(size=(3, 4, 4, 2)),
        "tokens": rng.integers(5, size=(2, 5)),
        "sequences": rng.normal(size=(2, 5, 4)),
    }


def layer_examples(rng: np.random.Generator) -> Iterator[LayerExample]:
    """An example of each layer."""
    for kind, x in inputs(rng).items():
        for name, layer in LAYERS[kind].items():
            yield LayerExample(name, layer, x)


def fused_examples(rng: np.random.Generator) -> Iterator[LayerExample]:
    """An example of each fused layer usable in training, for every layer pattern it can replace."""
    batches = inputs(rng)
    kinds = {name: kind for kind, layers in LAYERS.items() for name in layers}
    for pattern, module, name in MODULES:
        found = importlib.import_module(f"nn_core.engine.fused.{module}")
        fused: type[Fused] = getattr(found, name)
        if fused.mode == "inference":
            continue
        names = pattern.split()
        layers = [LAYERS[kinds[each]][each] for each in names]
        yield LayerExample(f"{name}({', '.join(names)})", fused(tuple(layers)), batches[kinds[names[0]]])


def loss_examples(rng: np.random.Generator) -> Iterator[LossExample]:
    """An example of each loss; the sequence loss ignores some labels."""
    padded = rng.integers(-1, 3, size=(3, 4))
    padded[0, 0] = 0  # at least one target that counts
    for name, loss, shape, targets in (
        ("binary cross-entropy", binary_cross_entropy, (5, 1), rng.integers(2, size=5)),
        ("softmax cross-entropy", softmax_cross_entropy, (5, 3), rng.integers(3, size=5)),
        ("softmax cross-entropy, padded", softmax_cross_entropy, (3, 4, 3), padded),
        ("mean squared error", mean_squared_error, (5, 3), rng.normal(size=(5, 3))),
    ):
        yield LossExample(name, loss, rng.normal(size=shape), targets)
