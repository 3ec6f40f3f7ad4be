"""Sliding windows over images (H, W, C), shared by convolution and pooling.

A window of h x w pixels with dilation (d, e) takes every d-th row and every e-th column, so it
spans d (h - 1) + 1 rows and e (w - 1) + 1 columns. It moves by strides (s, t) over the image and
the padding around it. From top to bottom, and likewise from left to right, it has

    (top + H + bottom - span) // s + 1    output positions,

and at position i it covers the padded rows i s + u d for u = 0, ..., h - 1. Padded rows at the
bottom that do not fill another position are not covered.

Padding "same" gives ceil(H / s) positions, with half of the padding at the top: the last position
starts at row (ceil(H / s) - 1) s, so the padding is max(0, (ceil(H / s) - 1) s + span - H).
"""

import math
import operator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from nn_core.arrays import Array, Shape
from nn_core.errors import SettingError, ShapeError
from nn_core.registry import require

Pair: TypeAlias = tuple[int, int]
"""Down and across: (height, width)."""


@dataclass(frozen=True)
class Window:
    """Validated size, strides, padding and dilation, as pairs.

    padding  "valid", "same", or (top and bottom, left and right)
    """

    size: Pair
    strides: Pair
    padding: str | Pair
    dilation: Pair

    @classmethod
    def of(
        cls, size: int | Pair, strides: int | Pair, padding: str | int | Pair, dilation: int | Pair = 1, *, name: str
    ) -> "Window":
        """The window with these settings; a single number is used for both directions.

        name  name of the size setting, for messages
        Raises SettingError for invalid settings.
        """
        sizes, steps = pair(size, name), pair(strides, "strides")
        window = cls(sizes, steps, _padding(padding), pair(dilation, "dilation"))
        if isinstance(window.padding, tuple):
            require(
                window.padding[0] < window.span[0] and window.padding[1] < window.span[1],
                f"padding {window.padding} must be smaller than the window {window.span}, "
                "so that every window contains pixels",
            )
        return window

    @property
    def span(self) -> Pair:
        """Rows and columns covered by the window, including dilation gaps."""
        (h, w), (d, e) = self.size, self.dilation
        return d * (h - 1) + 1, e * (w - 1) + 1

    def borders(self, height: int, width: int) -> tuple[Pair, Pair]:
        """Padding of an image: (top, bottom), (left, right)."""
        if isinstance(self.padding, tuple):
            down, across = self.padding
            return (down, down), (across, across)
        if self.padding == "valid":
            return (0, 0), (0, 0)
        return (_same(height, self.span[0], self.strides[0]), _same(width, self.span[1], self.strides[1]))

    def output_size(self, height: int, width: int) -> Pair:
        """Output positions down and across. Raises ShapeError if the window does not fit."""
        rows, columns = (sum(border) for border in self.borders(height, width))
        down, across = height + rows - self.span[0], width + columns - self.span[1]
        if down < 0 or across < 0:
            raise ShapeError(
                f"expected at least {self.span[0] - rows} x {self.span[1] - columns} pixels, got {height} x {width}"
            )
        return down // self.strides[0] + 1, across // self.strides[1] + 1

    def view(self, x: npt.NDArray[Any], fill: float = 0.0) -> npt.NDArray[Any]:
        """A view of the pixels of every window (N, I, J, h, w, C) of images (N, H, W, C).

        fill  value of the padding
        """
        (s, t), (d, e) = self.strides, self.dilation
        borders = ((0, 0), *self.borders(x.shape[1], x.shape[2]), (0, 0))
        padded = np.pad(x, borders, constant_values=fill)
        every = sliding_window_view(padded, self.span, axis=(1, 2))
        return np.moveaxis(every[:, ::s, ::t, :, ::d, ::e], 3, 5)

    def sum_back(self, d_windows: Array, height: int, width: int) -> Array:
        """Sum each pixel over all windows that cover it: (N, I, J, h, w, C) to (N, H, W, C).

        It is the transpose of `view`, without the padding: it maps d_windows to d_x.
        """
        N, rows, columns, h, w, C = d_windows.shape
        (s, t), (d, e) = self.strides, self.dilation
        (top, bottom), (left, right) = self.borders(height, width)
        d_padded = np.zeros((N, top + height + bottom, left + width + right, C), d_windows.dtype)
        for u in range(h):
            for v in range(w):
                down = slice(u * d, u * d + (rows - 1) * s + 1, s)
                across = slice(v * e, v * e + (columns - 1) * t + 1, t)
                d_padded[:, down, across] += d_windows[:, :, :, u, v]
        return d_padded[:, top : top + height, left : left + width]


def pair(value: Any, name: str, *, least: int = 1) -> Pair:
    """One or two integers as a pair.

    Raises SettingError, with the name, unless they are one or two integers >= `least`.
    """
    try:
        two = tuple(value) if isinstance(value, list | tuple) else (value, value)
        down, across = map(operator.index, two)
    except (TypeError, ValueError):
        raise SettingError(f"{name} must be one or two integers, not {value!r}") from None
    require(min(down, across) >= least, f"{name} must be at least {least}, not {value!r}")
    return down, across


def image_shape(shape: Shape) -> tuple[int, int, int]:
    """Height, width and channels of an example. Raises ShapeError if it is not an image."""
    match shape:
        case (int(height), int(width), int(channels)):
            return height, width, channels
    raise ShapeError(f"expected an image (height, width, channels), got {shape}")


def _padding(value: str | int | Pair) -> str | Pair:
    if isinstance(value, str):
        if value not in ("valid", "same"):
            raise SettingError(f"padding must be 'valid', 'same' or a number of pixels, not {value!r}")
        return value
    return pair(value, "padding", least=0)


def _same(size: int, span: int, stride: int) -> Pair:
    """Padding before and after, with an odd pixel after."""
    last = (math.ceil(size / stride) - 1) * stride
    total = max(0, last + span - size)
    return total // 2, total - total // 2
