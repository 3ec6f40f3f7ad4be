"""ONNX converters for dense layers, activations, image layers, normalization and embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn_core.arrays import Arrays, Shape
from nn_core.exchange.onnx.converters import ONNX_CONVERTERS
from nn_core.exchange.onnx.graph import CHANNELS_FIRST, Graph, Order, Value
from nn_core.layers.activation import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.layers.batch_norm import BatchNorm
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.dense import Dense
from nn_core.layers.dropout import Dropout
from nn_core.layers.embedding import Embedding
from nn_core.layers.global_average_pool import GlobalAveragePool2D
from nn_core.layers.instance_norm import InstanceNorm
from nn_core.layers.pooling import AveragePool2D, MaxPool2D, Pooling
from nn_core.layers.windows import Window


@ONNX_CONVERTERS.register("Dense")
def dense(layer: Dense, x: Value, params: Arrays, graph: Graph) -> Value:
    """Gemm for 2-D inputs, MatMul and Add for more axes."""
    W, b = graph.constant("W", params["W"]), graph.constant("b", params["b"])
    shape = (*x.shape[:-1], layer.units)
    if len(shape) == 1:
        return graph.value(graph.node("Gemm", x.name, W, b), shape)
    order = x.order if x.order[-1] == len(shape) else x.plain
    product = graph.node("MatMul", graph.arranged(x, order), W)
    return graph.value(graph.node("Add", product, b), shape, order=order)


# Activations


@ONNX_CONVERTERS.register("ReLU")
def relu(layer: ReLU, x: Value, params: Arrays, graph: Graph) -> Value:
    return graph.elementwise("Relu", x)


@ONNX_CONVERTERS.register("LeakyReLU")
def leaky_relu(layer: LeakyReLU, x: Value, params: Arrays, graph: Graph) -> Value:
    return graph.elementwise("LeakyRelu", x, alpha=float(layer.slope))


@ONNX_CONVERTERS.register("Sigmoid")
def sigmoid(layer: Sigmoid, x: Value, params: Arrays, graph: Graph) -> Value:
    return graph.elementwise("Sigmoid", x)


@ONNX_CONVERTERS.register("Tanh")
def tanh(layer: Tanh, x: Value, params: Arrays, graph: Graph) -> Value:
    return graph.elementwise("Tanh", x)


@ONNX_CONVERTERS.register("GELU")
def gelu(layer: GELU, x: Value, params: Arrays, graph: Graph) -> Value:
    return graph.elementwise("Gelu", x, approximate="tanh" if layer.approximate else "none")


@ONNX_CONVERTERS.register("Dropout")
def dropout(layer: Dropout, x: Value, params: Arrays, graph: Graph) -> Value:
    """The identity in prediction."""
    return x


# Images


@ONNX_CONVERTERS.register("Conv2D")
def conv2d(layer: Conv2D, x: Value, params: Arrays, graph: Graph) -> Value:
    """Conv; W (h, w, C, filters) becomes (filters, C, h, w)."""
    W = graph.constant("W", params["W"].transpose(3, 2, 0, 1))
    b = graph.constant("b", params["b"])
    name = graph.node(
        "Conv", graph.arranged(x, CHANNELS_FIRST), W, b, **_window(layer.window, x.shape), group=layer.groups
    )
    return _image(name, layer.output_shape(x.shape), graph)


@ONNX_CONVERTERS.register("MaxPool2D")
def max_pool(layer: MaxPool2D, x: Value, params: Arrays, graph: Graph) -> Value:
    return _pool("MaxPool", layer, x, graph)


@ONNX_CONVERTERS.register("AveragePool2D")
def average_pool(layer: AveragePool2D, x: Value, params: Arrays, graph: Graph) -> Value:
    return _pool("AveragePool", layer, x, graph, count_include_pad=int(layer.count_zeros))


@ONNX_CONVERTERS.register("GlobalAveragePool2D")
def global_average_pool(layer: GlobalAveragePool2D, x: Value, params: Arrays, graph: Graph) -> Value:
    """GlobalAveragePool returns (N, C, 1, 1); Flatten converts it to (N, C)."""
    mean = graph.node("GlobalAveragePool", graph.arranged(x, CHANNELS_FIRST))
    return graph.value(graph.node("Flatten", mean, axis=1), layer.output_shape(x.shape))


def _pool(kind: str, layer: Pooling, x: Value, graph: Graph, **attributes: int) -> Value:
    window = _window(layer.window, x.shape)
    name = graph.node(kind, graph.arranged(x, CHANNELS_FIRST), **window, **attributes)
    return _image(name, layer.output_shape(x.shape), graph)


def _window(window: Window, shape: Shape) -> dict[str, Any]:
    """Kernel, strides, dilations, and padding as top, left, bottom, right."""
    height, width = (int(size or 0) for size in shape[:2])
    (top, bottom), (left, right) = window.borders(height, width)
    settings = {"kernel_shape": window.size, "strides": window.strides, "pads": (top, left, bottom, right)}
    return settings if window.dilation == (1, 1) else settings | {"dilations": window.dilation}


def _image(name: str, shape: Shape, graph: Graph) -> Value:
    return graph.value(name, shape, order=CHANNELS_FIRST)


# Normalization


@ONNX_CONVERTERS.register("BatchNorm")
def batch_norm(layer: BatchNorm, x: Value, params: Arrays, graph: Graph) -> Value:
    """BatchNormalization with running statistics; channels follow the batch axis."""
    names = ("gamma", "beta", "running_mean", "running_variance")
    weights = [graph.constant(name, params[name]) for name in names]
    order = _channels_first(len(x.shape))
    name = graph.node("BatchNormalization", graph.arranged(x, order), *weights, epsilon=layer.epsilon)
    return graph.value(name, x.shape, order=order)


@ONNX_CONVERTERS.register("InstanceNorm")
def instance_norm(layer: InstanceNorm, x: Value, params: Arrays, graph: Graph) -> Value:
    """InstanceNormalization, with scale 1 and offset 0."""
    channels = int(x.shape[-1] or 0)
    ones, zeros = graph.constant("ones", np.ones(channels)), graph.constant("zeros", np.zeros(channels))
    name = graph.node("InstanceNormalization", graph.arranged(x, CHANNELS_FIRST), ones, zeros, epsilon=layer.epsilon)
    return _image(name, x.shape, graph)


def _channels_first(axes: int) -> Order:
    """The order (N, C, ...) of (N, ..., C)."""
    return (0, axes, *range(1, axes))


# Tokens


@ONNX_CONVERTERS.register("Embedding")
def embedding(layer: Embedding, x: Value, params: Arrays, graph: Graph) -> Value:
    """Gather a row of W for each token."""
    tokens = graph.cast(x, np.int64) if x.dtype.kind == "f" else x
    shape = (*x.shape, layer.dimensions)
    name = graph.node("Gather", graph.constant("W", params["W"]), tokens.name, axis=0)
    return graph.value(name, shape, order=(*x.order, len(shape)))
