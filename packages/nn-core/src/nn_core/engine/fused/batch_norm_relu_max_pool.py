"""Fused batch normalization, ReLU and max pooling, computed mostly on the winners only."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import cast

import numpy as np

from nn_core.arrays import Array, Arrays, Shape, element_count
from nn_core.engine.fused.activation import relu
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.batch_norm import slope_and_shift, statistics, write_gradients
from nn_core.engine.fused.channel_rows import channel_sum, repeat_channels, rows_of
from nn_core.engine.fused.max_pool import SMALL
from nn_core.engine.fused.slices import slices
from nn_core.engine.fused.window_reduce import reduce_windows
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.batch_norm import BatchNorm
from nn_core.layers.context import Context
from nn_core.layers.pooling import MaxPool2D
from nn_core.layers.windows import Window, image_shape


class BatchNormReLUMaxPool(Fused):
    """y = max_pool(relu(z)),   z = scale (x - mean) + beta,   scale = gamma / s as in BatchNorm.

    For windows that do not overlap and cover every pixel. Within a channel, z increases with x if
    scale > 0, decreases if scale < 0, and is constant if scale = 0. So the maximum of z in a window
    is at its largest x, its smallest x, or anywhere, say the first; call this x the winner:

    e[n, I, J, c] = the winner among x of the window (I, J)
    y[n, I, J, c] = relu(scale (e - mean) + beta)

    so only one value per window is normalized and clipped. Rounding is monotone, so y equals that
    of the separate layers. d_z = d_y at the winner where y > 0 and zero elsewhere, so the sums over
    all z are sums over windows:

    dL/dbeta = sum over windows of d_z,   dL/dgamma = 1/s sum over windows of d_z (e - mean)

    The remaining work loops over the pixels of a window, for all windows at once: among equal x the
    first in row-major order wins, as in MaxPool2D, and d_x follows from d_z as in BatchNorm. (If two
    z are equal only due to rounding, the one with the larger x wins.)

    Source: as for the separate layers.
    """

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        norm, _, pool = layers
        if not (isinstance(norm, BatchNorm) and isinstance(pool, MaxPool2D)):
            return False
        (H, W, _), (h, w) = image_shape(input_shape), pool.window.size
        whole = H % h == 0 and W % w == 0 and not any(map(any, pool.window.borders(H, W)))
        return whole and pool.strides == pool.pool_size and 1 < h * w <= SMALL

    @property
    def norm(self) -> BatchNorm:
        """The batch normalization."""
        return cast(BatchNorm, self.layers[0])

    @cached_property
    def window(self) -> Window:
        """The window of the pool."""
        return cast(MaxPool2D, self.layers[2]).window

    def saved_activations(self, input_shape: Shape) -> int:
        return element_count(self.output_shape(input_shape))

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        found = statistics(self.norm, x, params, context, workspace)
        e = self._winners(x, found.scale, workspace)
        y = workspace.array("y", e.shape, x.dtype)
        means, scales, betas = (repeat_channels(values, e) for values in (found.mean, found.scale, params["0/beta"]))
        for e_rows, y_rows in rows_of(e, y):
            work = np.subtract(e_rows, means, out=y_rows)
            work *= scales
            work += betas
            relu(work, work)
        return y, (x, e, y, found)

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        x, e, y, found = cache
        d_scale, d_beta = np.zeros_like(found.mean), np.zeros_like(found.mean)
        means, scales = (repeat_channels(values, e) for values in (found.mean, found.scale))
        d_z = workspace.array("d_z", e.shape, x.dtype)
        for e_rows, y_rows, d_y_rows, d_z_rows in rows_of(e, y, d_y, d_z):
            masked = np.greater(y_rows, 0.0, out=d_z_rows)
            masked *= d_y_rows
            work = workspace.array("work", e_rows.shape, x.dtype)
            np.subtract(e_rows, means, out=work)
            work *= masked
            d_scale += channel_sum(work, e)
            d_beta += channel_sum(masked, e)
        write_gradients(found, d_scale, d_beta, params, grads, context)
        if not context.needs_d_x:
            return None

        d_x = workspace.array("d_x", x.shape, x.dtype)
        centering = None
        if context.training:
            slopes, shifts = slope_and_shift(found, grads, context)
            centering = means, repeat_channels(slopes, e), repeat_channels(shifts, e)
        width = e.shape[2] * e.shape[3]
        for part in slices(x):
            e_rows, left = (array[part].reshape(-1, width) for array in (e, d_z))
            x_pixel = workspace.array("x_pixel", e_rows.shape, x.dtype)
            d_pixel = workspace.array("d_pixel", e_rows.shape, x.dtype)
            shape = e[part].shape
            for pixels, is_last in self._pixels():
                np.copyto(x_pixel.reshape(shape), x[part][pixels])
                if is_last:
                    np.copyto(d_pixel, left)
                else:
                    np.equal(x_pixel, e_rows, out=d_pixel)
                    d_pixel *= left
                    left -= d_pixel
                if centering is not None:
                    _center(x_pixel, d_pixel, *centering)
                d_pixel *= scales
                np.copyto(d_x[part][pixels], d_pixel.reshape(shape))
        return d_x

    def _winners(self, x: Array, scale: Array, workspace: Workspace) -> Array:
        """e, the x with the largest z in every window."""
        size = self.window.output_size(*x.shape[1:3])
        e = workspace.array("e", (len(x), *size, x.shape[3]), x.dtype)
        signs = np.where(scale < 0, -1.0, 1.0).astype(x.dtype)
        mixed = bool((scale < 0).any())
        for part in slices(x):
            x_part = x[part]
            if mixed:
                signed = workspace.array("signed", x_part.shape, x.dtype)
                x_part = np.multiply(x_part, signs, out=signed)
            reduce_windows(np.maximum, x_part, e[part], self.window, workspace)
        if mixed:
            e *= signs
        if not scale.all():
            pixels, _ = next(self._pixels())
            np.copyto(e, x[pixels], where=scale == 0)
        return e

    def _pixels(self) -> Iterator[tuple[tuple[slice, ...], bool]]:
        """Each pixel of the windows in row-major order, for all windows, and whether it is the last."""
        h, w = self.window.size
        for number in range(h * w):
            u, v = divmod(number, w)
            pixels = slice(None), slice(u, None, h), slice(v, None, w)
            yield pixels, number == h * w - 1


def _center(x: Array, d: Array, means: Array, slopes: Array, shifts: Array) -> None:
    """d - shift - slope (x - mean), in place."""
    x -= means
    x *= slopes
    d -= x
    d -= shifts
