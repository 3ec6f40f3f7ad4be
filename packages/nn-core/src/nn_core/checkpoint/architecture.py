"""Network architectures as plain values: registered layer names and settings."""

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from nn_core.errors import CheckpointError
from nn_core.layers import LAYERS
from nn_core.layers.base import Layer
from nn_core.layers.chain import Chain
from nn_core.network import Network
from nn_core.storage.json_schema import Integer, Items, Schema, Text, check_json

MAX_LAYERS = 10_000
_SIZE = Integer(-(2**31), 2**31 - 1)
_LAYER: Schema = {str: Any}
ARCHITECTURE: Schema = {
    "layers": Items(_LAYER, most=MAX_LAYERS),
    "input_shape": Items((_SIZE, None), most=32),
    "dtype": Text(100),
    "tied": {str: str},
    "padding?": (float, None),
}
"""The fields of `describe_network`; those of a layer are checked by the types of its settings."""


def describe_network(network: Network) -> dict[str, Any]:
    """The architecture of a network, without its parameters; the inverse of `network_from`."""
    return {
        "layers": [describe_layer(layer) for layer in network.layers],
        "input_shape": list(network.input_shape),
        "dtype": network.dtype.name,
        "tied": dict(network.tied),
        "padding": network.padding,
    }


def network_from(architecture: Mapping[str, Any], require_bytes: Callable[[int], object] | None = None) -> Network:
    """Build a network, with zero parameters, from its architecture.

    require_bytes  called with the size of all parameters before they are allocated; raises if it is too large
    Raises an NNError, TypeError or ValueError for an invalid architecture.
    """
    layers = _layers_from(architecture)
    if require_bytes is not None:
        itemsize = 8 if architecture["dtype"] == "float64" else 4
        shapes = _shapes(layers, architecture).values()
        require_bytes(itemsize * sum(map(math.prod, shapes)))
    return Network(
        layers,
        input_shape=architecture["input_shape"],
        dtype=architecture["dtype"],
        tied=architecture["tied"],
        padding=architecture.get("padding"),
        initialize=False,
    )


def parameter_shapes(architecture: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of each stored parameter by path, without allocating any. Raises as `network_from` does."""
    return _shapes(_layers_from(architecture), architecture)


def _layers_from(architecture: Mapping[str, Any]) -> tuple[Layer, ...]:
    check_json(architecture, ARCHITECTURE, source="the architecture")
    return tuple(layer_from(fields) for fields in architecture["layers"])


def _shapes(layers: tuple[Layer, ...], architecture: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    declared = Chain(layers).parameters(tuple(architecture["input_shape"]))
    return {name: parameter.shape for name, parameter in declared.items() if name not in architecture["tied"]}


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
    """The inverse of `describe_layer`.

    Raises UnknownNameError for an unknown name, DataError for settings of other types than the layer's.
    """
    check_json(fields, _LAYER, source="the architecture", where="a layer")
    named = {key: value for key, value in fields.items() if key == "layer"}
    check_json(named, {"layer": Text(100)}, source="the architecture", where="a layer")
    kind = LAYERS[fields["layer"]]
    check_json(dict(fields), _settings_of(kind), source="the architecture", where=kind.__name__)
    return kind(**{key: _value(value) for key, value in fields.items() if key != "layer"})


@cache
def _settings_of(kind: type[Layer]) -> Schema:
    """The schema of the settings of a layer: those of its constructor, by their type hints."""
    try:
        hints = typing.get_type_hints(kind)
    except NameError:  # a layer of a plug-in, whose hints are known to type checkers only
        hints = {}
    schema: dict[str, Schema] = {"layer": Text(100)}
    for field in dataclasses.fields(kind):
        has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if field.init:
            schema[f"{field.name}{'?' * has_default}"] = _schema_of(hints.get(field.name, Any))
    return schema


def _schema_of(hint: Any) -> Schema:
    """The schema of the JSON values of a type hint; Any for one that is not known."""
    if hint is int:
        return _SIZE
    if hint in {float, str, bool}:
        return hint
    if hint is type(None):
        return None
    if isinstance(hint, type) and issubclass(hint, Layer):
        return _LAYER
    inner = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin in {types.UnionType, typing.Union}:
        kinds = tuple(map(_schema_of, inner))
        return Any if Any in kinds else kinds
    if origin is typing.Literal:
        return Text(choices=inner) if all(isinstance(each, str) for each in inner) else Any
    if origin is tuple and inner:
        if inner[-1] is ...:
            return Items(_schema_of(inner[0]), most=MAX_LAYERS)
        return Items(_schema_of(inner[0]), len(inner), len(inner)) if len(set(inner)) == 1 else Any
    return Any


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
