"""Convolution as products with a Toeplitz block."""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache, partial
from typing import cast

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.channel_rows import repeat
from nn_core.engine.fused.im2col import Im2Col, all_finite
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.windows import image_shape


class ToeplitzConv2D(Fused):
    """Conv2D that computes several neighboring output positions per matrix row; see `Im2Col`.

    y = rows(p) @ block(W) + b,   d_block = rows(p)^T @ d_y

    d_x is again a convolution, as derived in `Conv2D`: of z, which is d_y with zeros between and
    around its elements, at stride 1, with the kernel rotated by 180 degrees and its channels and
    filters exchanged. Only the part of z covered by the windows of d_x is laid out.

    It replaces convolutions without dilation and groups. Examples with non-finite pixels are
    computed by the original layer, so that these affect no more outputs than necessary.
    """

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        conv = layers[0]
        return isinstance(conv, Conv2D) and conv.dilation == (1, 1) and conv.groups == 1

    @property
    def conv(self) -> Conv2D:
        """The original layer."""
        return cast(Conv2D, self.layers[0])

    @cached_property
    def im2col_of_x(self) -> Callable[[Shape], Im2Col]:
        """The windows from which y and d_W are computed, for a shape of x."""
        return lru_cache(partial(im2col_of_x, self.conv))

    @cached_property
    def im2col_of_d_y(self) -> Callable[[Shape], Im2Col]:
        """The windows from which d_x is computed, for a shape of x."""
        return lru_cache(partial(im2col_of_d_y, self.conv))

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        conv, W, b = self.conv, params["0/W"], params["0/b"]
        im2col = self.im2col_of_x(x.shape[1:])
        rows, columns = im2col.output_size
        y = workspace.array("conv y", (len(x), rows, columns, conv.filters), x.dtype)
        block = workspace.derived("block", lambda: im2col.block(W, workspace))
        biases = workspace.derived("biases", lambda: repeat(b, columns))  # one row of positions
        for part, matrix, padded in im2col.rows(x, workspace):
            if im2col.tile > 1 and not all_finite(padded):
                y[part], _ = conv.forward(x[part], {"W": W, "b": b}, context)
                continue
            np.dot(matrix, block, out=y[part].reshape(len(matrix), -1))
            y_rows = y[part].reshape(-1, len(biases))
            y_rows += biases
        return y, x

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        x, W = cache, params["0/W"]
        sum_positions(d_y, grads["0/b"])

        im2col = self.im2col_of_x(x.shape[1:])
        d_block = workspace.array("d_block", im2col.block_shape, x.dtype)
        d_part = workspace.array("d_part", im2col.block_shape, x.dtype)
        if len(x) == 0:
            d_block.fill(0.0)
        for part, matrix, _ in im2col.rows(x, workspace):
            d_rows = d_y[part].reshape(len(matrix), -1)
            if part.start == 0:
                np.dot(matrix.T, d_rows, out=d_block)
                continue
            np.dot(matrix.T, d_rows, out=d_part)
            d_block += d_part
        im2col.sum_diagonals(d_block, grads["0/W"])

        if not context.needs_d_x:
            return None
        d_x = workspace.array("conv d_x", x.shape, x.dtype)
        im2col = self.im2col_of_d_y(x.shape[1:])
        rotated = W[::-1, ::-1].swapaxes(2, 3)
        block = im2col.block(rotated, workspace)
        for part, matrix, _ in im2col.rows(d_y, workspace):
            np.dot(matrix, block, out=d_x[part].reshape(len(matrix), -1))
        return d_x


def sum_positions(d_y: Array, d_b: Array) -> None:
    """d_b[f] = the sum of d_y (N, I, J, f), first over rows, which are contiguous in memory."""
    N, rows, columns, filters = d_y.shape
    row = np.add.reduce(d_y.reshape(N * rows, columns * filters), axis=0)
    np.add.reduce(row.reshape(columns, filters), axis=0, out=d_b)


def im2col_of_x(conv: Conv2D, shape: Shape) -> Im2Col:
    """The windows of the padded input, from which y and d_W are computed."""
    height, width, channels = image_shape(shape)
    window = conv.window
    (top, bottom), (left, right) = window.borders(height, width)
    return Im2Col(
        "x",
        padded=(top + height + bottom, left + width + right, channels),
        inside=(slice(top, top + height), slice(left, left + width)),
        kernel_size=window.size,
        strides=window.strides,
        filters=conv.filters,
    )


def im2col_of_d_y(conv: Conv2D, shape: Shape) -> Im2Col:
    """The windows of z, from which d_x is computed.

    shape  of x
    """
    height, width, channels = image_shape(shape)
    window = conv.window
    (top, _), (left, _) = window.borders(height, width)
    (h, w), (s, t) = window.size, window.strides
    rows, columns = window.output_size(height, width)
    down, across = h - 1 - top, w - 1 - left  # position of d_y[0, 0] in z
    return Im2Col(
        "d_y",
        padded=(height + h - 1, width + w - 1, conv.filters),
        inside=(slice(down, down + (rows - 1) * s + 1, s), slice(across, across + (columns - 1) * t + 1, t)),
        kernel_size=window.size,
        strides=(1, 1),
        filters=channels,
    )
