"""Migrations of earlier checkpoint versions to the current one."""

from collections.abc import Callable, Mapping
from typing import Any

from nn_core.storage.json_schema import Items, Number, Schema, Text, check_json

ARCHITECTURE_1: Schema = {
    "layers": Items({str: Any}),
    "input_shape": Items((int, None)),
    "dtype": Text(100),
    "over_time?": bool,
}
"""The architecture of a version 1 file; the earliest lack `over_time`."""
_DROPOUT_1: Schema = {"layer": str, "keep_probability": Number(0, 1), "whole_maps?": bool}

Fields = dict[str, Any]


def architecture_of_version_1(architecture: Mapping[str, Any]) -> Fields:
    """Migrate the architecture of a version 1 file to version 2.

    Parameter paths and layouts are the same in both. In version 1, time was a flag of the network,
    `over_time`; now it is the first axis of the input shape. Raises DataError if it is invalid.
    """
    check_json(architecture, ARCHITECTURE_1, source="the architecture")
    over_time = architecture.get("over_time", False)
    shape = list(architecture["input_shape"])
    return {
        "layers": [_layer_of_version_1(dict(fields)) for fields in architecture["layers"]],
        "input_shape": [None, *shape] if over_time else shape,
        "dtype": architecture["dtype"],
        "tied": {},
    }


def _layer_of_version_1(fields: Fields) -> Fields:
    name = fields.get("layer")
    migrate = _LAYERS.get(name) if isinstance(name, str) else None
    return fields if migrate is None else migrate(fields)


def _renamed(**names: str) -> Callable[[Fields], Fields]:
    return lambda fields: {names.get(key, key): value for key, value in fields.items()}


def _dropout(fields: Fields) -> Fields:
    check_json(fields, _DROPOUT_1, source="the architecture", where="Dropout")
    return {
        "layer": "Dropout",
        "rate": round(1.0 - fields["keep_probability"], 12),
        "spatial": fields.get("whole_maps", False),
    }


_LAYERS: Mapping[str, Callable[[Fields], Fields]] = {
    "AveragePool2D": _renamed(window="pool_size", stride="strides"),
    "Conv2D": _renamed(kernel="kernel_size", stride="strides"),
    "Dropout": _dropout,
    "Embedding": _renamed(vocabulary="vocabulary_size"),
    "GELU": lambda fields: fields | {"approximate": True},
    "GRU": lambda fields: fields | {"reset_after": True},
    "MaxPool2D": _renamed(window="pool_size", stride="strides"),
}
"""Migration of the settings of a layer, by layer."""
