"""Network architectures as plain values: registered layer names and settings."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from nn_core.errors import CheckpointError
from nn_core.layers import LAYERS
from nn_core.layers.base import Layer
from nn_core.network import Network


def describe_network(network: Network) -> dict[str, Any]:
    """The architecture of a network, without its parameters; the inverse of `network_from`."""
    return {
        "layers": [describe_layer(layer) for layer in network.layers],
        "input_shape": list(network.input_shape),
        "dtype": network.dtype.name,
        "tied": dict(network.tied),
        "padding": network.padding,
    }


def network_from(architecture: Mapping[str, Any]) -> Network:
    """Build a network, with zero parameters, from its architecture.

    Raises an NNError, KeyError, TypeError or ValueError for an invalid architecture.
    """
    return Network(
        [layer_from(fields) for fields in architecture["layers"]],
        input_shape=architecture["input_shape"],
        dtype=architecture["dtype"],
        tied=architecture["tied"],
        padding=architecture.get("padding"),
        initialize=False,
    )


def describe_layer(layer: Layer) -> dict[str, Any]:
    """The name and settings of a layer; nested layers are described recursively.

    Raises CheckpointError for a layer that is not registered.
    """
    name = type(layer).__name__
    if name not in LAYERS or LAYERS[name] is not type(layer):
        raise CheckpointError(
            f"{layer!r} cannot be saved: its class {name} is not registered; decorate it with"
            " @LAYERS.register (from nn_core.layers import LAYERS)"
        )
    return {"layer": name} | {
        field.name: _plain(getattr(layer, field.name)) for field in dataclasses.fields(layer) if field.init
    }


def layer_from(fields: Mapping[str, Any]) -> Layer:
    """The inverse of `describe_layer`. Raises UnknownNameError for an unknown name."""
    kind = LAYERS[fields["layer"]]
    return kind(**{key: _value(value) for key, value in fields.items() if key != "layer"})


def _plain(value: Any) -> Any:
    """A setting as a JSON value."""
    if isinstance(value, Layer):
        return describe_layer(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def _value(value: Any) -> Any:
    """The inverse of `_plain`."""
    if isinstance(value, dict):
        return layer_from(value)
    if isinstance(value, list):
        return tuple(_value(item) for item in value)
    return value
