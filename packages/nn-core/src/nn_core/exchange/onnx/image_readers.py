"""Readers that convert ONNX convolution, pooling and normalization to layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nn_core.exchange.onnx.graph import CHANNELS_FIRST, without_axis
from nn_core.exchange.onnx.model_file import attributes
from nn_core.exchange.onnx.readers import READERS, Part, Reading, decimal, real
from nn_core.exchange.onnx.source import Position, Source, expect, require_settings, unsupported
from nn_core.layers.base import Layer
from nn_core.layers.batch_norm import BatchNorm
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.global_average_pool import GlobalAveragePool2D
from nn_core.layers.instance_norm import InstanceNorm
from nn_core.layers.mean_over_time import MeanOverTime
from nn_core.layers.pooling import AveragePool2D, MaxPool2D
from nn_core.layers.windows import Pair, Window

if TYPE_CHECKING:
    import onnx


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
    """Its output (N, C, 1, 1) must be flattened to (N, C) next."""
    channels = _image(node, x)[2]
    after = source.sole_use(node.output[0])
    if after is None or after.op_type not in {"Flatten", "Reshape", "Squeeze"}:
        raise unsupported(node, "its output is not flattened")
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
    """The mean over pixels or steps."""
    axes = source.axes(node)
    expect(node, attributes(node).get("keepdims", 1) == 0 and axes is not None, "only a mean without keepdims is read")
    dropped = {x.order[axis] for axis in axes or () if -len(x.order) <= axis < len(x.order)}
    if len(x.shape) == 3 and dropped == {1, 2}:
        return [Part(GlobalAveragePool2D(), {})], Position(node.output[0], x.shape[2:], (0, 1))
    if len(x.shape) > 1 and dropped == {1}:
        there = replace(x, name=node.output[0], shape=x.shape[1:], order=without_axis(x.order, 1))
        return [Part(MeanOverTime(), {})], there
    raise unsupported(node, "it is not a mean over the pixels or the steps")


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
    momentum = momentum if 0 <= momentum < 1 else 0.9  # used only in training
    layer = BatchNorm(momentum=momentum, epsilon=decimal(settings.get("epsilon", 1e-5)))
    return [Part(layer, weights)], replace(x, name=node.output[0])


def instance_normalization(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    channels = _image(node, x)[2]
    scale, offset = source.required(node, 1), source.required(node, 2)
    fits = scale.shape == offset.shape == (channels,)
    expect(node, fits and bool((scale == 1).all()) and not offset.any(), "a learned scale and offset are not read")
    layer = InstanceNorm(epsilon=decimal(attributes(node).get("epsilon", 1e-5)))
    return [Part(layer, {})], _after_image(node, x, layer)


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
        expect(node, rest == (0, 0), "ceil_mode extends windows beyond the image")
    return window


def _window(
    node: onnx.NodeProto, settings: dict[str, Any], size: Pair, dilation: Pair, height: int, width: int
) -> Window:
    """The window, with padding that the layers here support."""
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
    expect(node, tuple(pads[:2]) == tuple(pads[2:]), f"pads={tuple(pads)} is not supported")
    return Window.of(size, strides, (pads[0], pads[1]), dilation, name="kernel_shape")


READERS.update(
    {
        "AveragePool": average_pool,
        "BatchNormalization": batch_normalization,
        "Conv": conv,
        "GlobalAveragePool": global_average_pool,
        "InstanceNormalization": instance_normalization,
        "MaxPool": max_pool,
        "ReduceMean": reduce_mean,
    }
)
