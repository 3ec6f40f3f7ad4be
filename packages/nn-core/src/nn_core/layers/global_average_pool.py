"""Global average pooling: one value per feature map."""

from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.windows import image_shape


@dataclass(frozen=True)
class GlobalAveragePool2D(Layer):
    """The mean of each feature map, regardless of the position of a feature.

    y[n, c] = 1/(H W) sum_i sum_j x[n, i, j, c]        x (N, H, W, C), y (N, C)

    The derivative of y by every pixel is 1/(H W), so dL/dx[n, i, j, c] = d_y[n, c] / (H W).

    Raises ShapeError for an input that is not an image.
    Source: Lin, Chen, Yan, Network in network (2014), sec. 3.2.
    """

    def output_shape(self, input_shape: Shape) -> Shape:
        _, _, channels = image_shape(input_shape)
        return (channels,)

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        return x.mean(axis=(1, 2)), x.shape

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        _, H, W, _ = cache
        return np.broadcast_to(d_y[:, None, None, :] / (H * W), cache)
