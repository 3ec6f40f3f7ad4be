"""Windows over images as a matrix (im2col), one slice of the batch at a time."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.engine.fused.slices import slice_size, slices
from nn_core.engine.workspace import Workspace
from nn_core.layers.windows import Pair

PRODUCT_WIDTH = 32
"""Minimum number of columns of a matrix product for near-peak speed."""


class Im2Col:
    """The windows over images as rows of a matrix: convolution becomes a matrix product.

    With channels last, one row of a window is a contiguous segment of width * C elements, and the
    windows at `tile` neighboring output positions start t * C elements apart: together they cover
    one segment of ((tile - 1) t + width) * C elements. A row of the matrix holds the `height` row
    segments of `tile` positions, copied once, not `tile` times. The kernel becomes a Toeplitz
    block: for position q = 0 ... tile - 1 of the segment

        block[u, q t + v, c, q, f] = W[u, v, c, f],   zero elsewhere,

    and rows @ block are the outputs (tile, filters) of the positions of the segment, in order.
    The products with zeros cost less than the copies would, and a wide product is more efficient
    than a narrow one. d_W is the sum along the diagonals of d_block = rows^T @ d_y.

    Zero times infinity is NaN: a non-finite pixel affects all outputs of its segment, including
    those whose window does not contain it. `rows` reports which examples may be affected.

    Only one slice of the batch is laid out at a time, in reused memory that stays in cache; the
    backward pass lays it out again instead of storing all of it.

    The values computed here depend only on shapes, and are valid for any number of examples.

    name         distinguishes the memory of several users of a workspace
    padded       shape of one example with its padding, (H, W, C)
    inside       location of the example in the padded input
    kernel_size  size of the window
    strides      strides of the window
    filters      number of outputs at each position
    """

    def __init__(
        self,
        name: str,
        *,
        padded: tuple[int, int, int],
        inside: tuple[slice, slice],
        kernel_size: Pair,
        strides: Pair,
        filters: int,
    ) -> None:
        self.name = name
        self.padded = padded
        self.inside = inside
        self.kernel_size = kernel_size
        self.strides = strides
        self.output_size = (
            (padded[0] - kernel_size[0]) // strides[0] + 1,
            (padded[1] - kernel_size[1]) // strides[1] + 1,
        )
        self.tile = max(
            tile for tile in range(1, max(1, PRODUCT_WIDTH // filters) + 1) if self.output_size[1] % tile == 0
        )
        self.segment = (self.tile - 1) * strides[1] + kernel_size[1]
        self.shape = (self.output_size[0], self.output_size[1] // self.tile, kernel_size[0], self.segment * padded[2])
        self.block_shape = kernel_size[0] * self.shape[3], self.tile * filters

    def rows(self, x: Array, workspace: Workspace) -> Iterator[tuple[slice, Array, Array]]:
        """For each slice: the examples, their matrix, and the padded examples.

        The matrix is (examples * output positions / tile, height * segment * C).
        """
        bytes_each = math.prod(self.shape) * x.itemsize
        size = slice_size(x, bytes_each)
        padded = workspace.array(f"{self.name} padded", (size, *self.padded), x.dtype)
        columns = workspace.array("columns", (size, *self.shape), x.dtype)
        padded.fill(0.0)
        # View each segment as a single element, so that whole segments are copied.
        segment = np.dtype((np.void, self.shape[3] * x.itemsize))
        per_image, per_row, per_pixel, _ = padded.strides
        down, across = self.strides[0] * per_row, self.tile * self.strides[1] * per_pixel
        shape = (size, *self.shape[:3])
        source: npt.NDArray[np.void] = np.ndarray(shape, segment, padded.data, 0, (per_image, down, across, per_row))
        target: npt.NDArray[np.void] = np.ndarray(shape, segment, columns.data)
        matrix = columns.reshape(-1, self.block_shape[0])
        for part in slices(x, bytes_each):
            count = part.stop - part.start
            padded[:count, self.inside[0], self.inside[1]] = x[part]
            np.copyto(target[:count], source[:count])
            yield part, matrix[: count * self.shape[0] * self.shape[1]], padded[:count]

    def block(self, W: Array, workspace: Workspace) -> Array:
        """The kernel (height, width, C, filters) as a Toeplitz block."""
        if self.tile == 1 and W.flags.c_contiguous:
            return W.reshape(self.block_shape)
        block = workspace.array(f"{self.name} block", self.block_shape, W.dtype)
        block.fill(0.0)
        for diagonal in self._diagonals(block, W.shape[3]):
            diagonal[...] = W
        return block

    def sum_diagonals(self, d_block: Array, d_W: Array) -> None:
        """Write d_W: W[u, v, c, f] occurs in the block once per position of the segment."""
        if self.tile == 1:
            d_W.reshape(d_block.shape)[...] = d_block
            return
        d_W.fill(0.0)
        for diagonal in self._diagonals(d_block, d_W.shape[3]):
            d_W += diagonal

    def _diagonals(self, block: Array, filters: int) -> Iterator[Array]:
        """The kernel (height, width, C, filters) in the block, for each position of the segment."""
        whole = block.reshape(self.kernel_size[0], self.segment, self.padded[2], self.tile, filters)
        for position in range(self.tile):
            first = position * self.strides[1]
            yield whole[:, first : first + self.kernel_size[1], :, position]


def all_finite(x: Array) -> bool:
    """Whether all elements of a contiguous x are finite; also False if their squares overflow.

    A single pass at memory bandwidth: x . x is finite only if all of x is.
    """
    flat = x.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.dot(flat, flat)))
