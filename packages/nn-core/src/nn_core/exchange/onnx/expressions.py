"""Activations that a graph spells out, such as GELU as x / sqrt(2), Erf, + 1, times x, times 1/2.

An expression of one array by single elements is recognized by its values on a grid of points,
whatever the order of its operations.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.exchange.onnx.source import Source
from nn_core.layers.activation import GELU
from nn_core.layers.base import Layer

if TYPE_CHECKING:
    import onnx

OPERATIONS: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Div": np.divide,
    "Erf": np.vectorize(math.erf, otypes=[float]),
    "Identity": np.positive,
    "Mul": np.multiply,
    "Pow": np.power,
    "Sub": np.subtract,
    "Tanh": np.tanh,
}
ACTIVATIONS: tuple[Layer, ...] = (GELU(), GELU(approximate=False))
MAX_OPERATIONS = 12
TOLERANCE = 1e-6


def spelled_out(name: str, source: Source) -> tuple[Layer, str] | None:
    """The activation that is computed from an array, and the name of its result."""
    grid = np.linspace(-5, 5, 101)
    values: dict[str, npt.NDArray[Any]] = {name: grid}
    inside: list[onnx.NodeProto] = []
    for _ in range(MAX_OPERATIONS):
        node = _next(values, inside, source)
        if node is None:
            return None
        given = [values[each] if each in values else source.constant(each).reshape(()) for each in node.input]
        with np.errstate(all="ignore"):
            result = np.asarray(OPERATIONS[node.op_type](*(each.astype(np.float64) for each in given)))
        inside.append(node)
        values[node.output[0]] = result
        if _only_inside(values, node.output[0], inside, source):
            for layer in ACTIVATIONS:
                if np.abs(result - layer(grid)).max() < TOLERANCE:
                    return layer, node.output[0]
    return None


def _next(values: dict[str, npt.NDArray[Any]], inside: list[onnx.NodeProto], source: Source) -> onnx.NodeProto | None:
    """An operation on known values and single numbers that is not done yet."""
    for name in values:
        for node in source.uses.get(name, []):
            if node.op_type in OPERATIONS and not any(node is each for each in inside):
                others = [each for each in node.input if each not in values]
                if all(source.is_constant(each) and source.constant(each).size == 1 for each in others):
                    return node
    return None


def _only_inside(values: dict[str, npt.NDArray[Any]], last: str, inside: list[onnx.NodeProto], source: Source) -> bool:
    """Whether nothing else takes any of the values but the last."""
    numbers = {id(node) for node in inside}
    return all(
        name == last or (name != source.end and all(id(node) in numbers for node in source.uses.get(name, [])))
        for name in values
    )
