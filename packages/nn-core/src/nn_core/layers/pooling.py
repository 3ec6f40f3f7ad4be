"""Layers that put one number in place of each window of a map."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.layers.layer import Cache, Context, Layer
from nn_core.layers.windows import Pair, maps, offset, pair, places, slices

SMALL = 9
"""Pixels of a window up to which each is asked in turn whether it is the largest."""


@dataclass(frozen=True)
class Pooling(Layer):
    """One number for all those in a window, in each map apart.

    y[n, i, j, c] = operation over u, v of x[n, i s + u, j t + v, c]

    x (N, H, W, C), y (N, places down, places across, C), stride (s, t). First over u, which
    combines whole rows of the maps, long runs of memory; then over v, in what is left of them.

    window  pixels, one number or (height, width)
    stride  pixels from one place to the next, one number or (down, across); None for the
            window's own size, so that windows neither overlap nor leave gaps
    Pixels at the bottom and at the right that are too few for another window are not seen.
    Raises ShapeError for an input that is not maps, or smaller than the window.
    """

    window: int | Pair
    stride: int | Pair | None = None

    operation: ClassVar[np.ufunc]

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", pair(self.window, "a window"))
        stride = self.window if self.stride is None else self.stride
        object.__setattr__(self, "stride", pair(stride, "a stride"))

    def output_shape(self, input_shape: Shape) -> Shape:
        height, width, channels = maps(input_shape)
        window, stride = self._sizes()
        return *places(height, width, window, stride), channels

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        y = context.scratch("y", (len(x), *self.output_shape(x.shape[1:])))
        for part in slices(x):
            self.pool_part(x[part], y[part], context)
        return y, (x, y)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        x, y = cache
        d_x = context.scratch("d_x", x.shape)
        for part in slices(x):
            self._unpool(x[part], y[part], d_y[part], d_x[part], context)
        return d_x

    def pool_part(self, x: Array, y: Array, context: Context) -> None:
        """Write y of a slice of the batch."""
        (height, width), (s, t) = self._sizes()
        _, down, across, _ = y.shape
        rows = x[:, offset(0, s, down)]
        for u in range(1, height):
            out = context.scratch("rows", rows.shape)
            rows = self.operation(rows, x[:, offset(u, s, down)], out=out)
        first = rows[:, :, offset(0, t, across)]
        if width == 1:
            np.copyto(y, first)
        for v in range(1, width):
            first = self.operation(first, rows[:, :, offset(v, t, across)], out=y)

    @abstractmethod
    def _unpool(self, x: Array, y: Array, d_y: Array, d_x: Array, context: Context) -> None:
        """Write d_x of a slice of the batch."""

    def _sizes(self) -> tuple[Pair, Pair]:
        return cast(Pair, self.window), cast(Pair, self.stride)


@dataclass(frozen=True)
class MaxPool2D(Pooling):
    """The largest number of each window: whether a feature is anywhere in it.

    y[n, i, j, c] = max over u, v of x[n, i s + u, j t + v, c]

    If the largest, the winner, moves a little, y moves with it; no other number of the window
    moves y. So d_y goes to the winner, and d_x is the sum over all windows that a number won:

    dL/dx[n, a, b, c] = sum of d_y[n, i, j, c] over the places (i, j) won by (a, b)

    Of equal numbers the first in reading order wins, row by row from the left: y is no longer
    differentiable there, and any one of them will do, so long as it is always the same.

    The winner is found by counting: the number of offsets (u, v), in reading order, up to
    which no pixel of the window equals y is the number of the first one that does. In small
    windows that do not overlap it is quicker to offer d_y to one pixel after the other: the
    first that equals y takes it, and leaves nothing to the rest.

    Source: Ranzato et al., Unsupervised learning of invariant feature hierarchies (2007);
    Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 9.3.
    """

    operation: ClassVar[np.ufunc] = np.maximum

    def _unpool(self, x: Array, y: Array, d_y: Array, d_x: Array, context: Context) -> None:
        (height, width), (s, t) = self._sizes()
        if height * width <= SMALL and s >= height and t >= width:
            self._offer(x, y, d_y, d_x, context)
            return
        d_x.fill(0.0)
        (N, down, across, C), (_, H, W, _) = y.shape, x.shape
        offsets = [(u, v) for u in range(height) for v in range(width)]
        unseen = context.scratch("unseen", y.shape, np.bool_)
        differs = context.scratch("differs", y.shape, np.bool_)
        number = context.scratch("number", y.shape, np.min_scalar_type(len(offsets) - 1))
        unseen.fill(True)
        number.fill(0)
        for u, v in offsets[:-1]:
            np.not_equal(x[:, offset(u, s, down), offset(v, t, across)], y, out=differs)
            unseen &= differs
            number += unseen

        # Where in d_x, laid out flat, the winners stand: window's first pixel + offset.
        first_of_row = np.arange(N)[:, None] * (H * W * C) + np.arange(down) * (s * W * C)
        first_in_row = np.arange(across)[:, None] * (t * C) + np.arange(C)
        winner = context.scratch("winner", y.shape, np.intp)
        np.take([(u * W + v) * C for u, v in offsets], number, out=winner, mode="clip")
        winner += first_of_row[:, :, None, None]
        winner += first_in_row
        if s >= height and t >= width:
            d_x.reshape(-1)[winner.reshape(-1)] = d_y.reshape(-1)
        else:  # a number may win in several windows
            np.add.at(d_x.reshape(-1), winner.reshape(-1), d_y.reshape(-1))

    def _offer(self, x: Array, y: Array, d_y: Array, d_x: Array, context: Context) -> None:
        """`_unpool`, pixel by pixel of the windows."""
        (height, width), (s, t) = self._sizes()
        _, down, across, _ = y.shape
        left, takes = context.scratch("left", y.shape), context.scratch("takes", y.shape)
        np.copyto(left, d_y)
        if (s, t) != (height, width) or x.shape[1:3] != (down * s, across * t):
            d_x.fill(0.0)  # pixels that no window sees
        for u in range(height):
            for v in range(width):
                pixels = slice(None), offset(u, s, down), offset(v, t, across)
                d_pixels = d_x[pixels]
                if (u, v) == (height - 1, width - 1):
                    np.copyto(d_pixels, left)
                    return
                np.equal(x[pixels], y, out=takes)
                np.multiply(takes, left, out=d_pixels)
                left -= d_pixels


@dataclass(frozen=True)
class AveragePool2D(Pooling):
    """The mean of each window: how much of a feature is in it.

    y[n, i, j, c] = 1/(h w) sum over u, v of x[n, i s + u, j t + v, c],   window (h, w)

    Every number moves the y of each window that it is in by 1/(h w):

    dL/dx[n, a, b, c] = 1/(h w) sum of d_y[n, i, j, c] over the places whose window holds (a, b)

    Source: LeCun et al., Gradient-based learning applied to document recognition (1998).
    """

    operation: ClassVar[np.ufunc] = np.add

    def pool_part(self, x: Array, y: Array, context: Context) -> None:
        super().pool_part(x, y, context)
        y *= 1.0 / self._area

    def _unpool(self, x: Array, y: Array, d_y: Array, d_x: Array, context: Context) -> None:
        (height, width), (s, t) = self._sizes()
        _, down, across, _ = y.shape
        share = np.multiply(d_y, 1.0 / self._area, out=context.scratch("share", y.shape))
        d_rows = context.scratch("rows", (len(x), down, *x.shape[2:]))
        d_rows.fill(0.0)
        for v in range(width):
            d_rows[:, :, offset(v, t, across)] += share
        d_x.fill(0.0)
        for u in range(height):
            d_x[:, offset(u, s, down)] += d_rows

    @property
    def _area(self) -> int:
        height, width = cast(Pair, self.window)
        return height * width
