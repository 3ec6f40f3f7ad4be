"""Optimizers, each with its textbook formula.

An optimizer is an immutable value that holds settings, but no arrays. Its state, such as the
moving averages of Adam, is created by `init`, kept by the caller, and updated in place by
`update`. The formulas are elementwise, so a long vector may be updated block by block.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Arrays
from nn_core.errors import SettingError
from nn_core.hints import HelpfulErrors
from nn_core.registry import Registry, require, require_positive


@dataclass(frozen=True)
class Optimizer(HelpfulErrors, ABC):
    """An update rule and its settings.

    learning_rate          the only positional argument: Adam(0.001). The schedule scales it.
                           None: the default of the class
    state_names            names of its state vectors
    default_learning_rate  used if no learning rate is given
    elementwise            whether every element is updated independently; if False, `update` is
                           called for each parameter of a network separately, in its own shape
    """

    state_names: ClassVar[tuple[str, ...]] = ()
    default_learning_rate: ClassVar[float]
    elementwise: ClassVar[bool] = True

    learning_rate: float | None = None

    def __post_init__(self) -> None:
        if self.learning_rate is not None:
            given: object = self.learning_rate
            if not isinstance(given, Real | str):
                kind, name = type(given).__name__, type(self).__name__
                raise SettingError(f"{name} takes a learning rate, not a {kind}: {name}(0.001)")
            require_positive("learning_rate", self.learning_rate)

    @property
    def base_rate(self) -> float:
        """The learning rate, or the default. Raises SettingError for a class without a default."""
        if self.learning_rate is not None:
            return self.learning_rate
        name = type(self).__name__
        require(hasattr(self, "default_learning_rate"), f"{name} has no default learning rate; use {name}(0.01)")
        return self.default_learning_rate

    def init(self, w: Array) -> dict[str, Array]:
        """The state before the first step: zeros in the shape of w."""
        return {name: np.zeros_like(w) for name in self.state_names}

    @abstractmethod
    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        """Change w and the state in place, given the gradient g of the loss at w.

        step  step of the run: 1, 2, ...
        """

    def decay(self, weights: Array, learning_rate: float) -> None:
        """Decoupled weight decay, in place, before `update`. Called for weights only, not biases."""


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    """w -= learning_rate * g. Source: Cauchy (1847); Robbins, Monro (1951)."""

    default_learning_rate: ClassVar[float] = 0.3

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        w -= learning_rate * g


@dataclass(frozen=True, kw_only=True)
class Momentum(Optimizer):
    """Follow an exponential moving average of the gradients.

    v += (1 - beta) (g - v)
    w -= learning_rate * v

    A constant gradient moves w as far as gradient descent would, an alternating one hardly at all.
    Source: Polyak (1964), in the averaged form of Ng's Deep Learning course (2017).
    """

    state_names: ClassVar[tuple[str, ...]] = ("v",)
    default_learning_rate: ClassVar[float] = 0.3

    beta: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_rate("beta", self.beta)

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        v = state["v"]
        _average(v, g, self.beta)
        w -= learning_rate * v


@dataclass(frozen=True, kw_only=True)
class Nesterov(Optimizer):
    """Momentum that looks one step ahead.

    v += (1 - beta) (g - v)
    w -= learning_rate * (beta v + (1 - beta) g)

    The second line moves by the velocity of the next step, assuming that the gradient stays the
    same: v + (1 - beta) (g - v).
    Source: Nesterov (1983), in the form of Dozat, Incorporating Nesterov momentum into Adam
    (2016), sec. 2.
    """

    state_names: ClassVar[tuple[str, ...]] = ("v",)
    default_learning_rate: ClassVar[float] = 0.3

    beta: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_rate("beta", self.beta)

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        v = state["v"]
        _average(v, g, self.beta)
        w -= learning_rate * (self.beta * v + (1.0 - self.beta) * g)


@dataclass(frozen=True, kw_only=True)
class RMSProp(Optimizer):
    """Divide each gradient by its recent root mean square.

    s = rho s + (1 - rho) g^2
    w -= learning_rate * g / (sqrt(s) + epsilon)

    Source: Hinton, Neural networks for machine learning, lecture 6e (2012).
    """

    state_names: ClassVar[tuple[str, ...]] = ("s",)
    default_learning_rate: ClassVar[float] = 0.01

    rho: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_rate("rho", self.rho)
        require(self.epsilon > 0, f"epsilon must be positive, not {self.epsilon}")

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        s = state["s"]
        _average_square(s, g, self.rho)
        w -= _ratio(g, s, self.epsilon, learning_rate)


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Momentum divided by the recent RMS of the gradient, both corrected for zero initialization.

    m += (1 - beta1) (g - m)              m_hat = m / (1 - beta1^t)
    v = beta2 v + (1 - beta2) g^2         v_hat = v / (1 - beta2^t)
    w -= learning_rate * m_hat / (sqrt(v_hat) + epsilon)

    The two corrections are scalars: with c = sqrt(1 - beta2^t) the last line is
    w -= learning_rate c / (1 - beta1^t) * m / (sqrt(v) + c epsilon).
    Source: Kingma, Ba, Adam: a method for stochastic optimization (2015), algorithm 1.
    """

    state_names: ClassVar[tuple[str, ...]] = ("m", "v")
    default_learning_rate: ClassVar[float] = 0.01

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_rate("beta1", self.beta1)
        _require_rate("beta2", self.beta2)
        require(self.epsilon > 0, f"epsilon must be positive, not {self.epsilon}")

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        m, v = state["m"], state["v"]
        _average(m, g, self.beta1)
        _average_square(v, g, self.beta2)
        c = math.sqrt(1.0 - self.beta2**step)
        w -= _ratio(m, v, c * self.epsilon, learning_rate * c / (1.0 - self.beta1**step))


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with decoupled weight decay, which does not pass through the gradient.

    W -= learning_rate * weight_decay * W          weights only, not biases
    w -= the step of Adam

    Source: Loshchilov, Hutter, Decoupled weight decay regularization (2019), algorithm 2, with
    schedule multiplier and learning rate combined, as in most implementations.
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.weight_decay >= 0, f"weight_decay cannot be negative: {self.weight_decay}")

    def decay(self, weights: Array, learning_rate: float) -> None:
        weights *= 1.0 - learning_rate * self.weight_decay


def _average(mean: Array, x: Array, rate: float) -> None:
    """mean += (1 - rate) (x - mean).

    This and the next two functions use one temporary array at a time, which stays in cache.
    """
    change = x - mean
    change *= 1.0 - rate
    mean += change


def _average_square(mean: Array, x: Array, rate: float) -> None:
    """mean = rate mean + (1 - rate) x^2, computed as a sum of products, so it is never negative."""
    square = x * x
    square *= 1.0 - rate
    mean *= rate
    mean += square


def _ratio(x: Array, square: Array, epsilon: float, scale: float) -> Array:
    """scale * x / (sqrt(square) + epsilon)."""
    ratio = np.sqrt(square)
    ratio += epsilon
    np.divide(x, ratio, out=ratio)
    ratio *= scale
    return ratio


def _require_rate(name: str, value: float) -> None:
    require(0 <= value < 1, f"{name} must be in [0, 1), not {value}")


ALIASES = {"sgd": "gradient-descent", "gd": "gradient-descent"}
"""Alternative names."""

OPTIMIZERS: Registry[type[Optimizer]] = Registry(
    "optimizer",
    {
        "gradient-descent": GradientDescent,
        "momentum": Momentum,
        "nesterov": Nesterov,
        "rmsprop": RMSProp,
        "adam": Adam,
        "adamw": AdamW,
    },
    group="nn_core.optimizers",
    kebab_case=True,
    aliases=ALIASES,
    spellings={"sgdm": "momentum", "rms": "rmsprop", "nag": "nesterov"},
    foreign={"nag": "nesterov", "rms-prop": "rmsprop", "adam-w": "adamw", "lbfgs": "adam", "nadam": "adam"},
)
"""All optimizers by name."""


def optimizer(given: str | Optimizer) -> Optimizer:
    """The optimizer for a spec such as "adam" or "momentum:beta=0.95"; an Optimizer is returned unchanged.

    Raises SettingError for an unknown name or setting, and for a class (`Adam` instead of `Adam()`).
    """
    made: Optimizer = OPTIMIZERS.create(given, Optimizer)
    return made
