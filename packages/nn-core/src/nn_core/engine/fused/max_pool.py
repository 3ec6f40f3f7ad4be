"""Max pooling, one slice of the batch at a time."""

from collections.abc import Sequence
from functools import cached_property
from typing import cast

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.slices import slices, strided
from nn_core.engine.fused.window_reduce import reduce_windows
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.pooling import MaxPool2D
from nn_core.layers.windows import Window, image_shape

SMALL = 9
"""Pixels per window up to which each pixel is compared with the maximum in turn."""


class BlockedMaxPool2D(Fused):
    """MaxPool2D without padding.

    The winner of a window is found by counting: the number of leading offsets (u, v), in row-major
    order, at which no pixel of the window equals y is the index of the first that does. For small
    windows that do not overlap, it is faster to offer d_y to each pixel in turn: the first that
    equals y takes it, and the others get zero.
    """

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        pool = layers[0]
        return isinstance(pool, MaxPool2D) and not any(map(any, pool.window.borders(*image_shape(input_shape)[:2])))

    @cached_property
    def window(self) -> Window:
        """The window of the original layer."""
        return cast(MaxPool2D, self.layers[0]).window

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        window = self.window
        size = window.output_size(*x.shape[1:3])
        y = workspace.array("pooled y", (len(x), *size, x.shape[3]), x.dtype)
        for part in slices(x):
            reduce_windows(np.maximum, x[part], y[part], window, workspace)
        return y, (x, y)

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        if not context.needs_d_x:
            return None
        x, y = cache
        window = self.window
        (h, w), (s, t) = window.size, window.strides
        apart = s >= h and t >= w
        d_x = workspace.array("pooled d_x", x.shape, x.dtype)
        for part in slices(x):
            arrays = x[part], y[part], d_y[part], d_x[part]
            if apart and h * w <= SMALL:
                _offer(*arrays, window, workspace)
            else:
                _send_to_winners(*arrays, window, workspace, apart=apart)
        return d_x


def _offer(x: Array, y: Array, d_y: Array, d_x: Array, window: Window, workspace: Workspace) -> None:
    """d_x for windows that do not overlap, one pixel of all windows at a time."""
    (height, width), (s, t) = window.size, window.strides
    _, down, across, _ = y.shape
    left = workspace.array("left", y.shape, y.dtype)
    takes = workspace.array("takes", y.shape, y.dtype)
    np.copyto(left, d_y)
    if (s, t) != (height, width) or x.shape[1:3] != (down * s, across * t):
        d_x.fill(0.0)  # pixels that no window covers
    for u in range(height):
        for v in range(width):
            pixels = slice(None), strided(u, s, down), strided(v, t, across)
            d_pixels = d_x[pixels]
            if (u, v) == (height - 1, width - 1):
                np.copyto(d_pixels, left)
                return
            np.equal(x[pixels], y, out=takes)
            np.multiply(takes, left, out=d_pixels)
            left -= d_pixels


def _send_to_winners(
    x: Array, y: Array, d_y: Array, d_x: Array, window: Window, workspace: Workspace, *, apart: bool
) -> None:
    """d_x for any windows; `apart` if they do not overlap."""
    (height, width), (s, t) = window.size, window.strides
    (N, down, across, C), (_, H, W, _) = y.shape, x.shape
    d_x.fill(0.0)
    offsets = [(u, v) for u in range(height) for v in range(width)]
    unseen = workspace.array("unseen", y.shape, np.bool_)
    differs = workspace.array("differs", y.shape, np.bool_)
    number = workspace.array("number", y.shape, np.min_scalar_type(len(offsets) - 1))
    unseen.fill(True)
    number.fill(0)
    for u, v in offsets[:-1]:
        np.not_equal(x[:, strided(u, s, down), strided(v, t, across)], y, out=differs)
        unseen &= differs
        number += unseen

    # Flat index of each winner in d_x: index of the window's first pixel + offset.
    first_of_row = np.arange(N)[:, None] * (H * W * C) + np.arange(down) * (s * W * C)
    first_in_row = np.arange(across)[:, None] * (t * C) + np.arange(C)
    winner = workspace.array("winner", y.shape, np.intp)
    np.take([(u * W + v) * C for u, v in offsets], number, out=winner, mode="clip")
    winner += first_of_row[:, :, None, None]
    winner += first_in_row
    if apart:
        d_x.reshape(-1)[winner.reshape(-1)] = d_y.reshape(-1)
    else:  # a pixel may win in several windows
        np.add.at(d_x.reshape(-1), winner.reshape(-1), d_y.reshape(-1))
