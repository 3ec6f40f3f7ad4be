"""Readers that convert ONNX convolution, pooling and normalization to layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from nn_core.exchange.onnx.graph import CHANNELS_FIRST
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
from nn_core.layers.reshape import Reshape
from nn_core.layers.windows import Pair, Window

if TYPE_CHECKING:
    import onnx


def conv(node: onnx.NodeProto, x: Position, source: Source, borders: Sequence[int] = (0, 0, 0, 0)) -> Reading:
    """A convolution, and the bias that is added to it.

    borders  of zeros that were put around the image before: top, left, bottom, right
    """
    settings = attributes(node)
    W = source.required(node, 1)
    expect(node, W.ndim == 4 and min(W.shape) > 0, f"its kernel has the shape {W.shape}; only 2D is read")
    before, x = _image(node, x)
    height, width, channels = (int(size or 0) for size in x.shape)
    filters, depth, *kernel = W.shape
    require_settings(node, settings, {"kernel_shape": (tuple(kernel),)})
    groups = settings.get("group", 1)
    expect(
        node,
        groups >= 1 and depth * groups == channels,
        f"its kernel of shape {W.shape} does not fit {channels} channels",
    )
    b, last = source.argument(node, 2), node
    after = source.sole_use(node.output[0])
    if b is None and after is not None and after.op_type == "Add":
        for name in filter(source.is_constant, after.input):
            if source.constant(name).shape in {(1, filters, 1, 1), (filters, 1, 1)}:
                b, last = source.constant(name).reshape(filters), after
    W, b = real(node, W), np.zeros(filters, W.dtype) if b is None else real(node, b)
    expect(node, b.shape == (filters,), f"its bias has the shape {b.shape} for {filters} filters")
    dilation = _pair(node, settings, "dilations")
    if any(borders):
        require_settings(node, settings, {"auto_pad": ("NOTSET", "VALID")})
        pads = settings.get("pads", (0, 0, 0, 0))
        settings = settings | {"pads": tuple(a + b for a, b in zip(pads, borders, strict=True)), "auto_pad": "NOTSET"}
    window = _window(node, settings, (kernel[0], kernel[1]), dilation, height, width)
    layer = Conv2D(
        filters, window.size, strides=window.strides, padding=window.padding, dilation=window.dilation, groups=groups
    )
    return [*before, Part(layer, {"W": W.transpose(2, 3, 1, 0), "b": b})], _after_image(last, x, layer)


def pad(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """Zeros around an image, which become padding of the convolution after it."""
    settings, after = attributes(node), source.sole_use(node.output[0])
    expect(node, after is not None and after.op_type == "Conv", "no convolution follows it")
    expect(node, settings.get("mode", "constant") == "constant", f"mode={settings.get('mode')} is not supported")
    value = source.argument(node, 2) if len(node.input) > 2 else np.array(settings.get("value", 0.0))
    expect(node, value is None or not value.any(), "it pads with other numbers than zeros")
    pads = settings["pads"] if "pads" in settings else source.numbers(node, 1)
    fits = len(pads) == 8 and min(pads) >= 0 and not any((*pads[:2], *pads[4:6])) and not any(node.input[3:4])
    expect(node, fits, f"it pads other axes than those of the pixels, or by {tuple(pads)[:8]}")
    return conv(cast("onnx.NodeProto", after), x, source, (*pads[2:4], *pads[6:8]))


def max_pool(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    settings = attributes(node)
    require_settings(node, settings, {"storage_order": (0,), "dilations": ((1, 1),)})
    before, x = _image(node, x)
    window = _pool_window(node, settings, x)
    layer = MaxPool2D(window.size, strides=window.strides, padding=window.padding)
    return [*before, Part(layer, {})], _after_image(node, x, layer)


def average_pool(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    settings = attributes(node)
    require_settings(node, settings, {"dilations": ((1, 1),), "count_include_pad": (0, 1)})
    before, x = _image(node, x)
    window = _pool_window(node, settings, x)
    counted = settings.get("count_include_pad", 0) == 1
    layer = AveragePool2D(window.size, strides=window.strides, padding=window.padding, count_zeros=counted)
    return [*before, Part(layer, {})], _after_image(node, x, layer)


def global_average_pool(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """Its output (N, C, 1, 1) is (N, C) here."""
    before, x = _image(node, x)
    return [*before, Part(GlobalAveragePool2D(), {})], Position(node.output[0], x.shape[2:], (0, 1, -1, -1))


def reduce_mean(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """The mean over pixels or steps."""
    axes, count = source.axes(node), len(x.order)
    dropped = {x.order[axis] for axis in axes or () if -count <= axis < count}
    layer: Layer
    if len(x.shape) == 3 and dropped == {1, 2}:
        layer = GlobalAveragePool2D()
    elif len(x.shape) > 1 and dropped == {1}:
        layer = MeanOverTime()
    else:
        raise unsupported(node, "it is not a mean over the pixels or the steps")
    order = tuple(-1 if axis in dropped else axis - sum(0 < each < axis for each in dropped) for axis in x.order)
    if not attributes(node).get("keepdims", 1):
        order = tuple(new for new, axis in zip(order, x.order, strict=True) if axis not in dropped)
    return [Part(layer, {})], Position(node.output[0], x.shape[len(dropped) :], order)


def batch_normalization(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    settings = attributes(node)
    require_settings(node, settings, {"training_mode": (0,), "spatial": (1,)})
    before: list[Part] = []
    if len(x.order) == 4 and -1 in x.order:
        before, x = _image(node, x)
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
    return [*before, Part(layer, weights)], replace(x, name=node.output[0])


def instance_normalization(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    before, x = _image(node, x)
    channels = int(x.shape[2] or 0)
    scale, offset = source.required(node, 1), source.required(node, 2)
    fits = scale.shape == offset.shape == (channels,)
    expect(node, fits and bool((scale == 1).all()) and not offset.any(), "a learned scale and offset are not read")
    layer = InstanceNorm(epsilon=decimal(attributes(node).get("epsilon", 1e-5)))
    return [*before, Part(layer, {})], _after_image(node, x, layer)


def _image(node: onnx.NodeProto, x: Position) -> tuple[list[Part], Position]:
    """The layers that make x an image (H, W, C) of fixed size, channels first in the graph."""
    before: list[Part] = []
    if len(x.order) == 4 and -1 in x.order:
        ours = [x.order[place] for place in (0, 2, 3, 1) if x.order[place] >= 0]
        expect(node, ours == sorted(ours) and None not in x.shape, f"it takes images, not {x.shape}")
        _, channels, height, width = x.sizes()
        x = replace(x, shape=(height, width, channels), order=CHANNELS_FIRST)
        before = [Part(Reshape((height, width, channels)), {})]
    expect(node, len(x.shape) == 3 and x.order == CHANNELS_FIRST, f"it takes images, not {x.shape}")
    expect(node, None not in x.shape, "the height and width of images must be fixed")
    return before, x


def _after_image(node: onnx.NodeProto, x: Position, layer: Layer) -> Position:
    return Position(node.output[0], layer.output_shape(x.shape), CHANNELS_FIRST)


def _pair(node: onnx.NodeProto, settings: dict[str, Any], name: str) -> Pair:
    values = settings.get(name, (1, 1))
    expect(node, len(values) == 2 and min(values) >= 1, f"{name}={values}; only 2D is read")
    return values[0], values[1]


def _pool_window(node: onnx.NodeProto, settings: dict[str, Any], x: Position) -> Window:
    height, width = (int(size or 0) for size in x.shape[:2])
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
        "Pad": pad,
        "ReduceMean": reduce_mean,
    }
)
