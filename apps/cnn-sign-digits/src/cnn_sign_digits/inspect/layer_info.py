"""A network taken apart: its layers by short names, its stages, and what each layer answers."""

from collections.abc import Sequence

from nn_core.arrays import Array
from nn_core.errors import DataError, SettingError
from nn_core.layers import (
    Activation,
    Cache,
    Context,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePool2D,
    Layer,
    Pooling,
)
from nn_core.network import Network


def brief(layer: Layer) -> str:
    """A layer in few words, for tables and titles: "Conv2D 5x5, 8"."""
    name = type(layer).__name__
    if isinstance(layer, GlobalAveragePool2D):
        return "GlobalAverage"
    if isinstance(layer, Conv2D):
        steps = "" if layer.stride == (1, 1) else f" / {_step(layer.stride)}"
        return f"{name} {_by(layer.kernel)}{steps}, {layer.filters}"
    if isinstance(layer, Pooling):
        steps = "" if layer.stride == layer.window else f" / {_step(layer.stride)}"
        return f"{name} {_by(layer.window)}{steps}"
    if isinstance(layer, Dense):
        return f"{name} {layer.units}"
    if isinstance(layer, Dropout):
        return f"{name} {layer.keep_probability:g}"
    return name


def convolutions(network: Network) -> list[int]:
    """Where the convolutions stand among the layers."""
    return [i for i, layer in enumerate(network.layers) if isinstance(layer, Conv2D)]


def stages(network: Network) -> list[int]:
    """Where the layers stand that end a step of seeing: activations and pools that give maps."""
    return [
        i
        for i, layer in enumerate(network.layers)
        if isinstance(layer, Activation | Pooling) and len(network.shapes[i + 1]) == 3
    ]


def pick(indices: Sequence[int], number: int, what: str) -> int:
    """The number-th of `indices`, counted from 1.

    what  one of them, for the message
    Raises DataError if there are none, SettingError if there are not so many.
    """
    if not indices:
        raise DataError(f"the network has no {what} to look at")
    if number > len(indices):
        there = f"1 to {len(indices)}" if len(indices) > 1 else "1 alone"
        raise SettingError(f"the network has no {what} {number}; it has {there}")
    return indices[number - 1]


def answers(
    network: Network, x: Array, contexts: Sequence[Context] | None = None
) -> tuple[list[Array], list[Cache]]:
    """What every layer puts out for a batch, and keeps for its backward pass.

    contexts  memory of one's own; by default the network is used, not trained
    """
    outputs, caches = [], []
    y = x.astype(network.dtype)
    contexts = network.contexts() if contexts is None else contexts
    for layer, params, context in zip(
        network.layers, network.parameter_views, contexts, strict=True
    ):
        y, cache = layer.forward(y, params, context)
        outputs.append(y)
        caches.append(cache)
    return outputs, caches


def _step(stride: object) -> str:
    """2 for (2, 2)."""
    if isinstance(stride, tuple) and len(set(stride)) == 1:
        return str(stride[0])
    return _by(stride)


def _by(size: object) -> str:
    """Such as "5x5", of (5, 5)."""
    return "x".join(map(str, size)) if isinstance(size, tuple) else str(size)
