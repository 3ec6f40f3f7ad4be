"""Readers that convert ONNX operations to layers: dense layers and activations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.exchange.onnx.model_file import attributes
from nn_core.exchange.onnx.source import Position, Source, expect, require_settings
from nn_core.layers.activation import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.layers.base import Layer
from nn_core.layers.dense import Dense
from nn_core.layers.dropout import Dropout

if TYPE_CHECKING:
    import onnx


class Part(NamedTuple):
    """A layer with its parameters by name."""

    layer: Layer
    weights: dict[str, Array]


Reading: TypeAlias = tuple[list[Part], Position]
Reader: TypeAlias = Callable[["onnx.NodeProto", Position, Source], Reading]
"""read(node, x, source): the layers for an operation on x, and the position after them."""


def real(node: onnx.NodeProto, values: npt.NDArray[Any]) -> Array:
    """Weights as float32 or float64. Raises DataError unless they are finite real numbers."""
    expect(node, values.dtype.kind == "f", "its weights are not real numbers")
    found: Array = values.astype(np.float32) if values.dtype == np.float16 else values
    expect(node, bool(np.isfinite(found).all()), "its weights are not finite")
    return found


def decimal(value: float) -> float:
    """The shortest float for a float32 setting: 0.01 for 0.009999999776."""
    return float(str(np.float32(value)))


def gemm(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    settings = attributes(node)
    require_settings(node, settings, {"alpha": (1.0,), "beta": (1.0,), "transA": (0,)})
    expect(node, node.input[0] == x.name, "it does not multiply its input from the right")
    W = source.required(node, 1)
    return _dense(node, W.T if settings.get("transB") else W, source.argument(node, 2), x, node.output[0])


def matmul(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """A product, and the bias that is added to it."""
    expect(node, node.input[0] == x.name, "it does not multiply its input from the right")
    W = source.required(node, 1)
    expect(node, W.ndim == 2, f"its matrix has the shape {W.shape}")
    after = source.sole_use(node.output[0])
    if after is not None and after.op_type == "Add":
        for index in (0, 1):
            name = after.input[index]
            if source.is_constant(name) and source.constant(name).shape[-1:] == W.shape[1:]:
                return _dense(node, W, source.constant(name), x, after.output[0])
    return _dense(node, W, None, x, node.output[0])


def _dense(node: onnx.NodeProto, W: npt.NDArray[Any], b: npt.NDArray[Any] | None, x: Position, output: str) -> Reading:
    expect(node, W.ndim == 2 and min(W.shape) > 0, f"its matrix has the shape {W.shape}")
    features, units = W.shape
    expect(node, x.order[-1] == len(x.shape), "it multiplies another axis than the features")
    expect(node, x.shape[-1:] == (features,), f"its matrix has {features} rows for inputs of shape {x.shape}")
    W, b = real(node, W), np.zeros(units, W.dtype) if b is None else real(node, b)
    expect(node, b.size == units, f"its bias has the shape {b.shape} for {units} outputs")
    order = x.feature_order()
    if order is not None:
        rows = np.empty_like(W)
        rows[order] = W
        W = rows
    there = Position(output, (*x.shape[:-1], units), x.order)
    return [Part(Dense(units), {"W": W, "b": b.reshape(units)})], there


# Elementwise operations


def relu(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    return _elementwise(node, x, ReLU())


def leaky_relu(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    return _elementwise(node, x, LeakyReLU(slope=decimal(attributes(node).get("alpha", 0.01))))


def sigmoid(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    return _elementwise(node, x, Sigmoid())


def tanh(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    return _elementwise(node, x, Tanh())


def gelu(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    return _elementwise(node, x, GELU(approximate=attributes(node).get("approximate", "none") == "tanh"))


def dropout(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """The rate is an input in later versions, an attribute in earlier ones."""
    rate = attributes(node).get("ratio", 0.5)
    given = source.argument(node, 1)
    if given is not None and given.size == 1:
        rate = float(given.reshape(()))
    rate = decimal(rate)
    return _elementwise(node, x, Dropout(rate)) if 0 <= rate < 1 else identity(node, x, source)


def identity(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    return [], replace(x, name=node.output[0])


def cast(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """To tokens from any type, or from one real type to another."""
    from onnx import TensorProto as Kind

    to = attributes(node).get("to")
    tokens = to in {Kind.INT32, Kind.INT64}
    expect(
        node, tokens or (not x.integers and to in {Kind.FLOAT, Kind.DOUBLE, Kind.FLOAT16}), "it makes numbers of tokens"
    )
    return [], replace(x, name=node.output[0], integers=tokens)


def _elementwise(node: onnx.NodeProto, x: Position, layer: Layer) -> Reading:
    expect(node, not x.integers, "it takes real numbers, not tokens")
    return [Part(layer, {})], replace(x, name=node.output[0])


READERS: dict[str, Reader] = {
    "Cast": cast,
    "Dropout": dropout,
    "Gelu": gelu,
    "Gemm": gemm,
    "Identity": identity,
    "LeakyRelu": leaky_relu,
    "MatMul": matmul,
    "Relu": relu,
    "Sigmoid": sigmoid,
    "Tanh": tanh,
}
"""Readers by operation name; see also `axis_readers`, `image_readers` and `recurrent_readers`."""
