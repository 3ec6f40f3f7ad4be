"""Convolution, ReLU and max pooling in one: the maps between them are never written out."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from nn_core.arrays import Array, Shape
from nn_core.layers import windows
from nn_core.layers.columns import PRODUCT_WIDTH
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.layer import Cache, Context, Layer, Parameter
from nn_core.layers.pooling import MaxPool2D
from nn_core.layers.windows import Pair

SPARSE = 16
"""Pixels of a pool's window from which on d_W is made of the winners alone."""

ROOM = 2
"""How many times SLICE_BYTES are worked on at a time: each product goes through them once."""


@dataclass(frozen=True)
class ConvReLUMaxPool(Layer):
    """y = max_pool(relu(conv(x))), for windows that do not overlap.

    z[n, i, j, f] = sum_u sum_v sum_c p[n, i s + u, j t + v, c] W[u, v, c, f]     as in Conv2D
    m[n, I, J, f] = max over the window of z
    y[n, I, J, f] = max(m[n, I, J, f] + b[f], 0)

    Adding b keeps the order of numbers, and so does ReLU as far as they are positive:
    max_k max(z_k + b, 0) = max(max_k z_k + b, 0). So b is added, and the sum clipped, on as many
    numbers as there are windows, and z need never exist but in part.

    Where y > 0, the window's first largest relu(z + b) is its first largest z, the winner, and
    d_z = d_y there alone. Where y = 0, all of the window is silent and d_z = 0: whichever pixel
    MaxPool2D sends d_y to, ReLU stops it. So ties are those of the layers one by one: of equal
    z the first in reading order wins. (Of two z that become equal only when b is added and
    the sum rounded, the larger one wins.)

    dL/db[f] = sum of d_y[n, I, J, f] where y > 0
    dL/dW[u, v, c, f] = sum of d_y[n, I, J, f] p[n, i s + u, j t + v, c] where y > 0,
                        with (i, j) the winner of (n, I, J, f)

    How it is computed. With `tile` places that stand side by side in a window taken together as
    in `Columns`, a row of a window and the rows under it are runs of (tile - 1) t + width pixels.
    They are laid out as `runs`, each run once,

    runs[q, n, J, row] = the pixels from place J w + q tile on,      w the window's width,

    row after row, so that `height` runs which follow one another are what a kernel sees, and the
    kernels of every P-th row of places, P s >= height, lie a constant distance apart without
    overlapping: a matrix in the sense of the BLAS, without a copy. If P is a multiple of the
    window's height h, row u of all windows is one such product (or P / h of them); the
    largest of each column of the windows is the maximum of h products of the same shape, and
    which of them won is noted on the way. What is left is the maximum over w columns.

    d_W takes the run of each winner, K = height * run * C numbers in one piece, filter by
    filter, times d_y put in the column of the winner's place within its tile: the products of
    one window in place of h * w, most of them with zeros. For small windows, or if d_x is
    wanted, d_z is written out, and Conv2D goes on.

    conv, pool  the layers that it stands for
    Source: as those; Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 9.1 to 9.3.
    """

    conv: Conv2D
    pool: MaxPool2D

    @classmethod
    def of(cls, layers: tuple[Any, Any, Any], input_shape: Shape) -> "ConvReLUMaxPool | None":
        """What stands for a Conv2D, a ReLU and a MaxPool2D, if anything does."""
        conv, _, pool = layers
        window = cast(Pair, pool.window)
        return cls(conv, pool) if pool.stride == window and math.prod(window) > 1 else None

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.pool.output_shape(self.conv.output_shape(input_shape))

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        return self.conv.parameters(input_shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.conv.multiply_adds(input_shape)

    def kept(self, input_shape: Shape) -> int:
        return _plan(self, (1, *input_shape)).runs_each

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        y = context.scratch("y", (len(x), *self.output_shape(x.shape[1:])))
        if not context.training:
            self._pass(x, params, y, None, context)
            return y, (x, y)
        return y, (x, y, *self._noting(x, params, y, context))

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        x, y, *noted = cache
        if not noted:  # it was not known that it would be needed
            noted = self._noting(x, params, y, context)
        winners, runs = noted
        d_m = np.greater(y, 0.0, out=context.scratch("d_m", y.shape))
        d_m *= d_y
        if context.needs_d_x or math.prod(cast(Pair, self.pool.window)) < SPARSE:
            d_z = self._d_z(x.shape, d_m, winners, context)
            return self.conv.backward(d_z, (x,), params, grads, context)
        np.add.reduce(d_m.reshape(-1, y.shape[-1]), axis=0, out=grads["b"])
        self._d_W(x, d_m, winners, runs, grads["W"], context)
        return None

    def _noting(
        self, x: Array, params: Mapping[str, Array], y: Array, context: Context
    ) -> list[npt.NDArray[Any]]:
        """The forward pass with what `backward` needs: each window's winner, and the runs."""
        height, width = cast(Pair, self.pool.window)
        winners = context.scratch("winners", y.shape, np.min_scalar_type(height * width - 1))
        return [winners, self._pass(x, params, y, winners, context)]

    def _pass(
        self,
        x: Array,
        params: Mapping[str, Array],
        y: Array,
        winners: npt.NDArray[Any] | None,
        context: Context,
    ) -> Array:
        """Write y, and the number of each window's winner; returns the runs.

        Without `winners` the runs of one slice at a time take the place of those before.
        """
        plan = _plan(self, x.shape)
        band = plan.band(params["W"], context)
        runs = plan.runs(len(x) if winners is not None else min(1, len(x)), context)
        for number, part in plan.slices(x):
            here = runs[number if winners is not None else 0]
            plan.lay_out(x[part], here, context)
            m, won = plan.largest(here, len(x[part]), band, winners is not None, context)
            m += params["b"]
            windows = plan.in_order(m, "ordered", context)
            np.maximum(windows, 0.0, out=y[part])
            if winners is not None and won is not None:
                winners[part] = plan.in_order(won, "ordered winners", context)
        return runs

    def _d_z(
        self, x_shape: Shape, d_m: Array, winners: npt.NDArray[Any], context: Context
    ) -> Array:
        """d_m at the winners, zeros elsewhere."""
        (h, w), (N, down, across, F) = cast(Pair, self.pool.window), d_m.shape
        _, H, W = shape = (N, *self.conv.output_shape(x_shape[1:])[:2])
        d_z = context.scratch("d_z", (*shape, F))
        d_z.fill(0.0)
        u, v = _row_and_column(winners, (h, w))
        place = u * W
        place += v
        place += (np.arange(down) * (h * W))[:, None, None]
        place += (np.arange(across) * w)[:, None]
        place += (np.arange(N) * (H * W))[:, None, None, None]
        place *= F
        place += np.arange(F)
        d_z.reshape(-1)[place.reshape(-1)] = d_m.reshape(-1)
        return d_z

    def _d_W(
        self,
        x: Array,
        d_m: Array,
        winners: npt.NDArray[Any],
        runs: Array,
        d_W: Array,
        context: Context,
    ) -> None:
        plan = _plan(self, x.shape)
        kernel_rows = np.arange(plan.kernel[0])
        d_band = context.scratch("d_band", (plan.filters, plan.depth, plan.tile))
        d_part = context.scratch("d_part", d_band.shape[1:])
        d_band.fill(0.0)
        for number, part in plan.slices(x):
            rows, within = plan.rows_of(winners[part])
            count = rows.shape[1]
            seen = context.scratch("seen", (count, plan.kernel[0], plan.run))
            weights = context.scratch("weights", (count, plan.tile))
            columns = np.arange(plan.tile)
            d = d_m[part].reshape(count, plan.filters).T
            for f in range(plan.filters):
                np.take(runs[number], rows[f, :, None] + kernel_rows, 0, out=seen, mode="clip")
                np.equal(within[f, :, None], columns, out=weights)
                weights *= d[f, :, None]
                np.dot(seen.reshape(count, -1).T, weights, out=d_part)
                d_band[f] += d_part
        plan.kernel_of(d_band, d_W)


class Plan:
    """Where everything lies for one shape of x: see `ConvReLUMaxPool`.

    A block of runs, those of one (q, n, J), is `groups` * `period` rows long; a group of P s
    rows holds the places of `share` windows, one under the other.
    """

    def __init__(self, layer: ConvReLUMaxPool, x_shape: Shape) -> None:
        conv = layer.conv
        self.batch, H, W, self.channels = x_shape
        self.kernel, self.stride = cast(Pair, conv.kernel), cast(Pair, conv.stride)
        self.window = cast(Pair, layer.pool.window)
        self.filters = conv.filters
        (top, bottom), (left, right) = conv.borders(H, W)
        self.canvas = top + H + bottom, left + W + right, self.channels
        self.inside = slice(top, top + H), slice(left, left + W)
        self.down, self.across, _ = layer.output_shape(x_shape[1:])

        (height, width), (s, t), (h, w) = self.kernel, self.stride, self.window
        self.tile = max(
            tile for tile in range(1, max(1, PRODUCT_WIDTH // self.filters) + 1) if w % tile == 0
        )
        self.run = ((self.tile - 1) * t + width) * self.channels
        self.depth = height * self.run
        self.share = -(-height // (h * s))
        self.period = self.share * h * s
        seen = (self.down * h - 1) * s + height
        self.groups = max(-(-self.down // self.share), -(-seen // self.period))
        self.rows = self.groups * self.period
        self.tail = max(0, height - s)
        blocks = w // self.tile * self.across
        self.runs_each = blocks * self.rows * self.run
        self.bytes_each = 2 * (
            self.runs_each + 3 * blocks * self.share * self.groups * self.tile * self.filters
        )
        self.size = max(1, min(self.batch, ROOM * windows.SLICE_BYTES // self.bytes_each))

    def slices(self, x: Array) -> Iterator[tuple[int, slice]]:
        """The examples that are worked on together, numbered."""
        return enumerate(slice(i, min(i + self.size, len(x))) for i in range(0, len(x), self.size))

    def runs(self, examples: int, context: Context) -> Array:
        """Memory for the runs of all slices, (slices, rows, run)."""
        rows = self.window[1] // self.tile * self.size * self.across * self.rows + self.tail
        return context.scratch("runs", (-(-examples // self.size), rows, self.run))

    def lay_out(self, x: Array, runs: Array, context: Context) -> None:
        """Copy the pixels of a slice, each run once."""
        N, (H, W, C), (t, w) = len(x), self.canvas, (self.stride[1], self.window[1])
        canvas = context.scratch("canvas", (N, H, W, C))
        canvas.fill(0.0)
        canvas[:, self.inside[0], self.inside[1]] = x
        per_map, per_row, per_pixel, per_number = canvas.strides
        shape = (w // self.tile, N, self.across, min(H, self.rows), self.run)
        count = math.prod(shape[:3]) * self.rows
        blocks = runs[:count].reshape(*shape[:3], self.rows, self.run)
        np.copyto(
            blocks[:, :, :, : shape[3]],
            as_strided(
                canvas,
                shape,
                (self.tile * t * per_pixel, per_map, w * t * per_pixel, per_row, per_number),
            ),
        )
        blocks[:, :, :, shape[3] :] = 0.0
        runs[count : count + self.tail] = 0.0

    def largest(
        self, runs: Array, N: int, band: Array, noting: bool, context: Context
    ) -> tuple[Array, npt.NDArray[Any] | None]:
        """The largest z of every window, (share, N, across, groups, filters), and its number."""
        (h, w), s, step = self.window, self.stride[0], runs.strides
        rows = w // self.tile * N * self.across * self.groups
        shape = (self.share, rows, self.tile * self.filters)
        best, z = context.scratch("best", shape), context.scratch("z", shape[1:])
        kind = np.min_scalar_type(h * w - 1)
        won = context.scratch("won", shape if noting else (0,), kind)
        later = context.scratch("later", z.shape if noting else (0,), kind)
        larger = context.scratch("larger", z.shape if noting else (0,), np.bool_)
        won.fill(0)
        for part in range(self.share):
            for u in range(h):
                seen = as_strided(
                    runs[(part * h + u) * s :],
                    (rows, self.depth),
                    (self.period * step[0], step[1]),
                )
                if u == 0:
                    np.matmul(seen, band, out=best[part])
                    continue
                np.matmul(seen, band, out=z)
                if noting:
                    np.greater(z, best[part], out=larger)
                    np.multiply(larger.view(np.uint8), kind.type(u * w), out=later)
                    np.maximum(won[part], later, out=won[part])
                np.maximum(best[part], z, out=best[part])

        # Column v = q tile + place of each window, one after the other, in one piece each.
        q = w // self.tile
        by_place = (self.share, q, rows // q, self.tile, self.filters)
        columns = context.scratch("columns of best", (w, self.share, rows // q, self.filters))
        by_column = columns.reshape(q, self.tile, *columns.shape[1:])
        by_column[...] = best.reshape(by_place).transpose(1, 3, 0, 2, 4)
        m = context.scratch("m", columns.shape[1:])
        np.maximum.reduce(columns, axis=0, out=m)
        outer = (self.share, N, self.across, self.groups, self.filters)
        if not noting:
            return m.reshape(outer), None
        numbers = context.scratch("columns of won", columns.shape, kind)
        by_column = numbers.reshape(q, self.tile, *columns.shape[1:])
        by_column[...] = won.reshape(by_place).transpose(1, 3, 0, 2, 4)
        first = context.scratch("first", m.shape, kind)
        lost = context.scratch("lost", m.shape, np.bool_)
        never = context.scratch("never", m.shape, kind)
        first.fill(h * w - 1)
        for v in range(w):
            number = numbers[v]
            number += kind.type(v)
            np.not_equal(columns[v], m, out=lost)
            np.multiply(lost.view(np.uint8), np.iinfo(kind).max, out=never, dtype=kind)
            number |= never
            np.minimum(first, number, out=first)
        return m.reshape(outer), first.reshape(outer)

    def in_order(self, values: npt.NDArray[Any], name: str, context: Context) -> npt.NDArray[Any]:
        """(N, down, across, filters) from the order of `largest`."""
        share, N, across, groups, filters = values.shape
        shape = (N, groups, share, across, filters)
        ordered = context.scratch(name, shape, values.dtype)
        ordered[...] = values.transpose(1, 3, 0, 2, 4)
        return ordered.reshape(N, groups * share, across, filters)[:, : self.down]

    def rows_of(
        self, winners: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Where the run of each winner of a slice begins, and its place within the tile.

        Both (filters, windows), windows in the order of y.
        """
        N, down, across, filters = winners.shape
        u, v = _row_and_column(winners.transpose(3, 0, 1, 2), self.window)
        q, within = np.divmod(v, self.tile)
        q *= N * across
        q += (np.arange(N) * across)[:, None, None]
        q += np.arange(across)
        q *= self.rows
        u += (np.arange(down) * self.window[0])[:, None]
        u *= self.stride[0]
        q += u
        return q.reshape(filters, -1), within.reshape(filters, -1)

    def band(self, W: Array, context: Context) -> Array:
        """The kernel as a band in a matrix (depth, tile * filters)."""
        band = context.scratch("band", (self.depth, self.tile * self.filters))
        band.fill(0.0)
        whole = band.reshape(self.kernel[0], -1, self.channels, self.tile, self.filters)
        for place in range(self.tile):
            first = place * self.stride[1]
            whole[:, first : first + self.kernel[1], :, place] = W
        return band

    def kernel_of(self, d_band: Array, d_W: Array) -> None:
        """The sum along the band, filter by filter."""
        whole = d_band.reshape(self.filters, self.kernel[0], -1, self.channels, self.tile)
        d_W.fill(0.0)
        for place in range(self.tile):
            first = place * self.stride[1]
            part = whole[:, :, first : first + self.kernel[1], :, place]
            d_W += part.transpose(1, 2, 3, 0)


_plan = lru_cache(maxsize=64)(Plan)


def _row_and_column(
    winners: npt.NDArray[Any], window: Pair
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Of a winner's number within its window."""
    row, column = np.divmod(winners, winners.dtype.type(window[1]))
    return row.astype(np.intp), column.astype(np.intp)
