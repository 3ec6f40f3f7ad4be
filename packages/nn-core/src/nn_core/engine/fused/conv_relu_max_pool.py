"""Fused convolution, ReLU and max pooling, without storing the whole convolution output."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.im2col import all_finite
from nn_core.engine.fused.pooled_im2col import PooledIm2Col, row_and_column
from nn_core.engine.fused.slices import slices
from nn_core.engine.fused.toeplitz_conv2d import ToeplitzConv2D
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.chain import Chain
from nn_core.layers.context import Context
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.pooling import MaxPool2D
from nn_core.layers.windows import image_shape

SPARSE = 16
"""Pixels per pool window from which d_W is computed from the winners only."""

_PREDICTION = Context(training=False)


class ConvReLUMaxPool(Fused):
    """y = max_pool(relu(conv(x))), for windows that do not overlap.

    z[n, i, j, f] = sum_u sum_v sum_c p[n, i s + u, j t + v, c] W[u, v, c, f]     as in Conv2D
    m[n, I, J, f] = max over the window of z
    y[n, I, J, f] = max(m[n, I, J, f] + b[f], 0)

    Adding b and ReLU are nondecreasing, so max_k max(z_k + b, 0) = max(max_k z_k + b, 0). So b is
    added and the sum clipped only once per window, and z is never stored for more than a slice of
    the batch.

    Where y > 0, the first maximum of relu(z + b) in a window is the first maximum of z, the winner,
    and d_z = d_y only there. Where y = 0, no unit of the window is active and d_z = 0: ReLU blocks
    the gradient at any pixel to which MaxPool2D sends d_y. So ties are resolved as in the separate
    layers: among equal z the first in row-major order wins. (If two z become equal only by adding b
    and rounding, the larger one wins.)

    dL/db[f] = sum of d_y[n, I, J, f] where y > 0
    dL/dW[u, v, c, f] = sum of d_y[n, I, J, f] p[n, i s + u, j t + v, c] where y > 0,
                        with (i, j) the winner of (n, I, J, f)

    Implementation: see `PooledIm2Col`. The maximum z of each window and its index are found right
    after the products, while these are in cache.

    d_W multiplies the row segments of each winner, height * segment * C contiguous elements, filter
    by filter, by d_y in the column of the winner's position within its tile: the products of one
    position per window instead of h * w, most of them with zeros. For small windows, or if d_x is
    needed, d_z is stored, and `ToeplitzConv2D` computes the gradients.

    Source: as for the separate layers; Goodfellow, Bengio, Courville, Deep Learning (2016),
    sec. 9.1 to 9.3.
    """

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        conv, _, pool = layers
        if not (isinstance(conv, Conv2D) and isinstance(pool, MaxPool2D)):
            return False
        size = conv.window.output_size(*image_shape(input_shape)[:2])
        return (
            ToeplitzConv2D.accepts([conv], input_shape)
            and pool.strides == pool.pool_size != (1, 1)
            and not any(map(any, pool.window.borders(*size)))
        )

    @property
    def conv(self) -> Conv2D:
        """The convolution."""
        return cast(Conv2D, self.layers[0])

    @property
    def pool(self) -> MaxPool2D:
        """The pool."""
        return cast(MaxPool2D, self.layers[-1])

    @cached_property
    def plain(self) -> ToeplitzConv2D:
        """The convolution alone."""
        return ToeplitzConv2D((self.conv,))

    @cached_property
    def im2col(self) -> Callable[[Shape, int], PooledIm2Col]:
        """The row segments for a shape of x and an element size in bytes."""
        return lru_cache(partial(PooledIm2Col, self.conv, self.pool))

    def saved_activations(self, input_shape: Shape) -> int:
        return self.im2col(input_shape, 4).saved_each

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        im2col = self.im2col(x.shape[1:], x.itemsize)
        shape = len(x), im2col.down, im2col.across, im2col.filters
        y = workspace.array("pooled y", shape, x.dtype)
        if context.training:
            return y, (x, y, *self._find_winners(x, params, y, workspace))
        self._pass(x, params, y, None, workspace)
        return y, (x, y)

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        x, y, *found = cache
        if not found:  # the forward pass was a prediction
            found = self._find_winners(x, params, y, workspace)
        winners, segments = found
        d_m = np.greater(y, 0.0, out=workspace.array("d_m", y.shape, y.dtype))
        d_m *= d_y
        im2col = self.im2col(x.shape[1:], x.itemsize)
        if context.needs_d_x or math.prod(im2col.pool_size) < SPARSE:
            d_z = _d_z(im2col, d_m, winners, workspace)
            return self.plain.backward_fused(d_z, x, params, grads, context, workspace)
        np.add.reduce(d_m.reshape(-1, y.shape[-1]), axis=0, out=grads["0/b"])
        _write_d_W(im2col, x, d_m, winners, segments, grads["0/W"], workspace)
        return None

    def _find_winners(self, x: Array, params: Arrays, y: Array, workspace: Workspace) -> list[npt.NDArray[Any]]:
        """The forward pass with the cache for `backward`: the winner of each window, and the segments."""
        height, width = self.im2col(x.shape[1:], x.itemsize).pool_size
        winners = workspace.array("winners", y.shape, np.min_scalar_type(height * width - 1))
        return [winners, self._pass(x, params, y, winners, workspace)]

    def _pass(
        self, x: Array, params: Arrays, y: Array, winners: npt.NDArray[Any] | None, workspace: Workspace
    ) -> Array:
        """Write y and the index of the winner of each window; returns the segments.

        Without `winners`, as in prediction, the segments of each slice overwrite the previous ones.
        Examples with non-finite pixels are computed by the original layers, since zero times
        infinity is NaN.
        """
        im2col, W, b = self.im2col(x.shape[1:], x.itemsize), params["0/W"], params["0/b"]
        block = workspace.derived("block", lambda: im2col.block(W, workspace))
        predicting = winners is None
        segments = im2col.memory(x, workspace, once=predicting)
        for number, part in im2col.slices(x):
            here = segments[0 if predicting else number]
            padded = im2col.pad(x[part], workspace)
            im2col.lay_out(padded, here)
            if im2col.tile > 1 and not all_finite(padded):
                y[part], (*_, (winner, _)) = Chain(self.layers).forward(x[part], params, _PREDICTION)
                if winners is not None:
                    winners[part] = winner
                continue
            m, won = im2col.pooled(here, len(padded), block, not predicting, workspace)
            m += b
            ordered = im2col.in_order(m, "ordered", workspace)
            np.maximum(ordered, 0.0, out=y[part])
            if winners is not None and won is not None:
                winners[part] = im2col.in_order(won, "ordered winners", workspace)
        return segments


def _d_z(im2col: PooledIm2Col, d_m: Array, winners: npt.NDArray[Any], workspace: Workspace) -> Array:
    """d_m at the winners, zeros elsewhere."""
    (h, w), (H, W), (N, down, across, F) = im2col.pool_size, im2col.conv_size, d_m.shape
    d_z = workspace.array("d_z", (N, H, W, F), d_m.dtype)
    d_z.fill(0.0)
    u, v = row_and_column(winners, im2col.pool_size)
    index = u * W
    index += v
    index += (np.arange(down) * (h * W))[:, None, None]
    index += (np.arange(across) * w)[:, None]
    index += (np.arange(N) * (H * W))[:, None, None, None]
    index *= F
    index += np.arange(F)
    d_z.reshape(-1)[index.reshape(-1)] = d_m.reshape(-1)
    return d_z


def _write_d_W(
    im2col: PooledIm2Col,
    x: Array,
    d_m: Array,
    winners: npt.NDArray[Any],
    segments: Array,
    d_W: Array,
    workspace: Workspace,
) -> None:
    kernel_rows, positions = np.arange(im2col.kernel_size[0]), np.arange(im2col.tile)
    filters, depth = im2col.filters, im2col.depth
    d_block = workspace.array("d_block of winners", (filters, depth, im2col.tile), x.dtype)
    d_part = workspace.array("d_part of winners", d_block.shape, x.dtype)
    d_block.fill(0.0)
    for number, part in im2col.slices(x):
        rows, within = im2col.rows_of(winners[part])
        count = rows.shape[1]
        weights = workspace.array("weights", (filters, count, im2col.tile), x.dtype)
        np.equal(within[..., None], positions, out=weights)
        weights *= d_m[part].reshape(count, filters, 1).swapaxes(0, 1)
        for some in slices(weights, count * depth * x.itemsize):
            shape = (some.stop - some.start, count, len(kernel_rows), im2col.segment)
            seen = workspace.array("seen", shape, x.dtype)
            indices = rows[some, :, None] + kernel_rows
            np.take(segments[number], indices, 0, out=seen, mode="clip")
            seen_by = seen.reshape(*shape[:2], depth).swapaxes(1, 2)
            np.matmul(seen_by, weights[some], out=d_part[some])
        d_block += d_part
    im2col.sum_diagonals(d_block, d_W)
