"""ONNX converters for layers that rearrange, select or drop axes."""

from __future__ import annotations

import numpy as np

from nn_core.arrays import Arrays
from nn_core.exchange.onnx import lengths
from nn_core.exchange.onnx.converters import ONNX_CONVERTERS
from nn_core.exchange.onnx.graph import Graph, Value, without_axis
from nn_core.layers.context import Context
from nn_core.layers.flatten import Flatten
from nn_core.layers.last_step import LastStep
from nn_core.layers.mean_over_time import MeanOverTime
from nn_core.layers.reshape import Reshape
from nn_core.layers.select import Select


@ONNX_CONVERTERS.register("Flatten")
def flatten(layer: Flatten, x: Value, params: Arrays, graph: Graph) -> Value:
    return graph.value(graph.node("Flatten", graph.canonical(x), axis=1), layer.output_shape(x.shape), dtype=x.dtype)


@ONNX_CONVERTERS.register("Reshape")
def reshape(layer: Reshape, x: Value, params: Arrays, graph: Graph) -> Value:
    return graph.reshape(x, layer.output_shape(x.shape))


@ONNX_CONVERTERS.register("Select")
def select(layer: Select, x: Value, params: Arrays, graph: Graph) -> Value:
    """Gather columns; a single integer drops the axis."""
    last = len(x.shape)
    numbers, _ = layer.forward(np.arange(float(x.shape[-1] or 0)), {}, Context(training=False))
    name = graph.node("Gather", x.name, graph.integers("columns", numbers), axis=x.order.index(last))
    order = without_axis(x.order, last) if np.ndim(numbers) == 0 else x.order
    return graph.value(name, layer.output_shape(x.shape), order=order, dtype=x.dtype)


@ONNX_CONVERTERS.register("LastStep")
def last_step(layer: LastStep, x: Value, params: Arrays, graph: Graph) -> Value:
    """Gather index -1 of the time axis; for padded sequences, the last real step."""
    if graph.padded is not None:
        name = graph.node("GatherND", graph.canonical(x), lengths.last_index(graph), batch_dims=1)
        return graph.value(name, x.shape[1:], dtype=x.dtype)
    name = graph.node("Gather", x.name, graph.integers("last", -1), axis=x.order.index(1))
    return graph.value(name, x.shape[1:], order=without_axis(x.order, 1), dtype=x.dtype)


@ONNX_CONVERTERS.register("MeanOverTime")
def mean_over_time(layer: MeanOverTime, x: Value, params: Arrays, graph: Graph) -> Value:
    """ReduceMean; for padded sequences, the sum of the real steps divided by their number."""
    if graph.padded is None:
        axis = graph.integers("axis", [x.order.index(1)])
        mean = graph.node("ReduceMean", x.name, axis, keepdims=0)
        return graph.value(mean, x.shape[1:], order=without_axis(x.order, 1), dtype=x.dtype)
    axes = 1 + len(x.shape)
    zero = graph.constant("zero", 0.0, x.dtype)
    kept = graph.node("Where", lengths.mask(graph, axes), graph.canonical(x), zero)
    total = graph.node("ReduceSum", kept, graph.integers("axis", [1]), keepdims=0)
    return graph.value(graph.node("Div", total, lengths.counts(graph, axes - 1)), x.shape[1:], dtype=x.dtype)
