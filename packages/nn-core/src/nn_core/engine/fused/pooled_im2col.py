"""The pixels that the kernels under a pool's windows see, laid out so that each is copied once."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Shape
from nn_core.layers import windows
from nn_core.layers.columns import PRODUCT_WIDTH
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.layer import Context
from nn_core.layers.pooling import MaxPool2D
from nn_core.layers.windows import Pair


class PooledRuns:
    """Runs of pixels, the products with them, and the largest of each window of a pool.

    With `tile` places that stand side by side in a window taken together as in `Columns`, a row
    of a window and the rows under it are runs of (tile - 1) t + width pixels. They are laid out
    as `runs`, each run once,

    runs[q, n, J, row] = the pixels from place J w + q tile on,      w the window's width,

    row after row, so that `height` runs which follow one another are what a kernel sees, and the
    kernels of every P-th row of places, P s >= height, lie a constant distance apart without
    overlapping: a matrix in the sense of the BLAS, without a copy. If P is a multiple of the
    window's height h, row u of all windows is one such matrix (or P / h of them), times the band
    of the kernel; all h of them are one call, and the largest of each column of the windows is
    the maximum over them.

    A block of runs, those of one (q, n, J), is `groups` * `period` rows long; a group of P s
    rows holds the places of `share` windows, one under the other.

    conv, pool  the layers, with windows that do not overlap
    x_shape     of a batch (N, H, W, C)
    """

    def __init__(self, conv: Conv2D, pool: MaxPool2D, x_shape: Shape) -> None:
        self.batch, H, W, self.channels = x_shape
        self.kernel, self.stride = cast(Pair, conv.kernel), cast(Pair, conv.stride)
        self.window = cast(Pair, pool.window)
        self.filters = conv.filters
        (top, bottom), (left, right) = conv.borders(H, W)
        self.canvas = top + H + bottom, left + W + right, self.channels
        self.inside = slice(top, top + H), slice(left, left + W)
        self.down, self.across, _ = pool.output_shape(conv.output_shape(x_shape[1:]))

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
        products = self.share * h * blocks * self.groups * self.tile * self.filters
        bytes_each = 4 * (self.runs_each + products)
        self.size = max(1, min(self.batch, windows.SLICE_BYTES // bytes_each))

    def slices(self, x: Array) -> Iterator[tuple[int, slice]]:
        """The examples that are worked on together, numbered."""
        return enumerate(slice(i, min(i + self.size, len(x))) for i in range(0, len(x), self.size))

    def memory(self, examples: int, context: Context) -> Array:
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
        strides = (self.tile * t * per_pixel, per_map, w * t * per_pixel, per_row, per_number)
        count = math.prod(shape[:3]) * self.rows
        blocks = runs[:count].reshape(*shape[:3], self.rows, self.run)
        seen: Array = np.ndarray(shape, canvas.dtype, canvas.data, 0, strides)
        np.copyto(blocks[:, :, :, : shape[3]], seen)
        blocks[:, :, :, shape[3] :] = 0.0
        runs[count : count + self.tail] = 0.0

    def pooled(
        self, runs: Array, N: int, band: Array, noting: bool, context: Context
    ) -> tuple[Array, npt.NDArray[Any] | None]:
        """The largest z of each window, and if `noting` its number within the window.

        Both (share, N, across, groups, filters). Of equal numbers the first in reading order
        wins: the one with the most pixels after it, in rows under its own and then in its own,

        after = (h - 1 - u) w + (w - 1 - v),   number = u w + v = h w - 1 - after
        """
        h, w = self.window
        z = self._products(runs, N, band, context)
        of_column = context.scratch("of column", (self.share, *z.shape[2:]))
        np.maximum.reduce(z, axis=1, out=of_column)
        columns = self._by_column(of_column, "columns", context)
        m = context.scratch("m", columns.shape[1:])
        np.maximum.reduce(columns, axis=0, out=m)
        outer = (self.share, N, self.across, self.groups, self.filters)
        if not noting:
            return m.reshape(outer), None

        kind = np.min_scalar_type(h * w - 1)
        under = np.arange(h - 1, -1, -1, dtype=kind) * kind.type(w)
        beside = np.arange(w - 1, -1, -1, dtype=kind)
        wins = context.scratch("wins", z.shape, np.bool_)
        np.equal(z, of_column[:, None], out=wins)
        after = context.scratch("after", z.shape, kind)
        np.multiply(wins.view(np.uint8), under[:, None, None], out=after)
        most = context.scratch("most after", of_column.shape, kind)
        np.maximum.reduce(after, axis=1, out=most)
        after = self._by_column(most, "columns of after", context)
        after += beside[:, None, None, None]
        wins = context.scratch("columns of wins", columns.shape, np.bool_)
        np.equal(columns, m, out=wins)
        after *= wins.view(np.uint8)
        number = context.scratch("number", m.shape, kind)
        np.maximum.reduce(after, axis=0, out=number)
        np.subtract(kind.type(h * w - 1), number, out=number)
        return m.reshape(outer), number.reshape(outer)

    def _products(self, runs: Array, N: int, band: Array, context: Context) -> Array:
        """z (share, h, rows, tile * filters): row u of all windows for each u."""
        (h, w), s, (per_run, per_number) = self.window, self.stride[0], runs.strides
        rows = w // self.tile * N * self.across * self.groups
        shape = (self.share, h, rows, self.depth)
        strides = (h * s * per_run, s * per_run, self.period * per_run, per_number)
        seen: Array = np.ndarray(shape, runs.dtype, runs.data, 0, strides)
        z = context.scratch("z", (*shape[:3], band.shape[1]))
        np.matmul(seen, band, out=z)
        return z

    def _by_column(self, values: npt.NDArray[Any], name: str, context: Context) -> npt.NDArray[Any]:
        """Column v = q tile + place of each window, (w, share, rows / q, filters)."""
        w, q = self.window[1], self.window[1] // self.tile
        share, rows, _ = values.shape
        columns = context.scratch(name, (w, share, rows // q, self.filters), values.dtype)
        by_place = values.reshape(share, q, rows // q, self.tile, self.filters)
        columns.reshape(q, self.tile, *columns.shape[1:])[...] = by_place.transpose(1, 3, 0, 2, 4)
        return columns

    def in_order(self, values: npt.NDArray[Any], name: str, context: Context) -> npt.NDArray[Any]:
        """(N, down, across, filters) from the order of `pooled`."""
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
        u, v = row_and_column(winners.transpose(3, 0, 1, 2), self.window)
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
        """The sum along the band, filter by filter, of d_band (filters, depth, tile)."""
        whole = d_band.reshape(self.filters, self.kernel[0], -1, self.channels, self.tile)
        d_W.fill(0.0)
        for place in range(self.tile):
            first = place * self.stride[1]
            part = whole[:, :, first : first + self.kernel[1], :, place]
            d_W += part.transpose(1, 2, 3, 0)


pooled_runs = lru_cache(maxsize=64)(PooledRuns)
"""Those of the same layers and shape, worked out once."""


def row_and_column(
    winners: npt.NDArray[Any], window: Pair
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Of a winner's number within its window."""
    row, column = np.divmod(winners, winners.dtype.type(window[1]))
    return row.astype(np.intp), column.astype(np.intp)
