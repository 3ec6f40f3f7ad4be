"""How operations of ONNX become layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.exchange.onnx.graph import CHANNELS_FIRST, Order, without_axis
from nn_core.exchange.onnx.model_file import attributes
from nn_core.exchange.onnx.source import Position, Source, expect, refusal, require_settings
from nn_core.layers.activation import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.layers.base import Layer
from nn_core.layers.batch_norm import BatchNorm
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.dense import Dense
from nn_core.layers.dropout import Dropout
from nn_core.layers.embedding import Embedding
from nn_core.layers.flatten import Flatten
from nn_core.layers.global_average_pool import GlobalAveragePool2D
from nn_core.layers.instance_norm import InstanceNorm
from nn_core.layers.last_step import LastStep
from nn_core.layers.pooling import AveragePool2D, MaxPool2D
from nn_core.layers.windows import Pair, Window

if TYPE_CHECKING:
    import onnx


class Part(NamedTuple):
    """A layer with its parameters by name."""

    layer: Layer
    weights: dict[str, Array]


Reading: TypeAlias = tuple[list[Part], Position]
Reader: TypeAlias = Callable[["onnx.NodeProto", Position, Source], Reading]
"""read(node, x, source): the layers for an operation on x, and where they lead."""


def real(node: onnx.NodeProto, values: npt.NDArray[Any]) -> Array:
    """Weights as float32 or float64. Raises DataError unless they are finite real numbers."""
    expect(node, values.dtype.kind == "f", "its weights are not real numbers")
    found: Array = values.astype(np.float32) if values.dtype == np.float16 else values
    expect(node, bool(np.isfinite(found).all()), "its weights are not finite")
    return found


def decimal(value: float) -> float:
    """What was meant by a float32 setting: 0.01 for 0.009999999776."""
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


# Single elements


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
    """Its rate is an input in later versions, an attribute in earlier ones."""
    rate = attributes(node).get("ratio", 0.5)
    given = source.argument(node, 1)
    if given is not None and given.size == 1:
        rate = float(given.reshape(()))
    rate = decimal(rate)
    return _elementwise(node, x, Dropout(rate)) if 0 <= rate < 1 else identity(node, x, source)


def identity(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    return [], replace(x, name=node.output[0])


def cast(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """From one real type to another, or from one type of tokens to another."""
    from onnx import TensorProto as Kind

    known = {Kind.INT32, Kind.INT64} if x.integers else {Kind.FLOAT, Kind.DOUBLE}
    expect(node, attributes(node).get("to") in known, "it changes between whole and real numbers")
    return identity(node, x, source)


def _elementwise(node: onnx.NodeProto, x: Position, layer: Layer) -> Reading:
    expect(node, not x.integers, "it takes real numbers, not tokens")
    return [Part(layer, {})], replace(x, name=node.output[0])


# Images


def conv(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    settings = attributes(node)
    W = source.required(node, 1)
    expect(node, W.ndim == 4 and min(W.shape) > 0, f"its kernel has the shape {W.shape}; only 2D is read")
    height, width, channels = _image(node, x)
    filters, depth, *kernel = W.shape
    require_settings(node, settings, {"kernel_shape": (tuple(kernel),)})
    groups = settings.get("group", 1)
    expect(
        node,
        groups >= 1 and depth * groups == channels,
        f"its kernel of shape {W.shape} does not fit {channels} channels",
    )
    b = source.argument(node, 2)
    W, b = real(node, W), np.zeros(filters, W.dtype) if b is None else real(node, b)
    expect(node, b.shape == (filters,), f"its bias has the shape {b.shape} for {filters} filters")
    dilation = _pair(node, settings, "dilations")
    window = _window(node, settings, (kernel[0], kernel[1]), dilation, height, width)
    layer = Conv2D(
        filters, window.size, strides=window.strides, padding=window.padding, dilation=window.dilation, groups=groups
    )
    return [Part(layer, {"W": W.transpose(2, 3, 1, 0), "b": b})], _after_image(node, x, layer)


def max_pool(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    settings = attributes(node)
    require_settings(node, settings, {"storage_order": (0,), "dilations": ((1, 1),)})
    window = _pool_window(node, settings, x)
    layer = MaxPool2D(window.size, strides=window.strides, padding=window.padding)
    return [Part(layer, {})], _after_image(node, x, layer)


def average_pool(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    settings = attributes(node)
    require_settings(node, settings, {"dilations": ((1, 1),), "count_include_pad": (0, 1)})
    window = _pool_window(node, settings, x)
    counted = settings.get("count_include_pad", 0) == 1
    layer = AveragePool2D(window.size, strides=window.strides, padding=window.padding, count_zeros=counted)
    return [Part(layer, {})], _after_image(node, x, layer)


def global_average_pool(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """Its output (N, C, 1, 1) must become (N, C) at once."""
    channels = _image(node, x)[2]
    after = source.sole_use(node.output[0])
    if after is None or after.op_type not in {"Flatten", "Reshape", "Squeeze"}:
        raise refusal(node, "its output is not flattened")
    if after.op_type == "Squeeze":
        axes = source.axes(after)
        expect(after, axes is not None and {axis % 4 for axis in axes} == {2, 3}, "it does not squeeze the pixels")
    elif after.op_type == "Flatten":
        expect(after, attributes(after).get("axis", 1) == 1, "it does not keep the batch axis")
    else:
        target = tuple(int(size) for size in np.ravel(source.required(after, 1))[:8])
        expect(after, len(target) == 2 and target[1] in {-1, channels}, f"it makes the shape {target}")
    return [Part(GlobalAveragePool2D(), {})], Position(after.output[0], (channels,), (0, 1))


def reduce_mean(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """The mean over the pixels."""
    axes = source.axes(node)
    expect(node, attributes(node).get("keepdims", 1) == 0 and axes is not None, "only a mean without keepdims is read")
    dropped = {x.order[axis] for axis in axes or () if -len(x.order) <= axis < len(x.order)}
    if len(x.shape) == 3 and dropped == {1, 2}:
        return [Part(GlobalAveragePool2D(), {})], Position(node.output[0], x.shape[2:], (0, 1))
    raise refusal(node, "it is not a mean over the pixels")


def batch_normalization(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    settings = attributes(node)
    require_settings(node, settings, {"training_mode": (0,), "spatial": (1,)})
    expect(node, len(x.order) > 1 and x.order[1] == len(x.shape), "it does not normalize the channels")
    names = ("gamma", "beta", "running_mean", "running_variance")
    weights = {name: real(node, source.required(node, 1 + index)) for index, name in enumerate(names)}
    for name, values in weights.items():
        expect(node, values.shape == x.shape[-1:], f"its {name} has the shape {values.shape} for inputs {x.shape}")
    order = x.feature_order()
    if order is not None:
        for name, values in weights.items():
            weights[name] = np.empty_like(values)
            weights[name][order] = values
    momentum = decimal(settings.get("momentum", 0.9))
    momentum = momentum if 0 <= momentum < 1 else 0.9  # it matters in training only
    layer = BatchNorm(momentum=momentum, epsilon=decimal(settings.get("epsilon", 1e-5)))
    return [Part(layer, weights)], replace(x, name=node.output[0])


def instance_normalization(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    channels = _image(node, x)[2]
    scale, offset = source.required(node, 1), source.required(node, 2)
    fits = scale.shape == offset.shape == (channels,)
    expect(node, fits and bool((scale == 1).all()) and not offset.any(), "a learned scale and offset are not read")
    return _elementwise(node, x, InstanceNorm(epsilon=decimal(attributes(node).get("epsilon", 1e-5))))


def _image(node: onnx.NodeProto, x: Position) -> tuple[int, int, int]:
    """Height, width and channels."""
    expect(node, len(x.shape) == 3 and x.order == CHANNELS_FIRST, f"it takes images, not {x.shape}")
    height, width, channels = (int(size or 0) for size in x.shape)
    expect(node, height > 0 and width > 0, "the height and width of images must be fixed")
    return height, width, channels


def _after_image(node: onnx.NodeProto, x: Position, layer: Layer) -> Position:
    return Position(node.output[0], layer.output_shape(x.shape), CHANNELS_FIRST)


def _pair(node: onnx.NodeProto, settings: dict[str, Any], name: str) -> Pair:
    values = settings.get(name, (1, 1))
    expect(node, len(values) == 2 and min(values) >= 1, f"{name}={values}; only 2D is read")
    return values[0], values[1]


def _pool_window(node: onnx.NodeProto, settings: dict[str, Any], x: Position) -> Window:
    height, width, _ = _image(node, x)
    expect(node, "kernel_shape" in settings, "it has no kernel_shape")
    window = _window(node, settings, _pair(node, settings, "kernel_shape"), (1, 1), height, width)
    if settings.get("ceil_mode", 0):
        rows, columns = (sum(border) for border in window.borders(height, width))
        rest = (
            (height + rows - window.size[0]) % window.strides[0],
            (width + columns - window.size[1]) % window.strides[1],
        )
        expect(node, rest == (0, 0), "ceil_mode makes windows beyond the image")
    return window


def _window(
    node: onnx.NodeProto, settings: dict[str, Any], size: Pair, dilation: Pair, height: int, width: int
) -> Window:
    """The window with the padding that one of our layers can have."""
    strides, auto = _pair(node, settings, "strides"), settings.get("auto_pad", "NOTSET")
    require_settings(node, settings, {"auto_pad": ("NOTSET", "VALID", "SAME_UPPER")})
    pads = settings.get("pads", (0, 0, 0, 0)) if auto == "NOTSET" else (0, 0, 0, 0)
    expect(node, len(pads) == 4, f"pads={pads}; only 2D is read")
    same = Window.of(size, strides, "same", dilation, name="kernel_shape")
    (top, bottom), (left, right) = same.borders(height, width)
    if auto == "SAME_UPPER" or (any(pads) and tuple(pads) == (top, left, bottom, right)):
        return same
    if not any(pads):
        return Window.of(size, strides, "valid", dilation, name="kernel_shape")
    expect(node, tuple(pads[:2]) == tuple(pads[2:]), f"pads={tuple(pads)}: no layer pads so")
    return Window.of(size, strides, (pads[0], pads[1]), dilation, name="kernel_shape")


# Axes


def flatten(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    expect(node, attributes(node).get("axis", 1) == 1, "it does not keep the batch axis")
    return _flatten(node, x)


def reshape(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """Only to (N, features): an image or a sequence becomes a row."""
    target = tuple(int(size) for size in np.ravel(source.required(node, 1))[:8])
    sizes = [size for size in x.shape if size is not None]
    fits = len(target) == 2 and target[0] in {0, -1, 1} and target[1] in {-1, math.prod(sizes)}
    expect(node, fits and target != (-1, -1), f"it makes the shape {target}; only rows (N, features) are read")
    return _flatten(node, x)


def _flatten(node: onnx.NodeProto, x: Position) -> Reading:
    sizes = [size for size in x.shape if size is not None]
    expect(node, len(sizes) == len(x.shape) and x.order[0] == 0, f"it flattens examples of shape {x.shape}")
    if len(sizes) == 1:
        return [], replace(x, name=node.output[0])
    order = None if x.order == tuple(range(len(x.order))) else (tuple(sizes), x.order)
    there = Position(node.output[0], (math.prod(sizes),), (0, 1), flattened=order)
    return [Part(Flatten(), {})], there


def transpose(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """No layer: the axes lie in another order."""
    perm: Order = attributes(node).get("perm", tuple(reversed(range(len(x.order)))))
    expect(node, sorted(perm) == list(range(len(x.order))), "its perm is not a permutation of its axes")
    return [], replace(x, name=node.output[0], order=tuple(x.order[axis] for axis in perm))


def gather(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """An embedding, or the last step."""
    axis = attributes(node).get("axis", 0)
    if node.input[0] == x.name:
        index = source.required(node, 1)
        axis = axis % len(x.order) if -len(x.order) <= axis < len(x.order) else -1
        fits = len(x.shape) > 1 and axis >= 0 and x.order[axis] == 1 and index.shape == ()
        last = {-1} if x.shape[0] is None else {-1, x.shape[0] - 1}
        expect(node, fits and int(index) in last, "it does not take the last step of a sequence")
        return [Part(LastStep(), {})], Position(node.output[0], x.shape[1:], without_axis(x.order, 1))
    expect(node, x.integers, "it looks up real numbers, not tokens")
    W = real(node, source.required(node, 0))
    expect(node, axis == 0 and W.ndim == 2 and min(W.shape) > 0, f"its table has the shape {W.shape}")
    layer = Embedding(*W.shape)
    shape = layer.output_shape(x.shape)
    return [Part(layer, {"W": W})], Position(node.output[0], shape, (*x.order, len(shape)))


READERS: dict[str, Reader] = {
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": cast,
    "Conv": conv,
    "Dropout": dropout,
    "Flatten": flatten,
    "Gather": gather,
    "Gelu": gelu,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "Identity": identity,
    "InstanceNormalization": instance_normalization,
    "LeakyRelu": leaky_relu,
    "MatMul": matmul,
    "MaxPool": max_pool,
    "ReduceMean": reduce_mean,
    "Relu": relu,
    "Reshape": reshape,
    "Sigmoid": sigmoid,
    "Tanh": tanh,
    "Transpose": transpose,
}
"""The operations that are read, by name; see also `recurrent_readers`."""
