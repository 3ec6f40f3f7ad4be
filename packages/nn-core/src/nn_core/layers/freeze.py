"""Freeze and unfreeze layers by path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from nn_core.errors import SettingError
from nn_core.layers.base import Layer
from nn_core.layers.chain import Chain, Nested


def with_trainable(chain: Chain, paths: Iterable[int | str], trainable: bool) -> Chain:
    """A copy of a chain with the layers at these paths frozen or trainable, including the layers inside them.

    paths  such as 2, "2" or "2/1": layer 1 inside layer 2
    Raises SettingError if there is no such layer, or to unfreeze a layer inside a frozen one.
    """
    for path in paths:
        indices = _indices(path)
        chain = cast(Chain, _changed(chain, indices, trainable, str(path)))
    return chain


def _indices(path: int | str) -> list[int]:
    """The indices in a path, outermost first."""
    try:
        return [int(index) for index in str(path).split("/")]
    except ValueError:
        *layer, last = str(path).split("/")
        advice = f"; the layer of {last!r} is {'/'.join(layer)!r}" if layer and layer[-1].isdigit() else ""
        raise SettingError(f"{path!r} is not the path of a layer, such as '2' or '2/1'{advice}") from None


def _changed(layer: Layer, indices: list[int], trainable: bool, path: str) -> Layer:
    """A copy of a layer with `trainable` set on the layer at `indices` inside it."""
    if not indices:
        return replace(layer, trainable=trainable)
    index, *rest = indices
    children = layer.children
    if not isinstance(layer, Nested) or not -len(children) <= index < len(children):
        raise SettingError(f"there is no layer {path!r}")
    index %= len(children)
    if trainable and rest and not children[index].trainable:
        frozen = path[: len(path) - len("/".join(map(str, rest))) - 1]
        raise SettingError(f"layer {path!r} is inside layer {frozen!r}, which is frozen: unfreeze {frozen!r}")
    changed = _changed(children[index], rest, trainable, path)
    return layer.with_children((*children[:index], changed, *children[index + 1 :]))
