"""The bare floor: the matrix products of a network, and nothing else.

Those that the textbook's formulas have, each by one call of the BLAS into arrays that are
there already; a convolution is the product of its windows, written out, with its kernel, a
few thousand windows at a time.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nn_core import Network
from nn_core.arrays import Array, Shape
from nn_core.layers import Conv2D, Dense, Layer, Recurrent
from nn_core.layers.base import features
from nn_core.layers.windows import image_shape

WINDOWS = 4096
"""Of a convolution, in one product."""


@dataclass(frozen=True)
class Product:
    """rows x inner times inner x columns, `count` times.

    turned  which factor lies in memory the other way round: "", "a" or "b"
    """

    rows: int
    inner: int
    columns: int
    turned: str = ""
    count: int = 1


def floor_step(network: Network, batch: tuple[int, ...], *, training: bool) -> Callable[[], None]:
    """All products of a step, or of an answer, for a batch (N,) or (N, T)."""
    calls: list[tuple[int, Array, Array, Array]] = []
    for product in _products(network, batch, training=training):
        a, b = (
            np.ones(shape[::-1] if turned else shape, np.float32)
            for shape, turned in (
                ((product.rows, product.inner), product.turned == "a"),
                ((product.inner, product.columns), product.turned == "b"),
            )
        )
        out = np.empty((product.rows, product.columns), np.float32)
        calls.append((product.count, a.T if product.turned == "a" else a, b.T if product.turned == "b" else b, out))

    def step() -> None:
        for count, a, b, out in calls:
            for _ in range(count):
                np.dot(a, b, out=out)

    return step


def _products(network: Network, batch: tuple[int, ...], *, training: bool) -> Iterator[Product]:
    learns = False
    for i, layer in enumerate(network.layers):
        yield from _of_layer(layer, network.shapes[i], network.shapes[i + 1], batch, training, learns)
        learns = learns or bool(layer.parameters(network.shapes[i]))


def _of_layer(
    layer: Layer, x: Shape, y: Shape, batch: tuple[int, ...], training: bool, needs_d_x: bool
) -> Iterator[Product]:
    if isinstance(layer, Dense):
        yield from _linear(math.prod(batch), features(x), layer.units, training, needs_d_x)
    elif isinstance(layer, Conv2D):
        rows, columns, _ = image_shape(y)
        places = math.prod(batch) * rows * columns
        inner = math.prod(layer.parameters(x)["W"].shape[:3])
        for start in range(0, places, WINDOWS):
            rows = min(WINDOWS, places - start)
            yield from _linear(rows, inner, layer.filters, training, needs_d_x)
    elif isinstance(layer, Recurrent):
        (N, T), gates = batch, layer.gates * layer.units
        yield from _linear(N * T, features(x), gates, training, needs_d_x)
        yield Product(N, layer.units, gates, count=T)
        if training:
            yield Product(N, gates, layer.units, "b", count=T)
            yield Product(layer.units, N * T, gates, "a")


def _linear(rows: int, inner: int, outer: int, training: bool, d_x: bool) -> Iterator[Product]:
    """y = x @ W, d_W = x^T @ d_y and d_x = d_y @ W^T."""
    yield Product(rows, inner, outer)
    if training:
        yield Product(inner, rows, outer, "a")
        if d_x:
            yield Product(rows, outer, inner, "b")
