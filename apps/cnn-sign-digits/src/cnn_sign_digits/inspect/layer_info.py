"""The layers of a network: short names, shapes forward and backward, costs and outputs."""

from collections.abc import Sequence
from typing import Any

from nn_core.arrays import Shape
from nn_core.errors import DataError, SettingError
from nn_core.layers import Activation, Context, Conv2D, Dense, Dropout, GlobalAveragePool2D, Layer, Pooling
from nn_core.layers.chain import below
from nn_core.network import Network
from nn_core.summary import summarize, table


def short_name(layer: Layer) -> str:
    """A short name for tables and titles: "Conv2D 5x5, 8"."""
    name = type(layer).__name__
    if isinstance(layer, GlobalAveragePool2D):
        return "GlobalAverage"
    if isinstance(layer, Conv2D):
        strides = "" if layer.strides == (1, 1) else f" / {_strides(layer.strides)}"
        return f"{name} {_by(layer.kernel_size)}{strides}, {layer.filters}"
    if isinstance(layer, Pooling):
        strides = "" if layer.strides == layer.pool_size else f" / {_strides(layer.strides)}"
        return f"{name} {_by(layer.pool_size)}{strides}"
    if isinstance(layer, Dense):
        return f"{name} {layer.units}"
    if isinstance(layer, Dropout):
        return f"{name} {layer.rate:g}"
    return name


def convolutions(network: Network) -> list[int]:
    """Indices of the convolutions among the layers."""
    return [i for i, layer in enumerate(network.layers) if isinstance(layer, Conv2D)]


def feature_map_layers(network: Network) -> list[int]:
    """Indices of the activations and pooling layers whose output is feature maps."""
    return [
        i
        for i, layer in enumerate(network.layers)
        if isinstance(layer, Activation | Pooling) and len(network.shapes[i + 1]) == 3
    ]


def convolution_outputs(network: Network) -> list[int]:
    """For each convolution the index of the layer whose output is its feature maps: the activation after it, if any."""
    starts = convolutions(network)
    found = []
    for start, end in zip(starts, [*starts, len(network.layers)][1:], strict=True):
        after = range(start + 1, end)
        pooled = next((i for i in after if isinstance(network.layers[i], Pooling)), end)
        found.append(next((i for i in after if i < pooled and isinstance(network.layers[i], Activation)), start))
    return found


def pick(indices: Sequence[int], number: int, kind: str) -> int:
    """The number-th of `indices`, counted from 1.

    kind  what the indices refer to, for messages
    Raises DataError if there are none, SettingError if there are fewer.
    """
    if not indices:
        raise DataError(f"the network has no {kind}")
    if number > len(indices):
        available = f"1 to {len(indices)}" if len(indices) > 1 else "1"
        raise SettingError(f"no {kind} {number}; choose from {available}")
    return indices[number - 1]


def layer_shapes(network: Network) -> dict[str, Any]:
    """For each layer: x -> y, then d_y -> d_x and the gradients of its parameters.

    A gradient has the shape of its variable. d_x is None if no earlier layer has trainable
    parameters, and d_y is None for a layer that the backward pass never reaches. Shapes are for
    one photo, without the batch axis; MACs are for one photo, forward pass.
    """
    summary = summarize(network)
    contexts = network.chain.contexts(network.params, Context(needs_d_x=False))
    layers: list[dict[str, Any]] = []
    for i, (layer, context, row) in enumerate(zip(network.layers, contexts, summary.rows, strict=True)):
        x, y = network.shapes[i], network.shapes[i + 1]
        gradients = {
            name: parameter.shape
            for name, parameter in below(network.declared, i).items()
            if parameter.trainable and parameter.momentum is None
        }
        backward = {
            "d_y": y if context.needs_d_x or gradients else None,
            "d_x": x if context.needs_d_x else None,
            "gradients": gradients,
        }
        layers.append(
            {
                "layer": short_name(layer),
                "settings": repr(layer),
                "forward": {"x": x, "y": y},
                "backward": backward,
                **{cost: getattr(row, cost) for cost in COSTS},
            }
        )
    return {"layers": layers, **{cost: getattr(summary, cost) for cost in COSTS}}


COSTS = {"parameters": "parameters", "bytes": "bytes", "macs": "MACs"}
"""Costs of a layer, and their column headings."""


def shapes_table(info: dict[str, Any]) -> str:
    """`layer_shapes` as a table."""
    rows: list[tuple[str, ...]] = [("layer", "x -> y", "d_y -> d_x", "gradients", *COSTS.values())]
    for layer in info["layers"]:
        forward, backward = layer["forward"], layer["backward"]
        gradients = backward["gradients"].items()
        rows.append(
            (
                layer["layer"],
                f"{_batch(forward['x'])} -> {_batch(forward['y'])}",
                f"{_batch(backward['d_y'])} -> {_batch(backward['d_x'])}",
                ", ".join(f"{name} {_by(shape)}" for name, shape in gradients),
                *(f"{layer[cost]:,}" for cost in COSTS),
            )
        )
    rows.append(("total", "", "", "", *(f"{info[cost]:,}" for cost in COSTS)))
    return table(rows, left=4)


def _batch(shape: Shape | None) -> str:
    """A batch shape such as "Nx64x64x3", or a dash for a gradient that is not computed."""
    return "-" if shape is None else _by(("N", *shape))


def _strides(strides: object) -> str:
    """Strides as text, such as "2" for (2, 2)."""
    if isinstance(strides, tuple) and len(set(strides)) == 1:
        return str(strides[0])
    return _by(strides)


def _by(sizes: object) -> str:
    """A shape as text, such as "5x3" for (5, 3)."""
    return "x".join(map(str, sizes)) if isinstance(sizes, tuple) else str(sizes)
