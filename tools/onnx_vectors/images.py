"""ONNX's operators on images as calls of layers; see `operators`."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn_core.layers import AveragePool2D, BatchNorm, Conv2D, GlobalAveragePool2D, InstanceNorm, MaxPool2D
from nn_core.layers.context import Context
from onnx_vectors.calls import Outputs, Settings, call, expect
from onnx_vectors.vectors import Values


def _image(x: Values) -> Values:
    """(N, C, H, W), or (N, C, W) as a row, in the order of the layers."""
    x = x[:, :, None] if x.ndim == 3 else x
    return x.transpose(0, 2, 3, 1)


def _back(y: Values, like: Values) -> Values:
    y = y.transpose(0, 3, 1, 2)
    return y[:, :, 0] if like.ndim == 3 else y


def _two(values: Any, default: int, x: Values) -> tuple[int, int]:
    """A setting of both axes of the pixels."""
    expect(x.ndim in {3, 4}, "images of three dimensions")
    values = [default] * (x.ndim - 2) if values is None else list(values)
    return (default, values[0]) if x.ndim == 3 else (values[0], values[1])


def _borders(given: Settings, x: Values, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Pixels around the image: (top, bottom), (left, right)."""
    auto = given.get("auto_pad", "NOTSET")
    strides, dilation = (_two(given.get(name), 1, x) for name in ("strides", "dilations"))
    if auto == "NOTSET":
        pads = given.get("pads", [0] * 2 * (x.ndim - 2))
        pads = [0, pads[0], 0, pads[1]] if x.ndim == 3 else pads
        return [(pads[0], pads[2]), (pads[1], pads[3])]
    found = []
    for pixels, s, d, n in zip(_image(x).shape[1:3], strides, dilation, size, strict=True):
        whole = 0 if auto == "VALID" else max(0, (-(-pixels // s) - 1) * s + d * (n - 1) + 1 - pixels)
        small, large = whole // 2, whole - whole // 2
        found.append((large, small) if auto == "SAME_LOWER" else (small, large))
    return found


def _padded(x: Values, borders: list[tuple[int, int]], value: float) -> Values:
    return np.pad(_image(x), [(0, 0), *borders, (0, 0)], constant_values=value)


def conv(given: Settings, x: Values, w: Values, b: Values | None = None) -> Outputs:
    size = _two(w.shape[2:], 1, x)
    layer = Conv2D(
        len(w),
        size,
        strides=_two(given.get("strides"), 1, x),
        dilation=_two(given.get("dilations"), 1, x),
        groups=given.get("group", 1),
    )
    W = (w[:, :, None] if x.ndim == 3 else w).transpose(2, 3, 1, 0)
    padded = _padded(x, _borders(given, x, size), 0.0)
    return [_back(call(layer, padded, W=W, b=np.zeros(len(w), w.dtype) if b is None else b), x)]


def _pool_settings(given: Settings, x: Values) -> tuple[tuple[int, int], dict[str, Any]]:
    expect(not given.get("ceil_mode") and max(_two(given.get("dilations"), 1, x)) == 1, "windows with gaps, or cut off")
    return _two(given["kernel_shape"], 1, x), {"strides": _two(given.get("strides"), 1, x)}


def max_pool(given: Settings, x: Values) -> Outputs:
    size, settings = _pool_settings(given, x)
    padded = _padded(x, _borders(given, x, size), float(np.finfo(np.float32).min))
    return [_back(call(MaxPool2D(size, **settings), padded), x), None]


def average_pool(given: Settings, x: Values) -> Outputs:
    """Borders larger at the top and left are those of the image turned by 180 degrees."""
    size, settings = _pool_settings(given, x)
    borders = _borders(given, x, size)
    if given.get("count_include_pad"):
        return [_back(call(AveragePool2D(size, **settings), _padded(x, borders, 0.0)), x)]
    if all(a == b for a, b in borders):
        padding: Any = (borders[0][0], borders[1][0])
        return [_back(call(AveragePool2D(size, padding=padding, **settings), _image(x)), x)]
    expect(given.get("auto_pad", "NOTSET").startswith("SAME"), "borders of different sizes")
    turn = slice(None, None, -1 if given["auto_pad"] == "SAME_LOWER" else None)
    y = call(AveragePool2D(size, padding="same", **settings), _image(x)[:, turn, turn])
    return [_back(y[:, turn, turn], x)]


def global_average_pool(given: Settings, x: Values) -> Outputs:
    return [call(GlobalAveragePool2D(), _image(x)).reshape(x.shape[:2] + (1,) * (x.ndim - 2))]


def global_max_pool(given: Settings, x: Values) -> Outputs:
    return [_back(call(MaxPool2D(_image(x).shape[1:3]), _image(x)), x)]


def batch_norm(given: Settings, x: Values, scale: Values, b: Values, mean: Values, variance: Values) -> Outputs:
    layer = BatchNorm(momentum=given.get("momentum", 0.9), epsilon=given.get("epsilon", 1e-5))
    params = {"gamma": scale, "beta": b, "running_mean": mean, "running_variance": variance}
    last = np.moveaxis(x, 1, -1)
    y = layer.forward(last, params, Context())[0] if given.get("training_mode") else call(layer, last, **params)
    return [np.moveaxis(y, -1, 1), None, None]


def instance_norm(given: Settings, x: Values, scale: Values, b: Values) -> Outputs:
    """The scale and offset are those of a batch normalization of mean 0 and variance 1."""
    y = _back(call(InstanceNorm(epsilon=given.get("epsilon", 1e-5)), _image(x)), x)
    small = 1e-5
    return batch_norm({"epsilon": small}, y, scale, b, np.zeros_like(b), np.full_like(b, 1 - small))[:1]
