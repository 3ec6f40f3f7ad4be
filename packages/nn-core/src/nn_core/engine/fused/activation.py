"""Elementwise activations in reused memory."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np

from nn_core.activations import GELU_BOUND, GELU_CUBIC, GELU_SCALE
from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.layout import array_like
from nn_core.engine.workspace import Workspace
from nn_core.layers.activation import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context

Function: TypeAlias = Callable[[Array, Array], Array]
"""f(x, out): writes f(x) into `out`, which may be x itself, and returns it."""

Slope: TypeAlias = Callable[[Array, Array, Array], Array]
"""f'(x, y, out): writes f'(x) into `out`, from x and y = f(x), and returns it."""

LARGE = 4096
"""Array size from which clipping x to [0, infinity] is faster than the maximum with 0."""


class BufferedActivation(Fused):
    """y = f(x), d_x = d_y f'(x), with the formulas of `nn_core.activations` computed in place."""

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        return find_formulas(layers[0]) is not None

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        function, _ = self.formulas
        y = function(x, array_like(x, "y", workspace))
        return y, (x, y)

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        if not context.needs_d_x:
            return None
        x, y = cache
        _, slope = self.formulas
        d_x = slope(x, y, array_like(x, "d_x", workspace))
        d_x *= d_y
        return d_x

    @cached_property
    def formulas(self) -> tuple[Function, Slope]:
        """f and f'."""
        found = find_formulas(self.layers[0])
        if found is None:
            raise TypeError(f"no in-place formulas for {self.layers[0]!r}")
        return found


def find_formulas(layer: Layer) -> tuple[Function, Slope] | None:
    """The in-place formulas of an activation, or None."""
    match layer:
        case Sigmoid():
            return sigmoid, sigmoid_derivative
        case Tanh():
            return tanh, tanh_derivative
        case ReLU():
            return relu, relu_derivative
        case LeakyReLU(slope=slope):
            return (lambda x, out: leaky_relu(x, out, slope), lambda x, y, out: leaky_relu_derivative(x, out, slope))
        case GELU(approximate=True):
            return gelu, gelu_derivative
    return None


def sigmoid(x: Array, out: Array) -> Array:
    """y = 1 / (1 + exp(-x)), with -x clipped to 87, where exp does not overflow float32."""
    np.maximum(x, -87.0, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    out += 1.0
    return np.reciprocal(out, out=out)


def sigmoid_derivative(x: Array, y: Array, out: Array) -> Array:
    """dy/dx = y (1 - y)."""
    np.subtract(1.0, y, out=out)
    out *= y
    return out


def tanh(x: Array, out: Array) -> Array:
    """The hyperbolic tangent."""
    y: Array = np.tanh(x, out=out)
    return y


def tanh_derivative(x: Array, y: Array, out: Array) -> Array:
    """dy/dx = 1 - y^2."""
    np.multiply(y, y, out=out)
    return np.subtract(1.0, out, out=out)


def relu(x: Array, out: Array) -> Array:
    """y = max(x, 0).

    For large arrays, computed as x clipped to [0, infinity], which takes NumPy a third of the time
    of the maximum with a scalar; for small ones, the call overhead would cost more.
    """
    y: Array = np.maximum(x, 0.0, out=out) if x.size < LARGE else np.clip(x, 0.0, np.inf, out=out)
    return y


def relu_derivative(x: Array, y: Array, out: Array) -> Array:
    """dy/dx = 1 if x > 0 else 0; y > 0 exactly where x > 0."""
    return np.greater(y, 0.0, out=out)


def leaky_relu(x: Array, out: Array, slope: float) -> Array:
    """y = max(x, slope x), since 0 <= slope <= 1. Unlike the others, cannot overwrite x."""
    np.multiply(x, slope, out=out)
    return np.maximum(x, out, out=out)


def leaky_relu_derivative(x: Array, out: Array, slope: float) -> Array:
    """dy/dx = 1 if x > 0 else slope."""
    np.greater(x, 0.0, out=out)
    out *= 1.0 - slope
    out += slope
    return out


def gelu(x: Array, out: Array) -> Array:
    """y = x (1 + t) / 2, with t as in `nn_core.activations`. Cannot overwrite x."""
    np.clip(x, -GELU_BOUND, GELU_BOUND, out=out)
    t = _gelu_tanh(out, out)
    t += 1.0
    t *= 0.5
    t *= x
    return t


def gelu_derivative(x: Array, y: Array, out: Array) -> Array:
    """dy/dx = (1 + t) / 2 + x (1 - t^2) / 2 du/dx,   du/dx = sqrt(2/pi) (1 + 3 * 0.044715 x^2)."""
    z = np.clip(x, -GELU_BOUND, GELU_BOUND)
    t = _gelu_tanh(z, np.empty_like(z))
    np.multiply(z, z, out=out)
    out *= 3.0 * GELU_CUBIC * GELU_SCALE
    out += GELU_SCALE
    out *= z
    np.multiply(t, t, out=z)
    np.subtract(1.0, z, out=z)
    out *= z
    out += t
    out += 1.0
    out *= 0.5
    return out


def _gelu_tanh(z: Array, out: Array) -> Array:
    """t = tanh(sqrt(2/pi) (z + 0.044715 z^3))."""
    u = z * z
    u *= GELU_SCALE * GELU_CUBIC
    u += GELU_SCALE
    np.multiply(u, z, out=out)
    return np.tanh(out, out=out)
