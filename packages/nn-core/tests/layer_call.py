"""A layer with arrays around it, to be called in tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.layers import Cache, Context, Layer


def draw_input(
    layer: Layer, shape: tuple[int, ...], rng: np.random.Generator, dtype: npt.DTypeLike = np.float64
) -> Array:
    """A batch that the layer takes: tokens, or normal numbers."""
    if layer.takes_integers:
        vocabulary_size: int = getattr(layer, "vocabulary_size", 2)
        return rng.integers(vocabulary_size, size=shape)  # type: ignore[return-value]
    return rng.normal(size=shape).astype(dtype)


@dataclass
class LayerCall:
    """A layer with a batch, parameters, gradients of NaN and d_y, drawn from a seed.

    Running statistics and what is frozen are above zero, since variances are among them.
    """

    layer: Layer
    shape: tuple[int, ...]
    training: bool = True
    dtype: npt.DTypeLike = np.float64
    seed: int = 11
    needs_d_x: bool = True
    x: Array = field(init=False)
    d_y: Array = field(init=False)
    params: dict[str, Array] = field(init=False)
    grads: dict[str, Array] = field(init=False)
    context: Context = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        declared = self.layer.parameters(self.shape[1:])
        self.params = {
            name: rng.normal(size=parameter.shape).astype(self.dtype) for name, parameter in declared.items()
        }
        for name, parameter in declared.items():
            if parameter.region >= 2:
                self.params[name] = np.exp(self.params[name])
        self.grads = {name: np.full_like(values, np.nan) for name, values in self.params.items()}
        self.x = draw_input(self.layer, self.shape, rng, self.dtype)
        self.context = Context(training=self.training, needs_d_x=self.needs_d_x)
        self.d_y = rng.normal(size=self.forward()[0].shape).astype(self.dtype)

    def forward(self) -> tuple[Array, Cache]:
        return self.layer.forward(self.x, self.params, self.context)

    def backward(self, cache: Cache) -> Array | None:
        return self.layer.backward(self.d_y, cache, self.params, self.grads, self.context)

    def run(self) -> tuple[Array, Array]:
        """y and d_x; the gradients are then in `grads`."""
        y, cache = self.forward()
        d_x = self.backward(cache)
        assert d_x is not None
        return y, d_x

    def loss(self) -> float:
        """sum(d_y * y), whose gradient with respect to y is d_y."""
        return float((self.d_y * self.forward()[0]).sum())


def run(
    layer: Layer,
    x: npt.ArrayLike,
    d_y: npt.ArrayLike,
    params: Mapping[str, npt.ArrayLike] = MappingProxyType({}),
    context: Context | None = None,
) -> tuple[Array, Any, dict[str, Array]]:
    """y, d_x and the gradients of one call."""
    arrays = {name: np.asarray(values) for name, values in params.items()}
    grads = {name: np.full_like(values, np.nan) for name, values in arrays.items()}
    context = Context() if context is None else context
    y, cache = layer.forward(np.asarray(x), arrays, context)
    return y, layer.backward(np.asarray(d_y), cache, arrays, grads, context), grads
