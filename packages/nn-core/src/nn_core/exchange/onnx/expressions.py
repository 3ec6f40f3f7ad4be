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
CURVED = frozenset({"Erf", "Tanh"})
"""Operations of which an activation has at least one."""
GRID = np.linspace(-5, 5, 101)
ACTIVATIONS: tuple[Layer, ...] = (GELU(), GELU(approximate=False))
MAX_OPERATIONS = 12
TOLERANCE = 1e-6


def spelled_out(name: str, source: Source) -> tuple[Layer, str] | None:
    """The activation that is computed from an array, and the name of its result."""
    names: list[str] = [name]
    nodes: list[onnx.NodeProto] = []
    for _ in range(MAX_OPERATIONS):
        node = _next(names, nodes, source)
        if node is None:
            return None
        nodes.append(node)
        names.append(node.output[0])
        if CURVED.intersection(each.op_type for each in nodes) and _only_inside(names, nodes, source):
            result = _values(name, nodes, source)
            for layer in ACTIVATIONS:
                if result is not None and np.abs(result - layer(GRID)).max() < TOLERANCE:
                    return layer, names[-1]
    return None


def _next(names: list[str], nodes: list[onnx.NodeProto], source: Source) -> onnx.NodeProto | None:
    """An operation on known arrays and single numbers that is not among the nodes yet."""
    for name in names:
        for node in source.uses.get(name, [])[:MAX_OPERATIONS]:
            if node.op_type in OPERATIONS and not any(node is each for each in nodes):
                others = [each for each in node.input if each not in names]
                if all(source.is_constant(each) and source.constant(each).size == 1 for each in others):
                    return node
    return None


def _only_inside(names: list[str], nodes: list[onnx.NodeProto], source: Source) -> bool:
    """Whether no other operation takes any of the arrays but the last."""
    inside = {id(node) for node in nodes}
    return source.end not in names[:-1] and all(
        id(node) in inside for name in names[:-1] for node in source.uses.get(name, [])
    )


def _values(name: str, nodes: list[onnx.NodeProto], source: Source) -> npt.NDArray[Any] | None:
    """The result of the last operation on GRID; None for operations with a wrong number of inputs."""
    values: dict[str, npt.NDArray[Any]] = {name: GRID}
    for node in nodes:
        given = [values[each] if each in values else source.constant(each).reshape(()) for each in node.input]
        with np.errstate(all="ignore"):
            try:
                result = OPERATIONS[node.op_type](*(each.astype(np.float64) for each in given))
            except TypeError:
                return None
        values[node.output[0]] = np.asarray(result)
    return values[nodes[-1].output[0]]
