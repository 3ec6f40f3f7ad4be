"""Convert a list of layers and activation names to layers; errors for other items show corrected code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import Any

from nn_core.errors import SettingError
from nn_core.layers.base import Layer


def as_layers(items: Iterable[Layer | str], owner: str, item_name: str = "layer") -> tuple[Layer, ...]:
    """The layers of a list; a string such as "relu" or "leaky-relu:slope=0.2" is an activation.

    owner      the class that takes the list, for messages: "Network"
    item_name  the word for an item in messages
    Raises SettingError for any other item, with its position.
    """
    if isinstance(items, Layer):
        shape = ", input_shape=(4,)" if owner == "Network" else ""
        raise SettingError(f"{owner} takes a list of layers: {owner}([{items.as_code()}]{shape})")
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise SettingError(f"{owner} takes a list of layers, such as [Dense(8), ReLU()], not {items!r}")
    return tuple(
        item if isinstance(item, Layer) else _as_layer(item, f"{item_name} {index}") for index, item in enumerate(items)
    )


def _as_layer(item: Any, which: str) -> Layer:
    if isinstance(item, str):
        from nn_core.layers.activation import ACTIVATIONS

        if item.lower() in {"softmax", "log_softmax"}:
            raise SettingError(f"{which} is {item!r}; omit it: the loss softmax-cross-entropy applies it")
        try:
            activation: Layer = ACTIVATIONS.parse(item)()
        except SettingError as error:
            raise SettingError(f"{which}: {error}") from None
        return activation
    raise SettingError(f"{which} is {_advice(item)}")


def _advice(item: Any) -> str:
    """A description of an item that is not a layer, and its replacement."""
    if isinstance(item, type):
        if not issubclass(item, Layer):
            return f"the class {item.__name__}, not a layer"
        from nn_core.source_code import EXAMPLES

        required = [each.name for each in fields(item) if each.default is MISSING and each.init]
        arguments = ", ".join(EXAMPLES.get(name, "...") for name in required)
        return f"the class {item.__name__}; use {item.__name__}({arguments})"
    if isinstance(item, list | tuple):
        return "a list; unpack it with *, or write Chain([...])"
    if type(item).__name__ == "Network":
        return "a Network; unpack its layers, *network.layers (without their weights)"
    if item is None:
        return "None; omit it"
    if callable(item):
        name = getattr(item, "__name__", repr(item))
        return f'the function {name}; use the name of an activation, such as "relu", or define a layer'
    return f"{item!r}, not a layer"
