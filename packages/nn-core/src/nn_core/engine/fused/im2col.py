"""Windows over maps laid out as a matrix, a slice of the batch at a time."""

import math
from collections.abc import Iterator

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.layers.layer import Context
from nn_core.layers.windows import Pair, places, slice_size, slices

PRODUCT_WIDTH = 32
"""Columns that a matrix product should have to run near the speed of the machine."""


class Columns:
    """The windows over maps as rows of a matrix: convolution becomes a matrix product.

    With channels last, one row of a window is a run of width * C numbers that follow one
    another in memory, and the windows at `tile` neighbouring places begin t * C numbers apart:
    together they are one run of ((tile - 1) t + width) * C numbers. A row of the matrix holds
    the `height` runs of `tile` places, copied once, not `tile` times over. The kernel becomes
    a band in a matrix: for place q = 0 ... tile - 1 of the run

        matrix[u, q t + v, c, q, f] = W[u, v, c, f],   zero elsewhere,

    and columns @ matrix are the outputs (tile, filters) of the run's places, in their order.
    The products with zeros cost less than the copies would, and a wide product runs faster
    than a narrow one. d_W is summed along the band of d_matrix = columns^T @ d_y.

    Only a slice of the batch is laid out at a time, in memory that stays in the cache and is
    kept from step to step; backward lays it out again rather than keep it for the batch.

    What is worked out here depends on shapes alone, and serves for any number of examples.

    name     tells apart the memory of several users of one context
    canvas   shape of one example with its zeros, (H, W, C)
    inside   where in the canvas the example's own pixels go
    filters  outputs at each place
    """

    def __init__(
        self,
        name: str,
        *,
        canvas: Shape,
        inside: tuple[slice, slice],
        kernel: Pair,
        stride: Pair,
        filters: int,
    ) -> None:
        self.name = name
        self.canvas = canvas
        self.inside = inside
        self.window = kernel
        self.stride = stride
        self.places = places(canvas[0], canvas[1], kernel, stride)
        self.tile = max(
            tile
            for tile in range(1, max(1, PRODUCT_WIDTH // filters) + 1)
            if self.places[1] % tile == 0
        )
        self.run = (self.tile - 1) * stride[1] + kernel[1]
        self.shape = (self.places[0], self.places[1] // self.tile, kernel[0], self.run * canvas[2])
        self.size = math.prod(self.shape)

    def of(self, x: Array, context: Context) -> Iterator[tuple[slice, Array]]:
        """Slice by slice: the examples, and their matrix (places / tile, height * run * C)."""
        bytes_each = self.size * context.dtype.itemsize
        size = slice_size(x, bytes_each)
        canvas = context.scratch(f"{self.name} canvas", (size, *self.canvas))
        columns = context.scratch("columns", (size, *self.shape))
        canvas.fill(0.0)
        # A run as one number of so many bytes: so the machine copies whole runs.
        a_run = np.dtype((np.void, self.shape[3] * context.dtype.itemsize))
        per_map, per_row, per_pixel, _ = canvas.strides
        down, across = self.stride[0] * per_row, self.tile * self.stride[1] * per_pixel
        shape = (size, *self.shape[:3])
        runs = np.ndarray(shape, a_run, canvas.data, 0, (per_map, down, across, per_row))
        into = np.ndarray(shape, a_run, columns.data)
        matrix = columns.reshape(-1, self.shape[2] * self.shape[3])
        for part in slices(x, bytes_each):
            count = part.stop - part.start
            canvas[:count, self.inside[0], self.inside[1]] = x[part]
            np.copyto(into[:count], runs[:count])
            yield part, matrix[: count * self.shape[0] * self.shape[1]]

    def matrix_shape(self, filters: int) -> Pair:
        """(height * run * C, tile * filters)."""
        return self.window[0] * self.run * self.canvas[2], self.tile * filters

    def matrix(self, W: Array, context: Context) -> Array:
        """The kernel (height, width, C, filters) as a band."""
        filters = W.shape[3]
        if self.tile == 1 and W.flags.c_contiguous:
            return W.reshape(self.matrix_shape(filters))
        matrix = context.scratch(f"{self.name} matrix", self.matrix_shape(filters))
        matrix.fill(0.0)
        for band in self._bands(matrix, filters):
            band[...] = W
        return matrix

    def kernel(self, matrix: Array, out: Array) -> None:
        """The sum along the band, the derivative of `matrix`."""
        if self.tile == 1:
            out.reshape(matrix.shape)[...] = matrix
            return
        out.fill(0.0)
        for band in self._bands(matrix, out.shape[3]):
            out += band

    def _bands(self, matrix: Array, filters: int) -> Iterator[Array]:
        """For each place of the run, the part (height, width, C, filters) of its kernel."""
        whole = matrix.reshape(self.window[0], self.run, self.canvas[2], self.tile, filters)
        for place in range(self.tile):
            first = place * self.stride[1]
            yield whole[:, first : first + self.window[1], :, place]
