"""Pooling: one value for each window of a feature map."""

from dataclasses import KW_ONLY, dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Shape
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.windows import Pair, Window, image_shape


@dataclass(frozen=True)
class Pooling(Layer):
    """Reduce each window to a single value, independently for each channel.

    y[n, i, j, c] = operation over u, v of x[n, i s + u - top, j t + v - left, c]

    x (N, H, W, C), y (N, output rows, output columns, C), window (h, w), strides (s, t), and
    `top` rows and `left` columns of padding, whose pixels are ignored.

    pool_size  size of the window in pixels, one number or (height, width)
    strides    pixels between output positions, one number or (down, across); None for the window
               size, so that windows neither overlap nor leave gaps
    padding    "valid": none; remaining pixels at the bottom and right that do not fill another
               window are ignored;
               "same": such that there are ceil(H / s) x ceil(W / t) positions, with an odd row or
               column at the bottom or right;
               a number, or (top and bottom, left and right), smaller than the window
    Raises ShapeError for an input that is not an image, or is smaller than the window.
    """

    pool_size: int | Pair
    _: KW_ONLY
    strides: int | Pair | None = None
    padding: str | int | Pair = "valid"

    def __post_init__(self) -> None:
        window = self.window
        object.__setattr__(self, "pool_size", window.size)
        object.__setattr__(self, "strides", window.strides)
        object.__setattr__(self, "padding", window.padding)

    @cached_property
    def window(self) -> Window:
        """The window that slides over the image."""
        strides = self.pool_size if self.strides is None else self.strides
        return Window.of(self.pool_size, strides, self.padding, name="pool_size")

    def output_shape(self, input_shape: Shape) -> Shape:
        height, width, channels = image_shape(input_shape)
        return *self.window.output_size(height, width), channels

    def exists(self, height: int, width: int) -> npt.NDArray[np.bool_]:
        """A mask of the pixels of each window that are not padding: (1, rows, columns, h, w, 1)."""
        return self.window.view(np.ones((1, height, width, 1), np.bool_), fill=False)


@dataclass(frozen=True)
class MaxPool2D(Pooling):
    """The maximum of each window: whether it contains a feature anywhere.

    y[n, i, j, c] = max over u, v of x[n, i s + u - top, j t + v - left, c]

    The derivative of y by the maximum, the winner, is 1, and by all other elements of the window 0.
    So d_y goes to the winner, and d_x is the sum over all windows that an element won:

    dL/dx[n, a, b, c] = sum of d_y[n, i, j, c] over the positions (i, j) won by (a, b)

    Among equal values, the first in row-major order wins: y is not differentiable there, and any
    consistent choice is valid. Padding counts as minus infinity and never wins, not even against
    pixels of minus infinity.

    Source: Ranzato et al., Unsupervised learning of invariant feature hierarchies (2007);
    Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 9.3.
    """

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        _, H, W, _ = x.shape
        windows = self.window.view(x, fill=-np.inf)
        y = windows.max(axis=(3, 4))
        candidates = self.exists(H, W) & ~(windows < y[:, :, :, None, None, :])
        winner = _flat(candidates).argmax(axis=3)  # the first True
        return y, (winner, x.shape)

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        winner, (_, H, W, C) = cache
        h, w = self.window.size
        won = np.arange(h * w)[:, None] == winner[:, :, :, None, :]
        d_windows = np.where(won, d_y[:, :, :, None, :], np.zeros((), d_y.dtype))
        return self.window.sum_back(d_windows.reshape(*d_y.shape[:3], h, w, C), H, W)


@dataclass(frozen=True)
class AveragePool2D(Pooling):
    """The mean of each window: the average strength of a feature.

    y[n, i, j, c] = 1/m[i, j] sum over u, v of x[n, i s + u - top, j t + v - left, c]

    m[i, j] is the number of pixels of the window at (i, j) that are not padding, h w if it contains
    no padding; with `count_zeros`, it is h w everywhere, as if padding were pixels of zero.

    The derivative of y by every pixel in its window is 1/m:

    dL/dx[n, a, b, c] = sum of d_y[n, i, j, c] / m[i, j] over the positions whose window
                        covers (a, b)

    count_zeros  whether padding counts in the mean
    Source: LeCun et al., Gradient-based learning applied to document recognition (1998).
    """

    _: KW_ONLY
    count_zeros: bool = False

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        _, H, W, _ = x.shape
        return self.window.view(x).sum(axis=(3, 4)) / self._counts(H, W, x.dtype), x.shape

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        _, H, W, C = cache
        shares = d_y / self._counts(H, W, d_y.dtype)
        windows = (*d_y.shape[:3], *self.window.size, C)
        d_windows = np.broadcast_to(shares[:, :, :, None, None, :], windows)
        return self.window.sum_back(d_windows, H, W)

    def _counts(self, height: int, width: int, dtype: npt.DTypeLike) -> Array:
        """m: (1, rows, columns, 1)."""
        exists = self.exists(height, width)
        counts: Array = (exists | self.count_zeros).sum(axis=(3, 4), dtype=dtype)
        return counts


def _flat(windows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Flatten the pixels of each window: (N, I, J, h, w, C) to (N, I, J, h w, C)."""
    N, rows, columns, h, w, C = windows.shape
    return windows.reshape(N, rows, columns, h * w, C)
