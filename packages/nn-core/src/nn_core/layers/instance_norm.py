"""Instance normalization: every channel of every example normalized to mean 0 and variance 1."""

import math
from dataclasses import KW_ONLY, dataclass

import numpy as np

from nn_core.arrays import Array, Arrays, Shape, element_count
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.windows import image_shape
from nn_core.registry import require


@dataclass(frozen=True)
class InstanceNorm(Layer):
    """Normalize each channel of each example independently.

    x, y (N, H, W, C); the M = H W elements of one channel of one example are the sample.

    mean = 1/M sum x,   variance = 1/M sum (x - mean)^2,   s = sqrt(variance + epsilon)
    y = (x - mean) / s

    As a first layer, it takes unscaled photos, 0 to 255: it removes brightness, contrast and color
    casts, which scale a channel or add a constant.

    Every x affects every y of its channel, through mean and s. dL/ds = -1/s sum d_y y, and
    ds/dx = (x - mean)/(M s) = y/M; the dependence of s on the mean vanishes, since
    sum (x - mean) = 0; and dL/dmean = -1/s sum d_y:

    dL/dx = d_y/s + dL/dmean / M + dL/ds ds/dx
          = 1/s (d_y - 1/M sum d_y - y/M sum d_y y)

    epsilon  avoids division by zero for a constant channel, in units of x squared
    Raises ShapeError for an input that is not an image.
    Source: Ulyanov, Vedaldi, Lempitsky, Instance normalization: the missing ingredient for
    fast stylization (2016).
    """

    _: KW_ONLY
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        require(0 < self.epsilon < math.inf, f"epsilon must be positive, not {self.epsilon}")

    def output_shape(self, input_shape: Shape) -> Shape:
        return image_shape(input_shape)

    def macs(self, input_shape: Shape) -> int:
        return element_count(input_shape)

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        centered = x - _mean(x)
        s = np.sqrt(_mean(centered**2) + self.epsilon)
        y = centered / s
        return y, (y, s)

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        y, s = cache
        d_x: Array = (d_y - _mean(d_y) - y * _mean(d_y * y)) / s
        return d_x


def _mean(x: Array) -> Array:
    """1/M sum of x for each channel of each example, (N, 1, 1, C); summed in float64."""
    mean: Array = x.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    return mean.astype(x.dtype)
