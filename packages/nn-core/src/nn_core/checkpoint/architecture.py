"""Networks as plain values: layers by the name they are registered under, and their settings."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from nn_core.errors import CheckpointError
from nn_core.layers import LAYERS
from nn_core.layers.base import Layer
from nn_core.network import Network


def describe_network(network: Network) -> dict[str, Any]:
    """What `network_from` builds the same network from, without its parameters."""
    return {
        "layers": [describe_layer(layer) for layer in network.layers],
        "input_shape": list(network.input_shape),
        "dtype": network.dtype.name,
        "tied": dict(network.tied),
    }


def network_from(architecture: Mapping[str, Any]) -> Network:
    """A network whose parameters are zeros.

    Raises an NNError, or KeyError, TypeError or ValueError, for what `describe_network` cannot
    have returned.
    """
    return Network(
        [layer_from(fields) for fields in architecture["layers"]],
        input_shape=architecture["input_shape"],
        dtype=architecture["dtype"],
        tied=architecture["tied"],
    )


def describe_layer(layer: Layer) -> dict[str, Any]:
    """A layer's name and settings; layers within it are described in the same way.

    Raises CheckpointError for a layer that is not registered.
    """
    name = type(layer).__name__
    if name not in LAYERS or LAYERS[name] is not type(layer):
        raise CheckpointError(f"{layer!r} cannot be saved: its class is not registered in LAYERS")
    return {"layer": name} | {
        field.name: _plain(getattr(layer, field.name)) for field in dataclasses.fields(layer) if field.init
    }


def layer_from(fields: Mapping[str, Any]) -> Layer:
    """The layer that `describe_layer` described. Raises UnknownNameError for an unknown name."""
    kind = LAYERS[fields["layer"]]
    return kind(**{key: _value(value) for key, value in fields.items() if key != "layer"})


def _plain(value: Any) -> Any:
    """A setting as JSON has it."""
    if isinstance(value, Layer):
        return describe_layer(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _value(value: Any) -> Any:
    """The inverse of `_plain`."""
    if isinstance(value, dict):
        return layer_from(value)
    if isinstance(value, list):
        return tuple(_value(item) for item in value)
    return value
