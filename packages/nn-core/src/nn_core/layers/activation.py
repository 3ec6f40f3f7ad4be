"""Layers that bend each number alone: y = f(x), d_x = d_y * f'(x)."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nn_core import activations
from nn_core.arrays import Array
from nn_core.layers.layer import Cache, Context, Layer
from nn_core.registry import require


@dataclass(frozen=True)
class Activation(Layer):
    """One function for every element; any shape.

    y[n, ...] depends on x[n, ...] alone, so the chain rule has a single term:
    dL/dx = dL/dy * dy/dx, element by element. The formulas stand in `nn_core.activations`.
    """

    @abstractmethod
    def function(self, x: Array, out: Array) -> Array:
        """Write f(x) into `out`."""

    @abstractmethod
    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        """Write f'(x) into `out`, from x or from y = f(x), whichever is cheaper."""

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        y = self.function(x, context.scratch("y", x.shape))
        return y, (x, y)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        x, y = cache
        d_x = self.derivative(x, y, context.scratch("d_x", x.shape))
        d_x *= d_y
        return d_x


@dataclass(frozen=True)
class Sigmoid(Activation):
    """y = 1 / (1 + exp(-x)), between 0 and 1; its slope is at most 1/4."""

    def function(self, x: Array, out: Array) -> Array:
        return activations.sigmoid(x, out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        return activations.sigmoid_derivative(x, y, out)


@dataclass(frozen=True)
class Tanh(Activation):
    """y = tanh(x), between -1 and 1; its slope is 1 at the origin."""

    def function(self, x: Array, out: Array) -> Array:
        return activations.tanh(x, out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        return activations.tanh_derivative(x, y, out)


@dataclass(frozen=True)
class ReLU(Activation):
    """y = max(x, 0): a unit is either silent or linear."""

    def function(self, x: Array, out: Array) -> Array:
        return activations.relu(x, out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        return activations.relu_derivative(x, y, out)


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """y = x if x > 0 else slope x: a silent unit still learns."""

    slope: float = 0.01

    def __post_init__(self) -> None:
        require(0 <= self.slope <= 1, f"LeakyReLU's slope lies in [0, 1], not {self.slope}")

    def function(self, x: Array, out: Array) -> Array:
        return activations.leaky_relu(x, out, slope=self.slope)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        return activations.leaky_relu_derivative(x, y, out, slope=self.slope)


@dataclass(frozen=True)
class GELU(Activation):
    """y = x P(standard normal < x), in the approximation by tanh: a smooth ReLU."""

    def function(self, x: Array, out: Array) -> Array:
        return activations.gelu(x, out)

    def derivative(self, x: Array, y: Array, out: Array) -> Array:
        return activations.gelu_derivative(x, y, out)


ACTIVATIONS: MappingProxyType[str, type[Activation]] = MappingProxyType(
    {"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "leaky-relu": LeakyReLU, "gelu": GELU}
)
"""Every activation by the name that a command line takes."""
