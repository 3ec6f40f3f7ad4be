"""Each layer of nn-core as modules of PyTorch, and which array is which tensor."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from torch import Tensor, nn

from nn_core.arrays import Array, Shape
from nn_core.layers import (
    GRU,
    LSTM,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    Layer,
    MaxPool2D,
    Recurrent,
    ReLU,
    SimpleRNN,
)
from nn_core.layers.base import features
from nn_core.layers.windows import image_shape

KINDS: dict[type[Layer], tuple[type[nn.Module], tuple[int, ...]]] = {
    SimpleRNN: (nn.RNN, (0,)),
    GRU: (nn.GRU, (0, 1, 2)),
    LSTM: (nn.LSTM, (1, 2, 3, 0)),
}
"""Recurrent layers, and where PyTorch's gates stand among ours."""


@dataclass(frozen=True)
class Match:
    """An array of nn-core, by name, and the tensor that holds it from a row on, reordered."""

    name: str
    tensor: Tensor
    reorder: Callable[[Array], Array] = np.array
    first_row: int = 0


@dataclass(frozen=True)
class Part:
    """What stands for one layer."""

    modules: list[nn.Module]
    matches: list[Match] = field(default_factory=list)


class Outputs(nn.Module):
    """A recurrent layer without its final state."""

    def __init__(self, recurrent: nn.Module) -> None:
        super().__init__()
        self.recurrent = recurrent

    def forward(self, x: Tensor) -> Any:
        """(N, T, units)."""
        return self.recurrent(x)[0]


class MeanOfMaps(nn.Module):
    """The mean of each map."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C) of (N, C, H, W)."""
        return x.mean((2, 3))


def translated(layer: Layer, x: Shape, y: Shape, maps: Shape | None, time_first: bool) -> Part:
    """The part for a layer that makes y of x, shapes of one example in nn-core.

    maps        what a Flatten just before it took: PyTorch flattens in another order
    time_first  sequences are (T, N, ...)
    """
    match layer:
        case Dense():
            return _dense(layer, x, maps)
        case Conv2D():
            return _convolution(layer, x)
        case BatchNorm():
            norm = nn.BatchNorm2d(features(x), eps=layer.epsilon, momentum=1.0 - layer.momentum)
            names = {
                "gamma": norm.weight,
                "beta": norm.bias,
                "running_mean": norm.running_mean,
                "running_variance": norm.running_var,
            }
            return Part([norm], [Match(name, cast(Tensor, held)) for name, held in names.items()])
        case Embedding():
            words = nn.Embedding(layer.vocabulary_size, layer.dimensions)
            return Part([words], [Match("W", words.weight)])
        case Recurrent():
            return _recurrent(layer, x, time_first)
        case MaxPool2D():
            window = layer.window
            return Part([nn.MaxPool2d(window.size, window.strides)])
        case InstanceNorm():
            return Part([nn.InstanceNorm2d(features(x), eps=layer.epsilon)])
        case GlobalAveragePool2D():
            return Part([MeanOfMaps()])
        case ReLU():
            return Part([nn.ReLU()])
        case Flatten():
            return Part([nn.Flatten()])
        case Dropout():
            return Part([])  # only networks that are not trained here have it
    raise NotImplementedError(f"no module for {layer!r}")


def _dense(layer: Dense, x: Shape, maps: Shape | None) -> Part:
    dense = nn.Linear(features(x), layer.units)

    def channels_first(W: Array) -> Array:
        if maps is not None:
            W = W.reshape(*maps, -1).transpose(2, 0, 1, 3).reshape(len(W), -1)
        return W.T

    return Part([dense], [Match("W", dense.weight, channels_first), Match("b", dense.bias)])


def _convolution(layer: Conv2D, x: Shape) -> Part:
    """Where "same" puts more zeros below than above, they are put there beforehand."""
    height, width, channels = image_shape(x)
    kernel, stride = layer.window.size, layer.window.strides
    (top, bottom), (left, right) = layer.window.borders(height, width)
    even = (top, left) == (bottom, right)
    maps = nn.Conv2d(channels, layer.filters, kernel, stride, (top, left) if even else 0)
    before: list[nn.Module] = [] if even else [nn.ZeroPad2d((left, right, top, bottom))]
    return Part(
        [*before, maps],
        [Match("W", maps.weight, lambda W: W.transpose(3, 2, 0, 1)), Match("b", cast(Tensor, maps.bias))],
    )


def _recurrent(layer: Recurrent, x: Shape, time_first: bool) -> Part:
    """PyTorch has a second bias, which stays zero save where GRU has one."""
    kind, gates = KINDS[type(layer)]
    made: Any = kind(features(x), layer.units, batch_first=not time_first)
    made.bias_hh_l0.data.zero_()

    def in_torch_order(array: Array) -> Array:
        blocks = np.split(array, len(gates), axis=-1)
        return np.concatenate([blocks[gate] for gate in gates], axis=-1).T

    matches = [
        Match("W_x", made.weight_ih_l0, in_torch_order),
        Match("W_h", made.weight_hh_l0, in_torch_order),
        Match("b", made.bias_ih_l0, in_torch_order),
    ]
    if isinstance(layer, GRU):
        matches.append(Match("b_h", made.bias_hh_l0, first_row=2 * layer.units))
    return Part([Outputs(made)], matches)
