"""The shapes that pass through a network, forward and backward, and what they cost."""

from typing import Any

from cnn_sign_digits.anatomy import brief
from nn_core.arrays import Shape
from nn_core.network import Network
from nn_core.summary import table


def shapes_of(network: Network) -> dict[str, Any]:
    """For each layer: x -> y, then d_y -> d_x and the gradients of its parameters.

    A gradient has the shape of what it is the gradient of. d_x is None where no layer before
    has anything to learn, and d_y is None for a layer that the backward pass never reaches.
    Shapes are those of one photo, without the batch axis; multiply-adds are those of one photo
    forward.
    """
    ledger = network.summary()
    layers: list[dict[str, Any]] = []
    for i, (layer, context, row) in enumerate(
        zip(network.layers, network.contexts(), ledger.rows, strict=True)
    ):
        x, y = network.shapes[i], network.shapes[i + 1]
        declared = layer.parameters(x)
        learns = any(parameter.trained for parameter in declared.values())
        layers.append(
            {
                "layer": brief(layer),
                "settings": repr(layer),
                "forward": {"x": x, "y": y},
                "backward": {
                    "d_y": y if context.needs_d_x or learns else None,
                    "d_x": x if context.needs_d_x else None,
                    "gradients": {
                        name: parameter.shape
                        for name, parameter in declared.items()
                        if parameter.trained
                    },
                },
                "parameters": row.parameters,
                "bytes": row.bytes,
                "multiply_adds": row.multiply_adds,
            }
        )
    return {
        "layers": layers,
        "parameters": ledger.parameters,
        "bytes": ledger.bytes,
        "multiply_adds": ledger.multiply_adds,
    }


def shapes_table(found: dict[str, Any]) -> str:
    """`shapes_of` for people."""
    costs = ("parameters", "bytes", "multiply_adds")
    header = ("layer", "x -> y", "d_y -> d_x", "gradients", "numbers", "bytes", "mult-adds")
    rows: list[tuple[str, ...]] = [header]
    for layer in found["layers"]:
        forward, backward = layer["forward"], layer["backward"]
        gradients = backward["gradients"].items()
        rows.append(
            (
                layer["layer"],
                f"{_batch(forward['x'])} -> {_batch(forward['y'])}",
                f"{_batch(backward['d_y'])} -> {_batch(backward['d_x'])}",
                ", ".join(f"{name} {_by(shape)}" for name, shape in gradients),
                *(f"{layer[key]:,}" for key in costs),
            )
        )
    rows.append(("total", "", "", "", *(f"{found[key]:,}" for key in costs)))
    return table(rows, left=4)


def _batch(shape: Shape | None) -> str:
    """Such as "Nx64x64x3", or a dash for what nobody needs."""
    return "-" if shape is None else _by(("N", *shape))


def _by(shape: tuple[object, ...]) -> str:
    return "x".join(map(str, shape))
