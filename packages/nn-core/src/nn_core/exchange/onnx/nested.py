"""ONNX converters for nested layers."""

from __future__ import annotations

from nn_core.arrays import Arrays
from nn_core.exchange.onnx.converters import ONNX_CONVERTERS, convert, convert_chain
from nn_core.exchange.onnx.graph import Graph, Value
from nn_core.layers.chain import Chain, below
from nn_core.layers.parallel import Parallel
from nn_core.layers.residual import Residual


@ONNX_CONVERTERS.register("Chain")
def chain(layer: Chain, x: Value, params: Arrays, graph: Graph) -> Value:
    return convert_chain(layer.layers, x, params, graph)


@ONNX_CONVERTERS.register("Residual")
def residual(layer: Residual, x: Value, params: Arrays, graph: Graph) -> Value:
    """Adds x in the axis order of f(x), which often already exists."""
    return graph.elementwise("Add", convert_chain(layer.layers, x, params, graph), x)


@ONNX_CONVERTERS.register("Parallel")
def parallel(layer: Parallel, x: Value, params: Arrays, graph: Graph) -> Value:
    """Concat, Sum or Mean of the branches, in the order of the first."""
    outputs = []
    for index, branch in enumerate(layer.branches):
        with graph.inside(index):
            outputs.append(convert(branch, x, below(params, index), graph))
    if layer.merge != "concat":
        return graph.elementwise("Sum" if layer.merge == "add" else "Mean", *outputs)
    order, shape = outputs[0].order, layer.output_shape(x.shape)
    names = [graph.arranged(output, order) for output in outputs]
    name = graph.node("Concat", *names, axis=order.index(len(shape)))
    return graph.value(name, shape, order=order, dtype=outputs[0].dtype)
