"""Convolution with kernels three rows high in half the multiplications."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.layers import windows
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.layer import Cache, Context, Layer, Parameter
from nn_core.layers.winograd import (
    OUTPUTS,
    PRODUCTS,
    WEIGHTS,
    combine,
    gather,
    scatter,
    spread,
    weights_matrix,
)

ENOUGH = 50
"""Multiplications to be saved for each number that is added up, so that this pays."""

LEAST = 5_000_000
"""Multiplications to be saved in a batch, so that this pays: the many calls take time as well."""


@dataclass(frozen=True)
class WinogradConv2D(Layer):
    """Conv2D at stride 1, four rows of outputs at a time, by Winograd's F(4, 3).

    y[n, i, j, f] = sum_u sum_v sum_c p[n, i + u, j + v, c] W[u, v, c, f] + b[f]     as in Conv2D

    Down the maps, over i and u, stands what `winograd` does with six products in place of twelve.
    Let p[t, a] be row 4 t + a of the maps, which is row a of the six that the four rows of
    outputs 4 t, ..., 4 t + 3 see. For each of the six points k

    V[k, t] = sum_a B[a, k] p[t, a],   U[k] = sum_u G[k, u] W[u],
    M[k, t, n, j, f] = sum_v sum_c V[k, t, n, j + v, c] U[k, v, c, f],
    y[t, i] = sum_k A[k, i] M[k, t] + b

    so that six convolutions along single rows, one matrix product each, do for four rows of y;
    and on the way back, with d_M[k, t] = sum_i A[k, i] d_y[t, i],

    d_U[k, v, c, f] = sum over t, n, j of V[k, t, n, j, c] d_M[k, t, n, j - v, f]
    d_V[k, t, n, j, c] = sum_v sum_f d_M[k, t, n, j - v, f] U[k, v, c, f]
    d_W[u] = sum_k G[k, u] d_U[k],   d_p[t, a] = sum_k B[a, k] d_V[k, t], added up where
                                     the sixes of rows overlap

    d_M[k, t, n, j - v] for all v is again one row of a matrix, the same one for both products.
    The point 1 has part 1 in all of y, so that b is added to its M alone.

    How it is computed. What is added up number by number is in long pieces if the rows of the
    maps that are alike lie together, (4, t, n, W, C): row a of all sixes is then one piece of
    memory, whatever a. A slice of the batch at a time, as in `Columns`; while training V is kept
    for the way back, but not its windows.

    When it pays. H rows of outputs take 3 H products with rows of weights, or 6 ceil(H / 4), of
    3 W C F multiplications each; to save the difference, 4 ceil(H / 4) W (C + F) numbers are
    added up, again and again. So it takes many channels and filters, and a number of rows that
    is a multiple of four or not much below one. How many was measured: ENOUGH, LEAST.

    conv    the layer that it stands for
    fewest  examples of a batch; fewer are left to that layer
    Source: as `winograd`.
    """

    conv: Conv2D
    fewest: int = 0

    @classmethod
    def of(cls, layers: tuple[Any], input_shape: Shape) -> "WinogradConv2D | None":
        """What stands for a Conv2D, if anything does."""
        (conv,) = layers
        if conv.kernel != (3, 3) or conv.stride != (1, 1):
            return None
        rows, width, filters = conv.output_shape(input_shape)
        numbers = OUTPUTS * -(-rows // OUTPUTS) * width * (input_shape[2] + filters)
        saved = cls(conv).saved(input_shape)
        return cls(conv, -(-LEAST // saved)) if saved >= ENOUGH * numbers else None

    def saved(self, input_shape: Shape) -> int:
        """Multiplications that an example does without: 3 H - 6 ceil(H / 4) times 3 W C F."""
        rows, width, filters = self.output_shape(input_shape)
        products = WEIGHTS * rows - PRODUCTS * -(-rows // OUTPUTS)
        return products * 3 * width * input_shape[2] * filters

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.conv.output_shape(input_shape)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        return self.conv.parameters(input_shape)

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.conv.multiply_adds(input_shape)

    def kept(self, input_shape: Shape) -> int:
        rows, _, _ = self.output_shape(input_shape)
        return PRODUCTS * -(-rows // OUTPUTS) * input_shape[1] * input_shape[2]

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        if len(x) < self.fewest:
            return self.conv.forward(x, params, context)
        y = context.scratch("y", (len(x), *self.output_shape(x.shape[1:])))
        U = self._U(params["W"], context)
        (top, _), (left, _) = self.conv.borders(*x.shape[1:3])
        _, H, width, filters = y.shape
        tiles = -(-H // OUTPUTS)
        numbers = self.kept(x.shape[1:])
        kept = context.scratch("kept", (len(x), numbers)) if context.training else None
        for part in self._slices(x, y):
            size = part.stop - part.start
            room = context.scratch("V", (size, numbers)) if kept is None else kept[part]
            V = self._V(x[part], room, tiles, top, context)
            rows = _windows(V, U.shape[1], left, width, context)
            M = context.scratch("products", (PRODUCTS, *V.shape[1:3], width, filters))
            flat = M.reshape(PRODUCTS, -1, filters)
            np.matmul(rows, U.reshape(PRODUCTS, -1, filters), out=flat)
            flat[1] += params["b"]
            canvas = context.scratch("canvas", (OUTPUTS, *M.shape[1:]))
            combine(M, canvas, context.scratch("work", (2, *M.shape[1:])))
            for here, there in _alike(y[part], 0):
                here[...] = canvas[there].swapaxes(0, 1)
        return y, (x, U, kept)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        if len(cache) == 1:
            return self.conv.backward(d_y, cache, params, grads, context)
        x, U, kept = cache
        _, H, across, filters = d_y.shape
        d_b = np.add.reduce(d_y.reshape(-1, across * filters), axis=0)
        np.add.reduce(d_b.reshape(across, filters), axis=0, out=grads["b"])

        (top, _), (left, _) = self.conv.borders(*x.shape[1:3])
        _, kernel_width, channels, _ = U.shape
        tiles, width = -(-H // OUTPUTS), x.shape[2]
        # The windows of d_M are read from the left, so that v goes from the last to the first.
        turned = context.scratch("turned", (PRODUCTS, channels, kernel_width, filters))
        turned[...] = U[:, ::-1].swapaxes(1, 2)
        turned = turned.reshape(PRODUCTS, channels, -1)
        d_U = context.scratch("d_U", turned.shape)
        d_part = context.scratch("d_part", turned.shape)
        d_x = context.scratch("d_x", x.shape) if context.needs_d_x else None
        for part in self._slices(x, d_y):
            d_V = context.scratch("V", (PRODUCTS, tiles, part.stop - part.start, width, channels))
            if kept is None:  # it was not known that it would be needed
                V = self._V(x[part], d_V, tiles, top, context)
            else:
                V = kept[part].reshape(d_V.shape)
            flat = V.reshape(PRODUCTS, -1, channels)
            canvas = _canvas(d_y[part], tiles, 0, context)
            d_M = context.scratch("products", (PRODUCTS, *canvas[0].shape))
            spread(canvas, d_M, context.scratch("work", (2, *d_M.shape[1:])))
            rows = _windows(d_M, kernel_width, kernel_width - 1 - left, width, context)
            if part.start == 0:
                np.matmul(flat.swapaxes(1, 2), rows, out=d_U)
            else:
                np.matmul(flat.swapaxes(1, 2), rows, out=d_part)
                d_U += d_part
            if d_x is not None:
                np.matmul(rows, turned.swapaxes(1, 2), out=d_V.reshape(flat.shape))
                canvas = context.scratch("canvas", (OUTPUTS, tiles + 1, *d_V.shape[2:]))
                canvas[:2, tiles] = 0.0
                work = context.scratch("work", (2, *d_V.shape[1:]))
                scatter(d_V, canvas[:, :tiles], canvas[:2, 1:], work)
                for here, there in _alike(d_x[part], top):
                    here[...] = canvas[there].swapaxes(0, 1)
        self._d_W(d_U, grads["W"], context)
        return d_x

    def _slices(self, x: Array, y: Array) -> Iterator[slice]:
        """As many as have their windows in SLICE_BYTES, all of about the same size."""
        numbers = PRODUCTS * -(-y.shape[1] // OUTPUTS) * y.shape[2] * 3 * x.shape[3]
        count = -(-len(x) // max(1, windows.SLICE_BYTES // (numbers * x.itemsize)))
        return (slice(len(x) * i // count, len(x) * (i + 1) // count) for i in range(count))

    def _U(self, W: Array, context: Context) -> Array:
        """(6, width, C, filters)."""

        def make(U: Array) -> None:
            G = weights_matrix(W.dtype)
            np.dot(G, W.reshape(len(W), -1), out=U.reshape(PRODUCTS, -1))

        return context.of_weights("U", (PRODUCTS, *W.shape[1:]), make)

    def _d_W(self, d_U: Array, d_W: Array, context: Context) -> None:
        height, kernel_width, channels, filters = d_W.shape
        summed = context.scratch("d_W", (height, channels, kernel_width, filters))
        G = weights_matrix(d_U.dtype)
        np.dot(G.T, d_U.reshape(PRODUCTS, -1), out=summed.reshape(height, -1))
        d_W[...] = summed[:, :, ::-1].swapaxes(1, 2)

    def _V(self, x: Array, room: Array, tiles: int, top: int, context: Context) -> Array:
        """B^T p, (6, tiles, n, W, C), written to `room`."""
        canvas = _canvas(x, tiles + 1, top, context)
        V = room.reshape(PRODUCTS, tiles, *canvas.shape[2:])
        inputs = [canvas[a % OUTPUTS, a // OUTPUTS :][:tiles] for a in range(PRODUCTS)]
        gather(inputs, V, context.scratch("work", (2, *V.shape[1:])))
        return V


def _canvas(x: Array, tiles: int, top: int, context: Context) -> Array:
    """Maps with rows of zeros above and below, (4, tiles, n, W, C): every fourth row together."""
    n, H, W, channels = x.shape
    canvas = context.scratch("canvas", (OUTPUTS, tiles, n, W, channels))
    for here, there in _alike(x, top):
        canvas[there] = here.swapaxes(0, 1)
    for row in (*range(top), *range(top + H, OUTPUTS * tiles)):
        canvas[row % OUTPUTS, row // OUTPUTS] = 0.0
    return canvas


def _alike(x: Array, top: int) -> Iterator[tuple[Array, tuple[int, slice]]]:
    """Every fourth row of the maps x, and where they stand in a canvas with `top` rows above."""
    for first in range(min(OUTPUTS, x.shape[1])):
        rows = x[:, first::OUTPUTS]
        tile, row = divmod(first + top, OUTPUTS)
        yield rows, (row, slice(tile, tile + rows.shape[1]))


def _windows(V: Array, width: int, left: int, places: int, context: Context) -> Array:
    """The windows along the rows of V as rows of matrices, (6, tiles * n * places, width * C).

    The first window begins `left` columns before V does, where there is nothing but zeros.
    """
    *outer, W, channels = V.shape
    rows = context.scratch("windows", (*outer, places, width, channels))
    inside = range(left, left + W - width + 1)  # places whose windows see nothing but V
    if inside:
        runs = rows[..., left : left + len(inside), :, :].reshape(*outer, -1, width * channels)
        seen: Array = np.ndarray(runs.shape, V.dtype, V.data, 0, V.strides)
        np.copyto(runs, seen)
    for place in set(range(places)).difference(inside):
        first, stop = max(0, left - place), min(width, left - place + W)
        rows[..., place, first:stop, :] = V[..., place - left + first : place - left + stop, :]
        rows[..., place, :first, :] = 0.0
        rows[..., place, stop:, :] = 0.0
    return rows.reshape(PRODUCTS, -1, width * channels)
