"""The registry of converters, one per layer, and the conversion of a chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from nn_core.arrays import Arrays
from nn_core.errors import ExportError
from nn_core.exchange.onnx.graph import Graph, Value
from nn_core.layers.base import Layer
from nn_core.layers.chain import below
from nn_core.registry import Registry

Converter: TypeAlias = Callable[[Any, Value, Arrays, Graph], Value]
"""convert(layer, x, params, graph): adds the operations of a layer; returns its output."""

ONNX_CONVERTERS: Registry[Converter] = Registry("ONNX converter", group="nn_core.onnx_converters")
"""Converters by layer class name. For a custom layer:

@ONNX_CONVERTERS.register("Swish")
def convert(layer, x, params, graph):
    return graph.elementwise("Mul", x, graph.elementwise("Sigmoid", x))
"""


def convert(layer: Layer, x: Value, params: Arrays, graph: Graph) -> Value:
    """Add a layer to the graph. Raises ExportError if its class has no converter, or one without a result."""
    kind = type(layer).__name__
    if kind not in ONNX_CONVERTERS:
        raise ExportError(
            f"layer {graph.path}, {kind}, has no ONNX converter; register one: "
            f"@ONNX_CONVERTERS.register({kind!r}) on a function (layer, x, params, graph) that returns its output"
        )
    output = ONNX_CONVERTERS[kind](layer, x, params, graph)
    if not isinstance(output, Value):
        raise ExportError(f"the ONNX converter of {kind} must return a Value, such as graph.value(name, shape)")
    return output


def convert_chain(layers: Sequence[Layer], x: Value, params: Arrays, graph: Graph) -> Value:
    """Add the layers of a chain to the graph."""
    for index, layer in enumerate(layers):
        with graph.inside(index):
            x = convert(layer, x, below(params, index), graph)
    return x
