"""ONNX operators as calls of the layers and functions of nn-core.

Each takes the attributes of a node and its inputs, and returns its outputs, None for those that
the layers do not compute. Raises NotExpressible for settings that no layer has.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nn_core import activations
from nn_core.erf import erf
from nn_core.layers import GELU, Dense, Dropout, Embedding, LeakyReLU, MeanOverTime, ReLU
from nn_core.layers.base import Layer
from nn_core.layers.bound import BoundLayer
from onnx_vectors.calls import NotComparable, Operator, Outputs, Settings, call, expect
from onnx_vectors.images import (
    average_pool,
    batch_norm,
    conv,
    global_average_pool,
    global_max_pool,
    instance_norm,
    max_pool,
)
from onnx_vectors.recurrent import recurrent
from onnx_vectors.training import adam, cross_entropy, momentum
from onnx_vectors.vectors import Values


def gemm(given: Settings, a: Values, b: Values, c: Values | None = None) -> Outputs:
    """Factors are part of the weights."""
    x, W = (a.T if given.get("transA") else a), (b.T if given.get("transB") else b)
    bias = np.zeros(1, W.dtype) if c is None else c
    expect(bias.size in {1, W.shape[1]}, "a bias for each example")
    bias = np.broadcast_to(bias.ravel(), W.shape[1]) * np.float32(given.get("beta", 1.0))
    return [call(Dense(W.shape[1]), x, W=W * np.float32(given.get("alpha", 1.0)), b=bias.astype(W.dtype))]


def matmul(given: Settings, a: Values, b: Values) -> Outputs:
    expect(b.ndim == 2 and a.ndim > 1, "a matrix for each example")
    return [call(Dense(b.shape[1]), a, W=b, b=np.zeros(b.shape[1], b.dtype))]


def elementwise(make: Callable[[Settings], Layer]) -> Operator:
    """An activation layer, for inputs of any shape."""
    return lambda given, x, *_: [call(make(given), x.reshape(1, -1)).reshape(x.shape)]


def function(f: Callable[[Values], Values]) -> Operator:
    """A function of nn-core, for inputs of any shape."""
    return lambda given, x: [f(x)]


def normalized(f: Callable[[Values], Values]) -> Operator:
    """Softmax and its logarithm along an axis; over all axes from this one in early versions."""

    def operator(given: Settings, x: Values) -> Outputs:
        if given["version"] < 13:
            flat = x.reshape(int(np.prod(x.shape[: given.get("axis", 1)])), -1)
            return [f(flat).reshape(x.shape)]
        axis = given.get("axis", -1)
        return [np.moveaxis(f(np.moveaxis(x, axis, -1)), -1, axis)]

    return operator


def prelu(given: Settings, x: Values, slope: Values) -> Outputs:
    expect(slope.size == 1, "a slope for each channel")
    return [call(LeakyReLU(slope=float(slope.reshape(()))), x.reshape(1, -1)).reshape(x.shape)]


def dropout(given: Settings, x: Values, ratio: Values | None = None, training: Values | None = None) -> Outputs:
    rate = given.get("ratio", 0.5) if ratio is None else float(ratio)
    if training is not None and training and rate > 0:
        raise NotComparable
    return [call(Dropout(rate), x), None]


def reduce_mean(given: Settings, x: Values, axes: Values | None = None) -> Outputs:
    chosen: list[int] = given.get("axes", []) if axes is None else axes.tolist()
    expect(len(chosen) == 1, "a mean over several axes")
    moved = np.moveaxis(x, chosen[0], 1)
    expect(chosen[0] % x.ndim > 0, "a mean over the batch")
    y = call(MeanOverTime(), moved)
    return [np.expand_dims(y, chosen[0]) if given.get("keepdims", 1) else y]


def gather(given: Settings, table: Values, tokens: Values) -> Outputs:
    expect(given.get("axis", 0) == 0 and table.ndim > 1 and tokens.ndim > 0, "a choice along another axis")
    rows = table.reshape(len(table), -1)
    tokens = np.where(tokens < 0, tokens + len(table), tokens)[None]
    y = BoundLayer(Embedding(*rows.shape), {"W": rows}, rows.dtype)(tokens)
    return [y[0].reshape(*tokens.shape[1:], *table.shape[1:])]


OPERATORS: dict[str, Operator] = {
    "Adam": adam,
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Conv": conv,
    "Dropout": dropout,
    "Erf": function(erf),
    "GRU": recurrent("GRU"),
    "Gather": gather,
    "Gelu": elementwise(lambda given: GELU(approximate=given.get("approximate", "none") == "tanh")),
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "GlobalMaxPool": global_max_pool,
    "InstanceNormalization": instance_norm,
    "LSTM": recurrent("LSTM"),
    "LeakyRelu": elementwise(lambda given: LeakyReLU(slope=given.get("alpha", 0.01))),
    "LogSoftmax": normalized(activations.log_softmax),
    "MatMul": matmul,
    "MaxPool": max_pool,
    "Momentum": momentum,
    "PRelu": prelu,
    "RNN": recurrent("SimpleRNN"),
    "ReduceMean": reduce_mean,
    "Relu": elementwise(lambda given: ReLU()),
    "Sigmoid": function(activations.sigmoid),
    "Softmax": normalized(activations.softmax),
    "SoftmaxCrossEntropyLoss": cross_entropy,
    "Softplus": function(activations.softplus),
    "Tanh": function(activations.tanh),
}
