"""Convolution: one small set of weights, applied at every place of an image."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.errors import SettingError
from nn_core.initializers import initializer
from nn_core.layers.columns import Columns
from nn_core.layers.layer import Cache, Context, Layer, Parameter
from nn_core.layers.windows import Pair, maps, pair, places
from nn_core.registry import require


@dataclass(frozen=True)
class Conv2D(Layer):
    """Every output is a weighted sum of the window of pixels around its place.

    y[n, i, j, f] = sum_u sum_v sum_c p[n, i s + u, j t + v, c] W[u, v, c, f] + b[f]

    x (N, H, W, C), p = x with zeros around it, W (height, width, C, filters), b (filters,),
    y (N, places down, places across, filters), stride (s, t). What deep learning calls
    convolution does not turn the kernel round: it is the cross-correlation of p and W.

    W[u, v, c, f] meets p[n, i s + u, j t + v, c] on its way to y[n, i, j, f], once for every
    example and place; b[f] moves every y[n, i, j, f] by 1; the chain rule sums what moved:

    dL/dW[u, v, c, f] = sum_n sum_i sum_j p[n, i s + u, j t + v, c] d_y[n, i, j, f]
    dL/db[f]          = sum_n sum_i sum_j d_y[n, i, j, f]

    A pixel p[n, a, b, c] moves y[n, i, j, f] if a = i s + u and b = j t + v. Write
    u' = height - 1 - u and z for d_y with s - 1 (t - 1) zeros between neighbours and
    height - 1 (width - 1) zeros around, so that z[i s + height - 1] = d_y[i]; then
    z[a + u'] = d_y[i] exactly where a = i s + u, and the sum over i is one over u':

    dL/dp[n, a, b, c] = sum_u' sum_v' sum_f z[n, a + u', b + v', f] W[-1-u', -1-v', c, f]

    which is a convolution again: of z, at stride 1, by the kernel turned by half a turn with
    its channels and filters exchanged. d_x is d_p without the border, so only the part of z
    is made that its windows touch.

    How it is computed: see `nn_core.layers.columns`.

    filters      maps put out
    kernel       pixels of the window, one number or (height, width)
    stride       pixels from one place to the next, one number or (down, across)
    padding      "valid": no zeros around;
                 "same": as many as give ceil(H / s) x ceil(W / t) places, the odd one at
                 the bottom and at the right;
                 a number, or (top and bottom, left and right), smaller than the kernel
    initializer  how W begins; b begins at zero
    Raises ShapeError for an input that is not maps, or smaller than the kernel.
    Source: LeCun et al., Gradient-based learning applied to document recognition (1998);
    Dumoulin, Visin, A guide to convolution arithmetic for deep learning (2016), ch. 2 and 4.
    """

    filters: int
    kernel: int | Pair
    stride: int | Pair = 1
    padding: str | int | Pair = "valid"
    initializer: str = "he"

    def __post_init__(self) -> None:
        require(self.filters >= 1, f"Conv2D needs at least one filter, not {self.filters}")
        kernel = pair(self.kernel, "a kernel")
        object.__setattr__(self, "kernel", kernel)
        object.__setattr__(self, "stride", pair(self.stride, "a stride"))
        if isinstance(self.padding, str):
            if self.padding not in ("valid", "same"):
                raise SettingError(
                    f"padding is 'valid', 'same' or a number of pixels, not {self.padding!r}"
                )
        else:
            padding = pair(self.padding, "padding", least=0)
            require(
                padding[0] < kernel[0] and padding[1] < kernel[1],
                f"padding {padding} is not smaller than the kernel {kernel}: "
                f"some windows would see nothing but zeros",
            )
            object.__setattr__(self, "padding", padding)
        initializer(self.initializer)

    def output_shape(self, input_shape: Shape) -> Shape:
        height, width, _ = maps(input_shape)
        (top, bottom), (left, right) = self.borders(height, width)
        kernel, stride = cast(Pair, self.kernel), cast(Pair, self.stride)
        zeros = top + bottom, left + right
        return *places(height, width, kernel, stride, zeros), self.filters

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        shape = (*cast(Pair, self.kernel), input_shape[2], self.filters)
        return {
            "W": Parameter(shape, self.initializer, decays=True),
            "b": Parameter((self.filters,), "zeros", decays=False),
        }

    def multiply_adds(self, input_shape: Shape) -> int:
        down, across, filters = self.output_shape(input_shape)
        height, width = cast(Pair, self.kernel)
        return down * across * filters * height * width * input_shape[2]

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        columns = _columns_of_x(self, x.shape[1:])
        y = context.scratch("y", (len(x), *columns.places, self.filters))
        matrix = columns.matrix(params["W"], context)
        biases = context.of_weights(  # one row of places at a time
            "biases",
            (y.shape[2] * self.filters,),
            lambda row: np.copyto(row.reshape(-1, self.filters), params["b"]),
        )
        for part, rows in columns.of(x, context):
            np.dot(rows, matrix, out=y[part].reshape(len(rows), -1))
            y_rows = y[part].reshape(-1, len(biases))
            y_rows += biases
        return y, (x,)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        (x,) = cache
        _, _, across, filters = d_y.shape
        d_b = np.add.reduce(d_y.reshape(-1, across * filters), axis=0)
        np.add.reduce(d_b.reshape(across, filters), axis=0, out=grads["b"])

        columns = _columns_of_x(self, x.shape[1:])
        d_matrix = context.scratch("d_matrix", columns.matrix_shape(filters))
        d_part = context.scratch("d_part", d_matrix.shape)
        for part, rows in columns.of(x, context):
            if part.start == 0:
                np.dot(rows.T, d_y[part].reshape(len(rows), -1), out=d_matrix)
                continue
            np.dot(rows.T, d_y[part].reshape(len(rows), -1), out=d_part)
            d_matrix += d_part
        columns.kernel(d_matrix, out=grads["W"])

        if not context.needs_d_x:
            return None
        d_x = context.scratch("d_x", x.shape)
        columns = _columns_of_d_y(self, x.shape[1:], d_y.shape[1:])
        turned = params["W"][::-1, ::-1].swapaxes(2, 3)
        matrix = columns.matrix(turned, context)
        for part, rows in columns.of(d_y, context):
            np.dot(rows, matrix, out=d_x[part].reshape(len(rows), -1))
        return d_x

    def borders(self, height: int, width: int) -> tuple[Pair, Pair]:
        """Zeros above and below, to the left and to the right."""
        if self.padding == "valid":
            return (0, 0), (0, 0)
        if self.padding != "same":
            down, across = cast(Pair, self.padding)
            return (down, down), (across, across)
        borders = []
        for size, kernel, stride in zip(
            (height, width), cast(Pair, self.kernel), cast(Pair, self.stride), strict=True
        ):
            last = (-(-size // stride) - 1) * stride  # where the last place begins
            zeros = max(0, last + kernel - size)
            borders.append((zeros // 2, zeros - zeros // 2))
        return borders[0], borders[1]


@lru_cache(maxsize=64)
def _columns_of_x(layer: Conv2D, shape: Shape) -> Columns:
    """The windows of p, from which y and d_W are made."""
    height, width, channels = shape
    (top, bottom), (left, right) = layer.borders(height, width)
    return Columns(
        "x",
        canvas=(top + height + bottom, left + width + right, channels),
        inside=(slice(top, top + height), slice(left, left + width)),
        kernel=cast(Pair, layer.kernel),
        stride=cast(Pair, layer.stride),
        filters=layer.filters,
    )


@lru_cache(maxsize=64)
def _columns_of_d_y(layer: Conv2D, shape: Shape, y_shape: Shape) -> Columns:
    """The windows of z, from which d_x is made."""
    height, width, channels = shape
    (top, _), (left, _) = layer.borders(height, width)
    kernel, stride = cast(Pair, layer.kernel), cast(Pair, layer.stride)
    down, across = kernel[0] - 1 - top, kernel[1] - 1 - left  # where d_y[0, 0] stands in z
    return Columns(
        "d_y",
        canvas=(height + kernel[0] - 1, width + kernel[1] - 1, y_shape[2]),
        inside=(
            slice(down, down + (y_shape[0] - 1) * stride[0] + 1, stride[0]),
            slice(across, across + (y_shape[1] - 1) * stride[1] + 1, stride[1]),
        ),
        kernel=kernel,
        stride=(1, 1),
        filters=channels,
    )
