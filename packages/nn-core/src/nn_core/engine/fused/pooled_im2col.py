"""Row segments for convolution followed by max pooling, each copied once."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Shape
from nn_core.engine.fused.im2col import PRODUCT_WIDTH
from nn_core.engine.fused.slices import slice_size, slices
from nn_core.engine.workspace import Workspace
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.pooling import MaxPool2D
from nn_core.layers.windows import Pair, image_shape


class PooledIm2Col:
    """Row segments, their products with the kernel, and the maximum of each pool window.

    With `tile` neighboring output positions in a window processed together as in `Im2Col`, a row of
    a window covers, in each row of pixels, a segment of (tile - 1) t + width pixels. They are laid
    out as `segments`, each once,

    segments[q, n, J, row] = the pixels from position J w + q tile on,     w the window's width,

    row by row, so that `height` consecutive segments are the input of one kernel position, and the
    inputs of every P-th row of positions, P s >= height, are a constant distance apart without
    overlapping: a matrix for the BLAS, without a copy. If P is a multiple of the window height h,
    row u of all windows is one such matrix (or P / h of them), times the Toeplitz block of the
    kernel; all h of them are a single call, and the maximum over them is the maximum of each column
    of the windows.

    The segments of one (q, n, J) are `groups` * `period` rows; a group of P s rows has the
    positions of `share` vertically adjacent windows.

    conv, pool  the layers, with windows that do not overlap
    shape       shape of an example, (H, W, C)
    itemsize    bytes per element
    """

    def __init__(self, conv: Conv2D, pool: MaxPool2D, shape: Shape, itemsize: int) -> None:
        H, W, self.channels = image_shape(shape)
        self.kernel_size, self.strides = conv.window.size, conv.window.strides
        self.pool_size = pool.window.size
        self.filters = conv.filters
        (top, bottom), (left, right) = conv.window.borders(H, W)
        self.padded = top + H + bottom, left + W + right, self.channels
        self.inside = slice(top, top + H), slice(left, left + W)
        self.conv_size = conv.window.output_size(H, W)
        self.down, self.across = pool.window.output_size(*self.conv_size)

        (height, width), (s, t), (h, w) = self.kernel_size, self.strides, self.pool_size
        self.tile = max(tile for tile in range(1, max(1, PRODUCT_WIDTH // self.filters) + 1) if w % tile == 0)
        self.segment = ((self.tile - 1) * t + width) * self.channels
        self.depth = height * self.segment
        self.share = -(-height // (h * s))
        self.period = self.share * h * s
        seen = (self.down * h - 1) * s + height
        self.groups = max(-(-self.down // self.share), -(-seen // self.period))
        self.rows = self.groups * self.period
        self.tail = max(0, height - s)
        blocks = w // self.tile * self.across
        self.saved_each = blocks * self.rows * self.segment
        products = self.share * h * blocks * self.groups * self.tile * self.filters
        self.bytes_each = itemsize * (self.saved_each + products)

    def slices(self, x: Array) -> Iterator[tuple[int, slice]]:
        """The slices of examples processed together, numbered."""
        return enumerate(slices(x, self.bytes_each))

    def memory(self, x: Array, workspace: Workspace, *, once: bool) -> Array:
        """Memory for the segments of all slices, (slices, rows, segment); with `once`, of one slice."""
        size = slice_size(x, self.bytes_each)
        count = min(1, len(x)) if once else -(-len(x) // size)
        rows = self.pool_size[1] // self.tile * size * self.across * self.rows + self.tail
        return workspace.array("segments", (count, rows, self.segment), x.dtype)

    def pad(self, x: Array, workspace: Workspace) -> Array:
        """The zero-padded examples of a slice."""
        padded = workspace.array("padded", (len(x), *self.padded), x.dtype)
        padded.fill(0.0)
        padded[:, self.inside[0], self.inside[1]] = x
        return padded

    def lay_out(self, padded: Array, segments: Array) -> None:
        """Copy the pixels of a slice, each segment once."""
        N, H = padded.shape[:2]
        t, w = self.strides[1], self.pool_size[1]
        per_image, per_row, per_pixel, per_number = padded.strides
        shape = (w // self.tile, N, self.across, min(H, self.rows), self.segment)
        strides = (self.tile * t * per_pixel, per_image, w * t * per_pixel, per_row, per_number)
        count = math.prod(shape[:3]) * self.rows
        blocks = segments[:count].reshape(*shape[:3], self.rows, self.segment)
        seen: Array = np.ndarray(shape, padded.dtype, padded.data, 0, strides)
        np.copyto(blocks[:, :, :, : shape[3]], seen)
        blocks[:, :, :, shape[3] :] = 0.0
        segments[count : count + self.tail] = 0.0

    def pooled(
        self, segments: Array, N: int, block: Array, find_winners: bool, workspace: Workspace
    ) -> tuple[Array, npt.NDArray[Any] | None]:
        """The maximum z of each window, and with `find_winners` its index within the window.

        Both (share, N, across, groups, filters). Among equal values, the first in row-major order
        wins: the one with the most pixels after it, in the rows below and then in its own row,

        after = (h - 1 - u) w + (w - 1 - v),   number = u w + v = h w - 1 - after
        """
        h, w = self.pool_size
        z = self._products(segments, N, block, workspace)
        of_column = workspace.array("of column", (self.share, *z.shape[2:]), z.dtype)
        np.maximum.reduce(z, axis=1, out=of_column)
        columns = self._by_column(of_column, "columns", workspace)
        m = workspace.array("m", columns.shape[1:], z.dtype)
        np.maximum.reduce(columns, axis=0, out=m)
        outer = (self.share, N, self.across, self.groups, self.filters)
        if not find_winners:
            return m.reshape(outer), None

        kind = np.min_scalar_type(h * w - 1)
        below = np.arange(h - 1, -1, -1, dtype=kind) * kind.type(w)
        beside = np.arange(w - 1, -1, -1, dtype=kind)
        wins = workspace.array("wins", z.shape, np.bool_)
        np.equal(z, of_column[:, None], out=wins)
        after = workspace.array("after", z.shape, kind)
        np.multiply(wins.view(np.uint8), below[:, None, None], out=after)
        most = workspace.array("most after", of_column.shape, kind)
        np.maximum.reduce(after, axis=1, out=most)
        after = self._by_column(most, "columns of after", workspace)
        after += beside[:, None, None, None]
        wins = workspace.array("columns of wins", columns.shape, np.bool_)
        np.equal(columns, m, out=wins)
        after *= wins.view(np.uint8)
        number = workspace.array("number", m.shape, kind)
        np.maximum.reduce(after, axis=0, out=number)
        np.subtract(kind.type(h * w - 1), number, out=number)
        return m.reshape(outer), number.reshape(outer)

    def _products(self, segments: Array, N: int, block: Array, workspace: Workspace) -> Array:
        """z (share, h, rows, tile * filters): row u of all windows for each u."""
        (h, w), s = self.pool_size, self.strides[0]
        per_segment, per_number = segments.strides
        rows = w // self.tile * N * self.across * self.groups
        shape = (self.share, h, rows, self.depth)
        strides = (h * s * per_segment, s * per_segment, self.period * per_segment, per_number)
        seen: Array = np.ndarray(shape, segments.dtype, segments.data, 0, strides)
        z = workspace.array("z", (*shape[:3], block.shape[1]), block.dtype)
        np.matmul(seen, block, out=z)
        return z

    def _by_column(self, values: npt.NDArray[Any], name: str, workspace: Workspace) -> npt.NDArray[Any]:
        """Column v = q tile + position of each window, (w, share, rows / q, filters)."""
        w, q = self.pool_size[1], self.pool_size[1] // self.tile
        share, rows, _ = values.shape
        columns = workspace.array(name, (w, share, rows // q, self.filters), values.dtype)
        by_position = values.reshape(share, q, rows // q, self.tile, self.filters)
        columns.reshape(q, self.tile, *columns.shape[1:])[...] = by_position.transpose(1, 3, 0, 2, 4)
        return columns

    def in_order(self, values: npt.NDArray[Any], name: str, workspace: Workspace) -> npt.NDArray[Any]:
        """(N, down, across, filters) from the order of `pooled`."""
        share, N, across, groups, filters = values.shape
        shape = (N, groups, share, across, filters)
        ordered = workspace.array(name, shape, values.dtype)
        ordered[...] = values.transpose(1, 3, 0, 2, 4)
        return ordered.reshape(N, groups * share, across, filters)[:, : self.down]

    def rows_of(self, winners: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The first row segment of each winner in a slice, and its position within the tile.

        Both (filters, windows), windows in the order of y.
        """
        N, down, across, filters = winners.shape
        u, v = row_and_column(winners.transpose(3, 0, 1, 2), self.pool_size)
        q, within = np.divmod(v, self.tile)
        q *= N * across
        q += (np.arange(N) * across)[:, None, None]
        q += np.arange(across)
        q *= self.rows
        u += (np.arange(down) * self.pool_size[0])[:, None]
        u *= self.strides[0]
        q += u
        return q.reshape(filters, -1), within.reshape(filters, -1)

    def block(self, W: Array, workspace: Workspace) -> Array:
        """The kernel as a Toeplitz block (depth, tile * filters); see `Im2Col`."""
        block = workspace.array("block", (self.depth, self.tile * self.filters), W.dtype)
        block.fill(0.0)
        whole = block.reshape(self.kernel_size[0], -1, self.channels, self.tile, self.filters)
        for position in range(self.tile):
            first = position * self.strides[1]
            whole[:, first : first + self.kernel_size[1], :, position] = W
        return block

    def sum_diagonals(self, d_block: Array, d_W: Array) -> None:
        """Write d_W from d_block (filters, depth, tile)."""
        whole = d_block.reshape(self.filters, self.kernel_size[0], -1, self.channels, self.tile)
        d_W.fill(0.0)
        for position in range(self.tile):
            first = position * self.strides[1]
            part = whole[:, :, first : first + self.kernel_size[1], :, position]
            d_W += part.transpose(1, 2, 3, 0)


def row_and_column(winners: npt.NDArray[Any], pool_size: Pair) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row and column of a winner from its index within the window."""
    row, column = np.divmod(winners, winners.dtype.type(pool_size[1]))
    return row.astype(np.intp), column.astype(np.intp)
