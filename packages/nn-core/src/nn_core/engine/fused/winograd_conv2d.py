"""Winograd convolution: three-row kernels with half of the multiplications."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache, partial
from typing import cast

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused import slices
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.im2col import all_finite
from nn_core.engine.fused.toeplitz_conv2d import ToeplitzConv2D, sum_positions
from nn_core.engine.fused.winograd import (
    OUTPUTS,
    PRODUCTS,
    WEIGHTS,
    input_transform,
    input_transform_transpose,
    output_transform,
    output_transform_transpose,
    weights_matrix,
)
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.windows import Window, image_shape

SAVED_PER_ADDITION = 50
"""Minimum number of multiplications saved per addition for Winograd to be faster."""

SAVED_PER_BATCH = 5_000_000
"""Minimum number of multiplications saved per batch, to offset the overhead of many calls."""


class WinogradConv2D(Fused):
    """Conv2D with stride 1, four output rows at a time, by Winograd's F(4, 3).

    y[n, i, j, f] = sum_u sum_v sum_c p[n, i + u, j + v, c] W[u, v, c, f] + b[f]     as in Conv2D

    Vertically, over i and u, `winograd` needs six products instead of twelve. Let p[t, a] be row
    4 t + a of the padded input, which is row a of the six input rows of the four output rows
    4 t, ..., 4 t + 3. For each of the six points k

    V[k, t] = sum_a B[a, k] p[t, a],   U[k] = sum_u G[k, u] W[u],
    M[k, t, n, j, f] = sum_v sum_c V[k, t, n, j + v, c] U[k, v, c, f],
    y[t, i] = sum_k A[k, i] M[k, t] + b

    so that four rows of y take six convolutions along single rows, one matrix product each, instead
    of three per row, twelve. The bias is added to M[1], since A[1, i] = 1^i = 1 for all four
    outputs. The backward pass is the transpose:

    d_M[k, t] = sum_i A[k, i] d_y[t, i],   d_b[f] = sum of d_y
    d_U[k, v, c, f] = sum over t, n, j of V[k, t, n, j + v, c] d_M[k, t, n, j, f],
    d_W[u] = sum_k G[k, u] d_U[k]
    d_V[k, t, n, j, c] = sum_v sum_f d_M[k, t, n, j - v, f] U[k, v, c, f],
    d_p[t, a] = sum_k B[a, k] d_V[k, t], summed where the six rows of neighboring t overlap

    d_U and d_V share the windows of d_M along rows. Rows are grouped modulo 4: images are stored as
    (4, t, n, W, C), so that row a of all groups of six rows is contiguous, for every a. Computed
    one slice of the batch at a time, as in `Im2Col`; in training, V is kept for the backward pass,
    but not its windows.

    When it is faster: H output rows take 3 H products with rows of weights, or 6 ceil(H / 4), of
    3 W C F multiplications each; saving the difference costs several additions for each of
    4 ceil(H / 4) W (C + F) elements. So it needs many channels and filters, and a number of rows
    that is a multiple of four or slightly below one. The thresholds SAVED_PER_ADDITION and
    SAVED_PER_BATCH were measured. Batches that save less are computed by `ToeplitzConv2D`, and
    examples with non-finite pixels by the original layer.

    Source: as `winograd`.
    """

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        conv = layers[0]
        if not isinstance(conv, Conv2D) or not ToeplitzConv2D.accepts(layers, input_shape):
            return False
        if conv.kernel_size != (3, 3) or conv.strides != (1, 1):
            return False
        rows, width, filters = image_shape(conv.output_shape(input_shape))
        _, _, channels = image_shape(input_shape)
        added = OUTPUTS * -(-rows // OUTPUTS) * width * (channels + filters)
        return saved_multiplications(conv, input_shape) >= SAVED_PER_ADDITION * added

    @property
    def conv(self) -> Conv2D:
        """The original layer."""
        return cast(Conv2D, self.layers[0])

    @cached_property
    def window(self) -> Window:
        """The window of the kernel."""
        return self.conv.window

    @cached_property
    def plain(self) -> ToeplitzConv2D:
        """The layer used for batches that are too small."""
        return ToeplitzConv2D(self.layers)

    @cached_property
    def saved_multiplications(self) -> Callable[[Shape], int]:
        """Multiplications saved per example of this shape."""
        return lru_cache(partial(saved_multiplications, self.conv))

    def saved_activations(self, input_shape: Shape) -> int:
        return _saved_each(self.conv, input_shape)

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        conv, W, b = self.conv, params["0/W"], params["0/b"]
        if len(x) * self.saved_multiplications(x.shape[1:]) < SAVED_PER_BATCH:
            return self.plain.forward_fused(x, params, context, workspace)
        H, width = self.window.output_size(*x.shape[1:3])
        y = workspace.array("conv y", (len(x), H, width, conv.filters), x.dtype)
        U = workspace.derived("U", lambda: _transformed_weights(W, workspace))
        (top, _), (left, _) = self.window.borders(*x.shape[1:3])
        tiles = -(-H // OUTPUTS)
        size = _saved_each(conv, x.shape[1:])
        saved = workspace.array("saved V", (len(x), size), x.dtype) if context.training else None
        for part in _slices(x, y):
            count = part.stop - part.start
            memory = workspace.array("V", (count, size), x.dtype) if saved is None else saved[part]
            padded = _padded(x[part], tiles + 1, top, workspace)
            finite = all_finite(padded)
            if finite or saved is not None:
                V = _transformed_input(padded, memory, workspace)
            if not finite:
                y[part], _ = conv.forward(x[part], {"W": W, "b": b}, context)
                continue
            rows = _windows(V, U.shape[1], left, width, workspace)
            M = workspace.array("products", (PRODUCTS, *V.shape[1:3], width, conv.filters), x.dtype)
            np.matmul(rows, U.reshape(PRODUCTS, -1, conv.filters), out=M.reshape(PRODUCTS, -1, conv.filters))
            M[1] += b
            outputs = workspace.array("padded", (OUTPUTS, *M.shape[1:]), x.dtype)
            output_transform(M, outputs, workspace.array("work", (2, *M.shape[1:]), x.dtype))
            for here, there in _every_fourth_row(y[part], 0):
                here[...] = outputs[there].swapaxes(0, 1)
        return y, (x, U, saved)

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        if not isinstance(cache, tuple):
            return self.plain.backward_fused(d_y, cache, params, grads, context, workspace)
        x, U, saved = cache
        sum_positions(d_y, grads["0/b"])
        (top, _), (left, _) = self.window.borders(*x.shape[1:3])
        _, kernel_width, channels, _ = U.shape
        tiles, width = -(-d_y.shape[1] // OUTPUTS), x.shape[2]
        # The windows of d_M are read from the left, so v runs from last to first.
        flipped = workspace.array("flipped U", (PRODUCTS, channels, *U.shape[1::2]), x.dtype)
        flipped[...] = U[:, ::-1].swapaxes(1, 2)
        flipped = flipped.reshape(PRODUCTS, channels, -1)
        d_U = workspace.array("d_U", flipped.shape, x.dtype)
        d_part = workspace.array("d_part", flipped.shape, x.dtype)
        d_x = workspace.array("conv d_x", x.shape, x.dtype) if context.needs_d_x else None
        for part in _slices(x, d_y):
            shape = (PRODUCTS, tiles, part.stop - part.start, width, channels)
            d_V = workspace.array("V", shape, x.dtype)
            if saved is None:  # the forward pass was a prediction
                padded = _padded(x[part], tiles + 1, top, workspace)
                V = _transformed_input(padded, d_V, workspace)
            else:
                V = saved[part].reshape(shape)
            flat = V.reshape(PRODUCTS, -1, channels)
            d_outputs = _padded(d_y[part], tiles, 0, workspace)
            d_M = workspace.array("products", (PRODUCTS, *d_outputs[0].shape), x.dtype)
            work = workspace.array("work", (2, *d_M.shape[1:]), x.dtype)
            output_transform_transpose(d_outputs, d_M, work)
            rows = _windows(d_M, kernel_width, kernel_width - 1 - left, width, workspace)
            if part.start == 0:
                np.matmul(flat.swapaxes(1, 2), rows, out=d_U)
            else:
                np.matmul(flat.swapaxes(1, 2), rows, out=d_part)
                d_U += d_part
            if d_x is not None:
                np.matmul(rows, flipped.swapaxes(1, 2), out=d_V.reshape(flat.shape))
                d_padded = workspace.array("padded", (OUTPUTS, tiles + 1, *shape[2:]), x.dtype)
                d_padded[:2, tiles] = 0.0
                work = workspace.array("work", (2, *shape[1:]), x.dtype)
                input_transform_transpose(d_V, d_padded[:, :tiles], d_padded[:2, 1:], work)
                for here, there in _every_fourth_row(d_x[part], top):
                    here[...] = d_padded[there].swapaxes(0, 1)
        _write_d_W(d_U, grads["0/W"], workspace)
        return d_x


def saved_multiplications(conv: Conv2D, input_shape: Shape) -> int:
    """Multiplications saved per example: (3 H - 6 ceil(H / 4)) times 3 W C F."""
    rows, width, filters = image_shape(conv.output_shape(input_shape))
    products = WEIGHTS * rows - PRODUCTS * -(-rows // OUTPUTS)
    return products * 3 * width * image_shape(input_shape)[2] * filters


def _saved_each(conv: Conv2D, input_shape: Shape) -> int:
    """Elements of V per example."""
    rows, _, _ = image_shape(conv.output_shape(input_shape))
    _, width, channels = image_shape(input_shape)
    return PRODUCTS * -(-rows // OUTPUTS) * width * channels


def _slices(x: Array, y: Array) -> Iterator[slice]:
    """Slices of about equal size whose windows take at most SLICE_BYTES."""
    numbers = PRODUCTS * -(-y.shape[1] // OUTPUTS) * y.shape[2] * 3 * x.shape[3]
    count = -(-len(x) // max(1, slices.SLICE_BYTES // (numbers * x.itemsize)))
    return (slice(len(x) * i // count, len(x) * (i + 1) // count) for i in range(count))


def _transformed_weights(W: Array, workspace: Workspace) -> Array:
    """U = G W, (6, width, C, filters)."""
    U = workspace.array("U", (PRODUCTS, *W.shape[1:]), W.dtype)
    np.dot(weights_matrix(W.dtype), W.reshape(len(W), -1), out=U.reshape(PRODUCTS, -1))
    return U


def _write_d_W(d_U: Array, d_W: Array, workspace: Workspace) -> None:
    """d_W = G^T d_U."""
    height, kernel_width, channels, filters = d_W.shape
    summed = workspace.array("d_W", (height, channels, kernel_width, filters), d_U.dtype)
    G = weights_matrix(d_U.dtype)
    np.dot(G.T, d_U.reshape(PRODUCTS, -1), out=summed.reshape(height, -1))
    d_W[...] = summed[:, :, ::-1].swapaxes(1, 2)


def _transformed_input(padded: Array, memory: Array, workspace: Workspace) -> Array:
    """V = B^T p, (6, tiles, n, W, C), written to `memory`."""
    tiles = padded.shape[1] - 1
    V = memory.reshape(PRODUCTS, tiles, *padded.shape[2:])
    inputs = [padded[a % OUTPUTS, a // OUTPUTS :][:tiles] for a in range(PRODUCTS)]
    input_transform(inputs, V, workspace.array("work", (2, *V.shape[1:]), V.dtype))
    return V


def _padded(x: Array, tiles: int, top: int, workspace: Workspace) -> Array:
    """Images padded with zero rows above and below, grouped modulo 4: (4, tiles, n, W, C)."""
    n, H, W, channels = x.shape
    padded = workspace.array("padded", (OUTPUTS, tiles, n, W, channels), x.dtype)
    for here, there in _every_fourth_row(x, top):
        padded[there] = here.swapaxes(0, 1)
    for row in (*range(top), *range(top + H, OUTPUTS * tiles)):
        padded[row % OUTPUTS, row // OUTPUTS] = 0.0
    return padded


def _every_fourth_row(x: Array, top: int) -> Iterator[tuple[Array, tuple[int, slice]]]:
    """Every fourth row of images x, and its position in a padded input with `top` rows above."""
    for first in range(min(OUTPUTS, x.shape[1])):
        rows = x[:, first::OUTPUTS]
        tile, row = divmod(first + top, OUTPUTS)
        yield rows, (row, slice(tile, tile + rows.shape[1]))


def _windows(V: Array, width: int, left: int, positions: int, workspace: Workspace) -> Array:
    """The windows along the rows of V as rows of matrices, (6, tiles * n * positions, width * C).

    The first window starts `left` columns before V, in the zero padding.
    """
    *outer, W, channels = V.shape
    rows = workspace.array("windows", (*outer, positions, width, channels), V.dtype)
    inside = range(left, left + W - width + 1)  # positions whose windows are entirely in V
    if inside:
        segments = rows[..., left : left + len(inside), :, :].reshape(*outer, -1, width * channels)
        seen: Array = np.ndarray(segments.shape, V.dtype, V.data, 0, V.strides)
        np.copyto(segments, seen)
    for j in set(range(positions)).difference(inside):
        first, stop = max(0, left - j), min(width, left - j + W)
        rows[..., j, first:stop, :] = V[..., j - left + first : j - left + stop, :]
        rows[..., j, :first, :] = 0.0
        rows[..., j, stop:, :] = 0.0
    return rows.reshape(PRODUCTS, -1, width * channels)
