"""Readers that convert ONNX operations to layers: dense layers, activations, embeddings, axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.exchange.onnx.graph import Order, without_axis
from nn_core.exchange.onnx.model_file import attributes
from nn_core.exchange.onnx.source import Position, Source, expect, require_settings
from nn_core.layers.activation import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.layers.base import Layer
from nn_core.layers.dense import Dense
from nn_core.layers.dropout import Dropout
from nn_core.layers.embedding import Embedding
from nn_core.layers.flatten import Flatten
from nn_core.layers.last_step import LastStep
from nn_core.layers.mean_over_time import MeanOverTime
from nn_core.layers.reshape import Reshape
from nn_core.layers.select import Select

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
    expect(node, tokens or (not x.integers and to in {Kind.FLOAT, Kind.DOUBLE}), "it makes numbers of tokens")
    return [], replace(x, name=node.output[0], integers=tokens)


def _elementwise(node: onnx.NodeProto, x: Position, layer: Layer) -> Reading:
    expect(node, not x.integers, "it takes real numbers, not tokens")
    return [Part(layer, {})], replace(x, name=node.output[0])


# Axes


def flatten(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    expect(node, attributes(node).get("axis", 1) == 1, "it does not keep the batch axis")
    return _flatten(node, x)


def reshape(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """To (N, features), or another example shape in canonical order."""
    batch, *target = (int(size) for size in np.ravel(source.required(node, 1))[:8])
    sizes = [size for size in x.shape if size is not None]
    known = batch in {0, -1, 1} and len(sizes) == len(x.shape) and not (batch == -1 and -1 in target)
    expect(node, known, f"it makes the shape {(batch, *target)} of examples {x.shape}")
    if target in ([-1], [math.prod(sizes)]):
        return _flatten(node, x)
    expect(node, x.order == tuple(range(len(x.order))) and x.flattened is None, "it reshapes axes in another order")
    layer = Reshape(tuple(x.shape[i] or 0 if size == 0 else size for i, size in enumerate(target)))
    shape = layer.output_shape(x.shape)
    return [Part(layer, {})], Position(node.output[0], shape, tuple(range(1 + len(shape))), integers=x.integers)


def _flatten(node: onnx.NodeProto, x: Position) -> Reading:
    sizes = [size for size in x.shape if size is not None]
    expect(node, len(sizes) == len(x.shape) and x.order[0] == 0, f"it flattens examples of shape {x.shape}")
    if len(sizes) == 1:
        return [], replace(x, name=node.output[0])
    order = None if x.order == tuple(range(len(x.order))) else (tuple(sizes), x.order)
    there = Position(node.output[0], (math.prod(sizes),), (0, 1), flattened=order)
    return [Part(Flatten(), {})], there


def transpose(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """No layer: only the axis order changes."""
    perm: Order = attributes(node).get("perm", tuple(reversed(range(len(x.order)))))
    expect(node, sorted(perm) == list(range(len(x.order))), "its perm is not a permutation of its axes")
    return [], replace(x, name=node.output[0], order=tuple(x.order[axis] for axis in perm))


def gather(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """An embedding, the last step, or some of the features."""
    axis = attributes(node).get("axis", 0)
    if node.input[0] == x.name:
        index = source.required(node, 1)
        expect(node, -len(x.order) <= axis < len(x.order) and index.dtype.kind == "i", "its indices are not numbers")
        return _chosen(node, x, x.order[axis], index)
    expect(node, x.integers, "it looks up real numbers, not tokens")
    W = real(node, source.required(node, 0))
    expect(node, axis == 0 and W.ndim == 2 and min(W.shape) > 0, f"its table has the shape {W.shape}")
    layer = Embedding(*W.shape)
    shape = layer.output_shape(x.shape)
    return [Part(layer, {"W": W})], Position(node.output[0], shape, (*x.order, len(shape)))


def _chosen(node: onnx.NodeProto, x: Position, axis: int, index: npt.NDArray[Any]) -> Reading:
    """Elements along a canonical axis."""
    if axis == len(x.shape):
        expect(node, x.flattened is None and index.ndim <= 1, "it chooses features in another order")
        layer = Select(index.tolist())
        order = x.order if index.ndim else without_axis(x.order, axis)
        return [Part(layer, {})], replace(x, name=node.output[0], shape=layer.output_shape(x.shape), order=order)
    last = {-1} if x.shape[0] is None else {-1, x.shape[0] - 1}
    fits = axis == 1 and index.shape == () and int(index) in last
    expect(node, fits, "it does not take the last step of a sequence")
    return [Part(LastStep(), {})], replace(x, name=node.output[0], shape=x.shape[1:], order=without_axis(x.order, axis))


def gather_nd(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """The last step of padded sequences, in files written by `to_onnx`."""
    expect(node, source.is_of_lengths(node.input[1]), "only the last step of padded sequences is read")
    return [Part(LastStep(), {})], Position(node.output[0], x.shape[1:], tuple(range(len(x.shape))))


def where(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """The mean over the steps of padded sequences, in files written by `to_onnx`: Where, ReduceSum, Div."""
    nodes = [node]
    for kind in ("ReduceSum", "Div"):
        after = source.sole_use(nodes[-1].output[0])
        if after is None or after.op_type != kind:
            break
        nodes.append(after)
    known = len(nodes) == 3 and source.is_of_lengths(node.input[0]) and source.is_of_lengths(nodes[2].input[1])
    expect(node, known, "only the mean over the steps of padded sequences is read")
    return [Part(MeanOverTime(), {})], Position(nodes[2].output[0], x.shape[1:], tuple(range(len(x.shape))))


READERS: dict[str, Reader] = {
    "Cast": cast,
    "Dropout": dropout,
    "Flatten": flatten,
    "Gather": gather,
    "GatherND": gather_nd,
    "Gelu": gelu,
    "Gemm": gemm,
    "Identity": identity,
    "LeakyRelu": leaky_relu,
    "MatMul": matmul,
    "Relu": relu,
    "Reshape": reshape,
    "Sigmoid": sigmoid,
    "Tanh": tanh,
    "Transpose": transpose,
    "Where": where,
}
"""Readers by operation name; see also `image_readers` and `recurrent_readers`."""
