"""Elementwise activation layers: y = f(x), d_x = d_y * f'(x)."""

from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass

from nn_core import activations
from nn_core.arrays import Array, Arrays
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.registry import Registry, require


class Activation(Layer):
    """An elementwise function, for any shape.

    y[n, ...] depends only on x[n, ...], so the chain rule has a single term:
    dL/dx = dL/dy * dy/dx, element by element. The formulas are in `nn_core.activations`.
    """

    @abstractmethod
    def function(self, x: Array) -> Array:
        """f(x)."""

    @abstractmethod
    def derivative(self, x: Array, y: Array) -> Array:
        """f'(x), from x or from y = f(x), whichever is cheaper."""

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        y = self.function(x)
        return y, (x, y)

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        x, y = cache
        return d_y * self.derivative(x, y)


@dataclass(frozen=True)
class Sigmoid(Activation):
    """y = 1 / (1 + exp(-x)), between 0 and 1; its slope is at most 1/4."""

    def function(self, x: Array) -> Array:
        return activations.sigmoid(x)

    def derivative(self, x: Array, y: Array) -> Array:
        return activations.sigmoid_derivative(x, y)


@dataclass(frozen=True)
class Tanh(Activation):
    """y = tanh(x), between -1 and 1; its slope is 1 at the origin."""

    def function(self, x: Array) -> Array:
        return activations.tanh(x)

    def derivative(self, x: Array, y: Array) -> Array:
        return activations.tanh_derivative(x, y)


@dataclass(frozen=True)
class ReLU(Activation):
    """y = max(x, 0): a unit is either inactive or linear."""

    def function(self, x: Array) -> Array:
        return activations.relu(x)

    def derivative(self, x: Array, y: Array) -> Array:
        return activations.relu_derivative(x, y)


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """y = x if x > 0 else slope x: an inactive unit still learns."""

    slope: float = 0.01

    def __post_init__(self) -> None:
        require(0 <= self.slope <= 1, f"the slope of LeakyReLU must be in [0, 1], not {self.slope}")

    def function(self, x: Array) -> Array:
        return activations.leaky_relu(x, slope=self.slope)

    def derivative(self, x: Array, y: Array) -> Array:
        return activations.leaky_relu_derivative(x, y, slope=self.slope)


@dataclass(frozen=True)
class GELU(Activation):
    """y = x P(standard normal < x): a smooth ReLU.

    approximate  whether to use the tanh approximation, as in GPT-2, or the exact erf
    """

    _: KW_ONLY
    approximate: bool = True

    def function(self, x: Array) -> Array:
        return activations.gelu(x) if self.approximate else activations.exact_gelu(x)

    def derivative(self, x: Array, y: Array) -> Array:
        if self.approximate:
            return activations.gelu_derivative(x, y)
        return activations.exact_gelu_derivative(x, y)


ACTIVATIONS: Registry[type[Activation]] = Registry(
    "activation",
    {"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "leaky-relu": LeakyReLU, "gelu": GELU},
    group="nn_core.activations",
    kebab_case=True,
)
"""All activations by their name on the command line."""
